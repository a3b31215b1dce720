/* The words there are: those shipped with the program under web/messages and those that admins have
 * saved, compiled. A text is looked for by the name of its template, its tone and its language:
 * an admin's newest version before the shipped file <language>/<name>.<tone>.mustache, and a text
 * of that tone before the neutral one, <name>.mustache; a language without any gets the Polish one.
 * Where a template has nothing to say to a voice, an agent or a collector, the templates "call" and
 * "handover" do; not in the place of a thank-you, which is then not sent that way. */
#ifndef DUNLIN_FLOW_MESSAGE_TEXTS_H
#define DUNLIN_FLOW_MESSAGE_TEXTS_H

#include "base/err.h"
#include "base/span.h"
#include "domain/message_field.h"
#include "domain/text_format.h"

#include <libpq-fe.h>
#include <stddef.h>

struct message_texts;
struct mustache;

/* Compiles the shipped ones. Null with ERR_INPUT naming the file that is no template. */
struct message_texts *message_texts_new(struct err *);
void message_texts_free(struct message_texts *);

/* A text that an admin saved, the newest of its name, tone and language. */
struct message_stored {
    struct span name;
    enum message_tone tone;
    enum language language;
    int32_t version;
    struct span text;
    bool is_plain;
};

/* Takes these in the place of all earlier ones; copies. One that does not compile is left out and
 * logged: it was refused when it was saved, so somebody wrote it past us. */
void message_texts_store(struct message_texts *, const struct message_stored *, size_t count);

/* The same, from the rows of store/template_store.h. */
void message_texts_store_rows(struct message_texts *, const PGresult *);

struct message_wish {
    struct span template;
    enum message_tone tone;
    enum language language;
    enum message_channel channel;
};

struct message_choice {
    const struct mustache *template; /* good until the next message_texts_store */
    const char *key;                 /* "en/late.firm"; good as long */
    enum language language;          /* of the text, in which its fields are formatted */
    int32_t version;                 /* 0: shipped */
    bool is_plain;
};

/* False when there is none that says anything on this channel. */
bool message_texts_find(const struct message_texts *, const struct message_wish *,
                        struct message_choice *);

/* Whether there is such a text in Polish, on some channel: what scenarios are checked for. */
bool message_texts_has(const struct message_texts *, struct span name, enum message_tone tone);

/* The shipped text of exactly this name and tone (of the neutral tone also the one without a tone
 * in its name); null base when there is none. */
struct span message_shipped_text(struct span name, enum message_tone tone, enum language language);
/* Calls back for each shipped file, in the order of their names. */
typedef void (*message_shipped_cb)(void *owner, const struct message_stored *);
void message_shipped_list(message_shipped_cb on_text, void *owner);

/* Which channels a template has a text for, one bit each: those it has sections of, or all. */
unsigned message_channels_of(const struct mustache *);
/* Of a text; 0 when it does not compile. */
unsigned message_channels_in(struct span text);

#endif
