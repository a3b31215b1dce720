#include "store/agreed_plan_store.h"

#include "sql.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

/* ---- of one debt ---- */

int agreed_plan_read_of(struct store *store, struct pg_query *query, const struct debt *debt,
                        struct instant now, pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, debt->customer_id);
    pg_arg_int(&args, debt->invoice_id);
    pg_arg_instant(&args, now);
    int code = pg_read(store->reads, query, SQL_AGREED_PLAN_READ, &args, on_result, owner, err);
    pg_args_release(&args);
    return code;
}

void agreed_plan_take(const PGresult *result, struct agreed_plans *plans)
{
    struct span state = pg_get_text(result, 0, 4);
    *plans = (struct agreed_plans){.year_count = pg_get_int(result, 0, 0),
                                   .next_plan_no = (int32_t)pg_get_int(result, 0, 1),
                                   .next_part_no = (int32_t)pg_get_int(result, 0, 2),
                                   .is_in_force = span_is_str(state, "active"),
                                   .is_asked = span_is_str(state, "asked")};
}

bool agreed_plan_take_one(const PGresult *result, int row, struct agreed_plan *plan)
{
    *plan = (struct agreed_plan){.plan_no = 0};
    if (row >= PQntuples(result) || pg_is_null(result, row, 3))
        return false;
    *plan = (struct agreed_plan){
        .plan_no = (int32_t)pg_get_int(result, row, 3),
        .state = pg_get_text(result, row, 4),
        .form_nonce = pg_get_text(result, row, 5),
        .parts = pg_get_text(result, row, 7),
    };
    if (!pg_is_null(result, row, 6))
        plan->answer_by = date_from_days(pg_get_date(result, row, 6));
    return true;
}

static void add_plan(struct pg_tx *tx, const struct debt *debt, const struct agreed_plan_new *new,
                     const char *terms_version)
{
    const struct plan_offer *offer = new->offer;
    int32_t dates[INSTALMENTS_MAX];
    int64_t amounts[INSTALMENTS_MAX];
    struct pg_args args;
    for (int i = 0; i < offer->part_count; ++i) {
        dates[i] = date_to_days(offer->parts[i].due);
        amounts[i] = offer->parts[i].amount_minor;
    }
    pg_args_init(&args);
    pg_arg_int(&args, debt->customer_id);
    pg_arg_int(&args, debt->invoice_id);
    pg_arg_int(&args, new->before->next_plan_no);
    pg_arg_int(&args, new->before->next_part_no);
    pg_arg_bool(&args, !offer->needs_approval);
    pg_arg_text(&args, span_str(offer->policy->name));
    pg_arg_int(&args, offer->debt_minor);
    pg_arg_int(&args, offer->fee_minor);
    pg_arg_int(&args, offer->interest_minor);
    pg_arg_int(&args, offer->policy->grace_days);
    pg_arg_int(&args, offer->policy->missed_max);
    pg_arg_dates(&args, dates, (size_t)offer->part_count);
    pg_arg_ints(&args, amounts, (size_t)offer->part_count);
    pg_arg_text(&args, span_str(terms_version));
    pg_arg_text(&args, new->language);
    pg_arg_text(&args, debt->page);
    pg_arg_text(&args, new->form_nonce);
    pg_arg_instant(&args, new->now);
    if (offer->needs_approval)
        pg_arg_date(&args, date_to_days(offer->answer_by) + 1);
    else
        pg_arg_null(&args);
    pg_tx_add(tx, SQL_AGREED_PLAN_ADD, &args, NULL);
    pg_args_release(&args);
}

/* Nothing in it needs escaping: policies are words of small letters, all else are numbers. */
static void print_facts(const struct agreed_plan_new *new, const char *terms_version,
                        struct buf *out)
{
    const struct plan_offer *offer = new->offer;
    char day[11];
    buf_printf(out,
               "{\"plan_no\":%" PRId32 ",\"policy\":\"%s\",\"debt_minor\":%" PRId64
               ",\"fee_minor\":%" PRId64 ",\"interest_minor\":%" PRId64 ",\"total_minor\":%" PRId64,
               new->before->next_plan_no, offer->policy->name, offer->debt_minor, offer->fee_minor,
               offer->interest_minor, offer->total_minor);
    buf_add_str(out, ",\"parts\":[");
    for (int i = 0; i < offer->part_count; ++i) {
        date_print(offer->parts[i].due, day);
        buf_printf(
            out, "%s{\"part_no\":%" PRId32 ",\"due_date\":\"%s\",\"amount_minor\":%" PRId64 "}",
            i == 0 ? "" : ",", new->before->next_part_no + i, day, offer->parts[i].amount_minor);
    }
    buf_printf(out, "],\"terms\":\"%s\",\"terms_language\":\"%.*s\"", terms_version,
               SPAN_ARG(new->terms->language));
    if (offer->needs_approval) {
        date_print(offer->answer_by, day);
        buf_printf(out, ",\"answer_by\":\"%s\"", day);
    }
    buf_add_str(out, "}");
}

