#include "domain/campaign.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { NO = -1 };

/* One row a state, one column an event: written from the description of the life, not from it. */
static void every_event_in_every_state_is_allowed_or_not(void **state)
{
    (void)state;
    static const struct {
        enum campaign_state from;
        int checked, refused, approved, queued, stopped, ended;
    } rows[] = {
        {CAMPAIGN_CHECKING, CAMPAIGN_CHECKED, CAMPAIGN_REFUSED, NO, NO, CAMPAIGN_STOPPED, NO},
        {CAMPAIGN_CHECKED, NO, NO, CAMPAIGN_APPROVED, NO, CAMPAIGN_STOPPED, NO},
        {CAMPAIGN_APPROVED, NO, NO, NO, CAMPAIGN_QUEUED, CAMPAIGN_STOPPED, NO},
        {CAMPAIGN_QUEUED, NO, NO, NO, NO, CAMPAIGN_STOPPED, CAMPAIGN_DONE},
        {CAMPAIGN_DONE, NO, NO, NO, NO, NO, NO},
        {CAMPAIGN_STOPPED, NO, NO, NO, NO, NO, NO},
        {CAMPAIGN_REFUSED, NO, NO, NO, NO, NO, NO},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
        const int wanted[] = {rows[i].checked, rows[i].refused, rows[i].approved,
                              rows[i].queued,  rows[i].stopped, rows[i].ended};
        for (int event = CAMPAIGN_WAS_CHECKED; event <= CAMPAIGN_WAS_ENDED; ++event) {
            enum campaign_state now = rows[i].from;
            bool has_moved = campaign_move(&now, (enum campaign_event)event);
            assert_int_equal(has_moved, wanted[event] != NO);
            assert_int_equal(now, wanted[event] == NO ? (int)rows[i].from : wanted[event]);
        }
    }
}

static void state_words_come_back(void **state)
{
    (void)state;
    for (enum campaign_state s = CAMPAIGN_CHECKING; s <= CAMPAIGN_REFUSED; ++s)
        assert_int_equal(campaign_state_of(span_str(campaign_state_word(s))), s);
}

static void who_may_approve_depends_on_price_count_and_person(void **state)
{
    (void)state;
    static const struct campaign_limits limits = {.alone_price_micro = 1000, .alone_count = 10};
    static const struct {
        enum campaign_state from;
        int64_t price, count, late_s;
        const char *by;
        enum campaign_verdict verdict;
    } rows[] = {
        {CAMPAIGN_CHECKED, 1000, 10, 0, "key:Anna", CAMPAIGN_MAY_GO},
        {CAMPAIGN_CHECKED, 1001, 10, 0, "key:Anna", CAMPAIGN_NEEDS_SECOND},
        {CAMPAIGN_CHECKED, 1000, 11, 0, "key:Anna", CAMPAIGN_NEEDS_SECOND},
        {CAMPAIGN_CHECKED, 1001, 11, 0, "key:Bartek", CAMPAIGN_MAY_GO},
        {CAMPAIGN_CHECKED, 1001, 11, 0, "user:Anna", CAMPAIGN_MAY_GO},
        {CAMPAIGN_CHECKED, 1, 1, 86400, "key:Anna", CAMPAIGN_MAY_GO},
        {CAMPAIGN_CHECKED, 1, 1, 86401, "key:Anna", CAMPAIGN_TOO_LATE},
        {CAMPAIGN_CHECKING, 1, 1, 0, "key:Anna", CAMPAIGN_NOT_CHECKED},
        {CAMPAIGN_REFUSED, 1, 1, 0, "key:Anna", CAMPAIGN_NOT_CHECKED},
        {CAMPAIGN_APPROVED, 1, 1, 0, "key:Anna", CAMPAIGN_IS_APPROVED},
        {CAMPAIGN_QUEUED, 1, 1, 0, "key:Anna", CAMPAIGN_IS_APPROVED},
        {CAMPAIGN_STOPPED, 1, 1, 0, "key:Anna", CAMPAIGN_IS_OVER},
        {CAMPAIGN_DONE, 1, 1, 0, "key:Anna", CAMPAIGN_IS_OVER},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
        const struct campaign_approval a = {.state = rows[i].from,
                                            .price_micro = rows[i].price,
                                            .count = rows[i].count,
                                            .created_by = SPAN_LIT("key:Anna"),
                                            .by = span_str(rows[i].by),
                                            .send_at = {1000000},
                                            .now = {1000000 + rows[i].late_s * 1000000}};
        assert_int_equal(campaign_judge(&a, &limits), rows[i].verdict);
    }
}

static void names_stand_in_numbers_and_on_command_lines(void **state)
{
    (void)state;
    static const char *const good[] = {"a", "Jesień 2026", "2026-11", "v1.2_b", "Żółw"};
    static const char *const bad[] = {
        "",    "17",   "-x",  " x",   "x ",
        "a/b", "=1+1", "a;b", "a\nb", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < sizeof good / sizeof *good; ++i)
        assert_true(campaign_name_is_valid(span_str(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i)
        assert_false(campaign_name_is_valid(span_str(bad[i])));
}

/* The seconds are `date -u -d … +%s`'s. */
static void times_are_read_with_and_without_a_zone(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds;
        bool has_zone;
    } good[] = {
        {"2026-12-01 10:00", 1796119200, false},
        {"2026-12-01T10:00:30", 1796119230, false},
        {"2026-12-01T10:00:00Z", 1796119200, true},
        {"2026-12-01T10:00:00+01:00", 1796115600, true},
        {"2028-02-29 23:59-05:30", 1835501340, true},
    };
    static const char *const bad[] = {"",
                                      "tomorrow",
                                      "2026-12-01",
                                      "2026-02-29 10:00",
                                      "2026-12-01 24:00",
                                      "2026-12-01 10:60",
                                      "2026-12-01 10:00 ",
                                      "2026-12-01 10:00+1",
                                      "2026-12-01 1:00",
                                      "01.12.2026 10:00",
                                      "2026-12-01 10:00:00.5",
                                      "2026-12-01 10:00+15:00"};
    struct instant at;
    bool has_zone;
    for (size_t i = 0; i < sizeof good / sizeof *good; ++i) {
        assert_true(campaign_time_read(span_str(good[i].text), &at, &has_zone));
        assert_int_equal(instant_seconds(at), good[i].seconds);
        assert_int_equal(has_zone, good[i].has_zone);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i)
        assert_false(campaign_time_read(span_str(bad[i]), &at, &has_zone));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_event_in_every_state_is_allowed_or_not),
        cmocka_unit_test(state_words_come_back),
        cmocka_unit_test(who_may_approve_depends_on_price_count_and_person),
        cmocka_unit_test(names_stand_in_numbers_and_on_command_lines),
        cmocka_unit_test(times_are_read_with_and_without_a_zone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
