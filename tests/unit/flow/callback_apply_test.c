#include "flow/callback_apply.h"

#include "base/metrics.h"
#include "io/timer.h"
#include "store/payment_store.h"
#include "unit/flow/money_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct money_fixture fixture;
static struct callback_queue *queue;
static int answered, kept;

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

static int setup(void **state)
{
    (void)state;
    fixture_seed(&fixture, 300);
    queue = callback_queue_new(&fixture.world);
    answered = kept = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    callback_queue_free(queue);
    return 0;
}

static void on_done(void *owner, enum callback_result result)
{
    (void)owner;
    ++answered;
    kept += result == CALLBACK_KEPT;
}

/* A callback about payment 1 of a customer, 100.00 PLN with movement "m" unless changed. */
static struct callback_facts facts_of(int customer, enum callback_kind kind, const char *key)
{
    struct callback_facts facts = {.kind = kind, .amount_minor = 10000, .currency = "PLN"};
    snprintf(facts.dedup_key, sizeof(facts.dedup_key), "%s", key);
    snprintf(facts.movement, sizeof(facts.movement), "m");
    snprintf(facts.provider_reference, sizeof(facts.provider_reference), "sb_%d", customer);
    payment_reference_print(fixture.keys, (struct payment_id){customer, 1}, facts.reference);
    return facts;
}

static int offer(const struct callback_facts *facts, bool is_retry)
{
    struct err err;
    return callback_apply(queue,
                          &(struct callback_message){.account = &fixture.accounts[0],
                                                     .facts = facts,
                                                     .headers = SPAN_LIT("{}"),
                                                     .body = SPAN_LIT("{\"raw\":1}"),
                                                     .is_retry = is_retry},
                          on_done, NULL, NULL, &err);
}

static void send_and_wait(const struct callback_facts *facts)
{
    int before = answered;
    assert_int_equal(offer(facts, false), 0);
    assert_int_equal(answered, before);
    assert_true(fixture_run(&fixture, &answered, before + 1, 10));
}

static void assert_value(const char *sql, const char *expected)
{
    assert_string_equal(fixture_value(&fixture, sql), expected);
}

static void payment_in_full_settles_the_invoice_and_stops_its_reminders(void **state)
{
    (void)state;
    struct callback_facts facts = facts_of(7, CALLBACK_PAID, "k1");
    send_and_wait(&facts);
    assert_int_equal(kept, 1);
    assert_value("select due_minor || ' ' || (paid_at = to_timestamp(1795348800)) || ' ' ||"
                 " event_count from invoice where customer_id = 7",
                 "0 true 1");
    assert_value("select state || ' ' || paid_minor from payment where customer_id = 7",
                 "paid 10000");
    assert_value(
        "select string_agg(step || ':' || state || ':' || reason, ' ' order by due_at, step)"
        " from reminder where customer_id = 7",
        "issue:sent:planned thanks_1:scheduled:paid before_2:cancelled:paid"
        " due:cancelled:paid after_2:cancelled:paid after_9:cancelled:paid");
    assert_value("select kind || ' ' || facts from event where customer_id = 7",
                 "payment.paid {\"payment_no\":1,\"amount_minor\":10000,\"currency\":\"PLN\","
                 "\"movement\":\"m\"}");
    assert_value("select state || ' ' || reason || ' ' || payment_no from callback_outcome",
                 "applied booked 1");
    assert_value("select convert_from(body, 'UTF8') from callback", "{\"raw\":1}");
    assert_value("select count(*) from reminder where customer_id <> 7 and state = 'cancelled'",
                 "0");
    assert_int_equal(fixture_broken_invoices(&fixture), 0);
}

static void part_payment_leaves_the_reminders_alone(void **state)
{
    (void)state;
    struct callback_facts facts = facts_of(7, CALLBACK_PAID, "k1");
    facts.amount_minor = 4000;
    send_and_wait(&facts);
    assert_value("select due_minor from invoice where customer_id = 7", "6000");
    assert_value("select count(*) from reminder where customer_id = 7 and state = 'scheduled'",
                 "4");
    assert_int_equal(fixture_broken_invoices(&fixture), 0);
}

