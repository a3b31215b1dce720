#include "provider/provider_health.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct mono at(int64_t seconds)
{
    return (struct mono){seconds * INT64_C(1000000000)};
}

/* One try a row, at a second; whether it rests then, and until when. */
static void failures_in_a_row_are_a_rest_and_each_rest_is_longer(void **state)
{
    (void)state;
    static const struct {
        int64_t second;
        bool is_good;
        int64_t took_ms;
        int64_t rests_until; /* 0: not at all */
    } rows[] = {
        {1, false, 10, 0},    {2, false, 10, 0},     {3, true, 10, 0},   /* one success forgets */
        {4, false, 10, 0},    {5, false, 10, 0},     {6, false, 10, 16}, /* three in a row */
        {7, false, 10, 16},   {15, false, 8000, 16},                     /* of before it */
        {20, false, 10, 40},                                             /* the try after it */
        {40, false, 10, 80},  {90, true, 4999, 0},   {91, false, 10, 0}, /* and it is over */
        {92, true, 5000, 0},  {93, true, 8000, 103},                     /* slow is a failure */
        {200, false, 1, 220}, {300, false, 1, 340},  {400, false, 1, 480},
        {500, false, 1, 660}, {700, false, 1, 1000}, {2000, false, 1, 2300}, /* 300 s at most */
    };
    struct provider_health b = {0};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        provider_health_note(&b, rows[i].is_good, rows[i].took_ms, at(rows[i].second));
        assert_int_equal(provider_health_is_resting(&b, at(rows[i].second)),
                         rows[i].rests_until != 0);
        if (rows[i].rests_until == 0)
            continue;
        assert_true(provider_health_is_resting(&b, at(rows[i].rests_until - 1)));
        assert_false(provider_health_is_resting(&b, at(rows[i].rests_until)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failures_in_a_row_are_a_rest_and_each_rest_is_longer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
