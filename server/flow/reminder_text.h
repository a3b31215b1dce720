/* The words of reminders that were claimed: which text, see flow/message_texts.h, filled with their
 * debts, see flow/message_text.h. */
#ifndef DUNLIN_FLOW_REMINDER_TEXT_H
#define DUNLIN_FLOW_REMINDER_TEXT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "domain/demand.h"

#include <libpq-fe.h>

struct creditor;
struct keyring;
struct reminder_claimed;

struct reminder_texts;

/* Compiles all that are shipped. Null with ERR_INPUT naming the file that is no template. */
struct reminder_texts *reminder_texts_new(struct err *);
void reminder_texts_free(struct reminder_texts *);
/* What admins have saved, in the place of what they had saved before: the rows of
 * store/template_store.h. */
void reminder_texts_store(struct reminder_texts *, const PGresult *rows);

/* What admins have saved is not known yet, until the next reminder_texts_store: nothing should be
 * written, as it might be in other words than theirs. */
void reminder_texts_await(struct reminder_texts *);
bool reminder_texts_are_awaited(const struct reminder_texts *);

/* A debt in parts is proposed so: how many, and how many days from now the first is due. */
struct reminder_proposal {
    int count, first_days;
};
/* Without it: three, the first in a week. */
/* Whose dates a message with a demand names. By law until then. */
void reminder_texts_demand(struct reminder_texts *, struct demand_terms);
/* The dates that such a message names when it goes out on that day, where the customer is. */
struct demand_dates reminder_texts_demand_dates(const struct reminder_texts *, struct date today);
/* Whether a text, as reminder_text.name calls it, is a demand. */
bool reminder_text_is_demand(const char *name);
void reminder_texts_propose(struct reminder_texts *, struct reminder_proposal);

struct reminder_words {
    const struct creditor *creditor;
    const struct keyring *keys; /* for match codes; null: the texts go without */
    struct span link;           /* the whole address, or empty; of the first debt */
    const struct span *links;   /* of each debt, beside them; null: the first one's alone */
    struct span unsubscribe;    /* the whole address, or empty: this may not be refused */
    bool is_neutral; /* who writes, and nothing of the debt: for a screen that others see */
};

enum { REMINDER_TEXT_NAME_MAX = 80 };

/* A written message. */
struct reminder_text {
    struct buf title; /* of push and email */
    struct buf body;
    struct buf html;                   /* of an e-mail */
    int32_t version;                   /* of the admin's text that was used; 0: a shipped one */
    char name[REMINDER_TEXT_NAME_MAX]; /* which text: "en/late.firm", an admin's "en/late.firm 3" */
    bool may_be_unsubscribed;          /* the customer may refuse more of this kind by e-mail */
};
void reminder_text_init(struct reminder_text *);
void reminder_text_release(struct reminder_text *);

/* Whether more of this kind may be refused: to be asked before words.unsubscribe is made. Reminders
 * before the due date and thank-yous may; what the law wants said to a late debtor may not. */
bool reminder_text_may_be_refused(const struct reminder_claimed *);

/* Writes one message about `count` claimed debts of one customer, at least one: the template, the
 * channel and the languages are the first one's, but several debts have the template "merged". A
 * language that has no texts gets the Polish ones. ERR_INPUT, and nothing may be sent: there is no
 * such text, or a field that it prints is empty; the error names both. */
MUST_CHECK int reminder_text_write(const struct reminder_texts *,
                                   const struct reminder_claimed *debts, size_t count,
                                   const struct reminder_words *, struct reminder_text *out,
                                   struct err *);

#endif