static void charge_back_resumes_what_the_payment_stopped(void **state)
{
    (void)state;
    struct callback_facts paid = facts_of(7, CALLBACK_PAID, "k1");
    struct callback_facts back = facts_of(7, CALLBACK_CHARGED_BACK, "k2");
    fixture_sql(&fixture, "update invoice set needs_plan = false");
    send_and_wait(&paid);
    struct instant kept_time = fixture_time;
    fixture_time = instant_plus_seconds(fixture_time, 8 * 86400);
    send_and_wait(&back);
    fixture_time = kept_time;
    assert_value("select string_agg(step || ':' || state, ' ' order by step) from reminder where"
                 " customer_id = 7",
                 "after_2:cancelled after_9:cancelled before_2:cancelled due:cancelled issue:sent"
                 " thanks_1:cancelled");
    /* The planner brings back what is still to go: tests/unit/flow/reminder_plan_test.c. */
    assert_value("select string_agg(customer_id::text, ' ') from invoice where needs_plan", "7");
    assert_value("select due_minor || ' ' || coalesce(paid_at::text, 'open') from invoice where"
                 " customer_id = 7",
                 "10000 open");
    assert_value("select state || ' ' || charged_back_minor from payment where customer_id = 7",
                 "charged_back 10000");
    struct callback_facts won = facts_of(7, CALLBACK_CHARGEBACK_REVERSED, "k3");
    send_and_wait(&won);
    assert_value("select due_minor from invoice where customer_id = 7", "0");
    assert_value("select count(*) from reminder where customer_id = 7 and state = 'scheduled'",
                 "0");
    assert_int_equal(fixture_broken_invoices(&fixture), 0);
}

static void the_same_callback_a_hundred_times_at_once_is_one(void **state)
{
    (void)state;
    struct callback_facts facts = facts_of(7, CALLBACK_PAID, "k1");
    for (int i = 0; i < 100; ++i)
        assert_int_equal(offer(&facts, false), 0);
    assert_true(fixture_run(&fixture, &answered, 100, 10));
    assert_int_equal(kept, 100);
    assert_value("select count(*) from ledger_entry where customer_id = 7", "2");
    assert_value("select count(*) from callback", "1");
    assert_int_equal(fixture_broken_invoices(&fixture), 0);
}

/* Two processes, here two queues on one loop, get the same messages under two ids. */
static void two_nodes_book_one_movement_once(void **state)
{
    (void)state;
    struct callback_queue *first = queue, *second = callback_queue_new(&fixture.world);
    for (int i = 1; i <= 300; ++i) {
        char key[32];
        snprintf(key, sizeof(key), "a%d", i);
        struct callback_facts facts = facts_of(i, CALLBACK_PAID, key);
        queue = first;
        assert_int_equal(offer(&facts, false), 0);
        facts.dedup_key[0] = 'b';
        queue = second;
        assert_int_equal(offer(&facts, false), 0);
    }
    queue = first;
    assert_true(fixture_run(&fixture, &answered, 600, 20));
    callback_queue_free(second);
    assert_int_equal(kept, 600);
    assert_value("select count(*) from ledger_entry where kind = 'payment'", "300");
    assert_value("select count(*) from callback_outcome where reason = 'nothing_new'", "300");
    assert_int_equal(fixture_broken_invoices(&fixture), 0);
}

/* The parked job's part: everything due is offered again. */
static void retry_all_parked(const struct callback_facts *facts, int count)
{
    for (;;) {
        int due = atoi(fixture_value(&fixture, "select count(*) from callback_outcome where state ="
                                               " 'parked' and next_try_at <= now()"));
        if (due == 0)
            return;
        int before = answered;
        for (int i = 0; i < count; ++i)
            assert_int_equal(offer(&facts[i], true), 0);
        assert_true(fixture_run(&fixture, &answered, before + count, 10));
    }
}

