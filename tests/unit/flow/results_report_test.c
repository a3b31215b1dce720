/* A small world whose figures were worked out by hand. Now is 2028-06-30 14:00 in Warsaw; all
 * amounts are in PLN. A tenth of the customers is held out: of these, 12 and 16 (see the check
 * below).
 *
 *   A  customer 1, on time: 100.00 due 10 May, paid that evening; an SMS in the morning
 *   B  customer 2, sometimes late: 200.00 due 10 May, 50.00 on the 12th, the rest on the 14th; an
 * SMS on the day and an e-mail on the 13th C  customer 4, chronically late: 300.00 due 10 May,
 * unpaid; an SMS on the day, and one on the 13th about C and D together; a call made, a hold by an
 * admin D  customer 4: 100.00 due 11 May, paid on 20 June; that SMS of the 13th; two stars E
 * customer 12, held out: 400.00 due 10 May, unpaid F  customer 16, held out: 500.00 due 10 May,
 * paid the day before G  customer 1: 100.00 due 20 June, unpaid; an SMS on the day, an e-mail the
 * day before now H  customer 2: 100.00 due 10 July: not due yet, counts nowhere
 *
 * Customers 1 and 2 are in another segment by now; what counts is when the due day began.
 *
 * An SMS costs 80,000 millionths, that about two debts 160,000, B's e-mail 2,000. */
#include "flow/results_report.h"

#include "base/log.h"
#include "unit/flow/money_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct money_fixture fixture;
static bool is_done;
static struct buf out;

#define DEBT(customer, invoice, amount, left, due, paid_at)                                        \
    "insert into invoice (customer_id, invoice_id, number, kind, currency, amount_minor, "         \
    "due_minor,"                                                                                   \
    " issue_date, due_date, paid_at, created_at, changed_at) values (" #customer ", " #invoice     \
    ", 'N" #invoice "', 'invoice', 'PLN', " #amount ", " #left ", '2028-04-01', '" due             \
    "', " paid_at ", now(), now());"                                                               \
    "insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor, currency, "  \
    "at)"                                                                                          \
    " values (" #customer ", " #invoice ", 1, 'charge', " #amount ", 'PLN', '2028-05-20 00:00Z');"
#define PAID(customer, invoice, no, amount, at)                                                    \
    "insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor, currency,"   \
    " payment_no, at) values (" #customer ", " #invoice ", " #no ", 'payment', -" #amount          \
    ", 'PLN', " #no ", '" at "');"
#define SENT(customer, invoice, step_no, step, channel, at, price, message)                        \
    "insert into reminder (customer_id, invoice_id, step, due_at, state, reason, channel, "        \
    "claimed_at,"                                                                                  \
    " finished_at, scenario_id, version, step_no, price_micro, message_no) values (" #customer     \
    ", " #invoice ", '" step "', '" at "', 'sent', 'delivered', '" channel "', '" at "', '" at     \
    "', 1, 1, " #step_no ", " #price ", " #message ");"
#define HELD_OUT(customer, invoice)                                                                \
    "insert into reminder (customer_id, invoice_id, step, due_at, state, reason, scenario_id,"     \
    " version, step_no) values (" #customer ", " #invoice                                          \
    ", 'due', '2028-05-10 08:00Z', 'skipped',"                                                     \
    " 'hold-out', 1, 1, 0);"

