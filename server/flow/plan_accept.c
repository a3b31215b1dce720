#include "flow/plan_accept.h"

#include "base/crash_point.h"
#include "base/log.h"
#include "flow/debt_change.h"
#include "flow/page_version.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { VERSION_MAX = 96, NONCE_MAX = 32 };

struct plan_accept {
    struct world *world;
    struct plan_accept_options options; /* its spans point into what follows */
    char form_nonce[NONCE_MAX], terms_version[VERSION_MAX], version[VERSION_MAX];
    struct plan_accept_outcome outcome; /* as decided last */
    int64_t customer_id, invoice_id;    /* for the log */
    plan_accept_cb on_done;             /* null: forgotten */
    void *owner;
};

struct plan_facts plan_facts_of(const struct debt *debt, const struct agreed_plans *plans)
{
    return (struct plan_facts){
        .debt = {.product = debt->product,
                 .kind = debt->kind,
                 .currency = debt->currency,
                 .segment = debt->segment,
                 .is_segment_known = true,
                 .due_minor = debt->due_minor,
                 .days_late = debt_days_late(debt)},
        .today = debt->today,
        .has_plan = plans->is_in_force || plans->is_asked,
        .is_in_flight = debt->is_in_flight,
        .is_disputed = (debt->holds & PAGE_HOLD_DISPUTE) != 0,
        .plans_of_year = plans->year_count,
    };
}

struct terms plan_terms_of(const struct world *world, enum language language)
{
    if (world->plans.terms[language].base == NULL)
        language = LANGUAGE_POLISH;
    return (struct terms){.language = span_str(language_code(language)),
                          .text = world->plans.terms[language]};
}

/* ---- deciding ---- */

static bool is_same_form(const struct plan_accept *op, const PGresult *more)
{
    struct agreed_plan plan;
    for (int row = 0; agreed_plan_take_one(more, row, &plan); ++row)
        if (span_is(plan.form_nonce, op->options.form_nonce))
            return true;
    return false;
}

static bool is_as_shown(const struct plan_accept *op, const struct debt *debt,
                        const struct plan_offer *offer, const struct terms *terms)
{
    char version[TEXT_VERSION_LEN + 1];
    text_version_print(terms->language, terms->text, version);
    return op->options.is_current(op->options.version, debt) &&
           offer->total_minor == op->options.total_minor &&
           span_is_str(op->options.terms_version, version);
}

static bool tell(struct plan_accept *op, enum plan_accept_result result, enum plan_refusal refusal)
{
    op->outcome = (struct plan_accept_outcome){.result = result, .refusal = refusal};
    return result == PLAN_ACCEPT_DONE;
}

static bool decide(void *owner, const struct debt *debt, const PGresult *more, struct pg_tx *tx,
                   pg_result_cb on_result)
{
    (void)on_result;
    struct plan_accept *op = owner;
    const struct plan_accept_options *form = &op->options;
    struct agreed_plans plans;
    struct plan_offer offer;
    agreed_plan_take(more, &plans);
    if (is_same_form(op, more)) {
        (void)tell(op, PLAN_ACCEPT_DONE, PLAN_OFFERED);
        return false; /* there is nothing to change */
    }
    const struct plan_facts facts = plan_facts_of(debt, &plans);
    const struct plan_policy *policy =
        plan_policy_of(op->world->plans.policies, op->world->plans.policy_count, &facts.debt);
    enum plan_refusal refusal = plan_may(policy, &facts);
    if (refusal != PLAN_OFFERED)
        return tell(op, PLAN_ACCEPT_REFUSED, refusal);
    /* What does not fit a policy that has changed was no fault of the form. */
    refusal = plan_offer(policy, &facts, form->part_count, form->first, &offer);
    if (refusal != PLAN_OFFERED)
        return tell(
            op, form->is_current(form->version, debt) ? PLAN_ACCEPT_REFUSED : PLAN_ACCEPT_CHANGED,
            refusal);
    const struct terms terms = plan_terms_of(op->world, form->language);
    if (!is_as_shown(op, debt, &offer, &terms))
        return tell(op, PLAN_ACCEPT_CHANGED, PLAN_OFFERED);
    op->customer_id = debt->customer_id;
    op->invoice_id = debt->invoice_id;
    const struct page_shown page = page_version_shown(op->world->page_versions, form->page);
    page_version_keep(tx, &page, op->world->now());
    agreed_plan_add(tx, debt,
                    &(struct agreed_plan_new){.offer = &offer,
                                              .before = &plans,
                                              .terms = &terms,
                                              .language = span_str(language_code(form->language)),
                                              .form_nonce = form->form_nonce,
                                              .now = op->world->now()});
    return tell(op, PLAN_ACCEPT_DONE, PLAN_OFFERED);
}

/* ---- telling ---- */

static void note(const struct plan_accept *op, enum debt_change_result result)
{
    if (result != DEBT_CHANGE_SAVED)
        return;
    page_version_note_kept(op->world->page_versions, op->options.page);
    log_line(LOG_INFO, "plan accepted", "customer=%" PRId64 " invoice=%" PRId64 " parts=%" PRId64,
             op->customer_id, op->invoice_id, op->options.part_count);
}

static void on_changed(void *owner, enum debt_change_result result, const struct err *err)
{
    struct plan_accept *op = owner;
    if (result == DEBT_CHANGE_NOWHERE || result == DEBT_CHANGE_REVOKED)
        (void)tell(op, result == DEBT_CHANGE_NOWHERE ? PLAN_ACCEPT_NOWHERE : PLAN_ACCEPT_REVOKED,
                   PLAN_OFFERED);
    if (err->code == 0) {
        crash_point("plan_accepted");
        note(op, result);
    }
    if (op->on_done != NULL)
        op->on_done(op->owner, &op->outcome, err);
    free(op);
}

static struct span keep(struct span text, char *room, size_t size)
{
    snprintf(room, size, "%.*s", SPAN_ARG(text));
    return span_str(room);
}

int plan_accept_begin(struct world *world, const struct plan_accept_options *options,
                      plan_accept_cb on_done, void *owner, struct plan_accept **handle,
                      struct err *err)
{
    struct plan_accept *op = calloc(1, sizeof(*op));
    if (op == NULL)
        abort();
    *op = (struct plan_accept){
        .world = world, .options = *options, .on_done = on_done, .owner = owner};
    op->options.form_nonce = keep(options->form_nonce, op->form_nonce, sizeof(op->form_nonce));
    op->options.terms_version =
        keep(options->terms_version, op->terms_version, sizeof(op->terms_version));
    op->options.page = span_of(NULL, 0); /* debt_change keeps it */
    op->options.version = keep(options->version, op->version, sizeof(op->version));
    int code = debt_change_begin(world,
                                 &(struct debt_change_options){.link = options->link,
                                                               .page = options->page,
                                                               .more = agreed_plan_read_of,
                                                               .decide = decide,
                                                               .on_done = on_changed,
                                                               .owner = op},
                                 err);
    if (code != 0)
        free(op);
    else
        *handle = op;
    return code;
}

void plan_accept_forget(struct plan_accept *op)
{
    op->on_done = NULL;
}
