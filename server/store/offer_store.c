#include "store/offer_store.h"

#include "sql.h"
#include "store/agreed_plan_store.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

/* ---- of one debt ---- */

int offer_read_of(struct store *store, struct pg_query *query, const struct debt *debt,
                  struct instant now, pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    (void)now;
    pg_args_init(&args);
    pg_arg_int(&args, debt->customer_id);
    pg_arg_int(&args, debt->invoice_id);
    int code = pg_read(store->reads, query, SQL_OFFER_READ, &args, on_result, owner, err);
    pg_args_release(&args);
    return code;
}

bool offer_take_plan(const PGresult *result)
{
    return pg_get_bool(result, 0, 0);
}

static int32_t hundredths_of(const PGresult *result, int row, int column)
{
    return pg_is_null(result, row, column) ? -1 : (int32_t)pg_get_int(result, row, column);
}

bool offer_take(const PGresult *result, int row, struct offer_kept *offer)
{
    *offer = (struct offer_kept){.offer_no = 0};
    if (row >= PQntuples(result) || pg_is_null(result, row, 1))
        return false;
    *offer = (struct offer_kept){
        .offer_no = (int32_t)pg_get_int(result, row, 1),
        .valid_until = date_from_days(pg_get_date(result, row, 4)),
        .debt_minor = pg_get_int(result, row, 5),
        .forgiven_minor = pg_get_int(result, row, 6),
        .interest_minor = pg_get_int(result, row, 7),
        .interest_hundredths = (int32_t)pg_get_int(result, row, 8),
        .usual_hundredths = hundredths_of(result, row, 9),
        .total_minor = pg_get_int(result, row, 10),
        .parts = pg_get_text(result, row, 11),
        .form_nonce = pg_get_text(result, row, 12),
        .is_answered = !pg_is_null(result, row, 13),
        .answered_on = date_from_days(pg_get_date(result, row, 13)),
        .counter_minor = pg_get_int(result, row, 14),
        .has_counter_from = !pg_is_null(result, row, 15),
        .counter_from = date_from_days(pg_get_date(result, row, 15)),
        .plan_no = (int32_t)pg_get_int(result, row, 16),
        .reason = pg_get_text(result, row, 17),
    };
    bool is_state = offer_state_find(pg_get_text(result, row, 2), &offer->state);
    bool is_kind = offer_kind_find(pg_get_text(result, row, 3), &offer->kind);
    assert(is_state && is_kind); /* the table's own checks */
    return true;
}

static struct span or_null(struct span text)
{
    return text.len == 0 ? span_of(NULL, 0) : text;
}

static void add_accept(struct pg_tx *tx, const struct debt *debt, const struct offer_answer *answer)
{
    char version[TEXT_VERSION_LEN + 1];
    struct pg_args args;
    terms_keep(tx, answer->terms, answer->now, version);
    pg_args_init(&args);
    pg_arg_int(&args, debt->customer_id);
    pg_arg_int(&args, debt->invoice_id);
    pg_arg_int(&args, answer->offer_no);
    pg_arg_text(&args, answer->form_nonce);
    pg_arg_text(&args, span_str(version));
    pg_arg_text(&args, answer->language);
    pg_arg_text(&args, debt->page);
    pg_arg_instant(&args, answer->now);
    pg_tx_add(tx, SQL_OFFER_ACCEPT, &args, NULL);
    pg_args_release(&args);
}

static void add_refusal(struct pg_tx *tx, const struct debt *debt,
                        const struct offer_answer *answer)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, debt->customer_id);
    pg_arg_int(&args, debt->invoice_id);
    pg_arg_int(&args, answer->offer_no);
    pg_arg_text(&args, span_str(offer_deed_name(answer->deed)));
    pg_arg_text(&args, answer->form_nonce);
    pg_arg_text(&args, answer->language);
    pg_arg_text(&args, debt->page);
    pg_arg_text(&args, or_null(answer->decline_reason));
    if (answer->counter_minor == 0)
        pg_arg_null(&args);
    else
        pg_arg_int(&args, answer->counter_minor);
    if (answer->has_counter_from)
        pg_arg_date(&args, date_to_days(answer->counter_from));
    else
        pg_arg_null(&args);
    pg_arg_instant(&args, answer->now);
    pg_tx_add(tx, SQL_OFFER_REFUSE, &args, NULL);
    pg_args_release(&args);
}

