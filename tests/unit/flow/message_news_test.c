#include "flow/message_news.h"

#include "domain/message_code.h"
#include "store/reminder_store.h"
#include "unit/flow/money_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct money_fixture fixture;

static int setup_all(void **state)
{
    (void)state;
    fixture_new(&fixture);
    return 0;
}

static int teardown_all(void **state)
{
    (void)state;
    fixture_free(&fixture);
    return 0;
}

/* Customer 1's step `due` went out by SMS as message 7, from a scenario with e-mail behind it. */
static int setup(void **state)
{
    (void)state;
    fixture_seed(&fixture, 2);
    fixture_sql(
        &fixture,
        "truncate scenario_step, contact_fault, gateway_message, early_report;"
        "insert into scenario_step (scenario_id, version, step_no, name, anchor, offset_days,"
        " is_working_days, on_day_off, at_second, channels, wait_seconds, unless, template, tone)"
        " values (1, 1, 0, 'due', 'due', 0, false, 'same', 36000, '{sms,email,call}',"
        " '{14400,0,0}', '{delivered,\"\",\"\"}', 'due', 'neutral');"
        "update customer set email = 'a@example.com';"
        "update reminder set state = 'sent', channel = 'sms', message_no = 7, place_no = 0,"
        " scenario_id = 1, version = 1, step_no = 0, due_at = to_timestamp(1795348800),"
        " address_hash = hashtextextended('+48500001', 0) where customer_id = 1 and step = 'due';"
        "update customer set phone = '+48500001' where customer_id = 1;"
        "insert into gateway_message values ('sms', 'gw-1', 1, 7)");
    return 0;
}

static struct {
    enum message_news_result result;
    int done;
} answer;

static void on_taken(void *owner, enum message_news_result result, const struct err *err)
{
    (void)owner;
    assert_int_equal(err->code, 0);
    answer.result = result;
    ++answer.done;
}

static enum message_news_result take(struct message_news news)
{
    struct err err = {0};
    answer.done = 0;
    if (news.at.us == 0)
        news.at = fixture_now();
    assert_int_equal(message_news_take(&fixture.world, &news, on_taken, NULL, &err), 0);
    assert_int_equal(answer.done, 0);
    assert_true(fixture_run(&fixture, &answer.done, 1, 20));
    assert_int_equal(fixture_broken_invoices(&fixture), 0);
    return answer.result;
}

static struct message_news by_code(enum message_news_kind kind)
{
    static char code[MESSAGE_CODE_LEN + 1];
    message_code_print(fixture.keys, (struct message_id){1, 7}, code);
    return (struct message_news){.code = span_str(code), .kind = kind};
}

static const char *value(const char *what)
{
    char sql[256];
    snprintf(sql, sizeof(sql), "select %s from reminder where customer_id = 1 and step = 'due'",
             what);
    return fixture_value(&fixture, sql);
}

static const char *events(void)
{
    return fixture_value(&fixture, "select coalesce(string_agg(kind, ' ' order by event_no), '')"
                                   " from event where customer_id = 1");
}

static void a_report_is_found_by_code_and_by_the_gateways_id(void **state)
{
    (void)state;
    assert_int_equal(take(by_code(MESSAGE_NEWS_SENT_ON)), MESSAGE_NEWS_TAKEN);
    assert_string_equal(value("delivery"), "sent");
    assert_int_equal(take((struct message_news){.channel = SPAN_LIT("sms"),
                                                .gateway_id = SPAN_LIT("gw-1"),
                                                .kind = MESSAGE_NEWS_DELIVERED}),
                     MESSAGE_NEWS_TAKEN);
    assert_string_equal(value("delivery"), "delivered");
    assert_string_equal(events(), "reminder.sent_on reminder.delivered");
}

static void what_is_none_of_ours_changes_nothing(void **state)
{
    (void)state;
    struct message_news news = by_code(MESSAGE_NEWS_DELIVERED);
    news.code = SPAN_LIT("000000000000000000");
    assert_int_equal(take(news), MESSAGE_NEWS_NO_SUCH);
    assert_int_equal(take((struct message_news){.channel = SPAN_LIT("email"),
                                                .gateway_id = SPAN_LIT("gw-1"),
                                                .kind = MESSAGE_NEWS_DELIVERED}),
                     MESSAGE_NEWS_NO_SUCH);
    assert_string_equal(events(), "");
}

