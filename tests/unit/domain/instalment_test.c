#include "domain/instalment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void the_parts_sum_to_the_debt_and_hardly_differ(void **state)
{
    (void)state;
    struct instalment parts[INSTALMENTS_MAX];
    srandom(7);
    for (int round = 0; round < 20000; ++round) {
        int64_t amount = 1 + random() % (round % 2 == 0 ? 100 : 999999999999);
        size_t asked = 1 + (size_t)(random() % 40), max = asked < 36 ? asked : 36;
        size_t count =
            instalment_proposal(amount, asked, (struct date){2026, 1 + round % 12, 31 - 3}, parts);
        assert_int_equal(count, (int64_t)max < amount ? max : (size_t)amount);
        int64_t sum = 0;
        for (size_t i = 0; i < count; ++i) {
            sum += parts[i].amount_minor;
            assert_true(parts[i].amount_minor > 0);
            assert_in_range(parts[0].amount_minor - parts[i].amount_minor, 0, 1);
            assert_true(i == 0 || parts[i].amount_minor <= parts[i - 1].amount_minor);
        }
        assert_true(sum == amount);
    }
}

/* By hand: 100.00 in three; the month's last day where there is no 31st. */
static void dates_stay_on_the_day_of_the_month(void **state)
{
    (void)state;
    static const struct instalment expected[] = {
        {{2027, 11, 30}, 2000}, {{2027, 12, 30}, 2000}, {{2028, 1, 30}, 2000},
        {{2028, 2, 29}, 2000},  {{2028, 3, 30}, 2000},
    };
    struct instalment parts[INSTALMENTS_MAX];
    assert_int_equal(instalment_proposal(10000, 5, (struct date){2027, 11, 30}, parts), 5);
    for (size_t i = 0; i < 5; ++i) {
        assert_int_equal(date_compare(parts[i].due, expected[i].due), 0);
        assert_int_equal(parts[i].amount_minor, expected[i].amount_minor);
    }
    assert_int_equal(instalment_proposal(10000, 3, (struct date){2026, 12, 31}, parts), 3);
    assert_int_equal(parts[0].amount_minor, 3334);
    assert_int_equal(parts[1].amount_minor, 3333);
    assert_int_equal(parts[2].amount_minor, 3333);
    assert_int_equal(date_compare(parts[2].due, (struct date){2027, 2, 28}), 0);
}

static void nothing_has_no_parts(void **state)
{
    (void)state;
    struct instalment parts[INSTALMENTS_MAX];
    assert_int_equal(instalment_proposal(0, 3, (struct date){2026, 1, 1}, parts), 0);
    assert_int_equal(instalment_proposal(-5, 3, (struct date){2026, 1, 1}, parts), 0);
    assert_int_equal(instalment_proposal(100, 0, (struct date){2026, 1, 1}, parts), 0);
    assert_int_equal(instalment_proposal(2, 3, (struct date){2026, 1, 1}, parts), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_parts_sum_to_the_debt_and_hardly_differ),
        cmocka_unit_test(dates_stay_on_the_day_of_the_month),
        cmocka_unit_test(nothing_has_no_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