void offer_add_answer(struct pg_tx *tx, const struct debt *debt, const struct offer_answer *answer)
{
    if (answer->deed == OFFER_ACCEPT)
        add_accept(tx, debt, answer);
    else
        add_refusal(tx, debt, answer);
}

/* ---- making them ---- */

static void print_text(struct buf *out, const char *name, struct span text)
{
    buf_printf(out, ",\"%s\":", name);
    if (text.base == NULL)
        buf_add_str(out, "null");
    else
        buf_printf(out, "\"%.*s\"", SPAN_ARG(text));
}

static void print_day(struct buf *out, const char *before, struct date day)
{
    char text[11];
    date_print(day, text);
    buf_printf(out, "%s\"%s\"", before, text);
}

/* Nothing in it needs escaping: rules and ids are plain words, and whoever takes an idempotency key
 * sees to it that it holds neither quotes nor backslashes. All else are numbers. */
static void print_offer(const struct offer_new *new, struct buf *out)
{
    const struct offer *offer = new->offer;
    const struct offer_terms *terms = &offer->terms;
    buf_printf(out,
               "{\"kind\":\"%s\",\"debt_minor\":%" PRId64 ",\"forgiven_minor\":%" PRId64
               ",\"interest_minor\":%" PRId64 ",\"interest_hundredths\":%" PRId32
               ",\"grace_days\":%" PRId32 ",\"missed_max\":%" PRId32,
               offer_kind_name(terms->kind), offer->debt_minor, terms->forgiven_minor,
               offer->interest_minor, terms->interest_hundredths, terms->grace_days,
               terms->missed_max);
    if (offer->usual_hundredths >= 0)
        buf_printf(out, ",\"usual_hundredths\":%" PRId32, offer->usual_hundredths);
    print_text(out, "rule", new->rule);
    print_text(out, "made_by", new->made_by);
    print_text(out, "idempotency_key", new->idempotency_key);
    buf_printf(out, ",\"replaces\":%s,\"is_allowed\":%s", new->replaces ? "true" : "false",
               new->is_allowed ? "true" : "false");
    print_day(out, ",\"valid_until\":", terms->valid_until);
    buf_add_str(out, ",\"due_dates\":[");
    for (int i = 0; i < terms->part_count; ++i)
        print_day(out, i == 0 ? "" : ",", offer->parts[i].due);
    buf_add_str(out, "],\"amounts\":[");
    for (int i = 0; i < terms->part_count; ++i)
        buf_printf(out, "%s%" PRId64, i == 0 ? "" : ",", offer->parts[i].amount_minor);
    buf_add_str(out, "]}");
}

static void add_lock(struct pg_tx *tx, const int64_t *customers, size_t count)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_ints(&args, customers, count);
    pg_tx_add(tx, SQL_REMINDER_LOCK_CUSTOMERS, &args, NULL);
    pg_args_release(&args);
}

int offer_add_all(struct store *store, struct pg_tx *tx, const struct offer_new *offers,
                  size_t count, struct instant now, pg_result_cb on_made, pg_done_cb on_done,
                  void *owner, struct err *err)
{
    enum { TEXT_MAX = 4096 };
    int64_t customers[OFFER_BATCH_MAX], invoices[OFFER_BATCH_MAX], versions[OFFER_BATCH_MAX];
    struct buf written[OFFER_BATCH_MAX];
    struct span texts[OFFER_BATCH_MAX];
    struct pg_args args;
    assert(count <= OFFER_BATCH_MAX);
    int code = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (code != 0)
        return code;
    for (size_t i = 0; i < count; ++i) {
        customers[i] = offers[i].customer_id;
        invoices[i] = offers[i].invoice_id;
        versions[i] = offers[i].money_version;
        buf_init(&written[i], TEXT_MAX);
        print_offer(&offers[i], &written[i]);
        assert(!buf_is_overflowed(&written[i]));
        texts[i] = buf_span(&written[i]);
    }
    add_lock(tx, customers, count);
    pg_args_init(&args);
    pg_arg_ints(&args, customers, count);
    pg_arg_ints(&args, invoices, count);
    pg_arg_ints(&args, versions, count);
    pg_arg_texts(&args, texts, count);
    pg_arg_instant(&args, now);
    pg_tx_add(tx, SQL_OFFER_ADD, &args, on_made);
    pg_args_release(&args);
    for (size_t i = 0; i < count; ++i)
        buf_release(&written[i]);
    pg_tx_commit(tx);
    return 0;
}

