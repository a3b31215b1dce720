/* Two nodes, and a world that changes at random under them: payments, holds, a database that loses
 * its connections, channels that refuse, fail and do not know, a clock that jumps. Whatever
 * happens, the rules of the design that concern reminders hold afterwards. DUNLIN_SEED repeats a
 * run. */
#include "jobs/dispatch.h"

#include "channel/channel.h"
#include "unit/flow/money_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { CUSTOMERS = 30, DEBTS = 3, TURNS = 90, RUNS = 3, SENT_MAX = 20000, BUDGET_DAY = 3 };

static struct money_fixture fixture;
static struct world other;
static uint32_t seed;

/* What reached the other side, by the code of its message. */
static struct {
    char code[24];
    enum channel_outcome outcome;
} handed[SENT_MAX];
static int handed_count, waiting;

static uint32_t random_below(uint32_t bound)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % bound;
}

struct answer {
    struct timer timer;
    channel_cb on_sent;
    void *owner;
    enum channel_outcome outcome;
};

static void on_answer(void *owner)
{
    struct answer *answer = owner;
    channel_cb on_sent = answer->on_sent;
    void *whose = answer->owner;
    struct channel_result result = {.outcome = answer->outcome, .reason = SPAN_LIT("random")};
    free(answer);
    --waiting;
    on_sent(whose, &result);
}

static int random_send(const struct channel_means *means, const struct channel_message *message,
                       channel_cb on_sent, void *owner, struct err *err)
{
    static const enum channel_outcome outcomes[] = {CHANNEL_SENT,  CHANNEL_SENT,
                                                    CHANNEL_SENT,  CHANNEL_REFUSED,
                                                    CHANNEL_RETRY, CHANNEL_UNCERTAIN};
    struct answer *answer = calloc(1, sizeof(*answer));
    (void)means, (void)err;
    assert_non_null(answer);
    assert_true(handed_count < SENT_MAX);
    *answer =
        (struct answer){.on_sent = on_sent, .owner = owner, .outcome = outcomes[random_below(6)]};
    snprintf(handed[handed_count].code, sizeof(handed[0].code), "%.*s", SPAN_ARG(message->code));
    handed[handed_count++].outcome = answer->outcome;
    ++waiting;
    timer_init(&answer->timer, fixture.world.loop, "answer", on_answer, answer);
    timer_start(&answer->timer, 1 + random_below(60));
    return 0;
}

static bool takes(struct span kind)
{
    return span_is_str(kind, "sms") || span_is_str(kind, "email");
}

static struct channel channel = {.name = "random", .takes = takes, .send = random_send};
static const struct channel *const channels[] = {&channel, NULL};

static int setup_all(void **state)
{
    (void)state;
    fixture_new(&fixture);
    fixture.world.payment_in_flight_seconds = 1800;
    fixture.world.creditor.name = SPAN_LIT("Test");
    fixture.world.channels = channels;
    fixture.world.reminders = (struct reminder_rules){.window_from_second = 8 * 3600,
                                                      .window_to_second = 20 * 3600,
                                                      .budget_day = BUDGET_DAY,
                                                      .merges = true};
    other = fixture.world;
    const struct store_options options = {.conninfo = fixture.cluster.app_conninfo};
    other.store = store_new(fixture.world.loop, &options);
    /* What a payment and a hold do to a debt, told in its chain as the real ones are. */
    fixture_sql(
        &fixture,
        "create function tell(c bigint, i bigint, what text, t timestamptz) returns void language"
        " plpgsql as $$ declare n invoice; begin"
        " update invoice set event_count = event_count + 1 where customer_id = c and invoice_id = i"
        " returning * into n;"
        " insert into event (customer_id, invoice_id, event_no, at, kind, facts, prev_hash, hash)"
        " values (c, i, n.event_count, t, what, '{}', n.chain_head, event_hash(n.chain_head, c, i,"
        " n.event_count, t, what, '{}', null));"
        " update invoice set chain_head = (select hash from event e where e.customer_id = c and"
        " e.invoice_id = i and e.event_no = n.event_count) where customer_id = c and invoice_id ="
        " i; end $$;"
        "create function pay(c bigint, i bigint, t timestamptz) returns void language plpgsql as"
        " $$ declare n invoice; begin"
        " perform from customer where customer_id = c for no key update;"
        " select * into n from invoice where customer_id = c and invoice_id = i for no key update;"
        " if n.due_minor = 0 then return; end if;"
        " insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor, "
        "currency,"
        " payment_no, at) values (c, i, 2, 'payment', -n.due_minor, 'PLN', i, t);"
        " update invoice set due_minor = 0, paid_at = t, entry_count = 2 where customer_id = c and"
        " invoice_id = i;"
        " update reminder set state = 'cancelled', reason = 'paid', finished_at = t where"
        " customer_id = c and invoice_id = i and state = 'scheduled';"
        " insert into reminder (customer_id, invoice_id, step, due_at, state, reason) values (c, i,"
        " 'thanks_1', t, 'scheduled', 'paid');"
        " perform tell(c, i, 'test.paid', t); end $$;"
        "create function hold_debt(c bigint, i bigint, t timestamptz) returns void language plpgsql"
        " as $$ begin perform from customer where customer_id = c for no key update;"
        " perform from invoice where customer_id = c and invoice_id = i for no key update;"
        " if exists (select from hold where customer_id = c and invoice_id = i and released_at is"
        " null) then update hold set released_at = t where customer_id = c and invoice_id = i and"
        " released_at is null; perform tell(c, i, 'test.released', t);"
        " else insert into hold (customer_id, invoice_id, hold_no, kind, created_at) select c, i,"
        " count(*) + 1, 'dispute', t from hold where customer_id = c and invoice_id = i;"
        " perform tell(c, i, 'test.held', t); end if; end $$");
    return 0;
}

