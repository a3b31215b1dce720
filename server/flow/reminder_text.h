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
    struct span link; /* the whole address, or empty */
    bool is_neutral;  /* who writes, and nothing of the debt: for a screen that others see */
};

/* Appends title and body for the claimed reminder's channel; the title stays empty for sms. A
 * language that has no texts gets the Polish ones. ERR_INPUT for a step without a text. */
MUST_CHECK int reminder_text_write(const struct reminder_texts *, const struct reminder_claimed *,
                                   const struct reminder_words *, struct buf *title,
                                   struct buf *body, struct err *);

#endif
