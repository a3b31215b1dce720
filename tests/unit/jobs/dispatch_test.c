#include "jobs/dispatch.h"

#include "channel/channel.h"
#include "sql.h"
#include "store/reminder_store.h"
#include "unit/flow/money_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <libpq-fe.h>

enum { CUSTOMERS = 150, WAIT_SECONDS = 30, QUIET_MS = 1600 };

static struct money_fixture fixture;
static struct world other; /* a second node: the same database, connections of its own */
static int sent;
static enum channel_outcome outcome;
static uint32_t answer_ms;
static int sending_seconds; /* of business time, that pass when one is handed over */
static int64_t ago_ns;      /* for what is to have begun long ago */

struct mono __real_clock_mono(void);
struct mono __wrap_clock_mono(void);

struct mono __wrap_clock_mono(void)
{
    return (struct mono){__real_clock_mono().ns - ago_ns};
}

/* Answers one turn later, as a channel must. */
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
    ++sent;
    on_sent(waiting, &(struct channel_result){.outcome = outcome, .reason = SPAN_LIT("test")});
}

static int fake_send(const struct channel_means *means, const struct channel_message *message,
                     channel_cb on_sent, void *owner, struct err *err)
{
    (void)means, (void)err;
    assert_true(message->body.len > 20);
    struct answer *answer = calloc(1, sizeof(*answer));
    assert_non_null(answer);
    *answer = (struct answer){.on_sent = on_sent, .owner = owner};
    timer_init(&answer->timer, fixture.world.loop, "answer", on_answer, answer);
    timer_start(&answer->timer, answer_ms);
    fixture_time = instant_plus_seconds(fixture_time, sending_seconds);
    return 0;
}

static bool takes_sms(struct span kind)
{
    return span_is_str(kind, "sms");
}

static struct channel channel = {.name = "fake", .takes = takes_sms, .send = fake_send};
static const struct channel *const channels[] = {&channel, NULL};
static const struct channel *const no_channels[] = {NULL};

static void at_day(int days)
{
    fixture_time.us = INT64_C(1795348800) * 1000000 + days * INT64_C(86400) * 1000000 + 1000000;
}

static int setup_all(void **state)
{
    (void)state;
    fixture_new(&fixture);
    fixture.world.payment_in_flight_seconds = 1800;
    fixture.world.creditor.name = SPAN_LIT("Test");
    other = fixture.world;
    const struct store_options options = {.conninfo = fixture.cluster.app_conninfo};
    other.store = store_new(fixture.world.loop, &options);
    return 0;
}

static int teardown_all(void **state)
{
    (void)state;
    store_free(other.store);
    fixture_free(&fixture);
    return 0;
}

static int setup(void **state)
{
    (void)state;
    fixture_seed(&fixture, CUSTOMERS);
    fixture_sql(&fixture, "update payment set state = 'failed'; truncate push");
    fixture.world.channels = other.channels = channels;
    channel.is_repeat_harmless = false;
    outcome = CHANNEL_SENT;
    answer_ms = 1;
    sending_seconds = 0;
    sent = 0;
    at_day(3);
    return 0;
}

static struct dispatch *begin(struct world *world)
{
    struct err err = {0};
    struct dispatch *dispatch = dispatch_new(world, &err);
    assert_non_null(dispatch);
    return dispatch;
}

static void end(struct dispatch *dispatch)
{
    dispatch_stop(dispatch);
    while (!dispatch_is_idle(dispatch))
        h2o_evloop_run(fixture.world.loop, 20);
    dispatch_free(dispatch);
}

/* Long enough for more than one look. */
static void turn_a_while(void)
{
    struct mono start = clock_mono();
    while (mono_us_since(start, clock_mono()) < QUIET_MS * 1000)
        h2o_evloop_run(fixture.world.loop, 50);
}

static void dispatch_all(int wanted)
{
    struct dispatch *dispatch = begin(&fixture.world);
    assert_true(fixture_run(&fixture, &sent, wanted, WAIT_SECONDS));
    turn_a_while();
    end(dispatch);
    assert_int_equal(sent, wanted);
}

static int64_t count_of(const char *condition)
{
    char sql[512];
    snprintf(sql, sizeof(sql), "select count(*) from reminder where %s", condition);
    return atoll(fixture_value(&fixture, sql));
}

