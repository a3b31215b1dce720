/* The words of a reminder: one Mustache file a language and step under web/messages, embedded, with
 * a section for each way to reach a person. In push and email the first line is the title. */
#ifndef DUNLIN_FLOW_REMINDER_TEXT_H
#define DUNLIN_FLOW_REMINDER_TEXT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

struct creditor;
struct reminder_claimed;

struct reminder_texts;

/* Compiles all of them. Null with ERR_INPUT naming the file that is no template. */
struct reminder_texts *reminder_texts_new(struct err *);
void reminder_texts_free(struct reminder_texts *);

struct reminder_words {
    const struct creditor *creditor;
    struct span link;         /* the whole address, or empty; of the first debt */
    const struct span *links; /* of each debt, beside them; null: the first one's alone */
    struct span unsubscribe;  /* the whole address, or empty: this may not be refused */
    bool is_neutral; /* who writes, and nothing of the debt: for a screen that others see */
};

/* A written message. */
struct reminder_text {
    struct buf title; /* empty for sms */
    struct buf body;
    struct buf html; /* of an e-mail; may stay empty */
};
void reminder_text_init(struct reminder_text *);
void reminder_text_release(struct reminder_text *);

/* Writes one message about `count` claimed debts of one customer, at least one: the step, the
 * channel and the languages are the first one's. A language that has no texts gets the Polish ones.
 * ERR_INPUT for a step without a text. */
MUST_CHECK int reminder_text_write(const struct reminder_texts *,
                                   const struct reminder_claimed *debts, size_t count,
                                   const struct reminder_words *, struct reminder_text *out,
                                   struct err *);

#endif