static int make_fixture(void **state)
{
    (void)state;
    log_init(LOG_ERROR, "test");
    fixture_new(&fixture);
    fixture_time.us = INT64_C(1845979200) * 1000000; /* 2028-06-30T12:00Z */
    buf_init(&out, 1 << 20);
    fixture_sql(
        &fixture,
        "truncate customer, invoice, ledger_entry, reminder, hold restart identity cascade;"
        "insert into customer (customer_id, reference, segment, created_at, changed_at) values"
        " (1, 'a', 'sometimes_late', now(), now()), (2, 'b', 'on_time', now(), now()),"
        " (4, 'c', 'chronically_late', now(), now()), (12, 'e', 'on_time', now(), now()),"
        " (16, 'f', null, now(), now());"
        /* Of 10 May, whose day begins at 22:00 in UTC, counts what was before; so does of 20 June.
         */
        "insert into segment_change (customer_id, at, segment) values"
        " (1, '2028-06-19 22:00:01Z', 'sometimes_late'), (2, '2028-05-09 22:00Z',"
        " 'sometimes_late'), (2, '2028-05-14 10:00:01Z', 'on_time'),"
        " (4, '2028-01-01 01:00Z', 'sometimes_late'), (4, '2028-05-01 01:00Z',"
        " 'chronically_late');"
        "insert into scenario (name, position, created_at) values ('ladder', 1, now());"
        "insert into scenario_version (scenario_id, version, source, catch_up_days, created_at,"
        " created_by) values (1, 1, '', 7, now(), 'test');"
        "insert into scenario_step (scenario_id, version, step_no, name, anchor, offset_days,"
        " is_working_days, on_day_off, at_second, channels, wait_seconds, unless, template, tone)"
        " select 1, 1, n, (array['due', 'late'])[n + 1], 'due', n * 3, false, 'same', 36000,"
        " '{sms,email}', '{0,0}', '{\"\",\"\"}', 'x', 'neutral' from generate_series(0, 1) n;"
        /* A and G */
        DEBT(1, 1, 10000, 0, "2028-05-10", "'2028-05-10 20:00Z'")
            PAID(1, 1, 2, 10000, "2028-05-10 20:00Z")
                SENT(1, 1, 0, "due", "sms", "2028-05-10 08:00Z", 80000, 1)
                    DEBT(1, 7, 10000, 10000, "2028-06-20", "null")
                        SENT(1, 7, 0, "due", "sms", "2028-06-20 08:00Z", 80000, 2)
                            SENT(1, 7, 1, "late", "email", "2028-06-29 08:00Z", null, 3)
        /* B and H */
        DEBT(2, 2, 20000, 0, "2028-05-10", "'2028-05-14 10:00Z'")
            PAID(2, 2, 2, 5000, "2028-05-12 10:00Z") PAID(2, 2, 3, 15000, "2028-05-14 10:00Z")
                SENT(2, 2, 0, "due", "sms", "2028-05-10 08:00Z", 80000, 1)
                    SENT(2, 2, 1, "late+1", "email", "2028-05-13 08:00Z", 2000, 2)
                        DEBT(2, 8, 10000, 10000, "2028-07-10", "null")
        /* C and D */
        DEBT(4, 3, 30000, 30000, "2028-05-10", "null") SENT(4, 3, 0, "due", "sms",
                                                            "2028-05-10 08:00Z", 80000, 1)
            SENT(4, 3, 1, "late", "sms", "2028-05-13 08:00Z", 160000, 2)
                DEBT(4, 4, 10000, 0, "2028-05-11", "'2028-06-20 10:00Z'") PAID(4, 4, 2, 10000,
                                                                               "2028-06-20 10:00Z")
                    SENT(4, 4, 1, "late", "sms", "2028-05-13 08:00Z", null,
                         2) "insert into work_item (customer_id, invoice_id, step, list, queue, "
                            "state, reason, outcome,"
                            " created_at, changed_at) values (4, 3, 'call', 'call', 'q', 'done', "
                            "'x', 'reached', now(),"
                            " now()), (4, 4, 'call', 'call', 'q', 'open', 'x', null, now(), now());"
                            "insert into hold (customer_id, invoice_id, hold_no, kind, created_at) "
                            "values (4, 3, 1,"
                            " 'admin', now()), (4, 4, 1, 'promise', now());"
                            "insert into rating (customer_id, invoice_id, stars, at) values (4, 4, "
                            "2, now());"
        /* E and F */
        DEBT(12, 5, 40000, 40000, "2028-05-10", "null") HELD_OUT(12, 5)
            DEBT(16, 6, 50000, 0, "2028-05-10", "'2028-05-09 10:00Z'")
                PAID(16, 6, 2, 50000, "2028-05-09 10:00Z") HELD_OUT(16, 6));
    return 0;
}

static int remove_fixture(void **state)
{
    (void)state;
    buf_release(&out);
    fixture_free(&fixture);
    return 0;
}