/* A row: what is known, what is told, what stands then, whether anything was new. */
static void a_weaker_state_never_undoes_a_stronger_one(void **state)
{
    static const struct {
        const char *before;
        enum message_news_kind told;
        const char *after;
        enum message_news_result result;
    } rows[] = {
        {"null", MESSAGE_NEWS_UNKNOWN, "unknown", MESSAGE_NEWS_TAKEN},
        {"'sent'", MESSAGE_NEWS_SENT_ON, "sent", MESSAGE_NEWS_KNOWN},
        {"'unknown'", MESSAGE_NEWS_SENT_ON, "unknown", MESSAGE_NEWS_KNOWN},
        {"'unknown'", MESSAGE_NEWS_UNDELIVERED, "undelivered", MESSAGE_NEWS_TAKEN},
        {"'undelivered'", MESSAGE_NEWS_UNKNOWN, "undelivered", MESSAGE_NEWS_KNOWN},
        {"'undelivered'", MESSAGE_NEWS_DELIVERED, "delivered", MESSAGE_NEWS_TAKEN},
        {"'delivered'", MESSAGE_NEWS_UNDELIVERED, "delivered", MESSAGE_NEWS_KNOWN},
        {"'delivered'", MESSAGE_NEWS_DELIVERED, "delivered", MESSAGE_NEWS_KNOWN},
        {"'delivered'", MESSAGE_NEWS_OPENED, "delivered", MESSAGE_NEWS_TAKEN},
        {"null", MESSAGE_NEWS_OPENED, "delivered", MESSAGE_NEWS_TAKEN},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        char sql[256];
        setup(state);
        snprintf(sql, sizeof(sql),
                 "update reminder set delivery = %s where customer_id = 1 and step = 'due'",
                 rows[i].before);
        fixture_sql(&fixture, sql);
        assert_int_equal(take(by_code(rows[i].told)), rows[i].result);
        assert_string_equal(value("delivery"), rows[i].after);
        assert_string_equal(value("(opened_at is not null)::text"),
                            rows[i].told == MESSAGE_NEWS_OPENED ? "true" : "false");
    }
}

static const char *next_place(void)
{
    return fixture_value(&fixture, "select coalesce(string_agg(step || ' ' || state || ' ' ||"
                                   " channel_no || ' ' || (due_at = to_timestamp(1795348800)), ','"
                                   " order by step), '') from reminder where customer_id = 1 and"
                                   " step like 'due+%'");
}

/* How a report is taken `seconds` after noon that names a message nobody has heard of. */
static enum message_news_result strange(const char *channel, int seconds)
{
    fixture_time = instant_plus_seconds((struct instant){INT64_C(1795348800) * 1000000}, seconds);
    enum message_news_result result = take((struct message_news){.channel = span_str(channel),
                                                                 .gateway_id = SPAN_LIT("gw-2"),
                                                                 .kind = MESSAGE_NEWS_DELIVERED});
    fixture_time = (struct instant){INT64_C(1795348800) * 1000000};
    return result;
}

static void claim_at_noon_plus(int seconds)
{
    char sql[256];
    snprintf(sql, sizeof(sql),
             "update reminder set state = 'claimed', claimed_at = to_timestamp(1795348800 + %d)"
             " where message_no = 7",
             seconds);
    fixture_sql(&fixture, sql);
}

static void what_may_be_just_being_sent_is_to_be_told_again(void **state)
{
    (void)state;
    assert_int_equal(strange("sms", 0), MESSAGE_NEWS_NO_SUCH);
    claim_at_noon_plus(0);
    assert_int_equal(strange("voice", 1), MESSAGE_NEWS_NO_SUCH);
    assert_int_equal(strange("sms", 1), MESSAGE_NEWS_EARLY);
    assert_int_equal(strange("sms", 2), MESSAGE_NEWS_EARLY);
    assert_string_equal(events(), "");
    fixture_sql(&fixture, "insert into gateway_message values ('sms', 'gw-2', 1, 7)");
    assert_int_equal(strange("sms", 3), MESSAGE_NEWS_TAKEN);
    assert_string_equal(value("delivery"), "delivered");
}

static void nobody_is_asked_for_a_strange_report_longer_than_a_minute(void **state)
{
    (void)state;
    claim_at_noon_plus(0);
    assert_int_equal(strange("sms", 60), MESSAGE_NEWS_NO_SUCH);
    assert_int_equal(strange("sms", 59), MESSAGE_NEWS_EARLY);
    claim_at_noon_plus(100); /* more and more goes out */
    assert_int_equal(strange("sms", 118), MESSAGE_NEWS_EARLY);
    assert_int_equal(strange("sms", 119), MESSAGE_NEWS_NO_SUCH);
    claim_at_noon_plus(200);
    assert_int_equal(strange("sms", 201), MESSAGE_NEWS_NO_SUCH);
}

