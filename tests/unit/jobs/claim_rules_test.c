/* What the claim decides: a row of the table is one customer's world and what becomes of their
 * reminder in it. All are claimed by one dispatcher under the same manners: a window from 08:00 to
 * 20:00, two messages a day, consent for e-mail, a feed no older than a day, merging. */
#include "jobs/dispatch.h"

#include "channel/channel.h"
#include "channel/gate.h"
#include "domain/message_field.h"
#include "store/contact_store.h"
#include "store/reminder_store.h"
#include "unit/flow/money_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { WAIT_SECONDS = 30, SENT_MAX = 64 };

static struct money_fixture fixture;

/* What channels were handed. */
static struct {
    char channel[16], code[24], body[200];
    int64_t customer_id;
} sent[SENT_MAX];
static int sent_count;
static enum channel_outcome outcome;
static int in_flight, most_in_flight;

struct answer {
    struct timer timer;
    channel_cb on_sent;
    void *owner;
};

static void on_answer(void *owner)
{
    struct answer *answer = owner;
    channel_cb on_sent = answer->on_sent;
    void *waiting = answer->owner;
    free(answer);
    --in_flight;
    on_sent(waiting, &(struct channel_result){.outcome = outcome,
                                              .reason = SPAN_LIT("test"),
                                              .parts = 2,
                                              .price_micro = 160000,
                                              .gateway_id = SPAN_LIT("gw")});
}

static int fake_send(const struct channel_means *means, const struct channel_message *message,
                     channel_cb on_sent, void *owner, struct err *err)
{
    (void)means, (void)err;
    struct answer *answer = calloc(1, sizeof(*answer));
    assert_non_null(answer);
    assert_int_equal(message->code.len, 18);
    if (sent_count < SENT_MAX) {
        snprintf(sent[sent_count].channel, sizeof(sent[0].channel), "%.*s",
                 SPAN_ARG(message->channel));
        snprintf(sent[sent_count].code, sizeof(sent[0].code), "%.*s", SPAN_ARG(message->code));
        snprintf(sent[sent_count].body, sizeof(sent[0].body), "%.*s", SPAN_ARG(message->body));
        sent[sent_count].customer_id = message->customer_id;
    }
    ++sent_count;
    if (++in_flight > most_in_flight)
        most_in_flight = in_flight;
    *answer = (struct answer){.on_sent = on_sent, .owner = owner};
    timer_init(&answer->timer, fixture.world.loop, "answer", on_answer, answer);
    timer_start(&answer->timer, 1);
    return 0;
}

static bool takes(struct span kind)
{
    return !span_is_str(kind, "push");
}

static struct channel channel = {.name = "fake", .takes = takes, .send = fake_send};
static const struct channel *const channels[] = {&channel, NULL};

/* 13:00:01 in Warsaw on Wednesday, 2026-11-25. */
static void at_seconds(int64_t seconds)
{
    fixture_time.us = (INT64_C(1795348800) + 3 * 86400 + 1 + seconds) * 1000000;
}

static int setup_all(void **state)
{
    (void)state;
    fixture_new(&fixture);
    fixture.world.payment_in_flight_seconds = 1800;
    fixture.world.creditor.name = SPAN_LIT("Test");
    return 0;
}

static int teardown_all(void **state)
{
    (void)state;
    fixture_free(&fixture);
    return 0;
}

static void seed(int count)
{
    fixture_seed(&fixture, count);
    fixture_sql(
        &fixture,
        "update payment set state = 'failed'; delete from reminder where step <> 'before_2';"
        "truncate push, device, device_token, scenario_step, contact_fault, gateway_message,"
        " instalment, sending_day, sending_allowance;"
        "update sending set stopped_at = null, feed_at = to_timestamp(1795348800) + interval"
        " '60 hours';"
        "update customer set phone = '+48500' || customer_id, email = 'a' || customer_id ||"
        " '@example.com', consented = '{email}';"
        "insert into scenario_step (scenario_id, version, step_no, name, anchor, offset_days,"
        " is_working_days, on_day_off, at_second, channels, wait_seconds, unless, template, tone)"
        " select 1, 1, n, 's' || n, anchor, 0, false, 'same', 36000, channels::text[],"
        " array_fill(14400, array[cardinality(channels::text[])]),"
        " array_fill(case when n in (0, 1) then 'opened' when n = 9 then 'delivered' else '' end,"
        " array[cardinality(channels::text[])]), 'due', 'neutral' from (values"
        " (0, 'due', '{sms,email}'), (1, 'promise', '{sms,email}'), (2, 'instalment', '{sms}'),"
        " (3, 'due', '{email,sms}'), (4, 'due', '{preferred,email}'), (5, 'due', '{call}'),"
        " (6, 'due', '{handover}'), (7, 'due', '{push,sms}'), (8, 'due', '{email}'),"
        " (9, 'due', '{sms,email}'), (10, 'due', '{sms,call}'), (11, 'due', '{call,email}'),"
        " (12, 'due', '{email}')) s"
        " (n, anchor, channels)");
}

static int setup(void **state)
{
    (void)state;
    seed(1);
    fixture.world.channels = channels;
    fixture.world.gates = NULL;
    fixture.world.reminders = (struct reminder_rules){.window_from_second = 8 * 3600,
                                                      .window_to_second = 20 * 3600,
                                                      .budget_day = 2,
                                                      .merges = true,
                                                      .consents = {SPAN_LIT("email")},
                                                      .consent_count = 1,
                                                      .feed_age_max_s = 86400};
    outcome = CHANNEL_SENT;
    sent_count = in_flight = most_in_flight = 0;
    fixture.metrics->values[METRIC_sending_stops] = 0;
    at_seconds(0);
    return 0;
}

static const char *value(const char *sql)
{
    return fixture_value(&fixture, sql);
}

static struct dispatch *begin(void)
{
    struct err err = {0};
    struct dispatch *dispatch = dispatch_new(&fixture.world, &err);
    assert_non_null(dispatch);
    return dispatch;
}

static void turn(int64_t ms)
{
    struct mono start = clock_mono();
    while (mono_us_since(start, clock_mono()) < ms * 1000)
        h2o_evloop_run(fixture.world.loop, 10);
}

/* Until nothing more is done, or that takes too long. */
static void dispatch_for(int64_t ms)
{
    struct dispatch *dispatch = begin();
    turn(ms);
    dispatch_stop(dispatch);
    while (!dispatch_is_idle(dispatch))
        h2o_evloop_run(fixture.world.loop, 10);
    dispatch_free(dispatch);
    assert_int_equal(fixture_broken_invoices(&fixture), 0);
}