static void on_result(void *owner, const PGresult *result, const struct err *err)
{
    void (*write)(const PGresult *, struct buf *) =
        *(void (**)(const PGresult *, struct buf *))owner;
    if (err->code != 0)
        fail_msg("%s", err->text);
    buf_reset(&out);
    write(result, &out);
    buf_add_char(&out, '\0');
    is_done = true;
}

static const char *ask(const char *by, int32_t permille,
                       void (*write)(const PGresult *, struct buf *))
{
    struct results_question question;
    struct pg_query query = {0};
    struct err err;
    assert_null(results_read_question(SPAN_LIT("2028-05-01"), SPAN_LIT("2028-07-31"), span_str(by),
                                      &question));
    question.now = fixture_now();
    question.holdout_permille = permille;
    is_done = false;
    assert_int_equal(
        results_ask(store_reports(fixture.world.store), &query, &question, on_result, &write, &err),
        0);
    while (!is_done)
        h2o_evloop_run(fixture.world.loop, INT32_MAX);
    return buf_span(&out).base;
}

#define HEADING                                                                                    \
    "key,currency,debts,late,late_permille,messages,messages_paid_48h_permille,reminded_paid,"     \
    "reminded_paid_48h_permille,settled,paid_30_permille,overdue_minor,recovered_minor,"           \
    "recovered_permille,cost_micro,cost_per_100_recovered_micro,staff_actions,ratings,"            \
    "rating_hundredths,holdout_debts,holdout_late_permille,holdout_settled,"                       \
    "holdout_paid_30_permille,holdout_overdue_minor,holdout_recovered_minor,"                      \
    "holdout_recovered_permille,late_effect_permille,late_effect_low_permille,"                    \
    "late_effect_high_permille,paid_30_effect_permille,paid_30_effect_low_permille,"               \
    "paid_30_effect_high_permille\r\n"
#define NO_HOLDOUT "0,,0,,0,0,,,,,,,\r\n"

static void segments_are_told_apart_and_compared_with_the_held_out(void **state)
{
    (void)state;
    assert_string_equal(
        ask("segment", 100, results_csv), HEADING
        /* C, D */
        "chronically_late,PLN,2,2,1000,3,0,1,0,2,0,40000,0,0,240000,,2,1,200," NO_HOLDOUT
        /* A, G; E, F: late 1 of 2 either way, 0 +- 1.96 * sqrt(1/8 + 1/8); paid in 30 days 1 of 1
         * and 1 of 2, 0.5 +- 1.96 * sqrt(1/8) */
        "on_time,PLN,2,1,500,3,500,1,1000,1,1000,0,0,,160000,,0,0,,2,500,2,500,40000,0,0,0,-980,"
        "980,"
        "500,-193,1193\r\n"
        /* B: the e-mail's 2,000 for 200.00 */
        "sometimes_late,PLN,1,1,1000,2,500,1,1000,1,1000,20000,20000,1000,82000,10,0,0,"
        "," NO_HOLDOUT);
}

static void a_debt_counts_with_each_step_it_was_written_by(void **state)
{
    (void)state;
    assert_string_equal(
        ask("step", 100, results_csv), HEADING
        /* A, B, C, G */
        "due,PLN,4,3,750,4,250,1,1000,3,667,50000,20000,400,320000,0,2,0,," NO_HOLDOUT
        /* B, C, D, G: 162,000 for 200.00 */
        "late,PLN,4,4,1000,4,333,2,500,3,333,60000,20000,333,162000,810,2,1,200," NO_HOLDOUT);
    assert_string_equal(
        ask("channel", 100, results_csv), HEADING
        /* B, G */
        "email,PLN,2,2,1000,2,1000,1,1000,1,1000,20000,20000,1000,2000,10,0,0,," NO_HOLDOUT
        /* A, B, C, D, G */
        "sms,PLN,5,4,800,6,167,2,500,4,500,60000,20000,333,480000,800,2,1,200," NO_HOLDOUT);
}

static void without_a_hold_out_all_count_alike(void **state)
{
    (void)state;
    /* A to F in May, G in June. */
    assert_string_equal(
        ask("month", 0, results_csv), HEADING
        "2028-05,PLN,6,4,667,6,333,3,667,6,500,100000,20000,200,402000,810,2,1,200," NO_HOLDOUT
        "2028-06,PLN,1,1,1000,2,0,0,,0,,0,0,,80000,,0,0,," NO_HOLDOUT);
    assert_non_null(strstr(ask("scenario", 0, results_csv), "\nladder,PLN,7,5,714,"));
    assert_non_null(strstr(ask("version", 0, results_csv), "\nladder 1,PLN,7,5,714,"));
}