void agreed_plan_add(struct pg_tx *tx, const struct debt *debt, const struct agreed_plan_new *new)
{
    char version[TEXT_VERSION_LEN + 1];
    struct buf facts;
    struct pg_args args;
    terms_keep(tx, new->terms, new->now, version);
    add_plan(tx, debt, new, version);
    buf_init(&facts, 8192);
    print_facts(new, version, &facts);
    assert(!buf_is_overflowed(&facts));
    pg_args_init(&args);
    pg_arg_int(&args, debt->customer_id);
    pg_arg_int(&args, debt->invoice_id);
    pg_arg_instant(&args, new->now);
    pg_arg_text(&args,
                new->offer->needs_approval ? SPAN_LIT("plan.asked") : SPAN_LIT("plan.agreed"));
    pg_arg_text(&args, buf_span(&facts));
    pg_arg_text(&args, debt->page);
    pg_tx_add(tx, SQL_AGREED_PLAN_TELL, &args, NULL);
    pg_args_release(&args);
    buf_release(&facts);
}

/* ---- for the API ---- */

void agreed_plan_key_print(const struct agreed_plan_key *key, char out[AGREED_PLAN_ID_MAX])
{
    snprintf(out, AGREED_PLAN_ID_MAX, "%" PRId64 "-%" PRId64 "-%" PRId64, key->customer_id,
             key->invoice_id, key->plan_no);
}

bool agreed_plan_key_read(struct span text, struct agreed_plan_key *key)
{
    enum { DIGITS_MAX = 18, PLAN_NO_MAX = 1000000 };
    int64_t *const parts[] = {&key->customer_id, &key->invoice_id, &key->plan_no};
    size_t at = 0;
    for (int part = 0; part < 3; ++part) {
        size_t from = at;
        for (*parts[part] = 0; at < text.len && at - from < DIGITS_MAX && text.base[at] >= '0' &&
                               text.base[at] <= '9';
             ++at)
            *parts[part] = *parts[part] * 10 + (text.base[at] - '0');
        bool is_last = part == 2;
        if (at == from || (is_last ? at != text.len : at == text.len || text.base[at++] != '-'))
            return false;
    }
    return key->plan_no <= PLAN_NO_MAX;
}

int agreed_plan_list(struct store *store, struct pg_query *query,
                     const struct agreed_plan_search *search, pg_result_cb on_result, void *owner,
                     struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_text(&args, search->state);
    pg_arg_int(&args, search->after.customer_id);
    pg_arg_int(&args, search->after.invoice_id);
    pg_arg_int(&args, search->after.plan_no);
    pg_arg_int(&args, search->at_most);
    if (search->is_of_invoice) {
        pg_arg_int(&args, search->customer_id);
        pg_arg_int(&args, search->invoice_id);
    } else {
        pg_arg_null(&args);
        pg_arg_null(&args);
    }
    int code = pg_read(store->reads, query, SQL_AGREED_PLAN_LIST, &args, on_result, owner, err);
    pg_args_release(&args);
    return code;
}

void agreed_plan_read_listed(const PGresult *result, int row, struct agreed_plan_listed *listed)
{
    *listed = (struct agreed_plan_listed){
        .key = {pg_get_int(result, row, 0), pg_get_int(result, row, 1), pg_get_int(result, row, 2)},
        .state = pg_get_text(result, row, 3),
        .policy = pg_get_text(result, row, 4),
        .number = pg_get_text(result, row, 5),
        .customer = pg_get_text(result, row, 6),
        .currency = pg_get_text(result, row, 7),
        .debt_minor = pg_get_int(result, row, 8),
        .fee_minor = pg_get_int(result, row, 9),
        .interest_minor = pg_get_int(result, row, 10),
        .terms = pg_get_text(result, row, 11),
        .language = pg_get_text(result, row, 12),
        .page = pg_get_text(result, row, 13),
        .asked_at = pg_get_instant(result, row, 14),
        .has_answer_by = !pg_is_null(result, row, 15),
        .answer_by = pg_get_instant(result, row, 15),
        .is_decided = !pg_is_null(result, row, 16),
        .decided_at = pg_get_instant(result, row, 16),
        .decided_by = pg_get_text(result, row, 17),
        .reason = pg_get_text(result, row, 18),
        .is_ended = !pg_is_null(result, row, 19),
        .ended_at = pg_get_instant(result, row, 19),
        .parts = pg_get_text(result, row, 20),
    };
}

int agreed_plan_decide(struct store *store, struct pg_tx *tx,
                       const struct agreed_plan_decision *decision, pg_result_cb on_decided,
                       pg_done_cb on_done, void *owner, struct err *err)
{
    int code = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (code != 0)
        return code;
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, decision->key.customer_id);
    pg_arg_int(&args, decision->key.invoice_id);
    pg_arg_int(&args, decision->key.plan_no);
    pg_arg_text(&args, span_str(decision->deed));
    pg_arg_text(&args, decision->by);
    pg_arg_text(&args, decision->reason);
    pg_arg_instant(&args, decision->now);
    pg_tx_add(tx, SQL_AGREED_PLAN_DECIDE, &args, on_decided);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}

void agreed_plan_read_decided(const PGresult *result, struct span *verdict, struct span *state)
{
    *verdict = pg_get_text(result, 0, 0);
    *state = pg_get_text(result, 0, 1);
}

/* ---- the clock ---- */

int agreed_plan_lapse(struct store *store, struct pg_tx *tx, struct instant now,
                      pg_result_cb on_lapsed, pg_done_cb on_done, void *owner, struct err *err)
{
    int code = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (code != 0)
        return code;
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_instant(&args, now);
    pg_arg_int(&args, AGREED_PLAN_LAPSE_MAX);
    pg_tx_add(tx, SQL_AGREED_PLAN_LAPSE, &args, on_lapsed);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}

int64_t agreed_plan_read_lapsed(const PGresult *result)
{
    return pg_get_int(result, 0, 0);
}