static void every_order_of_a_story_ends_alike(void **state)
{
    (void)state;
    enum { FACTS = 5, ORDERS = 120 };
    static struct callback_facts facts[ORDERS * FACTS];
    int told = 0;
    for (int order = 0; order < ORDERS; ++order) {
        char key[32];
        const enum callback_kind kinds[FACTS] = {CALLBACK_PENDING, CALLBACK_FAILED, CALLBACK_PAID,
                                                 CALLBACK_REFUNDED, CALLBACK_CHARGED_BACK};
        int picked[FACTS] = {0, 1, 2, 3, 4};
        for (int i = FACTS, rest = order; i > 1; rest /= i, --i) {
            int j = rest % i, moved = picked[j];
            picked[j] = picked[i - 1];
            picked[i - 1] = moved;
        }
        for (int i = 0; i < FACTS; ++i) {
            snprintf(key, sizeof(key), "o%d_%d", order, picked[i]);
            struct callback_facts *f = &facts[told++];
            *f = facts_of(order + 1, kinds[picked[i]], key);
            if (f->kind == CALLBACK_REFUNDED)
                f->amount_minor = 3000;
            if (f->kind == CALLBACK_CHARGED_BACK)
                f->amount_minor = 7000;
        }
    }
    /* Three times each, the repetitions mixed in. */
    for (int round = 0; round < 3; ++round)
        for (int i = 0; i < told; ++i)
            assert_int_equal(offer(&facts[i], false), 0);
    assert_true(fixture_run(&fixture, &answered, 3 * told, 60));
    assert_int_equal(kept, 3 * told);
    retry_all_parked(facts, told);
    assert_value("select string_agg(distinct state || paid_minor || '/' || refunded_minor || '/' ||"
                 " charged_back_minor, ' ') from payment where customer_id <= 120",
                 "charged_back10000/3000/7000");
    assert_value("select string_agg(distinct due_minor::text, ' ') from invoice where customer_id"
                 " <= 120",
                 "10000");
    assert_value("select count(*) from ledger_entry where customer_id <= 120", "480");
    assert_value("select count(*) from callback_outcome where state = 'parked'", "0");
    assert_int_equal(fixture_broken_invoices(&fixture), 0);
}

static void unknown_payment_is_parked_and_booked_when_it_becomes_known(void **state)
{
    (void)state;
    struct callback_facts facts = facts_of(7, CALLBACK_PAID, "k1");
    snprintf(facts.reference, sizeof(facts.reference), "not-ours");
    send_and_wait(&facts);
    assert_int_equal(kept, 1);
    assert_value("select state || ' ' || reason || ' ' || provider_reference from callback_outcome",
                 "parked unknown_reference sb_7");
    fixture_sql(&fixture, "insert into provider_reference values ('sandbox', 'default', 'sb_7', 7,"
                          " 1)");
    /* The provider's own repetition changes nothing: the job tries again. */
    send_and_wait(&facts);
    assert_value("select due_minor from invoice where customer_id = 7", "10000");
    offer(&facts, true);
    assert_true(fixture_run(&fixture, &answered, 3, 10));
    assert_value("select due_minor from invoice where customer_id = 7", "0");
    assert_value("select state || ' ' || reason || ' ' || attempts from callback_outcome",
                 "applied booked 2");
    offer(&facts, true);
    assert_true(fixture_run(&fixture, &answered, 4, 10));
    assert_value("select count(*) from ledger_entry where customer_id = 7", "2");
    assert_int_equal(fixture_broken_invoices(&fixture), 0);
}

static void wrong_currency_is_parked_and_seen_on_the_timeline(void **state)
{
    (void)state;
    struct callback_facts facts = facts_of(7, CALLBACK_PAID, "k1");
    snprintf(facts.currency, sizeof(facts.currency), "EUR");
    send_and_wait(&facts);
    assert_value("select state || ' ' || reason || ' ' || coalesce(next_try_at::text, 'never') from"
                 " callback_outcome",
                 "parked wrong_currency never");
    assert_value("select state from payment where customer_id = 7", "started");
    assert_value("select kind || ' ' || facts from event where customer_id = 7",
                 "payment.parked {\"payment_no\":1,\"amount_minor\":10000,\"currency\":\"EUR\","
                 "\"movement\":\"m\",\"says\":\"payment.paid\",\"parked\":\"wrong_currency\"}");
    assert_int_equal(fixture_broken_invoices(&fixture), 0);
}