/* Each event's hash is right and follows the one before; the invoice carries the last. */
static void assert_chains_whole(void)
{
    assert_string_equal(
        fixture_value(&fixture,
                      "select count(*) from (select e.hash, event_hash(lag(hash, 1, '\\x') over w,"
                      " customer_id, invoice_id, event_no, at, kind, facts, personal_hash) as made"
                      " from event e window w as (partition by customer_id, invoice_id order by"
                      " event_no)) c where made <> hash"),
        "0");
    assert_string_equal(
        fixture_value(&fixture,
                      "select count(*) from invoice i where event_count <> (select count(*) from"
                      " event e where e.customer_id = i.customer_id and e.invoice_id ="
                      " i.invoice_id)"),
        "0");
}

static void two_nodes_send_each_due_step_once(void **state)
{
    (void)state;
    struct dispatch *one = begin(&fixture.world), *two = begin(&other);
    assert_true(fixture_run(&fixture, &sent, CUSTOMERS, WAIT_SECONDS));
    turn_a_while();
    end(one);
    end(two);
    assert_int_equal(sent, CUSTOMERS);
    assert_int_equal(count_of("step = 'before_2' and state = 'sent' and channel = 'sms'"),
                     CUSTOMERS);
    assert_int_equal(count_of("state = 'claimed'"), 0);
    assert_chains_whole();
}

static void paid_held_unlinked_and_processing_debts_get_nothing(void **state)
{
    (void)state;
    fixture_sql(&fixture,
                "update invoice set due_minor = 0 where customer_id <= 30;"
                "insert into hold (customer_id, invoice_id, hold_no, kind, created_at) select"
                " customer_id, invoice_id, 1, 'dispute', now() from invoice where customer_id"
                " between 31 and 60;"
                "update invoice set link_no = null where customer_id between 61 and 90;"
                "update payment set state = 'pending' where customer_id between 91 and 120");
    dispatch_all(CUSTOMERS - 120);
    assert_int_equal(count_of("customer_id <= 120 and step = 'before_2' and state = 'scheduled'"),
                     120);
}

/* Three due steps of each: more than one window of them is held back. */
static void what_is_held_back_does_not_stand_in_the_way_of_the_rest(void **state)
{
    (void)state;
    fixture_sql(&fixture, "insert into hold (customer_id, invoice_id, hold_no, kind, created_at)"
                          " select customer_id, invoice_id, 1, 'plan', now() from invoice where"
                          " customer_id < 150");
    at_day(8);
    dispatch_all(1);
    assert_int_equal(count_of("customer_id = 150 and step = 'after_2' and state = 'sent'"), 1);
}

static void a_started_payment_holds_for_its_time_and_no_longer(void **state)
{
    (void)state;
    fixture_sql(&fixture, "update payment set state = 'started', changed_at ="
                          " to_timestamp(1795348800) + interval '3 days'");
    struct dispatch *dispatch = begin(&fixture.world);
    turn_a_while();
    assert_int_equal(sent, 0);
    fixture_time = instant_plus_seconds(fixture_time, 1801);
    dispatch_wake(dispatch);
    assert_true(fixture_run(&fixture, &sent, CUSTOMERS, WAIT_SECONDS));
    end(dispatch);
}

static void after_an_outage_only_the_newest_missed_step_goes_out(void **state)
{
    (void)state;
    at_day(8);
    dispatch_all(CUSTOMERS);
    assert_int_equal(count_of("step = 'after_2' and state = 'sent'"), CUSTOMERS);
    assert_int_equal(count_of("step in ('before_2', 'due') and state = 'skipped' and reason ="
                              " 'missed'"),
                     2 * CUSTOMERS);
    assert_int_equal(count_of("step = 'after_9' and state = 'scheduled'"), CUSTOMERS);
    assert_chains_whole();
}

static void what_a_dead_process_was_sending_ends_uncertain_and_counts_as_sent(void **state)
{
    (void)state;
    fixture_sql(&fixture, "update reminder set state = 'claimed', channel = 'sms', claimed_at ="
                          " to_timestamp(1795348800) where step = 'before_2' and customer_id = 1;"
                          "update reminder set state = 'cancelled' where state = 'scheduled'");
    struct dispatch *dispatch = begin(&fixture.world);
    for (int i = 0; i < 40 && count_of("state = 'uncertain'") == 0; ++i)
        turn_a_while();
    end(dispatch);
    assert_int_equal(count_of("state = 'uncertain' and customer_id = 1"), 1);
    assert_int_equal(sent, 0);
    assert_chains_whole();
}