void offer_read_made(const PGresult *result, int row, struct span *verdict, int32_t *offer_no)
{
    *verdict = pg_get_text(result, row, 0);
    *offer_no = (int32_t)pg_get_int(result, row, 1);
}

int offer_candidates(struct store *store, struct pg_query *query, const struct offer_window *window,
                     pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_instant(&args, window->now);
    pg_arg_instant(&args, window->in_flight_from);
    pg_arg_date(&args, date_to_days(window->from));
    pg_arg_date(&args, date_to_days(window->to));
    pg_arg_date(&args, date_to_days(window->after_due));
    pg_arg_int(&args, window->after_customer_id);
    pg_arg_int(&args, window->after_invoice_id);
    pg_arg_int(&args, OFFER_WINDOW_MAX);
    int code = pg_read(store->reads, query, SQL_OFFER_CANDIDATES, &args, on_result, owner, err);
    pg_args_release(&args);
    return code;
}

static enum segment segment_named(struct span name)
{
    for (int s = SEGMENT_ON_TIME; s <= SEGMENT_CHRONICALLY_LATE; ++s)
        if (span_is_str(name, segment_name((enum segment)s)))
            return (enum segment)s;
    return SEGMENT_ON_TIME;
}

void offer_read_candidate(const PGresult *result, int row, struct offer_candidate *candidate)
{
    *candidate = (struct offer_candidate){
        .customer_id = pg_get_int(result, row, 0),
        .invoice_id = pg_get_int(result, row, 1),
        .due = date_from_days(pg_get_date(result, row, 2)),
        .may = pg_get_bool(result, row, 7),
    };
    if (!candidate->may)
        return;
    struct date today = date_from_days(pg_get_date(result, row, 10));
    candidate->money_version = pg_get_int(result, row, 8);
    candidate->used = pg_get_text(result, row, 12);
    candidate->facts = (struct offer_facts){
        .debt = {.due_minor = pg_get_int(result, row, 3),
                 .product = pg_get_text(result, row, 4),
                 .kind = pg_get_text(result, row, 5),
                 .currency = pg_get_text(result, row, 6),
                 .segment = segment_named(pg_get_text(result, row, 9)),
                 .is_segment_known = true,
                 .days_late = date_days_between(candidate->due, today)},
        .today = today,
        .offers_of_year = pg_get_int(result, row, 11),
        .usual_hundredths = -1,
    };
}

int offer_read_debt(struct store *store, struct pg_query *query, int64_t customer_id,
                    int64_t invoice_id, struct span idempotency_key, struct instant now,
                    struct instant in_flight_from, pg_result_cb on_result, void *owner,
                    struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, customer_id);
    pg_arg_int(&args, invoice_id);
    pg_arg_instant(&args, now);
    pg_arg_instant(&args, in_flight_from);
    pg_arg_text(&args, idempotency_key);
    int code = pg_read(store->reads, query, SQL_OFFER_DEBT, &args, on_result, owner, err);
    pg_args_release(&args);
    return code;
}

bool offer_take_debt(const PGresult *result, struct offer_facts *facts, int64_t *money_version)
{
    if (PQntuples(result) == 0)
        return false;
    struct date today = date_from_days(pg_get_date(result, 0, 7));
    *money_version = pg_get_int(result, 0, 5);
    *facts = (struct offer_facts){
        .debt = {.due_minor = pg_get_int(result, 0, 0),
                 .product = pg_get_text(result, 0, 1),
                 .kind = pg_get_text(result, 0, 2),
                 .currency = pg_get_text(result, 0, 3),
                 .segment = segment_named(pg_get_text(result, 0, 6)),
                 .is_segment_known = true,
                 .days_late = date_days_between(date_from_days(pg_get_date(result, 0, 4)), today)},
        .today = today,
        .has_plan = pg_get_bool(result, 0, 8),
        .has_offer = pg_get_bool(result, 0, 9),
        .is_in_flight = pg_get_bool(result, 0, 10),
        .is_disputed = pg_get_bool(result, 0, 11),
        .usual_hundredths = -1,
    };
    return true;
}

int32_t offer_take_same(const PGresult *result, struct span *state)
{
    *state = pg_get_text(result, 0, 13);
    return (int32_t)pg_get_int(result, 0, 12);
}

/* ---- for the API ---- */

