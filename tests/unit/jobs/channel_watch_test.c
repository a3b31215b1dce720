#include "jobs/channel_watch.h"

#include "base/log.h"
#include "channel/gate.h"
#include "unit/flow/money_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct money_fixture fixture;
static struct gates gates;
static int told_count;

static int make_fixture(void **state)
{
    (void)state;
    log_init(LOG_ERROR, "test");
    fixture_new(&fixture);
    fixture.world.gates = &gates;
    return 0;
}

static int remove_fixture(void **state)
{
    (void)state;
    fixture_free(&fixture);
    return 0;
}

static int setup(void **state)
{
    (void)state;
    told_count = 0;
    gates_add(&gates, "sms",
              &(struct gate_limits){
                  .in_flight_max = 10, .spend_day_micro = 1000000, .price_micro = 100000});
    gates_add(&gates, "email", &(struct gate_limits){.in_flight_max = 10});
    fixture_sql(&fixture, "truncate sending_day");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    gates_release(&gates);
    return 0;
}

static void on_room(void *owner)
{
    (void)owner;
    ++told_count;
}

static struct gate *gate(const char *kind)
{
    return gates_find(&gates, span_str(kind));
}

static void turn_until_spent(int64_t wanted)
{
    struct mono start = clock_mono();
    while (gate_spent_micro(gate("sms")) != wanted) {
        if (mono_us_since(start, clock_mono()) > 20 * INT64_C(1000000))
            fail_msg("%lld is spent, not %lld", (long long)gate_spent_micro(gate("sms")),
                     (long long)wanted);
        h2o_evloop_run(fixture.world.loop, 20);
    }
}

static void a_days_money_is_that_of_all_machines_and_of_that_day(void **state)
{
    (void)state;
    fixture_sql(&fixture, "insert into sending_day (day, channel, price_micro) values"
                          " ('2026-11-22', 'sms', 950000), ('2026-11-22', 'email', 7)");
    struct channel_watch *watch = channel_watch_new(&fixture.world, 60000, on_room, NULL);
    turn_until_spent(950000); /* before this process sent anything */
    assert_int_equal(gate_room(gate("sms"), clock_mono()), 0);
    /* What is not recorded yet is not forgotten. */
    gate_begin(gate("sms"), clock_mono());
    gate_end_good(gate("sms"), 100000);
    for (int i = 0; i < 150; ++i)
        h2o_evloop_run(fixture.world.loop, 20);
    assert_int_equal(gate_spent_micro(gate("sms")), 1050000);
    int told_before = told_count;
    fixture_time = instant_plus_seconds(fixture_time, 86400);
    turn_until_spent(0);
    assert_int_equal(gate_room(gate("sms"), clock_mono()), 10);
    assert_int_equal(told_count, told_before + 1);
    channel_watch_free(watch);
}

static void a_channel_that_nobody_can_be_asked_about_goes_on_after_a_while(void **state)
{
    (void)state;
    gate_stop(gate("email"), "mail login refused");
    struct channel_watch *watch = channel_watch_new(&fixture.world, 20, on_room, NULL);
    struct mono start = clock_mono();
    while (gate_why_stopped(gate("email")) != NULL) {
        assert_true(mono_us_since(start, clock_mono()) < 20 * INT64_C(1000000));
        h2o_evloop_run(fixture.world.loop, 20);
    }
    assert_true(mono_us_since(start, clock_mono()) >= 9 * 20 * 1000);
    channel_watch_free(watch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_days_money_is_that_of_all_machines_and_of_that_day, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            a_channel_that_nobody_can_be_asked_about_goes_on_after_a_while, setup, teardown),
    };
    return cmocka_run_group_tests(tests, make_fixture, remove_fixture);
}
