/* The table was counted by hand on a calendar of Poland with its holidays. */
#include "domain/demand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct demand_terms by_law = {.working_days = 14};

static void fourteen_working_days_over_holidays(void **state)
{
    (void)state;
    static const struct {
        struct date received_on, last;
    } rows[] = {
        /* Three whole weeks less a day: no holiday. */
        {{2026, 11, 30}, {2026, 12, 18}},
        /* Received on a Saturday: 7-11, 14-18, 21-23 December; Christmas Eve is a day off since
         * 2025; 28 December. */
        {{2026, 12, 5}, {2026, 12, 28}},
        /* 14-18, 21-23, 28-31 December, 4 and 5 January. */
        {{2026, 12, 11}, {2027, 1, 5}},
        /* 28-31 December, 4, 5, 7, 8, 11-15, 18 January: New Year and Epiphany. */
        {{2026, 12, 23}, {2027, 1, 18}},
        /* 22-26 March, 30 March to 2 April, 5-9 April: Easter Monday is 29 March. */
        {{2027, 3, 19}, {2027, 4, 9}},
        /* 26-30 April, 4-7 May, 10-14 May: 1 May is a Saturday, 3 May a Monday. */
        {{2027, 4, 23}, {2027, 5, 14}},
        /* 10-14, 17-21, 24-26, 28 May: Corpus Christi is 27 May. */
        {{2027, 5, 7}, {2027, 5, 28}},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct demand_dates dates = demand_dates_from(&by_law, rows[i].received_on);
        assert_int_equal(date_compare(dates.pay_by, rows[i].last), 0);
        assert_int_equal(date_compare(dates.request_by, rows[i].last), 0);
        assert_int_equal(date_compare(dates.received_on, rows[i].received_on), 0);
    }
}

/* A letter of Friday 27 November that takes three days is received on Monday. */
static void the_clock_begins_with_receipt(void **state)
{
    (void)state;
    const struct demand_terms terms = {.delivery_days = 3, .working_days = 14};
    struct demand_dates dates = demand_dates(&terms, (struct date){2026, 11, 27});
    assert_int_equal(date_compare(dates.received_on, (struct date){2026, 11, 30}), 0);
    assert_int_equal(date_compare(dates.pay_by, (struct date){2026, 12, 18}), 0);
}

/* The last of the working days still counts. */
static void what_hinders_a_request(void **state)
{
    (void)state;
    struct request_standing s = {.due_minor = 100,
                                 .has_demand = true,
                                 .today = {2026, 12, 18},
                                 .request_by = {2026, 12, 18}};
    assert_int_equal(request_hindered(&s), REQUEST_MAY);
    s.today.day = 19;
    assert_int_equal(request_hindered(&s), REQUEST_LATE);
    s.is_of_demand = true;
    assert_int_equal(request_hindered(&s), REQUEST_MADE);
    s.has_demand = false;
    assert_int_equal(request_hindered(&s), REQUEST_NONE);
    s.is_open = true;
    assert_int_equal(request_hindered(&s), REQUEST_OPEN);
    s.due_minor = 0;
    assert_int_equal(request_hindered(&s), REQUEST_PAID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fourteen_working_days_over_holidays),
        cmocka_unit_test(the_clock_begins_with_receipt),
        cmocka_unit_test(what_hinders_a_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
