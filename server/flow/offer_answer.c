#include "flow/offer_answer.h"

#include "base/crash_point.h"
#include "base/log.h"
#include "flow/debt_change.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { VERSION_MAX = 96, WORD_MAX = 32 };

struct offer_answering {
    struct world *world;
    struct offer_answer_options options; /* its spans point into what follows */
    char form_nonce[WORD_MAX], terms_version[VERSION_MAX], decline_reason[WORD_MAX];
    struct terms terms;
    struct offer_answer_outcome outcome; /* as decided last */
    int64_t customer_id, invoice_id;     /* for the log */
    offer_answer_cb on_done;             /* null: forgotten */
    void *owner;
};

struct offer_standing offer_standing_of(const struct debt *debt, const struct offer_kept *offer,
                                        bool has_plan)
{
    return (struct offer_standing){
        .state = offer->state,
        .valid_until = offer->valid_until,
        .today = debt->today,
        .debt_minor = offer->debt_minor,
        .due_minor = debt->due_minor,
        .has_plan = has_plan,
        .is_in_flight = debt->is_in_flight,
        .is_disputed = (debt->holds & PAGE_HOLD_DISPUTE) != 0,
    };
}

struct terms offer_terms_text(const struct world *world, enum language language)
{
    if (world->offers.terms[language].base == NULL)
        language = LANGUAGE_POLISH;
    return (struct terms){.language = span_str(language_code(language)),
                          .text = world->offers.terms[language]};
}

/* ---- deciding ---- */

static bool tell(struct offer_answering *op, enum offer_answer_result result,
                 enum offer_hindrance hindrance)
{
    op->outcome = (struct offer_answer_outcome){.result = result, .hindrance = hindrance};
    return result == OFFER_ANSWER_DONE;
}

static bool is_same_form(const struct offer_answering *op, const PGresult *more)
{
    struct offer_kept offer;
    for (int row = 0; offer_take(more, row, &offer); ++row)
        if (span_is(offer.form_nonce, op->options.answer.form_nonce))
            return true;
    return false;
}

static bool find(const struct offer_answering *op, const PGresult *more, struct offer_kept *offer)
{
    for (int row = 0; offer_take(more, row, offer); ++row)
        if (offer->offer_no == op->options.answer.offer_no)
            return true;
    return false;
}

static bool are_terms_as_shown(struct offer_answering *op)
{
    char version[TEXT_VERSION_LEN + 1];
    op->terms = offer_terms_text(op->world, op->options.language);
    if (op->terms.text.base == NULL)
        return false; /* the settings have taken them away */
    text_version_print(op->terms.language, op->terms.text, version);
    return span_is_str(op->options.terms_version, version);
}

static bool decide(void *owner, const struct debt *debt, const PGresult *more, struct pg_tx *tx,
                   pg_result_cb on_result)
{
    (void)on_result;
    struct offer_answering *op = owner;
    struct offer_kept offer;
    if (is_same_form(op, more)) {
        (void)tell(op, OFFER_ANSWER_DONE, OFFER_CAN_BE_ANSWERED);
        return false; /* there is nothing to change */
    }
    if (!find(op, more, &offer))
        return tell(op, OFFER_ANSWER_CHANGED, OFFER_CAN_BE_ANSWERED);
    const struct offer_standing standing = offer_standing_of(debt, &offer, offer_take_plan(more));
    enum offer_hindrance hindrance = offer_hindered(&standing);
    if (hindrance != OFFER_CAN_BE_ANSWERED)
        return tell(op, OFFER_ANSWER_HINDERED, hindrance);
    if (op->options.answer.deed == OFFER_ACCEPT && !are_terms_as_shown(op))
        return tell(op, OFFER_ANSWER_CHANGED, OFFER_CAN_BE_ANSWERED);
    struct offer_answer answer = op->options.answer;
    answer.language = span_str(language_code(op->options.language));
    answer.terms = &op->terms;
    answer.now = op->world->now();
    op->customer_id = debt->customer_id;
    op->invoice_id = debt->invoice_id;
    offer_add_answer(tx, debt, &answer);
    return tell(op, OFFER_ANSWER_DONE, OFFER_CAN_BE_ANSWERED);
}

/* ---- telling ---- */

static void note(const struct offer_answering *op, enum debt_change_result result)
{
    if (result == DEBT_CHANGE_SAVED)
        log_line(LOG_INFO, "offer answered",
                 "customer=%" PRId64 " invoice=%" PRId64 " offer=%" PRId32 " answer=%s",
                 op->customer_id, op->invoice_id, op->options.answer.offer_no,
                 offer_deed_name(op->options.answer.deed));
}

static void on_changed(void *owner, enum debt_change_result result, const struct err *err)
{
    struct offer_answering *op = owner;
    if (result == DEBT_CHANGE_NOWHERE || result == DEBT_CHANGE_REVOKED)
        (void)tell(op, result == DEBT_CHANGE_NOWHERE ? OFFER_ANSWER_NOWHERE : OFFER_ANSWER_REVOKED,
                   OFFER_CAN_BE_ANSWERED);
    if (err->code == 0) {
        crash_point("offer_answered");
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

int offer_answer_begin(struct world *world, const struct offer_answer_options *options,
                       offer_answer_cb on_done, void *owner, struct offer_answering **handle,
                       struct err *err)
{
    struct offer_answering *op = calloc(1, sizeof(*op));
    if (op == NULL)
        abort();
    *op = (struct offer_answering){
        .world = world, .options = *options, .on_done = on_done, .owner = owner};
    struct offer_answer *answer = &op->options.answer;
    answer->form_nonce = keep(options->answer.form_nonce, op->form_nonce, sizeof(op->form_nonce));
    op->options.page = span_of(NULL, 0); /* debt_change keeps it */
    answer->decline_reason =
        keep(options->answer.decline_reason, op->decline_reason, sizeof(op->decline_reason));
    op->options.terms_version =
        keep(options->terms_version, op->terms_version, sizeof(op->terms_version));
    int code = debt_change_begin(world,
                                 &(struct debt_change_options){.link = options->link,
                                                               .page = options->page,
                                                               .more = offer_read_of,
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

void offer_answer_forget(struct offer_answering *op)
{
    op->on_done = NULL;
}