#define BY(step_no)                                                                                \
    "update reminder set scenario_id = 1, version = 1, step_no = " #step_no                        \
    " where customer_id = $C;"
#define HOLD(kind)                                                                                 \
    "insert into hold (customer_id, invoice_id, hold_no, kind, created_at) select customer_id,"    \
    " invoice_id, 1, '" kind "', now() from invoice where customer_id = $C;"
#define ANCHOR(no) "update reminder set anchor_no = " #no " where customer_id = $C;"
#define OVERDUE "update invoice set due_date = '2026-11-20' where customer_id = $C;"
#define OLD_MESSAGE(no, hours)                                                                     \
    "insert into reminder (customer_id, invoice_id, step, due_at, state, reason, channel,"         \
    " message_no, claimed_at) select customer_id, invoice_id, 'old_" #no "', '2026-01-01',"        \
    " 'sent', 'due', 'sms', " #no ", to_timestamp(1795348800) + interval '72 hours'"               \
    " - interval '" #hours " hours' from invoice where customer_id = $C;"

static const struct row {
    const char *what, *world;
    const char *verdict; /* state, reason, channel, place */
    const char *more;    /* part of the event's facts; null: nothing is asked */
} rows[] = {
    {"nothing in the way", "", "sent test sms 2", NULL},
    {"the usual ways begin with the preferred one",
     "update customer set preferred_channel = 'email' where customer_id = $C;", "sent test email 0",
     NULL},
    {"no telephone", "update customer set phone = null where customer_id = $C;",
     "sent test email 3", "sms: no address"},
    {"no address at all", "update customer set phone = null, email = null where customer_id = $C;",
     "skipped no address  ", "push: no device, sms: no address, email: no address"},

    {"a scenario's first place", BY(0), "sent test sms 0", NULL},
    {"opted out of it", BY(0) "update customer set opted_out = '{sms}' where customer_id = $C;",
     "sent test email 1", "sms: opted out"},
    {"opted out of all",
     BY(0) "update customer set opted_out = '{sms,email}' where customer_id ="
           " $C;",
     "skipped no address  ", "sms: opted out, email: opted out"},
    {"notices only, and this may be refused",
     BY(8) "update customer set notices_only = '{email}' where customer_id = $C;",
     "skipped no address  ", "email: notices only"},
    {"notices only, and this is one",
     BY(8) "update scenario_step set template = 'late' where step_no = 12; update reminder set"
           " step_no = 12 where customer_id = $C; update customer set notices_only = '{email}' "
           "where"
           " customer_id = $C;",
     "sent test email 0", NULL},
    {"notices only, by the name of the step alone",
     "update customer set notices_only = '{sms}' where customer_id = $C;", "sent test email 3",
     "sms: notices only"},
    {"a dead number",
     BY(0) "insert into contact_fault values ($C, 'sms', '+48500$C', true, 0, 'x', now());",
     "sent test email 1", "sms: dead address"},
    {"a number that was dead before it was changed",
     BY(0) "insert into contact_fault values ($C, 'sms', '+48999', true, 0, 'x', now());",
     "sent test sms 0", NULL},
    {"a number with soft faults",
     BY(0) "insert into contact_fault values ($C, 'sms', '+48500$C', false, 4, 'x', now());",
     "sent test sms 0", NULL},
    {"no consent", BY(3) "update customer set consented = '{}' where customer_id = $C;",
     "sent test sms 1", "email: no consent"},
    {"consent", BY(3), "sent test email 0", NULL},
    {"consent, but opted out",
     BY(3) "update customer set opted_out = '{email}' where customer_id = $C;", "sent test sms 1",
     "email: opted out"},
    {"nothing preferred", BY(4), "sent test email 1", NULL},
    {"preferred calls",
     BY(4) "update customer set preferred_channel = 'call' where customer_id = $C;",
     "sent test call 0", NULL},
    {"the preferred channel has one turn, by whichever name",
     BY(4) "update customer set preferred_channel = 'email' where customer_id = $C; update reminder"
           " set channel_no = 1 where customer_id = $C;",
     "skipped no address  ", "email: tried before"},
    {"a call without a telephone", BY(5) "update customer set phone = null where customer_id = $C;",
     "skipped no address  ", "call: no address"},
    {"a hand-over needs no address",
     BY(6) "update customer set phone = null, email = null where customer_id = $C;",
     "sent test handover 0", NULL},
    {"no device", BY(7), "sent test sms 1", "push: no device"},
    {"a later place begins there",
     BY(0) "update reminder set channel_no = 1 where customer_id ="
           " $C;",
     "sent test email 1", NULL},

    {"paid", "update invoice set due_minor = 0, paid_at = now() where customer_id = $C;",
     "scheduled planned  ", NULL},
    {"no link", "update invoice set link_no = null where customer_id = $C;", "scheduled planned  ",
     NULL},
    {"a payment on its way", "update payment set state = 'pending' where customer_id = $C;",
     "scheduled planned  ", NULL},
    {"disputed", HOLD("dispute"), "scheduled planned  ", NULL},
    {"held by an admin", HOLD("admin"), "scheduled planned  ", NULL},
    {"promised", HOLD("promise"), "scheduled planned  ", NULL},
    {"in a plan", HOLD("plan"), "scheduled planned  ", NULL},
    {"a hold that was released",
     HOLD("dispute") "update hold set released_at = now() where customer_id = $C;",
     "sent test sms 2", NULL},
    {"a hold that is over",
     HOLD("promise") "update hold set until = to_timestamp(1795348800) where customer_id = $C;",
     "sent test sms 2", NULL},
    {"counted from the promise that holds", BY(1) ANCHOR(1) HOLD("promise"), "sent test sms 0",
     NULL},
    {"counted from a promise that was released",
     BY(1) ANCHOR(1) HOLD("promise") "update hold set released_at = now() where customer_id = $C;",
     "scheduled planned  ", NULL},
    {"counted from a promise, and disputed",
     BY(1) ANCHOR(1)
         HOLD("promise") "insert into hold (customer_id, invoice_id, hold_no, kind, created_at) "
                         "select customer_id,"
                         " invoice_id, 2, 'dispute', now() from invoice where customer_id = $C;",
     "scheduled planned  ", NULL},
    {"counted from a promise, and in a plan", BY(1) ANCHOR(2) HOLD("plan"), "scheduled planned  ",
     NULL},
    {"an instalment of the plan that holds",
     BY(2) ANCHOR(1) HOLD("plan") "insert into instalment select customer_id, invoice_id, 1, "
                                  "'2026-11-25', 5000 from invoice"
                                  " where customer_id = $C;",
     "sent test sms 0", NULL},
    {"an instalment that is paid",
     BY(2) ANCHOR(1) HOLD("plan") "insert into instalment select customer_id, invoice_id, 1, "
                                  "'2026-11-25', 5000, now(), 1, 5000, false from"
                                  " invoice where customer_id = $C;",
     "scheduled planned  ", NULL},
    {"an instalment, and promised", BY(2) ANCHOR(2) HOLD("promise"), "scheduled planned  ", NULL},
    {"a step after payment while it is owed",
     "update reminder set step = 'paid_30' where customer_id = $C;", "scheduled planned  ", NULL},
    {"a step after payment",
     "update reminder set step = 'thanks_1' where customer_id = $C;"
     "update invoice set due_minor = 0, paid_at = now() where customer_id = $C;",
     "sent test sms 2", NULL},

    {"night", "update customer set time_zone = 'Pacific/Auckland' where customer_id = $C;",
     "scheduled quiet hours   2026-11-25 19:00:00+00", "2026-11-26 01:00"},
    {"the last minute before the window ends",
     "update customer set time_zone = 'Asia/Vladivostok' where customer_id = $C;", /* 22:00 */
     "scheduled quiet hours   2026-11-25 22:00:00+00", NULL},
    {"the first second of the window",
     "update customer set time_zone = 'America/Chicago' where customer_id = $C;", /* 06:00 */
     "scheduled quiet hours   2026-11-25 14:00:00+00", NULL},
    {"a call at night: nobody is woken by a row on a list",
     BY(5) "update customer set time_zone = 'Pacific/Auckland' where customer_id = $C;",
     "sent test call 0", NULL},
    {"a hand-over at night",
     BY(6) "update customer set time_zone = 'Pacific/Auckland' where customer_id = $C;",
     "sent test handover 0", NULL},
    {"a call at night as a later place",
     BY(10) "update reminder set channel_no = 1 where customer_id = $C;"
            "update customer set time_zone = 'Pacific/Auckland' where customer_id = $C;",
     "sent test call 1", NULL},
    {"a message at night with a call behind it",
     BY(10) "update customer set time_zone = 'Pacific/Auckland' where customer_id = $C;",
     "scheduled quiet hours   2026-11-25 19:00:00+00", NULL},
    {"a call at night that would become a message",
     BY(11) "update customer set time_zone = 'Pacific/Auckland', phone = null where customer_id ="
            " $C;",
     "scheduled quiet hours   2026-11-25 19:00:00+00", NULL},
    {"a call at night is a contact, and waits for the budget alone",
     BY(5) OLD_MESSAGE(1, 5) OLD_MESSAGE(
         2, 20) "update customer set time_zone = 'Pacific/Auckland' where customer_id = $C;",
     "scheduled contact budget   2026-11-25 16:00:00+00", NULL},
    {"as late as it goes", "update customer set time_zone = 'Asia/Dhaka' where customer_id = $C;",
     "sent test sms 2", NULL}, /* 18:00 */

    {"overdue and the feed is fresh",
     OVERDUE "update customer set language = 'en' where customer_id = $C;", "sent test sms 2",
     NULL},
    {"one message that day", OLD_MESSAGE(1, 5), "sent test sms 2", NULL},
    {"two messages that day", OLD_MESSAGE(1, 5) OLD_MESSAGE(2, 20),
     "scheduled contact budget   2026-11-25 16:00:00+00", "2 of 2 in 1 days"},
    {"a hand-over is no message", BY(6) OLD_MESSAGE(1, 5) OLD_MESSAGE(2, 20),
     "sent test handover 0", NULL},
    {"two messages, one of them a day ago", OLD_MESSAGE(1, 5) OLD_MESSAGE(2, 25), "sent test sms 2",
     NULL},
    {"two reminders of one message are one",
     OLD_MESSAGE(1, 5) OLD_MESSAGE(2, 5) "update reminder set message_no = 1 where customer_id = $C"
                                         " and message_no = 2;",
     "sent test sms 2", NULL},
    {"what did not arrive does not count",
     OLD_MESSAGE(1, 5) OLD_MESSAGE(2, 20) "update reminder set delivery = 'undelivered' where"
                                          " customer_id = $C and message_no = 2;",
     "sent test sms 2", NULL},
    {"thank-yous do not count",
     OLD_MESSAGE(1, 5) OLD_MESSAGE(2, 20) "update reminder set step = 'thanks_7' where customer_id"
                                          " = $C and message_no = 2;",
     "sent test sms 2", NULL},
    {"nor are they held back by it",
     OLD_MESSAGE(1, 5) OLD_MESSAGE(
         2,
         20) "update reminder set step = 'thanks_1' where customer_id = $C and step = 'before_2';"
             "update invoice set due_minor = 0, paid_at = now() where customer_id = $C;",
     "sent test sms 2", NULL},

    {"the place before it was opened",
     BY(0) "insert into reminder (customer_id, invoice_id, step, due_at, state, reason, place_no,"
           " scenario_id, version, step_no, opened_at) select customer_id, invoice_id, 'x',"
           " '2026-11-01', 'sent', 'due', 0, 1, 1, 0, now() from invoice where customer_id = $C;"
           "update reminder set step = 'x+1', channel_no = 1 where customer_id = $C and step ="
           " 'before_2';",
     "skipped opened email 1", NULL},
    {"the place before it was delivered, and that is enough",
     BY(9) "insert into reminder (customer_id, invoice_id, step, due_at, state, reason, place_no,"
           " scenario_id, version, step_no, delivery) select customer_id, invoice_id, 'x',"
           " '2026-11-01', 'sent', 'due', 0, 1, 1, 9, 'delivered' from invoice where customer_id ="
           " $C; update reminder set step = 'x+1', channel_no = 1 where customer_id = $C and step ="
           " 'before_2';",
     "skipped delivered email 1", NULL},
    {"delivered is not opened",
     BY(0) "insert into reminder (customer_id, invoice_id, step, due_at, state, reason, place_no,"
           " scenario_id, version, step_no, delivery) select customer_id, invoice_id, 'issue',"
           " '2026-11-01', 'sent', 'due', 0, 1, 1, 0, 'delivered' from invoice where customer_id ="
           " $C; update reminder set step = 'issue+1', channel_no = 1 where customer_id = $C and"
           " step = 'before_2';",
     "sent test email 1", NULL},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void run_with_customer(const char *sql, int customer)
{
    char text[4096], number[16];
    size_t len = 0;
    snprintf(number, sizeof(number), "%d", customer);
    for (; *sql != 0 && len + 16 < sizeof(text); ++sql)
        if (sql[0] == '$' && sql[1] == 'C') {
            len += (size_t)snprintf(text + len, sizeof(text) - len, "%s", number);
            ++sql;
        } else {
            text[len++] = *sql;
        }
    text[len] = 0;
    if (len > 0)
        fixture_sql(&fixture, text);
}

/* What money the rows moved stands in the ledger, too. */
static void keep_books(void)
{
    fixture_sql(&fixture, "insert into ledger_entry (customer_id, invoice_id, entry_no, kind,"
                          " amount_minor, currency, payment_no, at) select customer_id, invoice_id,"
                          " 2, 'payment', -10000, 'PLN', 1, now() from invoice where due_minor = 0;"
                          "update invoice set entry_count = 2 where due_minor = 0");
}

static void each_world_has_its_verdict_and_its_reason(void **state)
{
    (void)state;
    seed(ROWS);
    for (int i = 0; i < ROWS; ++i)
        run_with_customer(rows[i].world, i + 1);
    keep_books();
    dispatch_for(2500);
    int wrong = 0;
    for (int i = 0; i < ROWS; ++i) {
        char sql[1024];
        snprintf(sql, sizeof(sql),
                 "select state || ' ' || reason || ' ' || coalesce(channel, '') || ' ' ||"
                 " coalesce(place_no::text, '') || case when state = 'scheduled' then"
                 " coalesce(' ' || (try_at at time zone 'UTC')::text || '+00', '') else '' end from"
                 " reminder where customer_id = %d and step not like 'old%%' and (step <> 'x') and"
                 " (step <> 'issue') and (position('+' in step) = 0 or channel_no > 0 and"
                 " due_at = '2026-11-25 12:00Z') order by step like '%%+%%' desc limit 1",
                 i + 1);
        const char *is = value(sql);
        if (strcmp(is, rows[i].verdict) != 0) {
            ++wrong;
            fprintf(stderr, "%s: wanted '%s', is '%s'\n", rows[i].what, rows[i].verdict, is);
        }
        snprintf(sql, sizeof(sql),
                 "select coalesce(string_agg(kind || facts, ' '), '') from event where customer_id"
                 " = %d",
                 i + 1);
        if (rows[i].more != NULL && strstr(value(sql), rows[i].more) == NULL) {
            ++wrong;
            fprintf(stderr, "%s: no '%s' in %s\n", rows[i].what, rows[i].more, value(sql));
        }
    }
    assert_int_equal(wrong, 0);
}

static void on_claim_over(void *owner, const struct err *err)
{
    *(int *)owner = err->code == 0 ? 1 : 2;
}

/* As if the look before it had let everything through: between the two anything may happen. */
static void claim_all(int count)
{
    static struct reminder_batch batch;
    static struct instant expires_at[REMINDER_BATCH_MAX];
    const struct reminder_ways ways = {
        .kinds = {SPAN_LIT("sms"), SPAN_LIT("email"), SPAN_LIT("call"), SPAN_LIT("handover")},
        .kind_count = 4};
    struct reminder_manners manners;
    struct pg_tx tx = {0};
    struct err err;
    int done = 0;
    batch.count = 0;
    reminder_manners_init(&manners, &fixture.world.reminders, fixture_time);
    for (int i = 0; i < count; ++i) {
        struct reminder_key *key = &batch.items[batch.count++].key;
        char sql[256];
        snprintf(sql, sizeof(sql),
                 "select step from reminder where customer_id = %d and due_at = '2026-11-25 12:00Z'"
                 " and state = 'scheduled'",
                 i + 1);
        key->customer_id = i + 1;
        snprintf(key->step, sizeof(key->step), "%s", value(sql));
        snprintf(sql, sizeof(sql), "select invoice_id from invoice where customer_id = %d", i + 1);
        key->invoice_id = atoll(value(sql));
        expires_at[i] = instant_plus_seconds(fixture_time, 900);
    }
    const struct reminder_claim_order order = {.batch = &batch,
                                               .push_expires_at = expires_at,
                                               .now = fixture_time,
                                               .hold_since =
                                                   instant_plus_seconds(fixture_time, -1800),
                                               .ways = &ways,
                                               .manners = &manners};
    assert_int_equal(reminder_claim(fixture.world.store, &tx, &order, NULL, NULL, NULL,
                                    on_claim_over, &done, &err),
                     0);
    assert_true(fixture_run(&fixture, &done, 1, WAIT_SECONDS));
    assert_int_equal(done, 1);
    assert_int_equal(fixture_broken_invoices(&fixture), 0);
}

static void the_claim_alone_decides_the_same(void **state)
{
    (void)state;
    int wrong = 0;
    seed(ROWS);
    for (int i = 0; i < ROWS; ++i)
        run_with_customer(rows[i].world, i + 1);
    keep_books();
    claim_all(ROWS);
    for (int i = 0; i < ROWS; ++i) {
        char sql[256];
        bool is_sent = strncmp(rows[i].verdict, "sent", 4) == 0;
        snprintf(sql, sizeof(sql),
                 "select state from reminder where customer_id = %d and due_at = '2026-11-25"
                 " 12:00Z'",
                 i + 1);
        const char *is = value(sql);
        if (strncmp(is, is_sent ? "claimed" : rows[i].verdict, strlen(is)) != 0) {
            ++wrong;
            fprintf(stderr, "%s: wanted '%s', is '%s'\n", rows[i].what, rows[i].verdict, is);
        }
    }
    assert_int_equal(wrong, 0);
}

static void nor_does_a_claim_that_was_begun_pass_the_red_switch(void **state)
{
    (void)state;
    seed(5);
    fixture_sql(&fixture, "update sending set stopped_at = now()");
    claim_all(5);
    assert_string_equal(value("select count(*) from reminder where state = 'scheduled'"), "5");
}

/* The look at what is due may be from before an outage, the claim from behind it. */
static void nor_does_one_go_before_the_planner(void **state)
{
    (void)state;
    seed(3);
    fixture_sql(&fixture, "update reminder set scenario_id = 1, version = 1, step_no = 0 where"
                          " customer_id < 3; insert into planned (through, scenarios, at) values"
                          " ('2026-11-25', '', now())");
    claim_all(3);
    assert_string_equal(value("select string_agg(state, ' ' order by customer_id) from reminder"),
                        "scheduled scheduled claimed");
    fixture_sql(&fixture, "update planned set through = '2026-11-26'");
    claim_all(3);
    assert_string_equal(value("select string_agg(state, ' ' order by customer_id) from reminder"),
                        "claimed claimed claimed");
    fixture_sql(&fixture, "truncate planned");
}

static void what_may_be_refused_is_the_same_in_the_claim_and_in_the_mail(void **state)
{
    static const char *const names[] = {"issue",
                                        "before",
                                        "before_2",
                                        "before_leasing",
                                        "due",
                                        "thanks",
                                        "details",
                                        "late",
                                        "after_2",
                                        "after_9",
                                        "after_16",
                                        "consequences",
                                        "offer",
                                        "merged",
                                        "call",
                                        "neutral",
                                        "handover",
                                        "late_instalments",
                                        "before_9",
                                        "thanks_3",
                                        "",
                                        "instalment_before",
                                        "instalment_due",
                                        "instalment_missed",
                                        "plan_agreed",
                                        "plan_broken",
                                        "answered"};
    char sql[160];
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); ++i) {
        bool is_thanks = strncmp(names[i], "thanks", 6) == 0;
        snprintf(sql, sizeof(sql), "select reminder_is_refusable('%s', null, null, null)",
                 names[i]);
        assert_string_equal(value(sql),
                            message_is_refusable(span_str(is_thanks ? "thanks" : names[i])) ? "t"
                                                                                            : "f");
    }
    assert_string_equal(value("select reminder_is_refusable('due+1', null, null, null)"), "t");
    assert_string_equal(value("select reminder_is_refusable('paid_30', null, null, null)"), "t");
    assert_string_equal(value("select reminder_is_refusable('late_7', 1, 1, 0)"), "t"); /* "due" */
}