static void people_read_it_in_words(void **state)
{
    (void)state;
    const char *words = ask("segment", 100, results_words);
    assert_non_null(strstr(words, "on_time (PLN): 2 debts\n  late 50.0 %, "));
    assert_non_null(strstr(words,
                           "recovered within 30 days 200.00 of 200.00 overdue (100.0 %), at 10"
                           " millionths for each 1.00\n"));
    assert_non_null(strstr(words, "ratings 1 (2.00 of 5)"));
    assert_non_null(strstr(words, "  late without reminders 50.0 %, so reminding makes 0.0 % (95 %:"
                                  " from -98.0 % to 98.0 %)\n"));
}

/* Where a day ends, worked out from the zones' rules: in Warsaw the clocks go forward in the night
 * of 26 March and back in that of 29 October; in Havana forward at midnight, so that 12 March
 * begins at one, and back at one to midnight, so that 5 November begins twice. */
static void a_day_ends_where_the_next_one_first_begins(void **state)
{
    (void)state;
    static const char *const ends[][3] = {
        {"Europe/Warsaw", "2028-03-25", "2028-03-25 23:00:00"},
        {"Europe/Warsaw", "2028-03-26", "2028-03-26 22:00:00"},
        {"Europe/Warsaw", "2028-10-28", "2028-10-28 22:00:00"},
        {"Europe/Warsaw", "2028-10-29", "2028-10-29 23:00:00"},
        {"Europe/Warsaw", "2028-12-31", "2028-12-31 23:00:00"},
        {"America/Havana", "2028-03-11", "2028-03-12 05:00:00"},
        {"America/Havana", "2028-03-12", "2028-03-13 04:00:00"},
        {"America/Havana", "2028-11-03", "2028-11-04 04:00:00"},
        {"America/Havana", "2028-11-04", "2028-11-05 04:00:00"},
        {"America/Havana", "2028-11-05", "2028-11-06 05:00:00"},
    };
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); ++i) {
        char sql[160];
        snprintf(sql, sizeof(sql), "select (day_end('%s', '%s') at time zone 'UTC')::text",
                 ends[i][1], ends[i][0]);
        assert_string_equal(fixture_value(&fixture, sql), ends[i][2]);
    }
}

static void who_is_held_out_never_changes(void **state)
{
    (void)state;
    /* The first two octets of SHA-256 of "holdout <id>", by another program. */
    assert_string_equal(fixture_value(&fixture,
                                      "select string_agg(n || ':' || holdout_place(n), ' '"
                                      " order by n) from unnest(array[1, 2, 4, 12, 16]) n"),
                        "1:261 2:229 4:695 12:90 16:85");
}

static void a_question_that_cannot_be_read_is_refused(void **state)
{
    (void)state;
    static const char *const bad[][3] = {
        {"2028-02-30", "2028-03-01", "segment"}, {"", "2028-03-01", "segment"},
        {"2028-01-01", "2028-1-2", "segment"},   {"2028-02-01", "2028-01-31", "segment"},
        {"2018-01-01", "2028-03-01", "segment"}, {"2028-01-01", "2028-03-01", "weather"},
        {"2028-01-01", "2028-03-01", ""},
    };
    struct results_question question;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); ++i)
        assert_non_null(results_read_question(span_str(bad[i][0]), span_str(bad[i][1]),
                                              span_str(bad[i][2]), &question));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segments_are_told_apart_and_compared_with_the_held_out),
        cmocka_unit_test(a_debt_counts_with_each_step_it_was_written_by),
        cmocka_unit_test(without_a_hold_out_all_count_alike),
        cmocka_unit_test(people_read_it_in_words),
        cmocka_unit_test(a_day_ends_where_the_next_one_first_begins),
        cmocka_unit_test(who_is_held_out_never_changes),
        cmocka_unit_test(a_question_that_cannot_be_read_is_refused),
    };
    return cmocka_run_group_tests(tests, make_fixture, remove_fixture);
}
