#include "jobs/parked.h"

#include "io/timer.h"
#include "unit/flow/money_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct money_fixture fixture;
static struct parked *parked;

static int setup_all(void **state)
{
    (void)state;
    fixture_new(&fixture);
    return 0;
}

static int teardown_all(void **state)
{
    (void)state;
    fixture_free(&fixture);
    return 0;
}

static int setup(void **state)
{
    (void)state;
    fixture_seed(&fixture, 200);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    parked_stop(parked);
    while (!parked_is_idle(parked))
        h2o_evloop_run(fixture.world.loop, 20);
    parked_free(parked);
    return 0;
}

/* A callback of payment sb_<n>, kept and parked `seconds` before its next try. */
static void park(int first, int last, const char *type, int seconds)
{
    char sql[1024];
    snprintf(
        sql, sizeof(sql),
        "insert into callback select 'sandbox', 'default', '%s' || n, now(), '{\"webhook-id\":\"%s'"
        " || n || '\"}', convert_to('{\"type\":\"payment.%s\",\"data\":{\"id\":\"sb_' || n ||"
        " '\",\"movement\":\"%s\",\"amount_minor\":10000,\"currency\":\"PLN\"}}', 'UTF8') from"
        " generate_series(%d, %d) n;"
        "insert into callback_outcome (provider, account, dedup_key, state, reason, decided_at,"
        " next_try_at, provider_reference) select 'sandbox', 'default', '%s' || n, 'parked',"
        " 'unknown_reference', now(), now() + %d * interval '1 second', 'sb_' || n from"
        " generate_series(%d, %d) n;",
        type, type, type, type, first, last, type, seconds, first, last);
    fixture_sql(&fixture, sql);
}

static void register_payments(void)
{
    fixture_sql(&fixture, "insert into provider_reference select 'sandbox', 'default', 'sb_' ||"
                          " customer_id, customer_id, 1 from payment");
}

static void run_until(const char *sql, const char *expected)
{
    struct mono start = clock_mono();
    while (strcmp(fixture_value(&fixture, sql), expected) != 0) {
        if (mono_us_since(start, clock_mono()) > 10000000)
            fail_msg("%s is %s, not %s", sql, fixture_value(&fixture, sql), expected);
        h2o_evloop_run(fixture.world.loop, 20);
    }
}

#define PARKED "select count(*) from callback_outcome where state = 'parked'"

static void what_became_known_is_booked_once_all_rounds_of_it(void **state)
{
    (void)state;
    register_payments();
    park(1, 200, "paid", 0);
    parked = parked_new(&fixture.world);
    run_until(PARKED, "0");
    assert_string_equal(fixture_value(&fixture, "select sum(due_minor) from invoice"), "0");
    assert_int_equal(fixture_broken_invoices(&fixture), 0);
}

static void what_stays_unknown_waits_longer_and_is_never_dropped(void **state)
{
    (void)state;
    park(1, 3, "paid", 0);
    parked = parked_new(&fixture.world);
    run_until("select count(*) from callback_outcome where attempts = 2 and next_try_at > now()",
              "3");
    assert_string_equal(fixture_value(&fixture, PARKED), "3");
}

static void what_is_not_due_is_left_alone_until_it_is_woken(void **state)
{
    (void)state;
    register_payments();
    park(1, 1, "paid", 3600);
    parked = parked_new(&fixture.world);
    park(2, 2, "paid", 0);
    run_until(PARKED, "1");
    fixture_sql(&fixture, "update callback_outcome set next_try_at = now()");
    parked_wake(parked);
    run_until(PARKED, "0");
}

/* The refund comes first, waits, and is woken by the payment it waited for. */
static void refund_that_waited_is_booked_behind_its_payment(void **state)
{
    (void)state;
    register_payments();
    park(1, 1, "refunded", 0);
    parked = parked_new(&fixture.world);
    run_until("select count(*) from callback_outcome where reason = 'waits_for_payment'", "1");
    park(1, 1, "paid", 0);
    parked_wake(parked);
    run_until(PARKED, "0");
    assert_string_equal(
        fixture_value(&fixture, "select string_agg(kind, ' ' order by entry_no) from ledger_entry"
                                " where customer_id = 1"),
        "charge payment refund");
    assert_int_equal(fixture_broken_invoices(&fixture), 0);
}

static void what_cannot_be_read_any_more_is_left_to_people(void **state)
{
    (void)state;
    register_payments();
    park(1, 1, "paid", 0);
    fixture_sql(&fixture, "delete from callback;"
                          "insert into callback values ('sandbox', 'default', 'paid1', now(),"
                          " '{\"webhook-id\":\"paid1\"}', 'nonsense')");
    parked = parked_new(&fixture.world);
    run_until("select reason || ' ' || coalesce(next_try_at::text, 'never') from callback_outcome",
              "could_not_book never");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_became_known_is_booked_once_all_rounds_of_it, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_stays_unknown_waits_longer_and_is_never_dropped, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_is_not_due_is_left_alone_until_it_is_woken, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(refund_that_waited_is_booked_behind_its_payment, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_any_more_is_left_to_people, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
