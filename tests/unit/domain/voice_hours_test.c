#include "domain/voice_hours.h"

#include "domain/calendar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct instant utc(int year, int month, int day, int hour, int minute)
{
    int64_t days = date_to_days((struct date){year, month, day});
    return (struct instant){(days * 86400 + hour * 3600 + minute * 60) * INT64_C(1000000)};
}

/* Expected values by `TZ=Europe/Warsaw date -d @…`. */
static void polish_time_is_an_hour_ahead_and_two_in_summer(void **state)
{
    (void)state;
    assert_int_equal(polish_offset_seconds(utc(2026, 1, 15, 12, 0)), 3600);
    assert_int_equal(polish_offset_seconds(utc(2026, 3, 29, 0, 59)), 3600);
    assert_int_equal(polish_offset_seconds(utc(2026, 3, 29, 1, 0)), 7200);
    assert_int_equal(polish_offset_seconds(utc(2026, 10, 25, 0, 59)), 7200);
    assert_int_equal(polish_offset_seconds(utc(2026, 10, 25, 1, 0)), 3600);
    assert_int_equal(polish_offset_seconds(utc(2030, 3, 31, 1, 0)), 7200);  /* the 31st itself */
    assert_int_equal(polish_offset_seconds(utc(2028, 10, 29, 1, 0)), 3600); /* of a leap year */
}

static void a_message_rings_between_its_hours_with_its_repeats(void **state)
{
    (void)state;
    static const struct voice_hours hours = {.from = 8, .to = 22, .takes_seconds = 1200};
    /* in January an hour behind */
    assert_int_equal(voice_hours_wait_seconds(&hours, utc(2026, 1, 15, 6, 59)), 60);
    assert_int_equal(voice_hours_wait_seconds(&hours, utc(2026, 1, 15, 7, 0)), 0);
    assert_int_equal(voice_hours_wait_seconds(&hours, utc(2026, 1, 15, 20, 39)), 0);
    /* 21:40 here: its last repeat would ring at 22:00 */
    assert_int_equal(voice_hours_wait_seconds(&hours, utc(2026, 1, 15, 20, 40)), 10 * 3600 + 1200);
    assert_int_equal(voice_hours_wait_seconds(&hours, utc(2026, 1, 15, 23, 30)), 7 * 3600 + 1800);
    /* in July two */
    assert_int_equal(voice_hours_wait_seconds(&hours, utc(2026, 7, 15, 6, 0)), 0);
    assert_int_equal(voice_hours_wait_seconds(&hours, utc(2026, 7, 15, 5, 59)), 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(polish_time_is_an_hour_ahead_and_two_in_summer),
        cmocka_unit_test(a_message_rings_between_its_hours_with_its_repeats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