/* What was loaded for it may be old by the time it is parked. */
static void parked_callback_leaves_the_payment_alone(void **state)
{
    (void)state;
    struct callback_facts facts = facts_of(7, CALLBACK_PAID, "k1");
    snprintf(facts.currency, sizeof(facts.currency), "EUR");
    fixture_sql(&fixture,
                "create function refuse() returns trigger language plpgsql as $$ begin raise"
                " exception 'no' using errcode = '23514'; end $$;"
                "create trigger refuse before update on payment for each row execute function"
                " refuse()");
    send_and_wait(&facts);
    fixture_sql(&fixture, "drop trigger refuse on payment; drop function refuse()");
    assert_value("select state || ' ' || reason from callback_outcome", "parked wrong_currency");
    assert_value("select kind from event where customer_id = 7", "payment.parked");
}

static void on_refused(void *owner, const struct err *err)
{
    assert_int_equal(err->code, 0);
    ++*(int *)owner;
}

/* Turns the loop until callbacks have been loaded since the instant that `since` selects. */
static bool run_until_loaded(const char *since)
{
    char sql[512];
    snprintf(sql, sizeof(sql),
             "select count(*) from pg_stat_activity where state = 'idle' and query like"
             " '%%has_parked%%' and query_start > (%s)",
             since);
    bool is_loaded = false;
    for (int turns = 0; !is_loaded && turns < 100; ++turns) {
        h2o_evloop_run(fixture.world.loop, 10);
        is_loaded = atoi(fixture_value(&fixture, sql)) > 0;
    }
    return is_loaded;
}

/* A callback loads the payment while the provider's refusal waits for the customer, who is held
 * until then; the refusal is on disk first, so the callback must look again. */
static void refusal_between_load_and_save_is_not_overwritten(void **state)
{
    (void)state;
    PGconn *holder = PQconnectdb(fixture.cluster.conninfo);
    PQclear(PQexec(holder, "begin; select from customer where customer_id = 7 for update"));
    struct pg_tx tx = {0};
    struct err err;
    int refused = 0;
    assert_int_equal(payment_refused(fixture.world.store, &tx, 7, 1, SPAN_LIT("blik_code_wrong"),
                                     fixture_time, on_refused, &refused, &err),
                     0);
    struct callback_facts facts = facts_of(7, CALLBACK_PENDING, "k1");
    assert_int_equal(offer(&facts, false), 0);
    bool is_loaded = run_until_loaded("select min(xact_start) from pg_stat_activity where state ="
                                      " 'idle in transaction'");
    PQfinish(holder);
    assert_true(is_loaded);
    assert_true(fixture_run(&fixture, &answered, 1, 10));
    assert_int_equal(refused, 1);
    assert_int_equal(kept, 1);
    assert_value("select state || ' ' || reason from payment where customer_id = 7",
                 "failed blik_code_wrong");
    assert_int_equal(fixture_broken_invoices(&fixture), 0);
}

/* Holds the parked callback's row, so that a transaction that wakes it waits until the holder is
 * finished. */
static PGconn *hold_parked(void)
{
    PGconn *holder = PQconnectdb(fixture.cluster.conninfo);
    PQclear(
        PQexec(holder, "begin; select from callback_outcome where state = 'parked' for update"));
    return holder;
}

static bool run_until_somebody_waits_for_a_lock(void)
{
    for (int turns = 0; turns < 500; ++turns) {
        h2o_evloop_run(fixture.world.loop, 10);
        if (atoi(fixture_value(&fixture, "select count(*) from pg_stat_activity where"
                                         " wait_event_type = 'Lock'")) > 0)
            return true;
    }
    return false;
}

/* The refund waits for its payment and is tried again; the payment arrives behind what is loaded
 * for it, and wakes it before it is parked again. */