/* Two nodes' clocks may differ. */
static void what_was_claimed_two_minutes_ago_may_still_be_sent_elsewhere(void **state)
{
    (void)state;
    fixture_sql(&fixture, "update reminder set state = 'claimed', channel = 'sms', claimed_at ="
                          " to_timestamp(1795348800) + interval '3 days -2 minutes' where step ="
                          " 'before_2' and customer_id = 1;"
                          "update reminder set state = 'cancelled' where state = 'scheduled'");
    struct dispatch *dispatch = begin(&fixture.world);
    turn_a_while();
    end(dispatch);
    assert_int_equal(count_of("state = 'claimed' and customer_id = 1"), 1);
}

/* Within the hour in which its gateway surely knows the id. */
static void where_a_copy_cannot_hurt_it_is_sent_again(void **state)
{
    (void)state;
    channel.is_repeat_harmless = true;
    fixture_sql(&fixture, "update reminder set state = 'claimed', channel = 'sms', claimed_at ="
                          " to_timestamp(1795348800) + interval '3 days -10 minutes' where step ="
                          " 'before_2' and customer_id = 1;"
                          "update reminder set state = 'cancelled' where state = 'scheduled'");
    struct dispatch *dispatch = begin(&fixture.world);
    assert_true(fixture_run(&fixture, &sent, 1, 2 * WAIT_SECONDS));
    end(dispatch);
    assert_int_equal(count_of("state = 'sent' and step = 'before_2'"), 1);
}

static void a_refusal_fails_and_a_busy_channel_is_tried_later(void **state)
{
    (void)state;
    outcome = CHANNEL_REFUSED;
    dispatch_all(CUSTOMERS);
    assert_int_equal(count_of("state = 'failed'"), CUSTOMERS);
    outcome = CHANNEL_RETRY;
    sent = 0;
    at_day(5);
    dispatch_all(CUSTOMERS);
    assert_int_equal(count_of("step = 'due' and state = 'scheduled'"), CUSTOMERS);
    outcome = CHANNEL_SENT;
    sent = 0;
    fixture_time = instant_plus_seconds(fixture_time, 301);
    dispatch_all(CUSTOMERS);
    assert_int_equal(count_of("step = 'due' and state = 'sent'"), CUSTOMERS);
    assert_chains_whole();
}

/* Tried again later than the next step is due, it is still the older of the two. */
static void a_step_tried_again_late_does_not_overtake_the_next_one(void **state)
{
    (void)state;
    outcome = CHANNEL_RETRY;
    at_day(5);
    fixture_time = instant_plus_seconds(fixture_time, -100); /* 'due' comes before the retry */
    dispatch_all(CUSTOMERS);
    assert_int_equal(count_of("step = 'before_2' and state = 'scheduled'"), CUSTOMERS);
    outcome = CHANNEL_SENT;
    sent = 0;
    fixture_time = instant_plus_seconds(fixture_time, 301);
    dispatch_all(CUSTOMERS);
    assert_int_equal(count_of("step = 'due' and state = 'sent'"), CUSTOMERS);
    assert_int_equal(count_of("step = 'before_2' and state = 'skipped' and reason = 'missed'"),
                     CUSTOMERS);
    assert_chains_whole();
}

/* One device showed it; then its owner removed the app, and the other device's app was gone. */
static void what_a_device_has_shown_is_not_said_again_another_way(void **state)
{
    (void)state;
    fixture_sql(&fixture,
                "update reminder set state = 'cancelled' where state = 'scheduled' and"
                " customer_id > 2;"
                "insert into push (customer_id, invoice_id, step, installation, state, reason,"
                " expires_at, claimed_at) select customer_id, invoice_id, step, 'phone',"
                " case customer_id when 1 then 'accepted' else 'refused' end, 'test',"
                " due_at + interval '1 day', due_at from reminder where step = 'before_2' and"
                " customer_id <= 2");
    dispatch_all(1);
    assert_int_equal(count_of("customer_id = 1 and step = 'before_2' and state = 'sent' and"
                              " channel = 'push' and reason = 'accepted'"),
                     1);
    assert_int_equal(count_of("customer_id = 2 and step = 'before_2' and state = 'sent' and"
                              " channel = 'sms'"),
                     1);
    assert_chains_whole();
}

