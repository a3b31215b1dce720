/* Changing one debt by a decision on what was read: a plan agreed, a promise noted, a dispute
 * opened. The happy path:
 *
 *   begin        look at the debt, and at what else the decision wants
 *   on_looked    decide; the decision adds its statements to a transaction that begins with the
 *                guard and keeps the page that the customer had before them
 *   on_saved     done, when the transaction is on disk
 *
 * How it fails: no such link, or a revoked one: finish with that. The decision says no: finish with
 * REFUSED, nothing was changed. The customer has moved on since the look (ERR_CONFLICT): look and
 * decide again, a few times. The database is gone: finish with its error; whether it was saved is
 * not known, and the same form sent again finds out. */
#ifndef DUNLIN_FLOW_DEBT_CHANGE_H
#define DUNLIN_FLOW_DEBT_CHANGE_H

#include "flow/debt_look.h"

enum debt_change_result {
    DEBT_CHANGE_NOWHERE = 1, /* no such link */
    DEBT_CHANGE_REVOKED,
    DEBT_CHANGE_REFUSED, /* decide said no */
    DEBT_CHANGE_SAVED,
};

struct debt_change_options {
    struct paylink_id link;
    struct span page;  /* page_form_page(request), or empty. The decision finds it in debt->page */
    debt_more_fn more; /* may be null */
    /* True: statements were added to `tx`, each with `on_result` or null as its callback. May be
     * called again with newer data. Null `more` as in debt_look_cb. */
    bool (*decide)(void *owner, const struct debt *, const PGresult *more, struct pg_tx *tx,
                   pg_result_cb on_result);
    /* For the rows of such statements: they count once on_done says SAVED. May be null. */
    void (*on_row)(void *owner, const PGresult *result);
    /* `err` is never null; its code is not 0 when the database failed. */
    void (*on_done)(void *owner, enum debt_change_result, const struct err *err);
    void *owner;
};

/* Copies the options. Returns an error and never calls back, or 0 and calls on_done exactly once,
 * later. The owner lives until then: a visitor who leaves does not stop it. */
MUST_CHECK int debt_change_begin(struct world *, const struct debt_change_options *, struct err *);

#endif