static void put_off_is_said_once_and_not_each_poll(void **state)
{
    (void)state;
    fixture_sql(&fixture, "update customer set time_zone = 'Pacific/Auckland'");
    dispatch_for(2500);
    assert_string_equal(value("select count(*) from event where kind = 'reminder.put_off'"), "1");
    at_seconds(7 * 3600); /* 08:00 there */
    dispatch_for(600);
    assert_string_equal(value("select state from reminder where step = 'before_2'"), "sent");
}

static void nothing_goes_on_days_that_are_left_out(void **state)
{
    (void)state;
    fixture.world.reminders.window_weekdays = 1 << 4; /* Fridays */
    dispatch_for(600);
    assert_string_equal(value("select try_at at time zone 'UTC' from reminder where step ="
                              " 'before_2'"),
                        "2026-11-27 07:00:00");
}

static void nothing_goes_past_the_due_date_while_the_feed_is_old(void **state)
{
    (void)state;
    seed(3);
    run_with_customer(OVERDUE, 1);
    run_with_customer(OVERDUE "update reminder set step = 'thanks_1' where customer_id = 2;"
                              "update invoice set due_minor = 0, paid_at = now() where customer_id"
                              " = 2;",
                      2);
    keep_books();
    fixture_sql(&fixture, "update sending set feed_at = to_timestamp(1795348800) + interval"
                          " '40 hours'");
    dispatch_for(800);
    assert_string_equal(value("select string_agg(customer_id || ' ' || state || ' ' || reason, ', '"
                              " order by customer_id) from reminder"),
                        "1 scheduled payment feed too old, 2 sent test, 3 sent test");
    at_seconds(601); /* and again, without saying so again */
    dispatch_for(600);
    assert_string_equal(value("select count(*) from event where kind = 'reminder.put_off'"), "1");
    fixture_sql(&fixture, "update sending set feed_at = to_timestamp(1795348800) + interval"
                          " '70 hours'");
    at_seconds(1300);
    dispatch_for(600);
    assert_string_equal(value("select state from reminder where customer_id = 1"), "sent");
}