static void payment_that_wakes_a_refund_being_parked_again_is_not_overheard(void **state)
{
    (void)state;
    struct callback_facts refund = facts_of(7, CALLBACK_REFUNDED, "refund"),
                          paid = facts_of(7, CALLBACK_PAID, "paid");
    struct callback_queue *first = queue, *second = callback_queue_new(&fixture.world);
    send_and_wait(&refund);
    assert_value("select reason from callback_outcome", "waits_for_payment");
    PGconn *holder = hold_parked();
    assert_int_equal(offer(&paid, false), 0);
    bool is_waking = run_until_somebody_waits_for_a_lock();
    char since[64];
    snprintf(since, sizeof(since), "timestamptz '%s'",
             fixture_value(&fixture, "select clock_timestamp()"));
    queue = second;
    assert_int_equal(offer(&refund, true), 0);
    queue = first;
    bool is_loaded = run_until_loaded(since);
    PQfinish(holder);
    bool is_answered = fixture_run(&fixture, &answered, 3, 10);
    callback_queue_free(second);
    assert_true(is_waking && is_loaded && is_answered);
    assert_value("select string_agg(dedup_key || ' ' || state, ' ' order by dedup_key) from"
                 " callback_outcome",
                 "paid applied refund applied");
    assert_int_equal(fixture_broken_invoices(&fixture), 0);
}

/* As above, with a payment that becomes known. */
static void payment_that_becomes_known_is_not_overheard(void **state)
{
    (void)state;
    struct callback_facts facts = facts_of(7, CALLBACK_PAID, "k1");
    snprintf(facts.reference, sizeof(facts.reference), "not-ours");
    send_and_wait(&facts);
    char since[64];
    snprintf(since, sizeof(since), "timestamptz '%s'",
             fixture_value(&fixture, "select clock_timestamp()"));
    PGconn *holder = hold_parked();
    assert_int_equal(offer(&facts, true), 0);
    bool is_loaded = run_until_loaded(since) && run_until_somebody_waits_for_a_lock();
    PQclear(PQexec(holder, "insert into provider_reference values ('sandbox', 'default', 'sb_7',"
                           " 7, 1); update callback_outcome set next_try_at = now(); commit"));
    PQfinish(holder);
    assert_true(is_loaded);
    assert_true(fixture_run(&fixture, &answered, 2, 10));
    assert_value("select state || ' ' || reason from callback_outcome", "applied booked");
    assert_int_equal(fixture_broken_invoices(&fixture), 0);
}

/* The provider's answer to our call never came back: its id is first seen in the callback. */
static void id_first_seen_in_a_callback_leads_to_its_payment_later(void **state)
{
    (void)state;
    struct callback_facts paid = facts_of(7, CALLBACK_PAID, "paid"),
                          dispute = facts_of(7, CALLBACK_CHARGED_BACK, "dispute");
    send_and_wait(&paid);
    assert_value("select reference || ' ' || customer_id || ' ' || payment_no from"
                 " provider_reference",
                 "sb_7 7 1");
    assert_value("select provider_reference from payment where customer_id = 7", "sb_7");
    dispute.reference[0] = 0;
    send_and_wait(&dispute);
    assert_value("select state from payment where customer_id = 7", "charged_back");
    assert_int_equal(fixture_broken_invoices(&fixture), 0);
}

static void id_first_seen_in_a_callback_wakes_what_was_parked_for_it(void **state)
{
    (void)state;
    struct callback_facts paid = facts_of(7, CALLBACK_PAID, "paid"),
                          dispute = facts_of(7, CALLBACK_CHARGED_BACK, "dispute");
    dispute.reference[0] = 0;
    send_and_wait(&dispute);
    assert_value("select reason || ' ' || (next_try_at > now()) from callback_outcome",
                 "unknown_reference true");
    send_and_wait(&paid);
    assert_value("select next_try_at <= now() from callback_outcome where dedup_key = 'dispute'",
                 "t");
    assert_int_equal(offer(&dispute, true), 0);
    assert_true(fixture_run(&fixture, &answered, 3, 10));
    assert_value("select state from payment where customer_id = 7", "charged_back");
}