static void what_did_not_arrive_takes_the_next_place_at_once(void **state)
{
    (void)state;
    fixture_time = (struct instant){INT64_C(1795348800) * 1000000};
    assert_int_equal(take(by_code(MESSAGE_NEWS_UNDELIVERED)), MESSAGE_NEWS_TAKEN);
    assert_string_equal(next_place(), "due+1 scheduled 1 true");
    assert_int_equal(take(by_code(MESSAGE_NEWS_UNDELIVERED)), MESSAGE_NEWS_KNOWN);
    assert_string_equal(next_place(), "due+1 scheduled 1 true");
}

static void on_recorded(void *owner, const struct err *err)
{
    (void)owner;
    assert_int_equal(err->code, 0);
    ++answer.done;
}

/* The gateway's report is quicker than the record of what was sent, and the next place has no wait.
 */
static void what_is_reported_before_it_is_recorded_takes_the_next_place(void **state)
{
    (void)state;
    fixture_sql(&fixture, "update scenario_step set wait_seconds = '{0,0,0}', unless ="
                          " '{\"\",\"\",\"\"}';"
                          "update reminder set state = 'claimed', claimed_at ="
                          " to_timestamp(1795348800) where message_no = 7");
    assert_int_equal(take(by_code(MESSAGE_NEWS_UNDELIVERED)), MESSAGE_NEWS_TAKEN);
    assert_string_equal(
        fixture_value(&fixture, "select count(*) from reminder where step = 'due+1'"), "0");
    struct reminder_key key = {.customer_id = 1, .step = "due"};
    key.invoice_id =
        atoll(fixture_value(&fixture, "select invoice_id from invoice where customer_id = 1"));
    struct instant claimed_at = {INT64_C(1795348800) * 1000000};
    struct reminder_outcome *sent = reminder_outcome_new(&key, claimed_at, 0);
    sent->sent_at = fixture_now();
    reminder_outcome_set(sent, "sent", SPAN_LIT("accepted"));
    struct pg_tx tx = {0};
    struct err err = {0};
    answer.done = 0;
    assert_int_equal(reminder_finish(fixture.world.store, &tx, &sent, 1, fixture_now(), NULL,
                                     on_recorded, NULL, &err),
                     0);
    assert_true(fixture_run(&fixture, &answer.done, 1, 20));
    free(sent);
    assert_string_equal(fixture_value(&fixture, "select state || ' ' || reason || ' ' || channel_no"
                                                " from reminder where step = 'due+1'"),
                        "scheduled undelivered 1");
}

static void the_next_place_that_was_to_come_later_comes_now(void **state)
{
    (void)state;
    fixture_sql(&fixture, "insert into reminder (customer_id, invoice_id, step, due_at, state,"
                          " reason, channel_no) select customer_id, invoice_id, 'due+1',"
                          " due_at + interval '4 hours', 'scheduled', 'planned', 1 from reminder"
                          " where customer_id = 1 and step = 'due'");
    take(by_code(MESSAGE_NEWS_UNDELIVERED));
    assert_string_equal(next_place(), "due+1 scheduled 1 true");
}

static void who_has_paid_or_is_told_something_newer_gets_no_next_place(void **state)
{
    (void)state;
    fixture_sql(&fixture, "insert into ledger_entry (customer_id, invoice_id, entry_no, kind,"
                          " amount_minor, currency, payment_no, at) select customer_id, invoice_id,"
                          " 2, 'payment', -10000, 'PLN', 1, now() from invoice where customer_id ="
                          " 1; update invoice set due_minor = 0, paid_at = now(), entry_count = 2"
                          " where customer_id = 1");
    take(by_code(MESSAGE_NEWS_UNDELIVERED));
    assert_string_equal(next_place(), "");
    setup(state);
    fixture_sql(&fixture,
                "update reminder set due_at = to_timestamp(1795348800) - interval '3 days'"
                " where customer_id = 1 and step = 'due';"
                "update reminder set due_at = to_timestamp(1795348800) - interval '1 day'"
                " where customer_id = 1 and step = 'after_2'");
    take(by_code(MESSAGE_NEWS_UNDELIVERED));
    assert_string_equal(next_place(), "");
}