static void the_red_switch_stops_everything_and_lets_it_go_on(void **state)
{
    (void)state;
    seed(20);
    fixture_sql(&fixture, "update sending set stopped_at = now()");
    struct dispatch *dispatch = begin();
    turn(1500);
    int by_then = sent_count;
    fixture_sql(&fixture, "update sending set stopped_at = null");
    dispatch_wake(dispatch);
    bool all = fixture_run(&fixture, &sent_count, 20, WAIT_SECONDS);
    dispatch_stop(dispatch);
    while (!dispatch_is_idle(dispatch))
        h2o_evloop_run(fixture.world.loop, 10);
    dispatch_free(dispatch);
    assert_int_equal(by_then, 0);
    assert_true(all);
}

/* Customer 1 has `count` debts, of which the one due first is number 3. */
static void more_debts(int count)
{
    char sql[2048];
    snprintf(
        sql, sizeof(sql),
        "insert into invoice (customer_id, number, kind, currency, amount_minor, due_minor,"
        " issue_date, due_date, entry_count, link_no, created_at, changed_at) select 1, 'M' ||"
        " n, 'invoice', 'PLN', n, n, '2026-11-17', case n when 3 then '2026-11-26'::date else"
        " '2026-11-27' end, 1, n, now(), now() from generate_series(2, %d) n;"
        "insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor,"
        " currency, at) select 1, invoice_id, 1, 'charge', due_minor, 'PLN', now() from invoice"
        " where number like 'M%%';"
        "insert into reminder (customer_id, invoice_id, step, due_at, state, reason) select 1,"
        " invoice_id, 'before_2', to_timestamp(1795348800) + interval '3 days', 'scheduled',"
        " 'planned' from invoice where number like 'M%%'",
        count);
    fixture_sql(&fixture, sql);
}