/* Several batches wait for their channel at once, and the database is away when it answers. */
static void outcomes_are_kept_until_the_database_is_back(void **state)
{
    (void)state;
    answer_ms = 1500;
    struct dispatch *dispatch = begin(&fixture.world);
    struct mono start = clock_mono();
    while (count_of("state = 'claimed'") < CUSTOMERS &&
           mono_us_since(start, clock_mono()) < 20000000)
        h2o_evloop_run(fixture.world.loop, 20);
    int64_t claimed = count_of("state = 'claimed'");
    int sent_by_then = sent;
    fixture_sql(&fixture, "alter role dunlin_app nologin; select pg_terminate_backend(pid) from"
                          " pg_stat_activity where usename <> current_user");
    bool is_sent = fixture_run(&fixture, &sent, CUSTOMERS, WAIT_SECONDS);
    turn_a_while();
    fixture_sql(&fixture, "alter role dunlin_app login");
    start = clock_mono();
    while (count_of("state = 'sent' and step = 'before_2'") < CUSTOMERS &&
           mono_us_since(start, clock_mono()) < 20000000)
        h2o_evloop_run(fixture.world.loop, 20);
    end(dispatch);
    assert_int_equal(claimed, CUSTOMERS);
    assert_int_equal(sent_by_then, 0);
    assert_true(is_sent);
    assert_int_equal(count_of("step = 'before_2' and state = 'sent'"), CUSTOMERS);
    assert_chains_whole();
}

/* It stops while the database is away for a moment: what is known is not left to be guessed. */
static void outcomes_are_kept_while_it_stops(void **state)
{
    (void)state;
    answer_ms = 1500;
    struct dispatch *dispatch = begin(&fixture.world);
    struct mono start = clock_mono();
    while (count_of("state = 'claimed'") < CUSTOMERS &&
           mono_us_since(start, clock_mono()) < 20000000)
        h2o_evloop_run(fixture.world.loop, 20);
    fixture_sql(&fixture, "alter role dunlin_app nologin; select pg_terminate_backend(pid) from"
                          " pg_stat_activity where usename <> current_user");
    dispatch_stop(dispatch);
    bool is_sent = fixture_run(&fixture, &sent, CUSTOMERS, WAIT_SECONDS);
    turn_a_while();
    turn_a_while();
    turn_a_while(); /* past the wait for a connection */
    bool was_idle = dispatch_is_idle(dispatch);
    fixture_sql(&fixture, "alter role dunlin_app login");
    end(dispatch);
    assert_true(is_sent);
    assert_false(was_idle);
    assert_int_equal(count_of("step = 'before_2' and state = 'sent'"), CUSTOMERS);
    assert_chains_whole();
}

/* As a mistake of ours would: a row that the database refuses whenever it is saved. */
static void an_outcome_that_cannot_be_recorded_holds_up_no_other(void **state)
{
    (void)state;
    fixture_sql(&fixture, "alter table reminder add constraint refused check"
                          " (not (customer_id in (7, 23) and state = 'sent')) not valid");
    struct dispatch *dispatch = begin(&fixture.world);
    struct mono start = clock_mono();
    while (count_of("step = 'before_2' and state = 'sent'") < CUSTOMERS - 2 &&
           mono_us_since(start, clock_mono()) < 20000000)
        h2o_evloop_run(fixture.world.loop, 20);
    end(dispatch);
    fixture_sql(&fixture, "alter table reminder drop constraint refused");
    assert_int_equal(count_of("step = 'before_2' and state = 'sent'"), CUSTOMERS - 2);
    assert_int_equal(count_of("state = 'claimed' and customer_id in (7, 23)"), 2);
    assert_chains_whole();
}

static void who_cannot_be_reached_is_skipped_and_it_says_so(void **state)
{
    (void)state;
    fixture_sql(&fixture, "update customer set phone = null, email = 'a@example.com' where"
                          " customer_id <= 10");
    dispatch_all(CUSTOMERS - 10);
    assert_int_equal(count_of("state = 'skipped' and reason = 'no address'"), 10);
    assert_chains_whole();
}

static void an_installation_without_a_channel_claims_nothing(void **state)
{
    (void)state;
    fixture.world.channels = no_channels;
    struct dispatch *dispatch = begin(&fixture.world);
    turn_a_while();
    end(dispatch);
    assert_int_equal(count_of("step = 'before_2' and state = 'scheduled'"), CUSTOMERS);
}

/* Three customers, and a database that takes `seconds` for each claimed reminder, before the commit
 * (where the claim is not yet made) or in it. */
static void slow_down(const char *when, const char *seconds)
{
    char sql[1024];
    snprintf(
        sql, sizeof(sql),
        "update reminder set state = 'cancelled' where state = 'scheduled' and customer_id > 3;"
        "create function slow() returns trigger language plpgsql as $$ begin perform"
        " pg_sleep(%s); return null; end $$;"
        "create constraint trigger slow after update on reminder deferrable initially %s for"
        " each row when (new.state = 'claimed') execute function slow()",
        seconds, when);
    fixture_sql(&fixture, sql);
}

static void speed_up(void)
{
    fixture_sql(&fixture, "drop trigger slow on reminder; drop function slow()");
}

