/* A customer says yes to a plan that the page showed: everything is reckoned again from what is
 * true now, and only if it is what they saw is it agreed.
 *
 *   begin       look at the debt and its plans (debt_change)
 *   decide      the same form again: its plan; else the policy's offer, compared with the form
 *   on_done     tell
 *
 * Whatever differs changes nothing: the debt's amount, entries, holds or agreements, the policy,
 * the terms, a number that was made up. */
#ifndef DUNLIN_FLOW_PLAN_ACCEPT_H
#define DUNLIN_FLOW_PLAN_ACCEPT_H

#include "flow/debt_look.h"
#include "store/agreed_plan_store.h"

/* What the rules look at. */
struct plan_facts plan_facts_of(const struct debt *, const struct agreed_plans *);
/* The terms of a language, or the Polish ones. There are some where there is a policy. */
struct terms plan_terms_of(const struct world *, enum language);

enum plan_accept_result {
    PLAN_ACCEPT_NOWHERE = 1, /* no such link */
    PLAN_ACCEPT_REVOKED,
    PLAN_ACCEPT_DONE,    /* agreed or asked for; by this form, now or before */
    PLAN_ACCEPT_REFUSED, /* see `refusal` */
    PLAN_ACCEPT_CHANGED, /* the form is older than what is offered now */
};

/* What a form says. Spans are copied. */
struct plan_accept_options {
    struct paylink_id link;
    int64_t part_count, total_minor;
    struct date first;
    enum language language; /* of the page and its terms */
    struct span form_nonce, terms_version;
    struct span page; /* its name, see page_version; empty: not told */
    /* Whether the form is not older than the debt's last change (sheet_is_current). */
    bool (*is_current)(struct span version, const struct debt *);
    struct span version;
};

struct plan_accept_outcome {
    enum plan_accept_result result;
    enum plan_refusal refusal;
};

/* `err` is never null; its code is not 0 when the database failed: the same form sent again finds
 * out whether it was saved. */
typedef void (*plan_accept_cb)(void *owner, const struct plan_accept_outcome *,
                               const struct err *err);

struct plan_accept;

/* Returns an error and never calls back, or 0 and calls back once, later, unless it was
 * forgotten. */
MUST_CHECK int plan_accept_begin(struct world *, const struct plan_accept_options *, plan_accept_cb,
                                 void *owner, struct plan_accept **, struct err *);
/* The callback will not run any more; what was begun goes on. */
void plan_accept_forget(struct plan_accept *);

#endif
