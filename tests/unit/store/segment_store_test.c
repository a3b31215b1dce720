/* The rule over sets says what the rule of the domain says, of histories made at random. */
#include "store/segment_store.h"

#include "base/buf.h"
#include "unit/store/store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

enum { CUSTOMERS = 400, DEBTS_MAX = 14 };

static const struct segment_rules rules = {.months = 12,
                                           .grace_days = 3,
                                           .debts_min = 3,
                                           .sometimes_late_percent = 20,
                                           .chronically_late_percent = 50,
                                           .broken_promises_min = 2};

/* All at noon in UTC: in Auckland the next day has begun. */
static const struct zone {
    const char *name;
    int days_ahead;
} zones[] = {{"Europe/Warsaw", 0}, {"America/New_York", 0}, {"Pacific/Auckland", 1}};

/* 2026-11-22T12:00:00Z */
static struct instant noon = {INT64_C(1795348800) * 1000000};

static struct store_fixture fixture;
static bool is_done;
static int64_t changed;
static unsigned seed = 20261122;

static unsigned draw(unsigned below)
{
    seed = seed * 1103515245u + 12345u;
    return (seed >> 8) % below;
}

static int suite_setup(void **state)
{
    (void)state;
    store_fixture_new(&fixture);
    return 0;
}

static int suite_teardown(void **state)
{
    (void)state;
    store_fixture_free(&fixture);
    return 0;
}

static void assert_value(const char *query, const char *wanted)
{
    assert_true(store_fixture_says(&fixture, query, wanted));
}

static void on_counted(void *owner, const PGresult *result, const struct err *err)
{
    (void)owner;
    if (err->code == 0)
        changed = segment_read_changed(result);
}

static void on_done(void *owner, const struct err *err)
{
    (void)owner;
    assert_int_equal(err->code, 0);
    is_done = true;
}

static int64_t recompute(const int64_t *customers, size_t count)
{
    struct pg_tx tx = {NULL};
    struct err err;
    const struct segment_round round = {
        .customers = customers, .customer_count = count, .rules = &rules, .now = noon};
    is_done = false;
    assert_int_equal(segment_recompute(fixture.store, &tx, &round, on_counted, on_done, NULL, &err),
                     0);
    while (!is_done)
        h2o_evloop_run(fixture.loop, INT32_MAX);
    return changed;
}

struct history {
    int64_t customer;
    const struct zone *zone;
    struct segment_counts counts;
};

static void add_customer(struct buf *sql, const struct history *h)
{
    buf_printf(sql,
               "insert into customer (customer_id, reference, time_zone, created_at, changed_at)"
               " values (%lld, 'S-%lld', '%s', now(), now());",
               (long long)h->customer, (long long)h->customer, h->zone->name);
}

static void date_text(int32_t days, char out[11])
{
    date_print(date_from_days(days), out);
}

/* One debt at random, and what the domain says of it. */
static void add_debt(struct buf *sql, struct history *h, int no, int32_t utc_today)
{
    int32_t due = utc_today - 420 + (int32_t)draw(460);
    bool is_paid = draw(4) > 0, is_held = draw(5) == 0, is_plan = draw(2) == 0;
    bool is_released = draw(3) == 0;
    int32_t paid = due - 10 + (int32_t)draw(draw(3) > 0 ? 14 : 60);
    if (paid > utc_today)
        paid = utc_today;
    char due_text[11], paid_text[11], paid_at[40] = "null";
    date_text(due, due_text);
    date_text(paid, paid_text);
    if (is_paid)
        snprintf(paid_at, sizeof(paid_at), "'%s 12:00+00'", paid_text);
    buf_printf(sql,
               "insert into invoice (customer_id, invoice_id, number, kind, currency, amount_minor,"
               " due_minor, issue_date, due_date, paid_at, created_at, changed_at) values (%lld,"
               " %d, 'S/%lld/%d', 'invoice', 'PLN', 100, %d, '%s', '%s', %s, now(), now());",
               (long long)h->customer, no, (long long)h->customer, no, is_paid ? 0 : 100, due_text,
               due_text, paid_at);
    if (is_held)
        buf_printf(sql,
                   "insert into hold (customer_id, invoice_id, hold_no, kind, created_at,"
                   " released_at) values (%lld, %d, 1, '%s', now(), %s);",
                   (long long)h->customer, no, is_plan ? "plan" : "dispute",
                   is_released ? "now()" : "null");
    const struct segment_debt debt = {.due = date_from_days(due),
                                      .is_paid = is_paid,
                                      .paid = date_from_days(paid + h->zone->days_ahead),
                                      .is_set_aside = is_held && !is_released};
    enum segment_debt_fate fate =
        segment_debt_fate(&rules, &debt, date_from_days(utc_today + h->zone->days_ahead));
    h->counts.debts += fate != SEGMENT_DEBT_APART;
    h->counts.late += fate == SEGMENT_DEBT_LATE;
}

