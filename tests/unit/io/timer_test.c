#include "io/timer.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

enum { MANY = 500 };

struct one {
    struct timer timer;
    uint32_t delay_ms;
    int64_t due_from_us,
        due_to_us; /* between these it was due: the clock goes on while it starts */
    int runs;
    struct timer *stops, *starts;
    uint32_t starts_ms;
};

static int64_t last_due_from_us;
static int total_runs;

static void on_due(void *owner)
{
    struct one *one = owner;
    ++one->runs;
    ++total_runs;
    assert_false(timer_is_running(&one->timer));
    assert_true(one->due_to_us >= last_due_from_us);
    last_due_from_us = one->due_from_us;
    if (one->stops != NULL)
        timer_stop(one->stops);
    if (one->starts != NULL && one->runs < 3)
        timer_start(one->starts, one->starts_ms);
}

static int setup(void **state)
{
    *state = h2o_evloop_create();
    last_due_from_us = 0;
    total_runs = 0;
    return 0;
}

static int teardown(void **state)
{
    timer_loop_release(*state);
    h2o_evloop_destroy(*state);
    return 0;
}

static int64_t due_us(uint32_t delay_ms)
{
    return clock_mono().ns / 1000 + (int64_t)delay_ms * 1000;
}

static void many_timers_run_once_each_in_the_order_of_their_time(void **state)
{
    h2o_loop_t *loop = *state;
    static struct one ones[MANY];
    struct mono began = clock_mono();
    for (uint32_t i = 0; i < MANY; ++i) {
        ones[i].delay_ms = 1 + i * 7919 % 200; /* a prime: spread */
        timer_init(&ones[i].timer, loop, "one", on_due, &ones[i]);
        ones[i].due_from_us = due_us(ones[i].delay_ms);
        timer_start(&ones[i].timer, ones[i].delay_ms);
        ones[i].due_to_us = due_us(ones[i].delay_ms);
        /* The same delay again counts from a later moment. */
        assert_true(timer_is_running(&ones[i].timer));
    }
    for (int i = 0; i < MANY; i += 5)
        timer_stop(&ones[i].timer);
    while (total_runs < MANY - MANY / 5)
        h2o_evloop_run(loop, INT32_MAX);
    int64_t took_ms = mono_us_since(began, clock_mono()) / 1000;
    assert_true(took_ms >= 199);
    for (int i = 0; i < MANY; ++i)
        assert_int_equal(ones[i].runs, i % 5 == 0 ? 0 : 1);
}

static void zero_delay_runs_in_the_turn_but_not_inside_the_call(void **state)
{
    h2o_loop_t *loop = *state;
    struct one one = {0};
    timer_init(&one.timer, loop, "one", on_due, &one);
    timer_start(&one.timer, 0);
    assert_int_equal(one.runs, 0);
    assert_true(timer_is_running(&one.timer));
    h2o_evloop_run(loop, 0);
    assert_int_equal(one.runs, 1);
}

static void restarted_timer_runs_at_its_new_time_only(void **state)
{
    h2o_loop_t *loop = *state;
    struct one one = {0}, mark = {0};
    timer_init(&one.timer, loop, "one", on_due, &one);
    timer_init(&mark.timer, loop, "mark", on_due, &mark);
    timer_start(&one.timer, 0);
    timer_start(&one.timer, 60000);
    timer_start(&mark.timer, 30);
    while (mark.runs == 0)
        h2o_evloop_run(loop, INT32_MAX);
    assert_int_equal(one.runs, 0);
    timer_start(&one.timer, 1);
    while (one.runs == 0)
        h2o_evloop_run(loop, INT32_MAX);
    assert_false(timer_is_running(&one.timer));
}

static void callback_may_stop_and_start_timers(void **state)
{
    h2o_loop_t *loop = *state;
    struct one first = {0}, victim = {0};
    timer_init(&first.timer, loop, "first", on_due, &first);
    timer_init(&victim.timer, loop, "victim", on_due, &victim);
    first.stops = &victim.timer;
    first.starts = &first.timer;
    first.starts_ms = 1;
    timer_start(&first.timer, 5);
    timer_start(&victim.timer, 5);
    while (first.runs < 3)
        h2o_evloop_run(loop, INT32_MAX);
    assert_int_equal(victim.runs, 0);
    timer_stop(&victim.timer);
    timer_stop(&victim.timer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(many_timers_run_once_each_in_the_order_of_their_time),
        TEST(zero_delay_runs_in_the_turn_but_not_inside_the_call),
        TEST(restarted_timer_runs_at_its_new_time_only),
        TEST(callback_may_stop_and_start_timers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