static int64_t given_back_count(void)
{
    return atoll(fixture_value(&fixture, "select count(*) from event where kind ="
                                         " 'reminder.given_back'"));
}

/* Rule 3: on the wire within 200 ms of its claim or given back; one alone as well as many. */
static void what_the_database_commits_too_slowly_is_given_back_not_sent(void **state)
{
    (void)state;
    slow_down("deferred", "0.25");
    struct dispatch *dispatch = begin(&fixture.world);
    struct mono start = clock_mono();
    while (given_back_count() < 6 && mono_us_since(start, clock_mono()) < 20000000) {
        h2o_evloop_run(fixture.world.loop, 20);
        dispatch_wake(dispatch); /* as each booked payment does: no reason to hurry */
    }
    int64_t tried_ms = mono_us_since(start, clock_mono()) / 1000;
    int64_t given_back = given_back_count(), sent_slowly = sent;
    speed_up();
    bool is_sent = fixture_run(&fixture, &sent, 3, WAIT_SECONDS);
    end(dispatch);
    assert_int_equal(sent_slowly, 0);
    assert_in_range(given_back, 6, 7);
    /* Three at once, then one, one and one, with rests of 1/4, 1/2 and 1 s between. */
    assert_true(tried_ms > 6 * 250 + 250 + 500 + 1000);
    assert_true(is_sent);
    assert_int_equal(count_of("step = 'before_2' and state = 'sent'"), 3);
    assert_int_equal(count_of("state = 'claimed'"), 0);
    assert_chains_whole();
}

/* A payment cannot come between the beginning of the claim and its end: the customer is locked. */
static void time_that_the_claim_takes_before_its_commit_does_not_count(void **state)
{
    (void)state;
    slow_down("immediate", "0.25");
    struct dispatch *dispatch = begin(&fixture.world);
    bool is_sent = fixture_run(&fixture, &sent, 3, WAIT_SECONDS);
    end(dispatch);
    speed_up();
    assert_true(is_sent);
    assert_int_equal(given_back_count(), 0);
    assert_chains_whole();
}

/* The windows behind the one that may go are still being walked when its outcome is recorded. */
static void the_look_for_what_is_lost_comes_while_a_round_walks_past_what_is_held(void **state)
{
    (void)state;
    fixture_seed(&fixture, 5000);
    fixture_sql(&fixture, "update payment set state = 'failed';"
                          "insert into hold (customer_id, invoice_id, hold_no, kind, created_at)"
                          " select customer_id, invoice_id, 1, 'plan', now() from invoice where"
                          " customer_id < 5000;"
                          "update reminder set state = 'claimed', channel = 'sms', claimed_at ="
                          " to_timestamp(1795348800) where step = 'before_2' and customer_id = 1");
    ago_ns = INT64_C(61) * 1000000000;
    struct dispatch *dispatch = begin(&fixture.world);
    ago_ns = 0;
    bool is_sent = fixture_run(&fixture, &sent, 1, WAIT_SECONDS);
    struct mono start = clock_mono();
    while (count_of("state = 'uncertain'") == 0 && mono_us_since(start, clock_mono()) < 20000000)
        h2o_evloop_run(fixture.world.loop, 20);
    end(dispatch);
    assert_true(is_sent);
    assert_int_equal(sent, 1);
    assert_int_equal(count_of("state = 'uncertain' and customer_id = 1"), 1);
    assert_int_equal(count_of("state = 'claimed'"), 0);
}

/* Customers 1 and 2 paid all: their thank-you is due, and of the rest nothing is left. */
static void pay_two(void)
{
    fixture_sql(&fixture,
                "update reminder set state = 'cancelled', reason = 'paid' where state ="
                " 'scheduled';"
                "update invoice set due_minor = 0, paid_at = to_timestamp(1795348800) where"
                " customer_id <= 2;"
                "insert into reminder (customer_id, invoice_id, step, due_at, state, reason) select"
                " customer_id, invoice_id, 'thanks_1', to_timestamp(1795348800), 'scheduled',"
                " 'paid' from invoice where customer_id <= 2");
}

static void who_owes_again_is_not_thanked(void **state)
{
    (void)state;
    pay_two();
    fixture_sql(&fixture, "update invoice set due_minor = 10000, paid_at = null where"
                          " customer_id = 1");
    dispatch_all(1);
    assert_int_equal(count_of("step = 'thanks_1' and customer_id = 2 and state = 'sent'"), 1);
    assert_int_equal(count_of("step = 'thanks_1' and customer_id = 1 and state = 'scheduled'"), 1);
}

