#include "flow/work_list.h"

#include "flow/csv_write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct instant now = {INT64_C(1795945200) * 1000000}; /* 2026-11-29T09:40:00Z */

static void cells_that_a_spreadsheet_would_compute_are_quoted(void **state)
{
    (void)state;
    static const struct {
        const char *cell, *written;
    } rows[] = {
        {"Nowak", "Nowak"},    {"", ""},
        {"a;b", "\"a;b\""},    {"a\"b", "\"a\"\"b\""},
        {"a\nb", "\"a\nb\""},  {" a", "\" a\""},
        {"=1+1", "\"'=1+1\""}, {"@x", "\"'@x\""},
        {"-cmd", "\"'-cmd\""}, {"+48501234567", "+48501234567"},
        {"-12,50", "-12,50"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct buf out;
        buf_init(&out, 1000);
        csv_write_cell(&out, span_str(rows[i].cell), ';');
        assert_string_equal(buf_span(&out).base, rows[i].written);
        buf_release(&out);
    }
}

static void amounts_are_written_as_their_currency_has_them(void **state)
{
    (void)state;
    static const struct {
        int64_t minor;
        const char *currency, *written;
    } rows[] = {{10050, "PLN", ";100,50;"}, {5, "EUR", ";0,05;"}, {700, "JPY", ";700;"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        const struct work_item item = {.key = {1, 2, "call_21"},
                                       .currency = span_str(rows[i].currency),
                                       .due_minor = rows[i].minor};
        struct buf out;
        buf_init(&out, 4000);
        work_list_calls_row(&item, &out);
        assert_non_null(strstr(buf_span(&out).base, rows[i].written));
        buf_release(&out);
    }
}

static struct work_item_outcome judged;
static struct promise_policy promises; /* not offered on the page, unless a test says so */

static int judge(const char *outcome, const char *until)
{
    struct err err = {0};
    const struct work_call call = {.outcome = span_str(outcome), .until = span_str(until)};
    memset(&judged, 0, sizeof(judged));
    return work_list_judge(&call, &promises, now, &judged, &err);
}

static void each_outcome_has_its_state_and_hold(void **state)
{
    (void)state;
    static const struct {
        const char *outcome, *until, *is, *hold;
        int64_t until_s;
    } rows[] = {
        {"reached", NULL, "done", NULL, 0},
        {"refused", NULL, "done", NULL, 0},
        {"wrong_number", NULL, "done", NULL, 0},
        {"no_answer", NULL, "open", NULL, 0},
        {"paid", NULL, "done", "admin", 1795945200 + 4 * 86400},
        {"promised", "2026-12-01", "done", NULL, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        assert_int_equal(judge(rows[i].outcome, rows[i].until), 0);
        assert_true(span_is_str(judged.state, rows[i].is));
        assert_true(rows[i].hold == NULL ? judged.hold_kind.base == NULL
                                         : span_is_str(judged.hold_kind, rows[i].hold));
        assert_int_equal(judged.hold_until.us / 1000000, rows[i].until_s);
        assert_int_equal(judged.promised_on != 0, strcmp(rows[i].outcome, "promised") == 0);
    }
}

/* date -u -d 2026-12-01 +%s / 86400 is 20788. */
static void a_promise_has_the_day_and_the_grace_of_its_policy(void **state)
{
    (void)state;
    assert_int_equal(judge("promised", "2026-12-01"), 0);
    assert_int_equal(judged.promised_on, 20788);
    assert_int_equal(judged.promise_over_on, 20790); /* a day of grace where none is named */
    promises = (struct promise_policy){.days_max = 14, .grace_days = 3};
    assert_int_equal(judge("promised", "2026-12-01"), 0);
    assert_int_equal(judged.promise_over_on, 20792);
    assert_int_equal(judge("promised", "2026-12-13"), 0);
    assert_int_equal(judge("promised", "2026-12-14"), ERR_INPUT); /* 15 days */
    promises = (struct promise_policy){0};
}

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    assert_int_equal(judge(NULL, NULL), ERR_INPUT);
    assert_int_equal(judge("sold", NULL), ERR_INPUT);
    assert_int_equal(judge("promised", NULL), ERR_INPUT);
    assert_int_equal(judge("promised", "2026-11-28"), ERR_INPUT); /* yesterday */
    assert_int_equal(judge("promised", "2026-11-31"), ERR_INPUT);
    assert_int_equal(judge("promised", "2026-12-1 "), ERR_INPUT);
    assert_int_equal(judge("promised", "2027-02-28"), ERR_INPUT); /* 91 days */
    assert_int_equal(judge("promised", "2027-02-27"), 0);
}

static void an_id_is_read_as_it_was_printed(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "1-2", "1-2-", "-2-due", "a-2-due", "1-2-a b", "1--due"};
    struct work_item_key key = {4711, 12, "weekly_2+1"}, again;
    char id[WORK_ITEM_ID_MAX];
    work_item_print_id(&key, id);
    assert_string_equal(id, "4711-12-weekly_2+1");
    assert_true(work_item_read_id(span_str(id), &again));
    assert_int_equal(again.customer_id, 4711);
    assert_int_equal(again.invoice_id, 12);
    assert_string_equal(again.step, "weekly_2+1");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); ++i)
        assert_false(work_item_read_id(span_str(bad[i]), &again));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_that_a_spreadsheet_would_compute_are_quoted),
        cmocka_unit_test(amounts_are_written_as_their_currency_has_them),
        cmocka_unit_test(each_outcome_has_its_state_and_hold),
        cmocka_unit_test(a_promise_has_the_day_and_the_grace_of_its_policy),
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(an_id_is_read_as_it_was_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
