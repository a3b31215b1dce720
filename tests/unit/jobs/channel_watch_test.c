#include "jobs/channel_watch.h"

#include "base/log.h"
#include "channel/gate.h"
#include "unit/flow/money_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct money_fixture fixture;
static struct gates gates;

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
    gates_add(&gates, "email", &(struct gate_limits){.in_flight_max = 10});
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
}

static struct gate *gate(const char *kind)
{
    return gates_find(&gates, span_str(kind));
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
        cmocka_unit_test_setup_teardown(
            a_channel_that_nobody_can_be_asked_about_goes_on_after_a_while, setup, teardown),
    };
    return cmocka_run_group_tests(tests, make_fixture, remove_fixture);
}