static bool wait_for(const char *condition, int64_t wanted)
{
    struct mono start = clock_mono();
    while (count_of(condition) != wanted) {
        if (mono_us_since(start, clock_mono()) > WAIT_SECONDS * INT64_C(1000000))
            return false;
        h2o_evloop_run(fixture.world.loop, 20);
    }
    return true;
}

static void a_thank_you_given_back_is_cancelled_where_it_is_owed_again(void **state)
{
    (void)state;
    pay_two();
    outcome = CHANNEL_RETRY;
    answer_ms = 1500;
    struct dispatch *dispatch = begin(&fixture.world);
    bool is_claimed = wait_for("state = 'claimed'", 2);
    fixture_sql(&fixture, "update invoice set due_minor = 10000, paid_at = null where"
                          " customer_id = 1");
    bool is_given_back = wait_for("state = 'claimed'", 0);
    end(dispatch);
    assert_true(is_claimed && is_given_back);
    assert_int_equal(count_of("step = 'thanks_1' and customer_id = 1 and state = 'cancelled' and"
                              " reason = 'owed again' and finished_at is not null"),
                     1);
    assert_int_equal(count_of("step = 'thanks_1' and customer_id = 2 and state = 'scheduled'"), 1);
    assert_chains_whole();
}

/* The one on its way could arrive behind it. */
static void a_thank_you_waits_for_the_reminder_on_its_way(void **state)
{
    (void)state;
    pay_two();
    fixture_sql(&fixture, "update reminder set state = 'claimed', channel = 'sms', claimed_at ="
                          " to_timestamp(1795348800) + interval '3 days' where step = 'before_2'"
                          " and customer_id = 1");
    struct dispatch *dispatch = begin(&fixture.world);
    bool is_other_sent = fixture_run(&fixture, &sent, 1, WAIT_SECONDS);
    turn_a_while();
    int sent_before = sent;
    fixture_sql(&fixture, "update reminder set state = 'sent' where state = 'claimed'");
    bool is_sent = fixture_run(&fixture, &sent, 2, WAIT_SECONDS);
    end(dispatch);
    assert_true(is_other_sent);
    assert_int_equal(sent_before, 1);
    assert_true(is_sent);
}

static void a_thank_you_does_not_wait_for_a_dead_process(void **state)
{
    (void)state;
    pay_two();
    fixture_sql(&fixture, "update reminder set state = 'claimed', channel = 'sms', claimed_at ="
                          " to_timestamp(1795348800) where step = 'before_2' and customer_id = 1");
    struct dispatch *dispatch = begin(&fixture.world);
    bool are_sent = fixture_run(&fixture, &sent, 2, 2 * WAIT_SECONDS);
    end(dispatch);
    assert_true(are_sent);
    assert_int_equal(count_of("step = 'before_2' and customer_id = 1 and state = 'uncertain'"), 1);
    assert_chains_whole();
}

/* Where one of several is silent the others do not wait for it, and it is not taken for lost. */
static void what_is_lost_is_found_while_a_slow_channel_has_not_answered(void **state)
{
    (void)state;
    answer_ms = 4000;
    sending_seconds = 3600;
    fixture_sql(&fixture, "update reminder set state = 'claimed', channel = 'sms', claimed_at ="
                          " to_timestamp(1795348800) where step = 'before_2' and customer_id = 1;"
                          "update reminder set state = 'cancelled' where state = 'scheduled' and"
                          " (customer_id > 2 or step <> 'before_2')");
    struct dispatch *dispatch = begin(&fixture.world);
    struct mono start = clock_mono();
    while (count_of("state = 'uncertain'") == 0 && mono_us_since(start, clock_mono()) < 20000000)
        h2o_evloop_run(fixture.world.loop, 20);
    int sent_by_then = sent;
    int64_t under_way = count_of("state = 'claimed' and customer_id = 2");
    bool is_sent = fixture_run(&fixture, &sent, 1, WAIT_SECONDS);
    end(dispatch);
    assert_int_equal(sent_by_then, 0);
    assert_int_equal(under_way, 1);
    assert_int_equal(count_of("state = 'uncertain' and customer_id = 1"), 1);
    assert_true(is_sent);
    assert_int_equal(count_of("state = 'sent' and step = 'before_2' and customer_id = 2"), 1);
}

static void run_as_app(int id, int count, const char *const *args)
{
    PGconn *conn = PQconnectdb(fixture.cluster.app_conninfo);
    PGresult *result = PQexecParams(conn, sql_table[id].text, count, NULL, args, NULL, NULL, 0);
    bool is_done =
        PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK;
    if (!is_done)
        fprintf(stderr, "%s", PQerrorMessage(conn));
    PQclear(result);
    PQfinish(conn);
    assert_true(is_done);
}