/* Two payments cannot have one id of one provider: the first keeps it. */
static void id_of_another_payment_stays_with_it(void **state)
{
    (void)state;
    fixture_sql(&fixture, "insert into provider_reference values ('sandbox', 'default', 'sb_7', 8,"
                          " 1)");
    struct callback_facts paid = facts_of(7, CALLBACK_PAID, "paid");
    send_and_wait(&paid);
    assert_value("select customer_id from provider_reference", "8");
    assert_value("select state from payment where customer_id = 7", "paid");
}

static void over_payment_is_booked_and_stays_visible(void **state)
{
    (void)state;
    struct callback_facts facts = facts_of(7, CALLBACK_PAID, "k1");
    facts.amount_minor = 15000;
    send_and_wait(&facts);
    assert_value("select due_minor from invoice where customer_id = 7", "-5000");
    assert_int_equal(fixture_broken_invoices(&fixture), 0);
}

/* A rule of the database that our code knows nothing of refuses three of 300. */
static void bad_callbacks_never_fail_their_neighbours(void **state)
{
    (void)state;
    fixture_sql(&fixture,
                "create function refuse() returns trigger language plpgsql as $$ begin raise"
                " exception 'no' using errcode = '23514'; end $$;"
                "create trigger refuse before insert on ledger_entry for each row when"
                " (new.customer_id in (1, 133, 300)) execute function refuse()");
    for (int i = 1; i <= 300; ++i) {
        char key[32];
        snprintf(key, sizeof(key), "k%d", i);
        struct callback_facts facts = facts_of(i, CALLBACK_PAID, key);
        assert_int_equal(offer(&facts, false), 0);
    }
    bool is_done = fixture_run(&fixture, &answered, 300, 20);
    fixture_sql(&fixture, "drop trigger refuse on ledger_entry; drop function refuse()");
    assert_true(is_done);
    assert_int_equal(kept, 300);
    assert_value("select count(*) from invoice where due_minor = 0", "297");
    assert_value("select string_agg(dedup_key || ':' || reason, ' ' order by dedup_key) from"
                 " callback_outcome where state = 'parked'",
                 "k1:could_not_book k133:could_not_book k300:could_not_book");
    assert_int_equal(fixture_broken_invoices(&fixture), 0);
}

static void frozen_database_is_unknown_within_five_seconds_and_heals(void **state)
{
    (void)state;
    struct callback_facts facts = facts_of(7, CALLBACK_PAID, "k1");
    send_and_wait(&facts);
    pg_cluster_freeze(&fixture.cluster);
    struct callback_facts other = facts_of(8, CALLBACK_PAID, "k2");
    assert_int_equal(offer(&other, false), 0);
    bool is_answered = fixture_run(&fixture, &answered, 2, 5);
    pg_cluster_thaw(&fixture.cluster);
    assert_true(is_answered);
    assert_int_equal(kept, 1);
    struct mono start = clock_mono();
    while (kept < 2 && mono_us_since(start, clock_mono()) < 5000000) {
        int before = answered;
        assert_int_equal(offer(&other, false), 0);
        assert_true(fixture_run(&fixture, &answered, before + 1, 6));
    }
    assert_int_equal(kept, 2);
    assert_value("select count(*) from ledger_entry where customer_id = 8", "2");
    assert_int_equal(fixture_broken_invoices(&fixture), 0);
}

static void killed_database_is_unknown_and_the_repetition_is_booked_once(void **state)
{
    (void)state;
    int64_t booked = 0;
    for (int i = 1; i <= 200; ++i) {
        char key[32];
        snprintf(key, sizeof(key), "k%d", i);
        struct callback_facts facts = facts_of(i, CALLBACK_PAID, key);
        assert_int_equal(offer(&facts, false), 0);
        if (i == 100)
            h2o_evloop_run(fixture.world.loop, 5);
    }
    pg_cluster_kill(&fixture.cluster);
    assert_true(fixture_run(&fixture, &answered, 200, 6));
    booked = kept;
    pg_cluster_start(&fixture.cluster);
    while (!store_is_ready(fixture.world.store))
        h2o_evloop_run(fixture.world.loop, 50);
    char counted[32], sql[128];
    snprintf(counted, sizeof(counted), "%lld", (long long)booked);
    snprintf(sql, sizeof(sql), "select least(count(*), %s) from callback_outcome", counted);
    assert_value(sql, counted);
    for (int i = 1; i <= 200; ++i) {
        char key[32];
        snprintf(key, sizeof(key), "k%d", i);
        struct callback_facts facts = facts_of(i, CALLBACK_PAID, key);
        offer(&facts, false);
    }
    assert_true(fixture_run(&fixture, &answered, 400, 20));
    assert_value("select count(*) from ledger_entry where kind = 'payment'", "200");
    assert_int_equal(fixture_broken_invoices(&fixture), 0);
}