static int teardown_all(void **state)
{
    (void)state;
    store_free(other.store);
    fixture_free(&fixture);
    return 0;
}

/* Each customer has debts with a scenario of two places; steps come on the hour over four days. */
static void make_world(void)
{
    char sql[4096];
    fixture_seed(&fixture, CUSTOMERS);
    snprintf(
        sql, sizeof(sql),
        "truncate scenario_step, sending_day, contact_fault; delete from reminder;"
        "update payment set state = 'failed';"
        "update customer set phone = '+48500' || customer_id, email = customer_id || "
        "'@example.com',"
        " time_zone = case customer_id %% 3 when 0 then 'Europe/Warsaw' when 1 then"
        " 'America/New_York' else 'Asia/Tokyo' end;"
        "insert into scenario_step (scenario_id, version, step_no, name, anchor, offset_days,"
        " is_working_days, on_day_off, at_second, channels, wait_seconds, unless, template, tone)"
        " values (1, 1, 0, 'due', 'due', 0, false, 'same', 36000, '{sms,email}', '{14400,0}',"
        " '{opened,\"\"}', 'due', 'neutral');"
        "insert into invoice (customer_id, number, kind, currency, amount_minor, due_minor,"
        " issue_date, due_date, entry_count, link_no, created_at, changed_at) select c, 'R' || c ||"
        " '/' || n, 'invoice', 'PLN', 500, 500, '2026-11-17', '2026-11-27', 1, n, now(), now() from"
        " generate_series(1, %d) c, generate_series(2, %d) n;"
        "insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor, currency,"
        " at) select customer_id, invoice_id, 1, 'charge', 500, 'PLN', now() from invoice where"
        " number like 'R%%';"
        "insert into reminder (customer_id, invoice_id, step, due_at, state, reason, scenario_id,"
        " version, step_no) select customer_id, invoice_id, s.step, to_timestamp(1795348800) +"
        " s.hours * interval '1 hour', 'scheduled', 'planned', 1, 1, 0 from invoice, (values"
        " ('before_2', 2), ('due', 20), ('after_2', 44), ('after_9', 68)) s (step, hours)",
        CUSTOMERS, DEBTS);
    fixture_sql(&fixture, sql);
    fixture_time = (struct instant){INT64_C(1795348800) * 1000000};
    handed_count = 0;
}

static void to_some_debt(const char *function)
{
    char sql[512];
    snprintf(sql, sizeof(sql),
             "select %s(customer_id, invoice_id, to_timestamp(%lld)) from invoice order by"
             " (invoice_id * 7919 + %u) %% 104729 limit 1",
             function, (long long)instant_seconds(fixture_time), random_below(100000));
    fixture_sql(&fixture, sql);
}

static void turn(int64_t ms)
{
    struct mono start = clock_mono();
    while (mono_us_since(start, clock_mono()) < ms * 1000)
        h2o_evloop_run(fixture.world.loop, 5);
}

static void change_something(void)
{
    switch (random_below(12)) {
    case 0:
    case 1:
        to_some_debt("pay");
        break;
    case 2:
    case 3:
        to_some_debt("hold_debt");
        break;
    case 4:
        fixture_sql(&fixture, "select pg_terminate_backend(pid) from pg_stat_activity where usename"
                              " = 'dunlin_app'");
        break;
    case 5:
        fixture_time = instant_plus_seconds(fixture_time, -(int64_t)random_below(5));
        break;
    case 6:
        fixture_time = instant_plus_seconds(fixture_time, 6 * 3600); /* an outage, as it looks */
        break;
    default:
        fixture_time = instant_plus_seconds(fixture_time, 600 + random_below(3600));
    }
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
        h2o_evloop_run(fixture.world.loop, 10);
    dispatch_free(dispatch);
}

static void assert_none(const char *what, const char *sql)
{
    char whole[4096];
    snprintf(whole, sizeof(whole), "select count(*) from (%s) wrong", sql);
    const char *count = fixture_value(&fixture, whole);
    if (strcmp(count, "0") != 0)
        fail_msg("%s: %s times", what, count);
}

/* One message reaches the other side once, but for those that it surely did not take. */
static void assert_nothing_went_twice(void)
{
    for (int i = 0; i < handed_count; ++i)
        for (int j = 0; j < i; ++j)
            if (strcmp(handed[i].code, handed[j].code) == 0 && handed[j].outcome != CHANNEL_RETRY)
                fail_msg("message %s went twice", handed[i].code);
}