/* What an import does that moves the due date of customer 1's invoice by ten days, and what the
 * planner then plans: before_2 and due ("3") or due alone ("2"). */
static void plan_anew(const char *steps)
{
    const char *invoice = fixture_value(&fixture, "select '{' || invoice_id || '}' from invoice"
                                                  " where customer_id = 1");
    const char *cancel[] = {"{1}", invoice, "{planned anew}", "2026-11-25T12:00:01Z"};
    bool are_both = strcmp(steps, "3") == 0;
    const char *plan[] = {are_both ? "{1,1}" : "{1}",
                          are_both ? "{1,1}" : "{1}",
                          are_both ? "{0,1}" : "{1}",
                          are_both ? "{0,0}" : "{0}",
                          are_both ? "{2026-12-07,2026-12-07}" : "{2026-12-07}",
                          are_both ? "{2026-12-05,2026-12-07}" : "{2026-12-07}",
                          "{1}",
                          invoice,
                          "0",
                          "0",
                          "2026-11-25T12:00:01Z",
                          "0",
                          "86400",
                          "127",
                          "0"};
    fixture_sql(
        &fixture,
        "truncate scenario, scenario_version, scenario_step restart identity;"
        "insert into scenario (name, position, created_at) values ('s', 1, now());"
        "insert into scenario_version (scenario_id, version, source, catch_up_days, created_at,"
        " created_by, in_force_from) values (1, 1, '', 7, now(), 'test', '2026-01-01');"
        "insert into scenario_step (scenario_id, version, step_no, name, anchor, offset_days,"
        " is_working_days, on_day_off, at_second, channels, wait_seconds, unless, template, tone)"
        " select 1, 1, no, name, 'due', days, false, 'same', 36000, '{push}', '{0}', '{\"\"}', "
        "name,"
        " 'neutral' from (values (0, 'before_2', -2), (1, 'due', 0)) v (no, name, days);"
        "update customer set time_zone = 'UTC' where customer_id = 1;"
        "update invoice set due_date = '2026-12-07' where customer_id = 1");
    run_as_app(SQL_IMPORT_CANCEL_REMINDERS, 4, cancel);
    run_as_app(SQL_PLAN_REMINDERS, 15, plan);
}

/* before_2 of customer 1 waits for its channel while an import plans `steps`; it ends as
 * `ends`. */
static void plan_anew_while_claimed(const char *steps, enum channel_outcome ends)
{
    fixture_sql(&fixture, "update reminder set state = 'cancelled' where state = 'scheduled' and"
                          " customer_id > 1");
    outcome = ends;
    answer_ms = 1500;
    struct dispatch *dispatch = begin(&fixture.world);
    bool is_claimed = wait_for("state = 'claimed'", 1);
    plan_anew(steps);
    bool is_still_claimed = count_of("state = 'claimed'") == 1;
    bool is_over = wait_for("state = 'claimed'", 0);
    end(dispatch);
    assert_true(is_claimed && is_still_claimed && is_over);
    assert_int_equal(sent, 1);
    assert_chains_whole();
}

static void what_an_import_took_out_of_the_plan_does_not_come_back(void **state)
{
    (void)state;
    plan_anew_while_claimed("2", CHANNEL_RETRY); /* 'due' alone */
    assert_int_equal(count_of("step = 'before_2' and customer_id = 1 and state = 'cancelled' and"
                              " reason = 'planned anew' and finished_at is not null"),
                     1);
    assert_int_equal(count_of("step = 'due' and customer_id = 1 and state = 'scheduled' and due_at"
                              " = '2026-12-07T10:00Z'"),
                     1);
}

static void what_an_import_planned_anew_and_comes_back_has_its_new_time(void **state)
{
    (void)state;
    plan_anew_while_claimed("3", CHANNEL_RETRY);
    assert_int_equal(count_of("step = 'before_2' and customer_id = 1 and state = 'scheduled' and"
                              " due_at = '2026-12-05T10:00Z'"),
                     1);
}

static void what_went_out_while_an_import_planned_anew_went_out(void **state)
{
    (void)state;
    plan_anew_while_claimed("3", CHANNEL_SENT);
    assert_int_equal(count_of("step = 'before_2' and customer_id = 1 and state = 'sent'"), 1);
}

static void on_finished(void *owner, const struct err *err)
{
    *(int *)owner = err->code == 0 ? 1 : 2;
}