static void debts_of_one_person_are_one_message(void **state)
{
    (void)state;
    more_debts(4);
    dispatch_for(800);
    assert_int_equal(sent_count, 1);
    assert_string_equal(
        value("select count(*) || ' ' || count(distinct message_no) || ' ' ||"
              " min(message_no) || ' ' || sum(parts) || ' ' || sum(price_micro) from"
              " reminder where state = 'sent'"),
        "4 1 1 2 160000");
    assert_string_equal(value("select number from reminder join invoice using (customer_id,"
                              " invoice_id) where parts = 2"),
                        "M3");
    assert_string_equal(value("select channel || ' ' || message_count || ' ' || price_micro from"
                              " sending_day"),
                        "sms 1 160000");
    assert_string_equal(value("select channel || ' ' || gateway_id || ' ' || customer_id || ' ' ||"
                              " message_no from gateway_message"),
                        "sms gw 1 1");
    assert_string_equal(value("select count(*) from event where kind = 'reminder.sent'"), "4");
}

static void on_row(void *owner, const PGresult *result, const struct err *err)
{
    (void)owner, (void)result, (void)err;
}

static void on_noted(void *owner, const struct err *err)
{
    assert_int_equal(err->code, 0);
    *(bool *)owner = true;
}

static void whoever_opens_one_debt_of_a_message_has_answered_for_all(void **state)
{
    (void)state;
    struct pg_tx tx = {0};
    struct err err;
    bool is_noted = false;
    more_debts(4);
    fixture_sql(&fixture,
                "insert into paylink (customer_id, link_no, invoice_id, state, created_at)"
                " select customer_id, link_no, invoice_id, 'active', now() from invoice"
                " where number like 'M%' on conflict do nothing");
    dispatch_for(800);
    at_seconds(60);
    assert_int_equal(contact_seen(fixture.world.store, &tx, (struct paylink_id){1, 3},
                                  &(struct page_shown){0}, fixture_time, on_row, on_noted,
                                  &is_noted, &err),
                     0);
    while (!is_noted)
        h2o_evloop_run(fixture.world.loop, 10);
    assert_string_equal(value("select count(*) from reminder where opened_at is not null"), "4");
    assert_string_equal(value("select count(*) from event where kind = 'reminder.opened'"), "4");
    assert_int_equal(fixture_broken_invoices(&fixture), 0);
}