static void queue_is_bounded(void **state)
{
    (void)state;
    for (int i = 0; i < CALLBACK_QUEUE_MAX; ++i) {
        char key[32];
        snprintf(key, sizeof(key), "k%d", i);
        struct callback_facts facts = facts_of(i % 300 + 1, CALLBACK_PENDING, key);
        assert_int_equal(offer(&facts, false), 0);
    }
    struct callback_facts more = facts_of(1, CALLBACK_PENDING, "more");
    assert_int_equal(offer(&more, false), ERR_BUSY);
    assert_true(fixture_run(&fixture, &answered, CALLBACK_QUEUE_MAX, 60));
    assert_int_equal(kept, CALLBACK_QUEUE_MAX);
}

static void queue_is_bounded_in_bytes_too(void **state)
{
    (void)state;
    static char body[1 << 20];
    memset(body, 'x', sizeof(body));
    struct err err;
    for (int i = 0; i <= 32; ++i) {
        char key[32];
        snprintf(key, sizeof(key), "k%d", i);
        struct callback_facts facts = facts_of(1, CALLBACK_NONE, key);
        int code =
            callback_apply(queue,
                           &(struct callback_message){.account = &fixture.accounts[0],
                                                      .facts = &facts,
                                                      .headers = SPAN_LIT("{}"),
                                                      .body = span_of(body, sizeof(body) - 2)},
                           on_done, NULL, NULL, &err);
        assert_int_equal(code, i < 32 ? 0 : ERR_BUSY);
    }
    assert_true(fixture_run(&fixture, &answered, 32, 30));
    struct callback_facts facts = facts_of(1, CALLBACK_NONE, "more");
    send_and_wait(&facts);
}

static void whoever_is_gone_is_not_told_but_booked(void **state)
{
    (void)state;
    struct callback_facts facts = facts_of(7, CALLBACK_PAID, "k1"),
                          last = facts_of(8, CALLBACK_PAID, "k2");
    struct callback_job *job;
    struct err err;
    assert_int_equal(callback_apply(queue,
                                    &(struct callback_message){.account = &fixture.accounts[0],
                                                               .facts = &facts,
                                                               .headers = SPAN_LIT("{}"),
                                                               .body = SPAN_LIT("{}")},
                                    on_done, NULL, &job, &err),
                     0);
    callback_job_forget(job);
    send_and_wait(&last);
    assert_int_equal(answered, 1);
    assert_value("select sum(due_minor) from invoice where customer_id in (7, 8)", "0");
}

/* One callback of its own connection, about the payment of `customer`. */
static void offer_patient(int customer)
{
    static int key;
    char text[32];
    snprintf(text, sizeof(text), "patient%d", ++key);
    struct callback_facts facts = facts_of(customer, CALLBACK_PENDING, text);
    struct err err;
    assert_int_equal(callback_apply(queue,
                                    &(struct callback_message){.account = &fixture.accounts[0],
                                                               .facts = &facts,
                                                               .headers = SPAN_LIT("{}"),
                                                               .body = SPAN_LIT("{}"),
                                                               .may_wait = true},
                                    on_done, NULL, NULL, &err),
                     0);
}

static int64_t flushes(void)
{
    return (int64_t)fixture.metrics->values[METRIC_callback_batches];
}

/* Flushes that eight callbacks needed, one a turn of the loop, the first of them just behind a
 * flush. */
