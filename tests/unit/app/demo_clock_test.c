#include "app/demo_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static char path[] = "/tmp/dunlin-clock-XXXXXX";

static void open_clock(void)
{
    struct err err = {0};
    assert_int_equal(demo_clock_open(path, &err), 0);
}

static int make_file(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static void a_new_clock_shows_the_wall_clock_and_runs(void **state)
{
    (void)state;
    open_clock();
    struct demo_clock_state clock = demo_clock_read();
    assert_true(clock.is_running);
    assert_int_equal(clock.speed, 1);
    assert_in_range(clock_wall().us - clock.now.us + 1000000, 0, 2000000);
}

static void a_paused_clock_stands_and_still_goes_forward_by_hand(void **state)
{
    (void)state;
    struct err err = {0};
    demo_clock_pause();
    int64_t before = demo_clock_now().us;
    assert_int_equal(demo_clock_now().us, before);
    assert_int_equal(demo_clock_advance(86400, &err), 0);
    assert_int_equal(demo_clock_now().us, before + 86400LL * 1000000);
    assert_false(demo_clock_read().is_running);
}

static void it_never_goes_back_and_never_leaps_too_far(void **state)
{
    (void)state;
    struct err err = {0};
    int64_t before = demo_clock_now().us;
    assert_int_equal(demo_clock_advance(-1, &err), ERR_INPUT);
    assert_int_equal(demo_clock_advance(DEMO_CLOCK_ADVANCE_MAX + 1, &err), ERR_INPUT);
    assert_int_equal(demo_clock_now().us, before);
}

static void a_restart_goes_on_from_where_it_stood_paused_or_at_the_pace_of_the_wall(void **state)
{
    (void)state;
    int64_t before = demo_clock_now().us;
    demo_clock_keep();
    open_clock();
    assert_int_equal(demo_clock_now().us, before);
    assert_false(demo_clock_read().is_running);
    demo_clock_run(DEMO_CLOCK_SPEED_MAX + 5);
    assert_int_equal(demo_clock_read().speed, DEMO_CLOCK_SPEED_MAX);
    demo_clock_keep();
    int64_t kept = demo_clock_now().us;
    open_clock();
    assert_int_equal(demo_clock_read().speed, 1);
    assert_in_range(demo_clock_now().us, before, kept + 3600LL * 1000000);
}

/* At full speed a second of the wall is half a day: so long a wait passes any bound below. */
static void wait_a_little(void)
{
    int64_t until_us = clock_wall().us + 50000;
    while (clock_wall().us < until_us)
        ;
}

static void a_run_goes_no_further_than_it_is_let_and_stands_at_its_end(void **state)
{
    (void)state;
    demo_clock_pause();
    int64_t from = demo_clock_now().us;
    demo_clock_run_for(1200);
    struct demo_clock_state clock = demo_clock_read();
    assert_true(clock.is_running);
    assert_int_equal(clock.run_from.us, from);
    assert_int_equal(clock.run_until.us, from + 1200 * 1000000LL);
    wait_a_little();
    assert_in_range(demo_clock_now().us, from, from + 1);
    demo_clock_let_go((struct instant){from + 600 * 1000000LL});
    wait_a_little();
    assert_int_equal(demo_clock_now().us, from + 600 * 1000000LL);
    demo_clock_let_go((struct instant){from}); /* behind: it stands, and does not go back */
    wait_a_little();
    assert_int_equal(demo_clock_now().us, from + 600 * 1000000LL);
    demo_clock_let_go((struct instant){from + 5000 * 1000000LL});
    wait_a_little();
    assert_int_equal(demo_clock_now().us, from + 1200 * 1000000LL);
    assert_true(demo_clock_read().is_running);
    demo_clock_let_go((struct instant){from + 5000 * 1000000LL});
    assert_false(demo_clock_read().is_running);
    assert_int_equal(demo_clock_read().run_until.us, 0);
    assert_int_equal(demo_clock_now().us, from + 1200 * 1000000LL);
}

static void whoever_moves_the_clock_ends_a_run(void **state)
{
    (void)state;
    struct err err = {0};
    demo_clock_run_for(86400);
    assert_int_equal(demo_clock_advance(60, &err), 0);
    assert_int_equal(demo_clock_read().run_until.us, 0);
    assert_false(demo_clock_read().is_running);
    demo_clock_run_for(86400);
    demo_clock_pause();
    assert_int_equal(demo_clock_read().run_until.us, 0);
    demo_clock_let_go((struct instant){demo_clock_now().us + 1});
    assert_false(demo_clock_read().is_running);
    demo_clock_run_for(86400);
    open_clock(); /* a run ends with its processes */
    assert_int_equal(demo_clock_read().run_until.us, 0);
    assert_false(demo_clock_read().is_running);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_clock_shows_the_wall_clock_and_runs),
        cmocka_unit_test(a_paused_clock_stands_and_still_goes_forward_by_hand),
        cmocka_unit_test(it_never_goes_back_and_never_leaps_too_far),
        cmocka_unit_test(a_restart_goes_on_from_where_it_stood_paused_or_at_the_pace_of_the_wall),
        cmocka_unit_test(a_run_goes_no_further_than_it_is_let_and_stands_at_its_end),
        cmocka_unit_test(whoever_moves_the_clock_ends_a_run),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
