/* By which channels a customer may be reached: which they like best, which they agreed to, which
 * they refused; and what a file of the creditor's may change of that. */
#ifndef DUNLIN_DOMAIN_CONTACT_TERMS_H
#define DUNLIN_DOMAIN_CONTACT_TERMS_H

#include "base/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum contact_channel {
    CONTACT_PUSH = 0,
    CONTACT_SMS,
    CONTACT_EMAIL,
    CONTACT_VOICE,
    CONTACT_CALL,
    CONTACT_CHANNEL_COUNT,
    CONTACT_NONE = CONTACT_CHANNEL_COUNT,
};

/* "push", "sms", "email", "voice", "call"; "" of CONTACT_NONE. */
const char *contact_channel_name(enum contact_channel);
/* CONTACT_NONE: it names no channel. */
enum contact_channel contact_channel_find(struct span name);

enum { CONTACT_SET_TEXT_LEN = 32, CONTACT_SAID_BITS = 13 };

/* What is known of a customer. Sets of channels: bit 1 << channel. */
struct contact_terms {
    enum contact_channel preferred;
    uint8_t opted_out, consented;
    uint8_t by_file; /* of opted_out: those that a file closed and nobody else */
};

/* What a row of a file says; neither yes nor no: nothing. */
struct contact_said {
    enum contact_channel preferred;
    uint8_t yes, no;
};

bool contact_said_anything(const struct contact_said *);
/* Whether the two cannot both be so. `column` becomes what they differ in: CONTACT_NONE is the
 * preferred channel, else the consent to that channel. */
bool contact_said_contradicts(const struct contact_said *, const struct contact_said *other,
                              enum contact_channel *column);
/* What both say together; they do not contradict each other. */
struct contact_said contact_said_and(const struct contact_said *, const struct contact_said *other);
/* As a number below 1 << CONTACT_SAID_BITS, 0 when nothing is said; and back. */
uint16_t contact_said_word(const struct contact_said *);
struct contact_said contact_said_of(uint16_t word);

/* The terms once a file has said so. A no closes a channel. A yes is a consent and opens what a
 * file has closed; a channel that was closed by anybody else stays as it is. */
struct contact_terms contact_terms_told(const struct contact_terms *, const struct contact_said *);
bool contact_terms_equal(const struct contact_terms *, const struct contact_terms *other);

/* "sms email", in the order of the channels; returns the length. */
size_t contact_set_print(uint8_t set, char out[CONTACT_SET_TEXT_LEN]);
/* Words that are no channel are passed over. */
uint8_t contact_set_read(struct span text);

#endif