static void a_message_that_is_tried_again_keeps_its_number(void **state)
{
    (void)state;
    char code[24];
    more_debts(3);
    outcome = CHANNEL_RETRY;
    dispatch_for(600);
    assert_int_equal(sent_count, 1);
    snprintf(code, sizeof(code), "%s", sent[0].code);
    outcome = CHANNEL_SENT;
    at_seconds(301);
    dispatch_for(600);
    assert_int_equal(sent_count, 2);
    assert_string_equal(sent[1].code, code);
    assert_string_equal(
        value("select count(*) || ' ' || max(message_no) from reminder where state ="
              " 'sent'"),
        "3 1");
}

/* Debt M2 alone is claimed, of a message that was about more. */
static void claim_alone(const char *number, struct reminder_ways ways)
{
    static struct reminder_batch batch;
    struct instant expires_at[1] = {instant_plus_seconds(fixture_time, 900)};
    struct reminder_manners manners;
    struct pg_tx tx = {0};
    struct err err;
    int done = 0;
    char sql[128];
    snprintf(sql, sizeof(sql), "select invoice_id from invoice where number = '%s'", number);
    batch.count = 1;
    batch.items[0].key = (struct reminder_key){.customer_id = 1, .invoice_id = atoll(value(sql))};
    snprintf(batch.items[0].key.step, sizeof(batch.items[0].key.step), "before_2");
    reminder_manners_init(&manners, &fixture.world.reminders, fixture_time);
    const struct reminder_claim_order order = {.batch = &batch,
                                               .push_expires_at = expires_at,
                                               .now = fixture_time,
                                               .hold_since =
                                                   instant_plus_seconds(fixture_time, -1800),
                                               .ways = &ways,
                                               .manners = &manners,
                                               .apps_up = ways.apps,
                                               .app_up_count = ways.app_count};
    assert_int_equal(reminder_claim(fixture.world.store, &tx, &order, NULL, NULL, NULL,
                                    on_claim_over, &done, &err),
                     0);
    assert_true(fixture_run(&fixture, &done, 1, WAIT_SECONDS));
    assert_int_equal(done, 1);
    assert_int_equal(fixture_broken_invoices(&fixture), 0);
}

static const char *numbers(void)
{
    return value("select string_agg(number || ' ' || r.state || ' ' || message_no, ', ' order by"
                 " number) from reminder r join invoice using (customer_id, invoice_id)");
}

/* M2's push went out for M3 as well and is to be tried again under its own id, which leads to the
 * message's number: that stays with it alone, whichever of the two is claimed first. */
static void a_push_that_is_tried_again_keeps_its_number_to_itself(void **state)
{
    static const struct span apps[] = {SPAN_LIT("bank|fcm|production")};
    const struct reminder_ways ways = {
        .kinds = {SPAN_LIT("sms")}, .kind_count = 1, .apps = apps, .app_count = 1};
    static const char *const orders[][2] = {{"M2", "M3"}, {"M3", "M2"}};
    for (int i = 0; i < 2; ++i) {
        setup(state);
        more_debts(3);
        fixture_sql(
            &fixture,
            "delete from reminder where invoice_id in (select invoice_id from invoice where number"
            " not like 'M%');"
            "insert into device (customer_id, installation, app, service, environment, target_kind,"
            " token, state, reason, registered_at, seen_at) values (1, 'telephone', 'bank', 'fcm',"
            " 'production', 'token', 't1', 'live', 'registered', now(), now());"
            "insert into device_token (token, app, service, customer_id, installation) values "
            "('t1',"
            " 'bank', 'fcm', 1, 'telephone');"
            "update reminder set message_no = 5, channel = 'push', place_no = 0;"
            "insert into push (customer_id, invoice_id, step, installation, push_id, state, reason,"
            " attempts, expires_at, claimed_at, unknown_count) select customer_id, invoice_id, "
            "step,"
            " 'telephone', gen_random_uuid(), 'unknown', 'no answer', 1, to_timestamp(1795348800) +"
            " interval '9 days', to_timestamp(1795348800), 1 from reminder join invoice using"
            " (customer_id, invoice_id) where number = 'M2'");
        claim_alone(orders[i][0], ways);
        claim_alone(orders[i][1], ways);
        assert_string_equal(numbers(), "M2 claimed 5, M3 claimed 6");
    }
}

/* Nobody knows whether the gateway took it. It is asked again under the same code, though the other
 * debt of the message was paid meanwhile: under another code it could bring a second copy. */
