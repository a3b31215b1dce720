/* What may stand in the braces of a message: its fields, and the sections for the ways a message
 * goes. One table for those who fill them in, those who check a template, and the documentation. */
#ifndef DUNLIN_DOMAIN_MESSAGE_FIELD_H
#define DUNLIN_DOMAIN_MESSAGE_FIELD_H

#include "base/span.h"

#include <stddef.h>

enum message_field_kind {
    MESSAGE_TEXT = 1, /* is printed */
    MESSAGE_LIST,     /* a section that repeats */
    MESSAGE_CHANNEL,  /* a section for one way, "sms" … */
};

struct message_field {
    const char *name;
    enum message_field_kind kind;
    bool may_be_empty; /* to be asked for, {{#x}}…{{/x}}, before it is printed */
    const char *what;  /* for people who write texts */
};

extern const struct message_field message_fields[]; /* ended by a null name */

/* Null when there is none. Every "row.<column>" is one: a campaign's own column. */
const struct message_field *message_field_find(struct span name);

/* The sections that a message goes out by. */
enum message_channel {
    MESSAGE_SMS = 0,
    MESSAGE_PUSH,
    MESSAGE_EMAIL,
    MESSAGE_VOICE,
    MESSAGE_CALL,
    MESSAGE_HANDOVER,
    MESSAGE_CHANNEL_COUNT,
};
const char *message_channel_name(enum message_channel);
bool message_channel_find(struct span name, enum message_channel *channel);

enum message_tone {
    MESSAGE_NEUTRAL = 0,
    MESSAGE_FRIENDLY,
    MESSAGE_FIRM,
    MESSAGE_FINAL,
    MESSAGE_TONE_COUNT,
};
const char *message_tone_name(enum message_tone);
bool message_tone_find(struct span name, enum message_tone *tone);

/* [a-z][a-z0-9_]{0,39}: what a template may be called. */
enum { MESSAGE_NAME_MAX = 40 };
bool message_name_is_fine(struct span name);

/* Whether the customer may refuse messages of this template: those before the due date and on it,
 * and the thank-yous. What the law wants said to a late debtor goes all the same. The claim asks
 * the same of reminder_is_refusable (migration 0081). */
bool message_is_refusable(struct span template);
/* Whether a text of this template without the link to the debt makes no sense. */
bool message_needs_link(struct span template);

/* The given name of a person who is called so: "Jan" of "Jan Kowalski". Empty when it looks like a
 * firm, or like anything but two or three words of letters. */
struct span message_first_name(struct span name);

#endif
