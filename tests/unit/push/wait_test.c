/* Waiting as arithmetic: back-off, bucket, breaker, held targets, Retry-After. */
#include "push/backoff.h"
#include "push/breaker.h"
#include "push/bucket.h"
#include "push/hold.h"
#include "push/verdict.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

static void backoff_doubles_to_its_end_and_never_undercuts_its_floor(void **state)
{
    (void)state;
    const struct backoff b = {.floor_ms = 10000, .first_ms = 20000, .max_ms = 60000};
    assert_int_equal(backoff_ms(b, 1, 0), 10000);
    assert_int_equal(backoff_ms(b, 1, UINT32_MAX), 20000);
    assert_int_equal(backoff_ms(b, 2, UINT32_MAX), 40000);
    assert_int_equal(backoff_ms(b, 3, UINT32_MAX), 60000);
    assert_int_equal(backoff_ms(b, 4000000000u, UINT32_MAX), 60000);
    assert_int_equal(backoff_ms(b, 4000000000u, 0), 10000);
    const struct backoff full = {.first_ms = 1000, .max_ms = 60000};
    assert_int_equal(backoff_ms(full, 3, 0), 0);
    assert_int_equal(backoff_ms(full, 3, 1u << 31), 2000);
}

static uint32_t sent_in(struct bucket *bucket, int64_t from_us, int64_t to_us)
{
    uint32_t sent = 0;
    for (int64_t now = from_us; now < to_us; now += 1000)
        for (uint32_t room = bucket_room(bucket, now); room > 0; --room, ++sent)
            bucket_take(bucket, now);
    return sent;
}

static void the_bucket_climbs_from_a_fiftieth_to_its_rate_over_the_ramp(void **state)
{
    (void)state;
    struct bucket bucket;
    bucket_init(&bucket, 9000, 60000, 0);
    assert_in_range(sent_in(&bucket, 0, 1000000), 170, 200);
    assert_in_range(sent_in(&bucket, 1000000, 60000000), 265000, 271000); /* half of it all */
    assert_in_range(sent_in(&bucket, 60000000, 61000000), 8950, 9050);
}

static void the_bucket_begins_anew_after_idleness_and_when_told(void **state)
{
    (void)state;
    struct bucket bucket;
    bucket_init(&bucket, 9000, 60000, 0);
    sent_in(&bucket, 0, 61000000);
    assert_in_range(sent_in(&bucket, 200000000, 201000000), 170, 200);
    sent_in(&bucket, 201000000, 270000000);
    bucket_restart(&bucket, 270000000);
    assert_in_range(sent_in(&bucket, 270000000, 271000000), 170, 200);
}

static void the_bucket_saves_up_a_second_at_most(void **state)
{
    (void)state;
    struct bucket bucket;
    bucket_init(&bucket, 1000, 0, 0);
    sent_in(&bucket, 0, 1000000);
    assert_in_range(bucket_room(&bucket, 30000000), 999, 1000);
}

static void without_a_rate_there_is_no_bucket(void **state)
{
    (void)state;
    struct bucket bucket;
    bucket_init(&bucket, 0, 60000, 0);
    assert_int_equal(bucket_room(&bucket, 1), UINT32_MAX);
}

static void the_breaker_opens_on_many_failures_that_are_half_of_all(void **state)
{
    (void)state;
    struct breaker breaker;
    breaker_init(&breaker, 20);
    for (int i = 0; i < 30; ++i)
        assert_false(breaker_note(&breaker, true, 1000));
    for (int i = 0; i < 29; ++i)
        assert_false(breaker_note(&breaker, false, 1500));
    assert_true(breaker_note(&breaker, false, 1500));
}

static void the_breaker_forgets_what_is_older_than_ten_seconds(void **state)
{
    (void)state;
    struct breaker breaker;
    breaker_init(&breaker, 20);
    for (int i = 0; i < 19; ++i)
        assert_false(breaker_note(&breaker, false, 1000));
    assert_false(breaker_note(&breaker, false, 11000));
    assert_int_equal(breaker_state(&breaker, 11000), BREAKER_CLOSED);
}

static void an_open_breaker_lets_one_try_and_its_fate_decides(void **state)
{
    (void)state;
    struct breaker breaker;
    breaker_init(&breaker, 1);
    assert_true(breaker_note(&breaker, false, 0));
    breaker_rest(&breaker, 5000);
    assert_int_equal(breaker_state(&breaker, 4999), BREAKER_OPEN);
    assert_false(breaker_note(&breaker, true, 4999)); /* of one sent before */
    assert_int_equal(breaker_state(&breaker, 5000), BREAKER_TRYING);
    assert_true(breaker_note(&breaker, false, 5100));
    breaker_rest(&breaker, 9000);
    assert_int_equal(breaker_times(&breaker), 2);
    assert_int_equal(breaker_state(&breaker, 9000), BREAKER_TRYING);
    assert_false(breaker_note(&breaker, true, 9100));
    assert_int_equal(breaker_state(&breaker, 9100), BREAKER_CLOSED);
}

static void a_held_target_is_held_alone_and_for_its_time(void **state)
{
    (void)state;
    static struct hold hold;
    const struct span a = SPAN_LIT("aa"), b = SPAN_LIT("ab");
    assert_int_equal(hold_again(&hold, a), 1);
    hold_until(&hold, a, 1000);
    assert_int_equal(hold_end(&hold, a, 999), 1000);
    assert_int_equal(hold_end(&hold, b, 999), 0);
    assert_int_equal(hold_end(&hold, a, 1000), 0);
    assert_int_equal(hold_again(&hold, a), 2);
    hold_release(&hold, a);
    assert_int_equal(hold_again(&hold, a), 1);
}

static void retry_after_is_seconds_or_a_date_and_else_nothing(void **state)
{
    (void)state;
    /* RFC 9110 5.6.7: 784111777 is Sun, 06 Nov 1994 08:49:37 GMT */
    static const struct {
        const char *value;
        uint32_t ms;
    } rows[] = {
        {"120", 120000},
        {"0", 0},
        {"", 0},
        {"-5", 0},
        {"1.5", 0},
        {"soon", 0},
        {"99999999999999999999999999", 86400000},
        {"Sun, 06 Nov 1994 08:49:37 GMT", 30000},
        {"Sun, 06 Nov 1994 08:49:07 GMT", 0},
        {"Sun, 06 Nov 2094 08:49:37 GMT", 86400000},
        {"Sun, 06 Nov 1994 08:49:37", 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); ++i)
        assert_int_equal(retry_after_parse(span_str(rows[i].value), 784111777 - 30), rows[i].ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(backoff_doubles_to_its_end_and_never_undercuts_its_floor),
        cmocka_unit_test(the_bucket_climbs_from_a_fiftieth_to_its_rate_over_the_ramp),
        cmocka_unit_test(the_bucket_begins_anew_after_idleness_and_when_told),
        cmocka_unit_test(the_bucket_saves_up_a_second_at_most),
        cmocka_unit_test(without_a_rate_there_is_no_bucket),
        cmocka_unit_test(the_breaker_opens_on_many_failures_that_are_half_of_all),
        cmocka_unit_test(the_breaker_forgets_what_is_older_than_ten_seconds),
        cmocka_unit_test(an_open_breaker_lets_one_try_and_its_fate_decides),
        cmocka_unit_test(a_held_target_is_held_alone_and_for_its_time),
        cmocka_unit_test(retry_after_is_seconds_or_a_date_and_else_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
