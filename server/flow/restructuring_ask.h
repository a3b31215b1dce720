/* A customer asks for restructuring within the clock of a demand (Banking Law art. 75c):
 *
 *   begin       look at the debt, its newest demand and request (debt_change)
 *   decide      the same form again: it is done; else whether one may ask now
 *   on_done     tell
 *
 * What they write is personal: it lies in the erasable part of the event alone. */
#ifndef DUNLIN_FLOW_RESTRUCTURING_ASK_H
#define DUNLIN_FLOW_RESTRUCTURING_ASK_H

#include "flow/debt_look.h"
#include "store/demand_store.h"

enum { RESTRUCTURING_TEXT_MAX = 4000 }; /* bytes */

struct request_standing request_standing_of(const struct debt *, const struct demand_kept *,
                                            const struct request_kept *);

enum restructuring_ask_result {
    RESTRUCTURING_ASK_NOWHERE = 1, /* no such link */
    RESTRUCTURING_ASK_REVOKED,
    RESTRUCTURING_ASK_DONE, /* by this form, now or before */
    RESTRUCTURING_ASK_HINDERED,
};

/* What a form says. Spans are copied. */
struct restructuring_ask_options {
    struct paylink_id link;
    struct span form_nonce, page, text;
    enum language language;
};

/* `err` is never null; its code is not 0 when the database failed: the same form sent again finds
 * out whether it was saved. */
typedef void (*restructuring_ask_cb)(void *owner, enum restructuring_ask_result,
                                     const struct err *err);

struct restructuring_ask;

/* Returns an error and never calls back, or 0 and calls back once, later, unless it was
 * forgotten. */
MUST_CHECK int restructuring_ask_begin(struct world *, const struct restructuring_ask_options *,
                                       restructuring_ask_cb, void *owner,
                                       struct restructuring_ask **, struct err *);
/* The callback will not run any more; what was begun goes on. */
void restructuring_ask_forget(struct restructuring_ask *);

#endif