static void what_perhaps_went_out_is_asked_about_under_its_own_number(void **state)
{
    (void)state;
    const struct reminder_ways ways = {.kinds = {SPAN_LIT("sms")}, .kind_count = 1};
    more_debts(3);
    fixture_sql(
        &fixture,
        "delete from reminder where invoice_id in (select invoice_id from invoice where"
        " number not like 'M%');"
        "update reminder set message_no = 5, channel = 'sms', place_no = 2,"
        " perhaps_sent_at = to_timestamp(1795348800) + interval '71 hours 59 minutes';"
        "update reminder set state = 'uncertain', reason = 'paid', finished_at = now() where"
        " invoice_id in (select invoice_id from invoice where number = 'M3')");
    claim_alone("M2", ways);
    assert_string_equal(numbers(), "M2 claimed 5, M3 uncertain 5");
}

/* Of 100.00 due on the 24th of November the second part is 40.00 in December. */
static void a_step_of_an_instalment_speaks_of_that_part(void **state)
{
    (void)state;
    fixture_sql(&fixture,
                "update scenario_step set template = 'before' where step_no = 2;"
                "insert into instalment select customer_id, invoice_id, n, date '2026-11-30'"
                " + n, 4000, null from invoice, generate_series(1, 2) n;"
                "update invoice set plan_no = 1");
    run_with_customer(BY(2) ANCHOR(2) HOLD("plan"), 1);
    dispatch_for(600);
    assert_int_equal(sent_count, 1);
    assert_non_null(strstr(sent[0].body, "40,00"));
    assert_non_null(strstr(sent[0].body, "02.12.2026"));
    assert_string_equal(value("select state from reminder"), "sent");
}

static void an_event_says_which_rule_and_which_text(void **state)
{
    (void)state;
    fixture_sql(&fixture, "insert into scenario (name, position, created_at) select 'ladder', 1,"
                          " now() where not exists (select from scenario)");
    run_with_customer(BY(0), 1);
    dispatch_for(600);
    assert_string_equal(value("select (facts::json ->> 'scenario') || ' ' || (facts::json ->>"
                              " 'version') from event where kind = 'reminder.claimed'"),
                        "ladder 1");
    assert_string_equal(value("select facts::json ->> 'text' from event where kind ="
                              " 'reminder.sent'"),
                        "pl/due");
}

static void thank_yous_are_messages_of_their_own(void **state)
{
    (void)state;
    more_debts(2);
    fixture_sql(&fixture, "update reminder set step = 'thanks_1' where customer_id = 1 and"
                          " invoice_id in (select invoice_id from invoice where number = 'M2');"
                          "insert into ledger_entry (customer_id, invoice_id, entry_no, kind,"
                          " amount_minor, currency, payment_no, at) select customer_id, invoice_id,"
                          " 2, 'payment', -2, 'PLN', 1, now() from invoice where number = 'M2';"
                          "update invoice set due_minor = 0, paid_at = now(), entry_count = 2 where"
                          " number = 'M2'");
    dispatch_for(600);
    assert_int_equal(sent_count, 2);
    assert_string_equal(value("select count(distinct message_no) from reminder where state ="
                              " 'sent'"),
                        "2");
}

static void without_merging_the_budget_counts_each(void **state)
{
    (void)state;
    fixture.world.reminders.merges = false;
    more_debts(5);
    dispatch_for(1500);
    assert_int_equal(sent_count, 2);
    assert_string_equal(value("select count(*) from reminder where state = 'scheduled' and reason ="
                              " 'contact budget' and try_at = to_timestamp(1795348800 + 3 * 86400 +"
                              " 86401)"),
                        "3");
    assert_string_equal(value("select count(*) from event where kind = 'reminder.put_off'"), "3");
}

/* step, state, channel, seconds from now */
static const char *cascade(void)
{
    return value("select string_agg(step || ' ' || state || ' ' || coalesce(channel, '-') || ' ' ||"
                 " extract(epoch from due_at)::bigint - 1795348800 - 3 * 86400 - 1, ', ' order by"
                 " step) from reminder");
}

static void the_next_place_comes_after_its_wait(void **state)
{
    (void)state;
    run_with_customer(BY(0), 1);
    dispatch_for(600);
    assert_string_equal(cascade(), "before_2 sent sms -1, before_2+1 scheduled - 14400");
    at_seconds(14399);
    dispatch_for(600);
    assert_int_equal(sent_count, 1);
    at_seconds(14400);
    dispatch_for(600);
    assert_string_equal(cascade(), "before_2 sent sms -1, before_2+1 sent email 14400");
}

static void the_next_place_comes_at_once_when_one_fails(void **state)
{
    (void)state;
    run_with_customer(BY(0), 1);
    outcome = CHANNEL_REFUSED;
    dispatch_for(1500);
    assert_int_equal(sent_count, 2);
    assert_string_equal(cascade(), "before_2 failed sms -1, before_2+1 failed email 0");
}

static void an_unknown_outcome_counts_as_sent(void **state)
{
    (void)state;
    run_with_customer(BY(0), 1);
    outcome = CHANNEL_UNCERTAIN;
    dispatch_for(600);
    assert_string_equal(cascade(), "before_2 uncertain sms -1, before_2+1 scheduled - 14400");
}

static void a_place_that_has_no_condition_comes_only_after_failure(void **state)
{
    (void)state;
    run_with_customer(BY(3), 1);
    dispatch_for(600);
    assert_string_equal(cascade(), "before_2 sent email -1");
}

static void what_cannot_be_reached_at_any_place_leaves_none_behind(void **state)
{
    (void)state;
    run_with_customer(BY(8), 1);
    outcome = CHANNEL_REFUSED;
    dispatch_for(600);
    assert_string_equal(cascade(), "before_2 failed email -1");
}

/* In flight at most so many: the rest waits and is not claimed. */
static void a_gate_lets_no_more_be_claimed_than_it_has_room_for(void **state)
{
    (void)state;
    struct gates gates = {.count = 0};
    seed(40);
    gates_add(&gates, "sms", &(struct gate_limits){.in_flight_max = 3});
    fixture.world.gates = &gates;
    struct dispatch *dispatch = begin();
    bool all = fixture_run(&fixture, &sent_count, 40, WAIT_SECONDS);
    dispatch_stop(dispatch);
    while (!dispatch_is_idle(dispatch))
        h2o_evloop_run(fixture.world.loop, 10);
    dispatch_free(dispatch);
    gates_release(&gates);
    fixture.world.gates = NULL;
    assert_true(all);
    assert_in_range(most_in_flight, 1, 3);
}

