#include "domain/push_life.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { HOUR = 3600, DAY = 24 * HOUR };

static struct instant at(int64_t seconds)
{
    return (struct instant){(INT64_C(1795348800) + seconds) * 1000000};
}

static const struct instant never = {0};

static void a_push_is_of_use_until_the_next_step_or_a_day(void **state)
{
    (void)state;
    const struct {
        struct instant due, next, now, end;
    } rows[] = {
        {at(0), never, at(0), at(DAY)},
        {at(0), never, at(2 * HOUR), at(DAY)},
        {at(0), at(7 * DAY), at(0), at(DAY)},
        {at(0), at(8 * HOUR), at(0), at(8 * HOUR)},
        {at(0), at(60), at(0), at(900)},                     /* the next one is near */
        {at(0), never, at(DAY - 60), at(DAY - 60 + 900)},    /* nearly a day late */
        {at(0), never, at(9 * DAY), at(9 * DAY + 900)},      /* after an outage */
        {at(0), at(HOUR), at(2 * HOUR), at(2 * HOUR + 900)}, /* even overtaken */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i)
        assert_int_equal(push_expires_at(rows[i].due, rows[i].next, rows[i].now).us,
                         rows[i].end.us);
}

static void attempts_come_later_and_later_and_never_before_the_service_said(void **state)
{
    (void)state;
    const struct {
        enum push_again why;
        int attempts;
        uint32_t asked_ms, ms;
    } rows[] = {
        {PUSH_AGAIN_NOT_SENT, 1, 0, 250},    {PUSH_AGAIN_NOT_SENT, 3, 0, 1000},
        {PUSH_AGAIN_LATER, 1, 0, 1000},      {PUSH_AGAIN_LATER, 2, 0, 2000},
        {PUSH_AGAIN_LATER, 1, 30000, 30000}, {PUSH_AGAIN_LATER, 5, 2000, 16000},
        {PUSH_AGAIN_LATER, 100, 0, 60000},   {PUSH_AGAIN_LATER, 100, 3600000, 3600000},
        {PUSH_AGAIN_UNKNOWN, 1, 0, 5000},    {PUSH_AGAIN_UNKNOWN, 4, 0, 40000},
        {PUSH_AGAIN_UNKNOWN, 5, 0, 60000},   {PUSH_AGAIN_UNKNOWN, 2147483647, 0, 60000},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i)
        assert_int_equal(push_again_ms(rows[i].why, rows[i].attempts, rows[i].asked_ms),
                         rows[i].ms);
}

static void one_device_that_took_it_is_enough_once_no_other_is_tried_again(void **state)
{
    (void)state;
    const struct {
        struct push_tally tally;
        enum push_sum sum;
    } rows[] = {
        {{.accepted = 1}, PUSH_SUM_SENT},
        {{.accepted = 1, .refused = 2, .dead = 1}, PUSH_SUM_SENT},
        {{.accepted = 1, .waiting = 1}, PUSH_SUM_AGAIN},
        {{.waiting = 1, .refused = 1}, PUSH_SUM_AGAIN},
        {{.dead = 1}, PUSH_SUM_ELSEWHERE},
        {{.dead = 1, .refused = 1}, PUSH_SUM_ELSEWHERE},
        {{.refused = 2}, PUSH_SUM_FAILED},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i)
        assert_int_equal(push_sum(rows[i].tally), rows[i].sum);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_push_is_of_use_until_the_next_step_or_a_day),
        cmocka_unit_test(attempts_come_later_and_later_and_never_before_the_service_said),
        cmocka_unit_test(one_device_that_took_it_is_enough_once_no_other_is_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