static int64_t flushes_of_eight(bool is_hasty_among_them)
{
    int before = answered;
    offer_patient(1);
    assert_true(fixture_run(&fixture, &answered, before + 1, 10));
    int64_t flushes_before = flushes();
    for (int i = 0; i < 8; ++i) {
        offer_patient(10 + i);
        h2o_evloop_run(fixture.world.loop, 1);
        if (i == 3 && is_hasty_among_them) {
            char key[32];
            snprintf(key, sizeof(key), "hasty%d", before);
            struct callback_facts facts = facts_of(20, CALLBACK_PENDING, key);
            assert_int_equal(offer(&facts, false), 0);
        }
    }
    assert_true(fixture_run(&fixture, &answered, before + 9 + (is_hasty_among_them ? 1 : 0), 10));
    return flushes() - flushes_before;
}

/* A slow machine may take longer over eight turns than anybody is kept waiting: hence the best of
 * some. */
static void those_that_may_wait_are_booked_together_behind_a_flush(void **state)
{
    (void)state;
    int64_t fewest = 8;
    for (int i = 0; i < 20 && fewest > 1; ++i) {
        int64_t needed = flushes_of_eight(false);
        fewest = needed < fewest ? needed : fewest;
    }
    assert_int_equal(fewest, 1);
}

static void one_that_may_not_wait_takes_along_those_that_may(void **state)
{
    (void)state;
    for (int i = 0; i < 5; ++i)
        assert_true(flushes_of_eight(true) >= 2);
}

static void those_that_may_not_wait_go_one_by_one_without_delay(void **state)
{
    (void)state;
    int64_t least_us = INT64_MAX;
    struct callback_facts first = facts_of(1, CALLBACK_PENDING, "first");
    send_and_wait(&first);
    for (int i = 0; i < 20 && least_us >= 15000; ++i) {
        struct callback_facts facts = facts_of(1, CALLBACK_PENDING, "k");
        snprintf(facts.dedup_key, sizeof(facts.dedup_key), "k%d", i);
        struct mono start = clock_mono();
        send_and_wait(&facts);
        int64_t took_us = mono_us_since(start, clock_mono());
        least_us = took_us < least_us ? took_us : least_us;
    }
    assert_true(least_us < 15000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(payment_in_full_settles_the_invoice_and_stops_its_reminders,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(part_payment_leaves_the_reminders_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(charge_back_resumes_what_the_payment_stopped, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_same_callback_a_hundred_times_at_once_is_one, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(two_nodes_book_one_movement_once, setup, teardown),
        cmocka_unit_test_setup_teardown(every_order_of_a_story_ends_alike, setup, teardown),
        cmocka_unit_test_setup_teardown(unknown_payment_is_parked_and_booked_when_it_becomes_known,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_currency_is_parked_and_seen_on_the_timeline, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(parked_callback_leaves_the_payment_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(refusal_between_load_and_save_is_not_overwritten, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            payment_that_wakes_a_refund_being_parked_again_is_not_overheard, setup, teardown),
        cmocka_unit_test_setup_teardown(payment_that_becomes_known_is_not_overheard, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(id_first_seen_in_a_callback_leads_to_its_payment_later,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(id_first_seen_in_a_callback_wakes_what_was_parked_for_it,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(id_of_another_payment_stays_with_it, setup, teardown),
        cmocka_unit_test_setup_teardown(over_payment_is_booked_and_stays_visible, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_callbacks_never_fail_their_neighbours, setup, teardown),
        cmocka_unit_test_setup_teardown(queue_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(queue_is_bounded_in_bytes_too, setup, teardown),
        cmocka_unit_test_setup_teardown(whoever_is_gone_is_not_told_but_booked, setup, teardown),
        cmocka_unit_test_setup_teardown(those_that_may_wait_are_booked_together_behind_a_flush,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(those_that_may_not_wait_go_one_by_one_without_delay, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(one_that_may_not_wait_takes_along_those_that_may, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(frozen_database_is_unknown_within_five_seconds_and_heals,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(
            killed_database_is_unknown_and_the_repetition_is_booked_once, setup, teardown),
    };
    return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
