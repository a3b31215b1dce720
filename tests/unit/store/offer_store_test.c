/* The tables know the same rules as domain/offer.h. */
#include "store/offer_store.h"

#include "unit/store/store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

/* 2026-11-30T11:00:00Z, a Monday. */
static const struct instant noon = {INT64_C(1796036400) * 1000000};

static struct store_fixture fixture;
static bool is_done;
static char verdict[32];

static int suite_setup(void **state)
{
    (void)state;
    store_fixture_new(&fixture);
    pg_cluster_sql(
        &fixture.cluster,
        "insert into customer (reference, name, language, time_zone, created_at, changed_at)"
        " values ('K', 'Jan', 'pl', 'Europe/Warsaw', now(), now());"
        "insert into invoice (customer_id, number, kind, currency, amount_minor, due_minor,"
        "  issue_date, due_date, entry_count, created_at, changed_at)"
        " select customer_id, 'FV/1', 'invoice', 'PLN', 10000, 10000, '2026-10-01',"
        "  '2026-10-30', 1, now(), now() from customer;"
        "insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor,"
        "  currency, at) select customer_id, invoice_id, 1, 'charge', 10000, 'PLN', now()"
        " from invoice;");
    return 0;
}

static int suite_teardown(void **state)
{
    (void)state;
    store_fixture_free(&fixture);
    return 0;
}

static void the_tables_life_of_an_offer_is_the_domains(void **state)
{
    (void)state;
    for (int from = 1; from < OFFER_STATE_COUNT; ++from)
        for (int deed = 1; deed < OFFER_DEED_COUNT; ++deed) {
            char sql[160];
            snprintf(sql, sizeof(sql), "select offer_after('%s', '%s')",
                     offer_state_name((enum offer_state)from),
                     offer_deed_name((enum offer_deed)deed));
            assert_true(store_fixture_says(
                &fixture, sql,
                offer_state_name(offer_after((enum offer_state)from, (enum offer_deed)deed))));
        }
}

static void on_done(void *owner, const struct err *err)
{
    (void)owner;
    if (err->code != 0)
        fprintf(stderr, "%s\n", err->text);
    assert_int_equal(err->code, 0);
    is_done = true;
}

static void on_made(void *owner, const PGresult *result, const struct err *err)
{
    struct span word;
    int32_t offer_no;
    (void)owner;
    if (err->code != 0)
        return;
    offer_read_made(result, 0, &word, &offer_no);
    snprintf(verdict, sizeof(verdict), "%.*s %d", SPAN_ARG(word), offer_no);
}

/* Three parts of 100.00, reckoned when so much was due. */
static void make(int64_t due_minor, int64_t version, bool replaces, const char *key)
{
    const struct offer_terms terms = {.kind = OFFER_LONGER_TERM,
                                      .part_count = 3,
                                      .spacing = PLAN_MONTHLY,
                                      .first = {2026, 12, 30},
                                      .valid_until = {2026, 12, 14},
                                      .grace_days = 3,
                                      .missed_max = 1};
    const struct offer_facts facts = {
        .debt = {.due_minor = due_minor}, .today = {2026, 11, 30}, .usual_hundredths = -1};
    struct offer offer;
    struct pg_tx tx = {NULL};
    struct err err;
    assert_int_equal(offer_make(&terms, &facts, &offer), OFFER_GOOD);
    const struct offer_new new = {.customer_id = 1,
                                  .invoice_id = 1,
                                  .money_version = version,
                                  .offer = &offer,
                                  .made_by = SPAN_LIT("key1"),
                                  .idempotency_key = key == NULL ? span_of(NULL, 0) : span_str(key),
                                  .replaces = replaces,
                                  .is_allowed = true};
    is_done = false;
    assert_int_equal(offer_add_all(fixture.store, &tx, &new, 1, noon, on_made, on_done, NULL, &err),
                     0);
    while (!is_done)
        h2o_evloop_run(fixture.loop, INT32_MAX);
}

static void one_is_made_of_what_is_true_now(void **state)
{
    (void)state;
    make(9999, PG_NULL_INT, false, NULL);
    assert_string_equal(verdict, "moved 0");
    make(10000, 77, false, NULL);
    assert_string_equal(verdict, "moved 0");
    make(10000, PG_NULL_INT, false, "one");
    assert_string_equal(verdict, "made 1");
    make(10000, PG_NULL_INT, false, "one");
    assert_string_equal(verdict, "same 1");
    make(10000, PG_NULL_INT, false, "two");
    assert_string_equal(verdict, "offer 0");
    make(10000, PG_NULL_INT, true, "three");
    assert_string_equal(verdict, "made 2");
    assert_true(store_fixture_says(
        &fixture,
        "select string_agg(offer_no || ' ' || state || ' ' || valid_until || ' ' ||"
        " to_char(over_at at time zone 'UTC', 'MM-DD HH24:MI') || ' ' || amounts::text, '; '"
        " order by offer_no) from offer",
        "1 replaced 2026-12-14 12-14 23:00 {3334,3333,3333}; "
        "2 open 2026-12-14 12-14 23:00 {3334,3333,3333}"));
    assert_true(store_fixture_says(&fixture, "select offer_no::text from invoice", "2"));
    assert_true(store_fixture_says(&fixture,
                                   "select string_agg(kind, ' ' order by event_no) from event",
                                   "offer.made offer.replaced offer.made"));
}

static void it_ends_when_another_amount_is_due(void **state)
{
    (void)state;
    pg_cluster_sql(
        &fixture.cluster,
        "begin;"
        "insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor,"
        "  currency, at) values (1, 1, 2, 'correction', -1, 'PLN', now());"
        "update invoice set due_minor = 9999, entry_count = 2;"
        "commit;");
    assert_true(store_fixture_says(&fixture,
                                   "select state || ' ' || reason from offer where offer_no = 2",
                                   "withdrawn changed"));
    assert_true(store_fixture_says(&fixture, "select coalesce(offer_no::text, 'none') from invoice",
                                   "none"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tables_life_of_an_offer_is_the_domains),
        cmocka_unit_test(one_is_made_of_what_is_true_now),
        cmocka_unit_test(it_ends_when_another_amount_is_due),
    };
    return cmocka_run_group_tests(tests, suite_setup, suite_teardown);
}