/* One promise at random, of a debt that does not count for being old. */
static void add_promise(struct buf *sql, struct history *h, int no, int32_t utc_today)
{
    static const char *const states[] = {"open", "kept", "broken", "broken", "replaced"};
    unsigned state = no == 1 ? draw(5) : 1 + draw(4); /* one may be open */
    struct date today = date_from_days(utc_today + h->zone->days_ahead);
    int32_t day = utc_today - 380 + (int32_t)draw(400);
    char text[11];
    date_text(day, text);
    buf_printf(sql,
               "insert into promise (customer_id, invoice_id, promise_no, given_by, promised_on,"
               " until, amount_minor, entry_from, state, hold_no, given_at, decided_at) values"
               " (%lld, 1, %d, 'page', '%s', now(), 100, 1, '%s', %d, now(), %s);",
               (long long)h->customer, no, text, states[state], no, state == 0 ? "null" : "now()");
    if (date_compare(date_from_days(day), segment_since(&rules, today)) < 0)
        return;
    h->counts.kept_promises += state == 1;
    h->counts.broken_promises += state == 2 || state == 3;
}

static void random_histories_come_out_as_the_domain_says(void **state)
{
    (void)state;
    static struct history histories[CUSTOMERS];
    static int64_t ids[CUSTOMERS];
    int32_t utc_today = (int32_t)(noon.us / 1000000 / 86400);
    int seen[3] = {0};
    struct buf sql;
    buf_init(&sql, (size_t)8 << 20);
    for (int i = 0; i < CUSTOMERS; ++i) {
        histories[i] = (struct history){.customer = i + 1, .zone = &zones[draw(3)]};
        ids[i] = i + 1;
        add_customer(&sql, &histories[i]);
        for (unsigned no = 1, debts = draw(DEBTS_MAX + 1); no <= debts; ++no)
            add_debt(&sql, &histories[i], (int)no, utc_today);
        for (unsigned no = 1, promises = draw(2) == 0 ? 0 : draw(6); no <= promises; ++no)
            add_promise(&sql, &histories[i], (int)no, utc_today);
    }
    buf_add_char(&sql, '\0');
    pg_cluster_sql(&fixture.cluster, buf_span(&sql).base);
    buf_release(&sql);
    assert_int_equal(recompute(ids, CUSTOMERS), CUSTOMERS);
    for (int i = 0; i < CUSTOMERS; ++i) {
        char question[400], wanted[100];
        const struct segment_counts counts = histories[i].counts;
        enum segment segment = segment_of(&rules, counts);
        snprintf(question, sizeof(question),
                 "select segment || ' ' || (segment_facts::json ->> 'debts') || ' ' ||"
                 " (segment_facts::json ->> 'late') || ' ' || coalesce("
                 "segment_facts::json -> 'promises' ->> 'kept', '0') || ' ' || coalesce("
                 "segment_facts::json -> 'promises' ->> 'broken', '0') from customer"
                 " where customer_id = %d",
                 i + 1);
        snprintf(wanted, sizeof(wanted), "%s %lld %lld %lld %lld", segment_name(segment),
                 (long long)counts.debts, (long long)counts.late, (long long)counts.kept_promises,
                 (long long)counts.broken_promises);
        assert_value(question, wanted);
        ++seen[segment];
    }
    for (int i = 0; i < 3; ++i)
        assert_true(seen[i] > 20);                  /* all three came about */
    assert_int_equal(recompute(ids, CUSTOMERS), 0); /* nothing changed, nothing written */
}