static const char *fault(void)
{
    return fixture_value(&fixture, "select coalesce(string_agg(channel || ' ' || address || ' ' ||"
                                   " is_dead || ' ' || soft_count, ','), '') from contact_fault");
}

static void a_dead_address_is_kept_and_one_changed_since_is_not_blamed(void **state)
{
    (void)state;
    struct message_news news = by_code(MESSAGE_NEWS_UNDELIVERED);
    news.address = MESSAGE_NEWS_ADDRESS_DEAD;
    news.reason = SPAN_LIT("no such number");
    take(news);
    assert_string_equal(fault(), "sms +48500001 true 0");
    setup(state);
    fixture_sql(&fixture, "update customer set phone = '+48600600600' where customer_id = 1");
    take(news);
    assert_string_equal(fault(), "");
}

static void five_soft_faults_are_a_dead_address_and_a_delivery_forgets_them(void **state)
{
    (void)state;
    struct message_news news = by_code(MESSAGE_NEWS_UNDELIVERED);
    news.address = MESSAGE_NEWS_ADDRESS_SOFT;
    for (int i = 1; i <= 5; ++i) {
        fixture_sql(&fixture, "update reminder set delivery = null where customer_id = 1");
        take(news);
        assert_string_equal(fault(), i == 5   ? "sms +48500001 true 5"
                                     : i == 1 ? "sms +48500001 false 1"
                                     : i == 2 ? "sms +48500001 false 2"
                                     : i == 3 ? "sms +48500001 false 3"
                                              : "sms +48500001 false 4");
    }
    take(by_code(MESSAGE_NEWS_DELIVERED));
    assert_string_equal(fault(), "");
}

/* Several debts in one message: each hears of it, and each chain tells it. */
static void all_debts_of_a_message_take_the_news(void **state)
{
    (void)state;
    fixture_sql(&fixture, "insert into invoice (customer_id, number, kind, currency, amount_minor,"
                          " due_minor, issue_date, due_date, created_at, changed_at) values (1,"
                          " 'FV9', 'invoice', 'PLN', 500, 500, '2026-11-17', '2026-11-27', now(),"
                          " now());"
                          "insert into ledger_entry (customer_id, invoice_id, entry_no, kind,"
                          " amount_minor, currency, at) select 1, invoice_id, 1, 'charge', 500,"
                          " 'PLN', now() from invoice where number = 'FV9';"
                          "update invoice set entry_count = 1 where number = 'FV9';"
                          "insert into reminder (customer_id, invoice_id, step, due_at, state,"
                          " reason, message_no, place_no) select 1, invoice_id, 'due', now(),"
                          " 'sent', 'due', 7, 0 from invoice where number = 'FV9'");
    assert_int_equal(take(by_code(MESSAGE_NEWS_OPENED)), MESSAGE_NEWS_TAKEN);
    assert_string_equal(fixture_value(&fixture, "select count(*) from reminder where message_no = 7"
                                                " and opened_at is not null"),
                        "2");
    assert_string_equal(fixture_value(&fixture, "select count(*) from event where kind ="
                                                " 'reminder.opened'"),
                        "2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_report_is_found_by_code_and_by_the_gateways_id, setup),
        cmocka_unit_test_setup(what_is_none_of_ours_changes_nothing, setup),
        cmocka_unit_test_setup(what_may_be_just_being_sent_is_to_be_told_again, setup),
        cmocka_unit_test_setup(nobody_is_asked_for_a_strange_report_longer_than_a_minute, setup),
        cmocka_unit_test_setup(a_weaker_state_never_undoes_a_stronger_one, setup),
        cmocka_unit_test_setup(what_did_not_arrive_takes_the_next_place_at_once, setup),
        cmocka_unit_test_setup(what_is_reported_before_it_is_recorded_takes_the_next_place, setup),
        cmocka_unit_test_setup(the_next_place_that_was_to_come_later_comes_now, setup),
        cmocka_unit_test_setup(who_has_paid_or_is_told_something_newer_gets_no_next_place, setup),
        cmocka_unit_test_setup(a_dead_address_is_kept_and_one_changed_since_is_not_blamed, setup),
        cmocka_unit_test_setup(five_soft_faults_are_a_dead_address_and_a_delivery_forgets_them,
                               setup),
        cmocka_unit_test_setup(all_debts_of_a_message_take_the_news, setup),
    };
    return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