/* One device showed it after the payment; another one had asked for patience. */
static void what_crossed_its_payment_on_one_device_is_counted_though_others_wait(void **state)
{
    (void)state;
    pay_two();
    struct instant now = fixture_now();
    fixture_sql(&fixture, "update reminder set state = 'claimed', channel = 'push', claimed_at ="
                          " to_timestamp(1795348800) where step = 'before_2' and customer_id = 1");
    struct reminder_key key = {.customer_id = 1, .step = "before_2"};
    key.invoice_id = atoll(fixture_value(&fixture, "select invoice_id from invoice where"
                                                   " customer_id = 1"));
    struct instant claimed_at = {INT64_C(1795348800) * 1000000};
    struct reminder_outcome *half = reminder_outcome_new(&key, claimed_at, 0);
    reminder_outcome_set(half, "scheduled", SPAN_LIT("busy"));
    half->again_at = now;
    half->sent_at = instant_plus_seconds(claimed_at, 2);
    struct pg_tx tx = {0};
    struct err err;
    int done = 0;
    int code =
        reminder_finish(fixture.world.store, &tx, &half, 1, now, NULL, on_finished, &done, &err);
    bool is_over = code == 0 && fixture_run(&fixture, &done, 1, WAIT_SECONDS);
    free(half);
    assert_true(is_over);
    assert_int_equal(done, 1);
    assert_string_equal(fixture_value(&fixture, "select facts::json ->> 'crossed_ms' from event"
                                                " where kind = 'reminder.cancelled'"),
                        "2000");
    assert_chains_whole();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(two_nodes_send_each_due_step_once, setup),
        cmocka_unit_test_setup(paid_held_unlinked_and_processing_debts_get_nothing, setup),
        cmocka_unit_test_setup(what_is_held_back_does_not_stand_in_the_way_of_the_rest, setup),
        cmocka_unit_test_setup(a_started_payment_holds_for_its_time_and_no_longer, setup),
        cmocka_unit_test_setup(after_an_outage_only_the_newest_missed_step_goes_out, setup),
        cmocka_unit_test_setup(what_a_dead_process_was_sending_ends_uncertain_and_counts_as_sent,
                               setup),
        cmocka_unit_test_setup(what_was_claimed_two_minutes_ago_may_still_be_sent_elsewhere, setup),
        cmocka_unit_test_setup(where_a_copy_cannot_hurt_it_is_sent_again, setup),
        cmocka_unit_test_setup(a_refusal_fails_and_a_busy_channel_is_tried_later, setup),
        cmocka_unit_test_setup(a_step_tried_again_late_does_not_overtake_the_next_one, setup),
        cmocka_unit_test_setup(what_a_device_has_shown_is_not_said_again_another_way, setup),
        cmocka_unit_test_setup(outcomes_are_kept_until_the_database_is_back, setup),
        cmocka_unit_test_setup(outcomes_are_kept_while_it_stops, setup),
        cmocka_unit_test_setup(an_outcome_that_cannot_be_recorded_holds_up_no_other, setup),
        cmocka_unit_test_setup(who_cannot_be_reached_is_skipped_and_it_says_so, setup),
        cmocka_unit_test_setup(an_installation_without_a_channel_claims_nothing, setup),
        cmocka_unit_test_setup(what_the_database_commits_too_slowly_is_given_back_not_sent, setup),
        cmocka_unit_test_setup(time_that_the_claim_takes_before_its_commit_does_not_count, setup),
        cmocka_unit_test_setup(
            the_look_for_what_is_lost_comes_while_a_round_walks_past_what_is_held, setup),
        cmocka_unit_test_setup(who_owes_again_is_not_thanked, setup),
        cmocka_unit_test_setup(a_thank_you_given_back_is_cancelled_where_it_is_owed_again, setup),
        cmocka_unit_test_setup(a_thank_you_waits_for_the_reminder_on_its_way, setup),
        cmocka_unit_test_setup(a_thank_you_does_not_wait_for_a_dead_process, setup),
        cmocka_unit_test_setup(what_is_lost_is_found_while_a_slow_channel_has_not_answered, setup),
        cmocka_unit_test_setup(what_an_import_took_out_of_the_plan_does_not_come_back, setup),
        cmocka_unit_test_setup(what_an_import_planned_anew_and_comes_back_has_its_new_time, setup),
        cmocka_unit_test_setup(what_went_out_while_an_import_planned_anew_went_out, setup),
        cmocka_unit_test_setup(what_crossed_its_payment_on_one_device_is_counted_though_others_wait,
                               setup),
    };
    return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