static void the_facts_say_it_in_words(void **state)
{
    (void)state;
    pg_cluster_sql(
        &fixture.cluster,
        "insert into customer (customer_id, reference, created_at, changed_at) values (9001,"
        " 'words', now(), now());"
        "insert into invoice (customer_id, invoice_id, number, kind, currency, amount_minor,"
        " due_minor, issue_date, due_date, paid_at, created_at, changed_at)"
        " select 9001, n, 'W/' || n, 'invoice', 'PLN', 100, case n when 4 then 100 else 0"
        " end, '2026-06-01', '2026-07-01', case n when 4 then null when 3 then '2026-07-31"
        " 12:00+00'::timestamptz else '2026-07-01 12:00+00' end, now(), now() from"
        " generate_series(1, 5) n");
    assert_int_equal(recompute((int64_t[]){9001}, 1), 1);
    assert_value(
        "select segment || ': ' || (segment_facts::json ->> 'words') || ' '"
        " || (segment_facts::json ->> 'worst_days_late') from customer"
        " where customer_id = 9001",
        "sometimes_late: 2 of 5 debts due in the last 12 months were late (40 %): paid more than 3"
        " days after the due date, or unpaid for longer (1). Sometimes late from 20 %, chronically"
        " late from 50 %. 30");
    pg_cluster_sql(&fixture.cluster,
                   "delete from invoice where customer_id = 9001 and invoice_id > 2");
    assert_int_equal(recompute((int64_t[]){9001}, 1), 1);
    assert_value(
        "select segment || ': ' || (segment_facts::json ->> 'words') from"
        " customer where customer_id = 9001",
        "on_time: 2 of the debts due in the last 12 months count; with fewer than 3 a customer is"
        " taken to pay on time.");
}

static void broken_promises_are_said_in_words(void **state)
{
    (void)state;
    pg_cluster_sql(
        &fixture.cluster,
        "insert into customer (customer_id, reference, created_at, changed_at) values (9003,"
        " 'promises', now(), now());"
        "insert into promise (customer_id, invoice_id, promise_no, given_by, promised_on, until,"
        " amount_minor, entry_from, state, hold_no, given_at, decided_at) select 9003, 1, n, "
        "'page',"
        " '2026-06-01', now(), 100, 1, case n when 1 then 'kept' else 'broken' end, n, now(), now()"
        " from generate_series(1, 3) n");
    assert_int_equal(recompute((int64_t[]){9003}, 1), 1);
    assert_value("select segment || ': ' || (segment_facts::json ->> 'words') || ' '"
                 " || (segment_facts::json ->> 'promises') from customer where customer_id = 9003",
                 "sometimes_late: 0 of the debts due in the last 12 months count; with fewer than 3"
                 " a customer is taken to pay on time. Broke 2 promises to pay in that time and"
                 " kept 1: one segment worse. {\"kept\" : 1, \"broken\" : 2, \"broken_min\" : 2}");
}

/* Who has not been computed counts as on time, so becoming it is no change. */
static void each_change_is_kept_with_its_time(void **state)
{
    (void)state;
    pg_cluster_sql(
        &fixture.cluster,
        "insert into customer (customer_id, reference, created_at, changed_at) values (9002,"
        " 'changes', now(), now());"
        "insert into invoice (customer_id, invoice_id, number, kind, currency, amount_minor,"
        " due_minor, issue_date, due_date, paid_at, created_at, changed_at)"
        " select 9002, n, 'C/' || n, 'invoice', 'PLN', 100, 0, '2026-06-01', '2026-07-01',"
        " '2026-07-01 12:00+00', now(), now() from generate_series(1, 4) n");
    assert_int_equal(recompute((int64_t[]){9002}, 1), 1);
    assert_value("select count(*) from segment_change where customer_id = 9002", "0");
    pg_cluster_sql(&fixture.cluster, "update invoice set paid_at = '2026-08-01 12:00+00' where"
                                     " customer_id = 9002 and invoice_id = 1");
    noon.us += INT64_C(3600) * 1000000;
    assert_int_equal(recompute((int64_t[]){9002}, 1), 1);
    pg_cluster_sql(&fixture.cluster, "update invoice set paid_at = '2026-08-02 12:00+00' where"
                                     " customer_id = 9002 and invoice_id = 1");
    noon.us += INT64_C(3600) * 1000000;
    assert_int_equal(recompute((int64_t[]){9002}, 1), 1); /* other facts, the same segment */
    pg_cluster_sql(&fixture.cluster, "update invoice set paid_at = '2026-08-02 12:00+00' where"
                                     " customer_id = 9002");
    noon.us += INT64_C(3600) * 1000000;
    assert_int_equal(recompute((int64_t[]){9002}, 1), 1);
    assert_value("select string_agg(to_char(at at time zone 'UTC', 'HH24:MI ') || segment, ', '"
                 " order by at) from segment_change where customer_id = 9002",
                 "13:00 sometimes_late, 15:00 chronically_late");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_histories_come_out_as_the_domain_says),
        cmocka_unit_test(the_facts_say_it_in_words),
        cmocka_unit_test(broken_promises_are_said_in_words),
        cmocka_unit_test(each_change_is_kept_with_its_time),
    };
    return cmocka_run_group_tests(tests, suite_setup, suite_teardown);
}