static void assert_rules_hold(void)
{
    assert_int_equal(fixture_broken_invoices(&fixture), 0);
    assert_nothing_went_twice();
    assert_none("claimed after the payment",
                "select from event p join event c using (customer_id, invoice_id) where p.kind ="
                " 'test.paid' and c.kind = 'reminder.claimed' and c.event_no > p.event_no and"
                " c.facts::json ->> 'step' not like 'thanks%'");
    assert_none("thanked before the payment",
                "select from event c where c.kind = 'reminder.claimed' and c.facts::json ->> 'step'"
                " like 'thanks%' and not exists (select from event p where p.customer_id ="
                " c.customer_id and p.invoice_id = c.invoice_id and p.kind = 'test.paid' and"
                " p.event_no < c.event_no)");
    assert_none("claimed while held",
                "select from event c where c.kind = 'reminder.claimed' and c.facts::json ->> 'step'"
                " not like 'thanks%' and (select h.kind from event h where h.customer_id ="
                " c.customer_id and h.invoice_id = c.invoice_id and h.event_no < c.event_no and"
                " h.kind in ('test.held', 'test.released') order by h.event_no desc limit 1) ="
                " 'test.held'");
    assert_none("a step claimed twice",
                "select from (select customer_id, invoice_id, facts::json ->> 'step' as step,"
                " count(*) filter (where kind = 'reminder.claimed') as claimed, count(*) filter"
                " (where kind = 'reminder.given_back') as given_back from event where kind in"
                " ('reminder.claimed', 'reminder.given_back') group by 1, 2, 3) s where claimed >"
                " given_back + 1");
    assert_none(
        "an older step behind a newer one",
        "select from (select b.due_at, lag(b.due_at) over (partition by c.customer_id,"
        " c.invoice_id order by c.event_no) as before from event c join reminder b on"
        " b.customer_id = c.customer_id and b.invoice_id = c.invoice_id and b.step ="
        " split_part(c.facts::json ->> 'step', '+', 1) where c.kind = 'reminder.claimed' and"
        " b.step not like 'thanks%') s where due_at < before");
    assert_none("sent in quiet hours",
                "select from reminder r join customer k using (customer_id) where r.claimed_at is"
                " not null and ((r.claimed_at at time zone k.time_zone)::time < '08:00' or"
                " (r.claimed_at at time zone k.time_zone)::time >= '20:00')");
    assert_none("over the budget",
                "select from (select r.customer_id, r.claimed_at, (select count(distinct"
                " o.message_no) from reminder o where o.customer_id = r.customer_id and o.state in"
                " ('sent', 'uncertain') and o.step not like 'thanks%' and o.claimed_at <="
                " r.claimed_at and o.claimed_at > r.claimed_at - interval '1 day') as used from"
                " reminder r where r.state in ('sent', 'uncertain') and r.step not like 'thanks%')"
                " s where used > 3");
    assert_none("left claimed", "select from reminder where state = 'claimed'");
    assert_none("without a reason", "select from reminder where reason = ''");
    assert_none("a message of two customers' or ways",
                "select from reminder where message_no is not null and state = 'sent' group by"
                " customer_id, message_no having count(distinct channel) > 1");
    assert_none(
        "going on though delivered or failed for good",
        "select from reminder n join reminder o using (customer_id, invoice_id) where n.step"
        " like '%+1' and o.step = split_part(n.step, '+', 1) and o.state not in ('sent',"
        " 'failed', 'uncertain')");
}

static void run_once(void)
{
    make_world();
    struct dispatch *one = begin(&fixture.world), *two = begin(&other);
    for (int i = 0; i < TURNS; ++i) {
        change_something();
        dispatch_wake(i % 2 == 0 ? one : two);
        turn(20 + random_below(60));
    }
    end(one);
    end(two);
    /* What nobody knows the fate of is found by the next one. */
    fixture_time = instant_plus_seconds(fixture_time, 600);
    one = begin(&fixture.world);
    struct mono start = clock_mono();
    while (
        strcmp(fixture_value(&fixture, "select count(*) from reminder where state = 'claimed' and"
                                       " claimed_at < to_timestamp(0) + interval '1 us'"
                                       " or state = 'claimed'"),
               "0") != 0 &&
        mono_us_since(start, clock_mono()) < 40000000)
        turn(200);
    end(one);
}

static void whatever_happens_the_rules_hold(void **state)
{
    const char *given = getenv("DUNLIN_SEED");
    uint32_t first = given == NULL ? (uint32_t)clock_mono().ns : (uint32_t)strtoul(given, NULL, 10);
    (void)state;
    for (uint32_t run = 0; run < (given == NULL ? RUNS : 1); ++run) {
        seed = first + run;
        fprintf(stderr, "DUNLIN_SEED=%u\n", seed);
        run_once();
        fprintf(stderr, "handed over %d, sent %s\n", handed_count,
                fixture_value(&fixture, "select count(*) from reminder where state = 'sent'"));
        assert_true(handed_count > CUSTOMERS);
        assert_rules_hold();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_happens_the_rules_hold),
    };
    return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