static void behind_a_stopped_gate_other_ways_go_on(void **state)
{
    (void)state;
    struct gates gates = {.count = 0};
    seed(40);
    fixture_sql(&fixture, "update customer set preferred_channel = 'email' where customer_id > 20");
    gates_add(&gates, "sms", &(struct gate_limits){.in_flight_max = 3});
    gate_stop(gates_find(&gates, SPAN_LIT("sms")), "no credit");
    fixture.world.gates = &gates;
    dispatch_for(1500);
    gates_release(&gates);
    fixture.world.gates = NULL;
    assert_int_equal(sent_count, 20);
    assert_string_equal(value("select count(*) from reminder where state = 'scheduled' and"
                              " customer_id <= 20"),
                        "20");
}

/* A message costs 160000. Other machines and this one's last life have spent 200000. */
static void work_for_people_is_no_message_of_the_day(void **state)
{
    (void)state;
    seed(20);
    fixture.world.reminders.usual_factor = 1;
    fixture.world.reminders.ramp_start = 4;
    fixture_sql(&fixture, "update reminder set scenario_id = 1, version = 1, step_no = 5 where"
                          " customer_id > 8");
    dispatch_for(2500);
    assert_string_equal(value("select string_agg(channel || ' ' || n, ', ' order by channel) from"
                              " (select channel, count(*) as n from reminder where state = 'sent'"
                              " group by 1) s"),
                        "call 12, sms 4");
    assert_string_equal(value("select string_agg(channel || ' ' || message_count, ', ') from"
                              " sending_day"),
                        "sms 4");
}

static void a_channel_ends_its_day_at_its_money(void **state)
{
    (void)state;
    struct gates gates = {.count = 0};
    seed(20);
    fixture_sql(&fixture, "insert into sending_day values ('2026-11-25', 'sms', 9, 200000),"
                          " ('2026-11-25', 'voice', 9, 900000), ('2026-11-24', 'sms', 9, 900000)");
    gates_add(&gates, "sms",
              &(struct gate_limits){
                  .in_flight_max = 20, .spend_day_micro = 520000, .price_micro = 160000});
    fixture.world.gates = &gates;
    dispatch_for(1500);
    int on_first_day = sent_count;
    at_seconds(86400);
    dispatch_for(1500);
    gates_release(&gates);
    fixture.world.gates = NULL;
    assert_int_equal(on_first_day, 2);
    assert_int_equal(sent_count, 2 + 3);
}

static void a_day_ends_at_its_volume_until_more_is_allowed(void **state)
{
    (void)state;
    seed(60);
    fixture.world.reminders.usual_factor = 2;
    fixture.world.reminders.ramp_start = 10;
    fixture_sql(&fixture, "insert into sending_day values ('2026-11-20', 'sms', 8),"
                          " ('2026-11-20', 'email', 4), ('2026-11-10', 'sms', 1000)");
    struct dispatch *dispatch = begin();
    turn(3000);
    int before = sent_count;
    fixture_sql(&fixture, "insert into sending_allowance values ('2026-11-25', 50, 'me', now())");
    bool more = fixture_run(&fixture, &sent_count, 50, WAIT_SECONDS);
    turn(2500);
    dispatch_stop(dispatch);
    while (!dispatch_is_idle(dispatch))
        h2o_evloop_run(fixture.world.loop, 10);
    dispatch_free(dispatch);
    assert_int_equal(before, 24);
    assert_true(more);
    assert_int_equal(sent_count, 50);
    assert_in_range(fixture.metrics->values[METRIC_sending_stops], 1, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_world_has_its_verdict_and_its_reason, setup),
        cmocka_unit_test_setup(the_claim_alone_decides_the_same, setup),
        cmocka_unit_test_setup(nor_does_a_claim_that_was_begun_pass_the_red_switch, setup),
        cmocka_unit_test_setup(nor_does_one_go_before_the_planner, setup),
        cmocka_unit_test_setup(what_may_be_refused_is_the_same_in_the_claim_and_in_the_mail, setup),
        cmocka_unit_test_setup(put_off_is_said_once_and_not_each_poll, setup),
        cmocka_unit_test_setup(nothing_goes_on_days_that_are_left_out, setup),
        cmocka_unit_test_setup(nothing_goes_past_the_due_date_while_the_feed_is_old, setup),
        cmocka_unit_test_setup(the_red_switch_stops_everything_and_lets_it_go_on, setup),
        cmocka_unit_test_setup(debts_of_one_person_are_one_message, setup),
        cmocka_unit_test_setup(whoever_opens_one_debt_of_a_message_has_answered_for_all, setup),
        cmocka_unit_test_setup(a_message_that_is_tried_again_keeps_its_number, setup),
        cmocka_unit_test_setup(a_push_that_is_tried_again_keeps_its_number_to_itself, setup),
        cmocka_unit_test_setup(what_perhaps_went_out_is_asked_about_under_its_own_number, setup),
        cmocka_unit_test_setup(a_step_of_an_instalment_speaks_of_that_part, setup),
        cmocka_unit_test_setup(an_event_says_which_rule_and_which_text, setup),
        cmocka_unit_test_setup(thank_yous_are_messages_of_their_own, setup),
        cmocka_unit_test_setup(without_merging_the_budget_counts_each, setup),
        cmocka_unit_test_setup(the_next_place_comes_after_its_wait, setup),
        cmocka_unit_test_setup(the_next_place_comes_at_once_when_one_fails, setup),
        cmocka_unit_test_setup(an_unknown_outcome_counts_as_sent, setup),
        cmocka_unit_test_setup(a_place_that_has_no_condition_comes_only_after_failure, setup),
        cmocka_unit_test_setup(what_cannot_be_reached_at_any_place_leaves_none_behind, setup),
        cmocka_unit_test_setup(a_gate_lets_no_more_be_claimed_than_it_has_room_for, setup),
        cmocka_unit_test_setup(behind_a_stopped_gate_other_ways_go_on, setup),
        cmocka_unit_test_setup(work_for_people_is_no_message_of_the_day, setup),
        cmocka_unit_test_setup(a_channel_ends_its_day_at_its_money, setup),
        cmocka_unit_test_setup(a_day_ends_at_its_volume_until_more_is_allowed, setup),
    };
    return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
