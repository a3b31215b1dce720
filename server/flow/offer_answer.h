/* A customer answers an individual offer: yes, no, or another one. What is offered was fixed when
 * it was made, so only whether it still stands is looked at again:
 *
 *   begin       look at the debt and its offers (debt_change)
 *   decide      the same form again: its first answer; else whether this offer can be answered now
 *   on_done     tell
 *
 * Whatever hinders it changes nothing: another answer was first, the offer's time is over, the debt
 * was paid, changed or put in a plan, the terms are not those that were read. */
#ifndef DUNLIN_FLOW_OFFER_ANSWER_H
#define DUNLIN_FLOW_OFFER_ANSWER_H

#include "flow/debt_look.h"
#include "store/offer_store.h"

/* What the domain looks at. */
struct offer_standing offer_standing_of(const struct debt *, const struct offer_kept *,
                                        bool has_plan);
/* The terms of a language, or the Polish ones. There are some where there are offers. */
struct terms offer_terms_text(const struct world *, enum language);

enum offer_answer_result {
    OFFER_ANSWER_NOWHERE = 1, /* no such link */
    OFFER_ANSWER_REVOKED,
    OFFER_ANSWER_DONE,     /* by this form, now or before */
    OFFER_ANSWER_HINDERED, /* see `hindrance` */
    OFFER_ANSWER_CHANGED,  /* there is no such offer any more, or the terms are others now */
};

/* What a form says. Spans are copied. */
struct offer_answer_options {
    struct paylink_id link;
    struct offer_answer answer; /* `terms` and `now` are filled in */
    enum language language;     /* of the page and its terms */
    struct span terms_version;  /* with OFFER_ACCEPT */
    struct span page;           /* its name, see page_version; empty: not told */
};

struct offer_answer_outcome {
    enum offer_answer_result result;
    enum offer_hindrance hindrance;
};

/* `err` is never null; its code is not 0 when the database failed: the same form sent again finds
 * out whether it was saved. */
typedef void (*offer_answer_cb)(void *owner, const struct offer_answer_outcome *,
                                const struct err *err);

struct offer_answering;

/* Returns an error and never calls back, or 0 and calls back once, later, unless it was
 * forgotten. */
MUST_CHECK int offer_answer_begin(struct world *, const struct offer_answer_options *,
                                  offer_answer_cb, void *owner, struct offer_answering **,
                                  struct err *);
/* The callback will not run any more; what was begun goes on. */
void offer_answer_forget(struct offer_answering *);

#endif