void offer_key_print(const struct offer_key *key, char out[OFFER_ID_MAX])
{
    snprintf(out, OFFER_ID_MAX, "%" PRId64 "-%" PRId64 "-%" PRId64, key->customer_id,
             key->invoice_id, key->offer_no);
}

bool offer_key_read(struct span text, struct offer_key *key)
{
    struct agreed_plan_key same;
    bool is_good = agreed_plan_key_read(text, &same);
    *key = (struct offer_key){same.customer_id, same.invoice_id, same.plan_no};
    return is_good;
}

int offer_decide(struct store *store, struct pg_tx *tx, const struct offer_decision *decision,
                 pg_result_cb on_decided, pg_done_cb on_done, void *owner, struct err *err)
{
    int code = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (code != 0)
        return code;
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, decision->key.customer_id);
    pg_arg_int(&args, decision->key.invoice_id);
    pg_arg_int(&args, decision->key.offer_no);
    pg_arg_text(&args, span_str(offer_deed_name(decision->deed)));
    pg_arg_text(&args, decision->by);
    pg_arg_text(&args, decision->reason);
    pg_arg_instant(&args, decision->now);
    pg_tx_add(tx, SQL_OFFER_DECIDE, &args, on_decided);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}

void offer_read_decided(const PGresult *result, struct span *verdict, struct span *state)
{
    *verdict = pg_get_text(result, 0, 0);
    *state = pg_get_text(result, 0, 1);
}

int offer_list(struct store *store, struct pg_query *query, const struct offer_search *search,
               pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_text(&args, search->state);
    pg_arg_int(&args, search->after.customer_id);
    pg_arg_int(&args, search->after.invoice_id);
    pg_arg_int(&args, search->after.offer_no);
    pg_arg_int(&args, search->at_most);
    int code = pg_read(store->reads, query, SQL_OFFER_LIST, &args, on_result, owner, err);
    pg_args_release(&args);
    return code;
}

void offer_read_listed(const PGresult *result, int row, struct offer_listed *listed)
{
    *listed = (struct offer_listed){
        .key = {pg_get_int(result, row, 0), pg_get_int(result, row, 1), pg_get_int(result, row, 2)},
        .state = pg_get_text(result, row, 3),
        .kind = pg_get_text(result, row, 4),
        .rule = pg_get_text(result, row, 5),
        .made_by = pg_get_text(result, row, 6),
        .made_at = pg_get_instant(result, row, 7),
        .decided_by = pg_get_text(result, row, 8),
        .is_decided = !pg_is_null(result, row, 9),
        .decided_at = pg_get_instant(result, row, 9),
        .valid_until = date_from_days(pg_get_date(result, row, 10)),
        .debt_minor = pg_get_int(result, row, 11),
        .forgiven_minor = pg_get_int(result, row, 12),
        .interest_minor = pg_get_int(result, row, 13),
        .interest_hundredths = pg_get_int(result, row, 14),
        .total_minor = pg_get_int(result, row, 15),
        .parts = pg_get_text(result, row, 16),
        .is_answered = !pg_is_null(result, row, 17),
        .answered_at = pg_get_instant(result, row, 17),
        .terms = pg_get_text(result, row, 18),
        .decline_reason = pg_get_text(result, row, 19),
        .counter_minor = pg_get_int(result, row, 20),
        .has_counter_from = !pg_is_null(result, row, 21),
        .counter_from = date_from_days(pg_get_date(result, row, 21)),
        .plan_no = pg_get_int(result, row, 22),
        .is_ended = !pg_is_null(result, row, 23),
        .ended_at = pg_get_instant(result, row, 23),
        .reason = pg_get_text(result, row, 24),
        .number = pg_get_text(result, row, 25),
        .customer = pg_get_text(result, row, 26),
        .currency = pg_get_text(result, row, 27),
    };
}

/* ---- the clock ---- */

int offer_expire(struct store *store, struct pg_tx *tx, struct instant now, pg_result_cb on_ended,
                 pg_done_cb on_done, void *owner, struct err *err)
{
    int code = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (code != 0)
        return code;
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_instant(&args, now);
    pg_arg_int(&args, OFFER_EXPIRE_MAX);
    pg_tx_add(tx, SQL_OFFER_EXPIRE, &args, on_ended);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}

int64_t offer_read_expired(const PGresult *result)
{
    return pg_get_int(result, 0, 0);
}
