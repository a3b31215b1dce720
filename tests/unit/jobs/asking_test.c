/* The provider of these tests answers in words: "paid A 10000" is one fact a line, "no" a refusal,
 * "what?" nothing that can be read. */
#include "jobs/asking.h"

#include "io/fetch.h"
#include "io/timer.h"
#include "provider/provider_session.h"
#include "unit/flow/fake_bank.h"
#include "unit/flow/money_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct money_fixture fixture;
static struct fake_bank bank;
static struct asking *asking;
static struct provider speaker;

static void make_request(const struct provider_account *account, const struct provider_task *task,
                         int round, struct span token, const struct provider_result *result,
                         struct provider_request *request)
{
    (void)round, (void)token, (void)result;
    buf_printf(&request->url, "%.*s/%s", SPAN_ARG(account->api_url),
               task->kind == PROVIDER_CONFIRM ? "confirm" : "query");
    buf_printf(&request->body, "%.*s %.*s %.*s %lld %.*s", SPAN_ARG(task->reference),
               SPAN_ARG(task->provider_reference), SPAN_ARG(task->movement),
               (long long)task->amount_minor, SPAN_ARG(task->currency));
}

static bool read_fact(const struct provider_task *task, const char *line,
                      struct callback_facts *facts)
{
    static const struct {
        const char *word;
        enum callback_kind kind;
    } kinds[] = {{"pending", CALLBACK_PENDING},
                 {"failed", CALLBACK_FAILED},
                 {"paid", CALLBACK_PAID},
                 {"refunded", CALLBACK_REFUNDED}};
    char word[16] = "";
    *facts = (struct callback_facts){.currency = "PLN"};
    int got = sscanf(line, "%15s %79s %ld", word, facts->movement, &facts->amount_minor);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); ++i)
        if (strcmp(word, kinds[i].word) == 0)
            facts->kind = kinds[i].kind;
    snprintf(facts->dedup_key, sizeof(facts->dedup_key), "%s:%s", word, facts->movement);
    if (facts->kind == CALLBACK_FAILED)
        snprintf(facts->reason, sizeof(facts->reason), "%.31s", facts->movement);
    snprintf(facts->reference, sizeof(facts->reference), "%.*s", SPAN_ARG(task->reference));
    return got >= 1 && facts->kind != CALLBACK_NONE;
}

static enum provider_step read_answer(const struct provider_account *account,
                                      const struct provider_task *task, int round,
                                      const struct provider_answer *answer,
                                      struct provider_result *result)
{
    (void)account, (void)round;
    char text[512];
    snprintf(text, sizeof(text), "%.*s", SPAN_ARG(answer->body));
    if (strcmp(text, "no") == 0)
        result->verdict = PROVIDER_NO;
    if (answer->status != 200 || strcmp(text, "no") == 0 || strcmp(text, "what?") == 0)
        return PROVIDER_DONE;
    char *rest = text;
    result->is_to_be_told = strstr(text, "to be told") != NULL;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;)
        if (read_fact(task, line, &result->facts[result->fact_count]))
            ++result->fact_count;
    result->verdict = PROVIDER_YES;
    return PROVIDER_DONE;
}

/* What is parked here says which movement is to be confirmed. */
static enum callback_verdict reread(const struct provider_account *account, struct span headers,
                                    struct span body, struct callback_facts *facts)
{
    (void)account, (void)headers;
    *facts = (struct callback_facts){.kind = CALLBACK_TO_CONFIRM, .currency = "PLN"};
    facts->amount_minor = 10000;
    snprintf(facts->movement, sizeof(facts->movement), "%.*s", SPAN_ARG(body));
    return CALLBACK_GENUINE;
}

static int setup_all(void **state)
{
    (void)state;
    fixture_new(&fixture);
    fake_bank_new(&bank);
    fixture.world.fetch = fetch_new(fixture.world.loop, 64);
    speaker = (struct provider){
        .name = "sandbox",
        .tasks = PROVIDER_TASK(PROVIDER_QUERY) | PROVIDER_TASK(PROVIDER_CONFIRM),
        .make_request = make_request,
        .read_answer = read_answer,
        .reread_callback = reread,
    };
    fixture.accounts[0].provider = &speaker;
    fixture.accounts[0].api_url = span_str(bank.url);
    return 0;
}

static int teardown_all(void **state)
{
    (void)state;
    fetch_free(fixture.world.fetch);
    fake_bank_free(&bank);
    fixture_free(&fixture);
    return 0;
}

static int setup(void **state)
{
    (void)state;
    fixture_seed(&fixture, 3);
    atomic_store(&bank.calls, 0);
    speaker.query_needs_id = false;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    asking_stop(asking);
    while (!asking_is_idle(asking))
        h2o_evloop_run(fixture.world.loop, 20);
    asking_free(asking);
    return 0;
}

static void answer(const char *text)
{
    static char whole[600];
    snprintf(whole, sizeof(whole), "200 OK\n%s", text);
    atomic_store(&bank.answer, whole);
}

static void make_silent(int customer, int asked_seconds_ago)
{
    char sql[512];
    snprintf(sql, sizeof(sql),
             "update payment set ask_at = now() - interval '1 second', key_no = 1, asked_at = now()"
             " - %d * interval '1 second' where customer_id = %d",
             asked_seconds_ago, customer);
    fixture_sql(&fixture, sql);
}

static void run_until(const char *sql, const char *expected)
{
    struct mono start = clock_mono();
    while (strcmp(fixture_value(&fixture, sql), expected) != 0) {
        if (mono_us_since(start, clock_mono()) > 10000000)
            fail_msg("%s is %s, not %s", sql, fixture_value(&fixture, sql), expected);
        h2o_evloop_run(fixture.world.loop, 20);
    }
}

#define STATE "select state || coalesce(' ' || reason, '') from payment where customer_id = 2"
#define DUE "select due_minor from invoice where customer_id = 2"

static void what_a_silent_provider_is_asked_is_booked_as_its_callback_would_be(void **state)
{
    (void)state;
    answer("paid A 10000\nrefunded R 4000");
    make_silent(2, 90);
    asking = asking_new(&fixture.world);
    run_until(DUE, "4000");
    run_until(STATE, "paid");
    assert_string_equal(fixture_value(&fixture,
                                      "select string_agg(state || ' ' || dedup_key, ', ' order by"
                                      " dedup_key) from callback_outcome"),
                        "applied asked:paid:A, applied asked:refunded:R");
    assert_int_equal(fixture_broken_invoices(&fixture), 0);
}

static void the_next_time_is_set_before_the_provider_is_asked(void **state)
{
    (void)state;
    answer("what?");
    make_silent(2, 90);
    asking = asking_new(&fixture.world);
    run_until("select asks from payment where customer_id = 2", "1");
    assert_string_equal(fixture_value(&fixture,
                                      "select ask_at between now() + interval '50 seconds' and"
                                      " now() + interval '70 seconds' from payment where"
                                      " customer_id = 2"),
                        "t");
    assert_string_equal(fixture_value(&fixture, STATE), "started");
}

static void a_payment_whose_time_is_over_fails_once_its_provider_knows_of_no_money(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        int age_seconds;
        const char *state;
    } rows[] = {
        {"pending", 90, "pending"},
        {"", 90, "started"},
        {"what?", 90000, "started"}, /* it may know of some */
        {"pending", 90000, "failed timed_out"},
        {"", 90000, "failed timed_out"},
        {"pending\nto be told", 90000, "pending"},
        {"no", 90000, "failed timed_out"},
        {"failed", 90000, "failed refused"},
        {"paid A 10000", 90000, "paid"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        fixture_seed(&fixture, 3);
        atomic_store(&bank.calls, 0);
        answer(rows[i].answer);
        make_silent(2, rows[i].age_seconds);
        asking = asking_new(&fixture.world);
        run_until("select asks from payment where customer_id = 2", "1");
        while (atomic_load(&bank.calls) == 0 || !asking_is_idle(asking))
            h2o_evloop_run(fixture.world.loop, 20);
        assert_string_equal(fixture_value(&fixture, STATE), rows[i].state);
        asking_free(asking);
    }
    asking = asking_new(&fixture.world);
}

#define UNDECIDED "select count(*) from event where customer_id = 2 and kind = 'payment.undecided'"

/* However often it is asked, and until something decides it after all. */
static void a_payment_that_stays_unclear_past_its_time_is_told_to_people_once(void **state)
{
    (void)state;
    static const char *const answers[] = {"what?", "what?", "pending\nto be told"};
    answer("what?");
    make_silent(2, 90);
    asking = asking_new(&fixture.world);
    run_until("select asks from payment where customer_id = 2", "1");
    while (!asking_is_idle(asking))
        h2o_evloop_run(fixture.world.loop, 20);
    assert_string_equal(fixture_value(&fixture, UNDECIDED), "0");
    for (int i = 0; i < 3; ++i) {
        char asks[8];
        snprintf(asks, sizeof(asks), "%d", 2 + i);
        answer(answers[i]);
        make_silent(2, 90000);
        run_until("select asks from payment where customer_id = 2", asks);
        while (!asking_is_idle(asking))
            h2o_evloop_run(fixture.world.loop, 20);
        assert_string_equal(fixture_value(&fixture, UNDECIDED), "1");
    }
    assert_string_equal(fixture_value(&fixture, STATE), "pending");
    answer("paid A 10000");
    make_silent(2, 90000);
    run_until(DUE, "0");
    assert_string_equal(fixture_value(&fixture, STATE), "paid");
}

static bool is_good_id(struct span id)
{
    return span_starts(id, SPAN_LIT("good"));
}

/* Its message named the payment by an id that is not to be asked by. */
static void an_id_of_another_kind_is_as_good_as_none(void **state)
{
    (void)state;
    speaker.query_needs_id = true;
    speaker.can_ask_by = is_good_id;
    answer("paid A 10000");
    fixture_sql(&fixture, "update payment set provider_reference = case customer_id when 2 then"
                          " 'good1' else 'bad1' end where customer_id in (2, 3)");
    make_silent(2, 90);
    make_silent(3, 90000);
    asking = asking_new(&fixture.world);
    run_until("select state || ' ' || reason from payment where customer_id = 3",
              "failed timed_out");
    run_until(DUE, "0");
    assert_int_equal(atomic_load(&bank.calls), 1);
    speaker.can_ask_by = NULL;
}

static void without_the_providers_id_it_is_not_asked_where_that_is_the_only_way(void **state)
{
    (void)state;
    speaker.query_needs_id = true;
    answer("paid A 10000");
    make_silent(2, 90);
    make_silent(3, 90000);
    asking = asking_new(&fixture.world);
    run_until("select state from payment where customer_id = 3", "failed");
    run_until("select asks from payment where customer_id = 2", "1");
    assert_string_equal(fixture_value(&fixture, STATE), "started");
    assert_int_equal(atomic_load(&bank.calls), 0);
}

/* By a notice that did not say why. */
static void a_failure_without_a_reason_is_asked_about_once(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        int age_seconds;
        const char *state, *ask_at;
    } rows[] = {
        {"failed blik_code_used", 5, "failed blik_code_used", "never"},
        {"failed", 5, "failed refused", "infinity"},
        {"what?", 5, "failed refused", "infinity"},
        {"", 90000, "failed refused", "infinity"}, /* it failed, and not because of its age */
        {"paid A 10000", 5, "paid", "infinity"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        fixture_seed(&fixture, 3);
        atomic_store(&bank.calls, 0);
        answer(rows[i].answer);
        make_silent(2, rows[i].age_seconds);
        fixture_sql(&fixture, "update payment set state = 'failed', reason = 'refused', method ="
                              " 'blik' where customer_id = 2");
        asking = asking_new(&fixture.world);
        run_until("select asks from payment where customer_id = 2", "1");
        while (atomic_load(&bank.calls) == 0 || !asking_is_idle(asking))
            h2o_evloop_run(fixture.world.loop, 20);
        assert_string_equal(fixture_value(&fixture, STATE), rows[i].state);
        assert_string_equal(fixture_value(&fixture, "select coalesce(ask_at::text, 'never') from"
                                                    " payment where customer_id = 2"),
                            rows[i].ask_at);
        asking_free(asking);
    }
    asking = asking_new(&fixture.world);
}

static struct provider_session session;
enum { LOOK_MS = 1000 }; /* from one look for questions to the next */

/* Of the provider: so many more are answered. */
static void let_answer(int count)
{
    while (count-- > 0)
        sem_post(&bank.turns);
}

static void run_until_under_way(int wanted)
{
    struct mono start = clock_mono();
    while (session.asks_under_way != wanted) {
        if (mono_us_since(start, clock_mono()) > 10000000)
            fail_msg("%d questions are under way, not %d", session.asks_under_way, wanted);
        h2o_evloop_run(fixture.world.loop, 20);
    }
}

static void begin_eight_of_twenty(void)
{
    while (sem_trywait(&bank.turns) == 0)
        ; /* a turn that nobody waited for */
    fixture_seed(&fixture, 20);
    fixture_sql(&fixture, "update payment set ask_at = now() - interval '1 second', key_no = 1,"
                          " asked_at = now() - interval '90 seconds'");
    atomic_store(&bank.is_held, true);
    asking = asking_new(&fixture.world);
    run_until_under_way(8);
}

/* Milliseconds from one answer until so many are under way, as there is more to ask. */
static int64_t until_asked_again(int wanted)
{
    struct mono start = clock_mono();
    int now = session.asks_under_way;
    let_answer(1);
    run_until_under_way(now - 1);
    run_until_under_way(wanted);
    return mono_us_since(start, clock_mono()) / 1000;
}

static void on_timer(void *owner)
{
    *(bool *)owner = true;
}

/* The look that comes while all eight wait finds no room. */
static int64_t look_without_room(void)
{
    bool is_over = false;
    struct timer timer;
    begin_eight_of_twenty();
    timer_init(&timer, fixture.world.loop, "test", on_timer, &is_over);
    timer_start(&timer, LOOK_MS + 50);
    while (!is_over)
        h2o_evloop_run(fixture.world.loop, 20);
    return until_asked_again(8);
}

/* Seven of the eight end while the next claim, which has room for one, waits for the table. */
static int64_t claim_while_others_end(void)
{
    PGconn *holder = PQconnectdb(fixture.cluster.conninfo);
    begin_eight_of_twenty();
    PQclear(PQexec(holder, "begin; lock table payment in share row exclusive mode"));
    let_answer(1);
    run_until("select count(*) from pg_stat_activity where wait_event_type = 'Lock'", "1");
    let_answer(7);
    run_until_under_way(0);
    PQfinish(holder);
    run_until_under_way(1);
    return until_asked_again(8);
}

/* Otherwise it comes with the next look, however fast the machine is: on a slow one, of three tries
 * one is to be faster. */
static void assert_at_once(int64_t (*until_next)(void), int64_t look_ms)
{
    int64_t took_ms = look_ms;
    fixture.accounts[0].session = &session;
    answer("what?");
    for (int tries = 0; tries < 3 && took_ms >= look_ms; ++tries) {
        if (tries > 0)
            (void)teardown(NULL);
        took_ms = until_next();
        atomic_store(&bank.is_held, false);
        let_answer(1); /* the one that waits */
    }
    assert_true(took_ms < look_ms);
}

static void a_claim_that_was_full_is_followed_at_once_although_others_ended_meanwhile(void **state)
{
    (void)state;
    assert_at_once(claim_while_others_end, LOOK_MS - 100);
}

static void a_look_without_room_does_not_forget_that_there_is_more(void **state)
{
    (void)state;
    assert_at_once(look_without_room, LOOK_MS / 2);
}

static int teardown_session(void **state)
{
    int bad = teardown(state);
    fixture.accounts[0].session = NULL;
    return bad;
}

/* A message of the provider's that movement M of payment 1 of customer 2 is to be confirmed. */
static void park_to_confirm(void)
{
    fixture_sql(&fixture,
                "insert into callback values ('sandbox', 'default', 'M', now(), '{}', 'M');"
                "insert into callback_outcome (provider, account, dedup_key, state, reason,"
                " decided_at, next_try_at, customer_id, payment_no) values ('sandbox', 'default',"
                " 'M', 'parked', 'to_confirm', now(), now(), 2, 1);"
                "update payment set key_no = 1");
}

static void a_payment_is_booked_when_it_is_confirmed_and_its_message_is_done(void **state)
{
    (void)state;
    answer("paid M 10000");
    park_to_confirm();
    asking = asking_new(&fixture.world);
    run_until(DUE, "0");
    assert_non_null(strstr(bank.request, "POST /confirm"));
    assert_non_null(strstr(bank.request, " M 10000 PLN"));
    assert_string_equal(
        fixture_value(&fixture,
                      "select reason || ' ' || (next_try_at <= now()) from callback_outcome where"
                      " dedup_key = 'M'"),
        "waits_for_payment true"); /* jobs/parked.h decides it once more: nothing new */
}

static void a_confirmation_that_is_refused_is_left_to_people(void **state)
{
    (void)state;
    answer("no");
    park_to_confirm();
    asking = asking_new(&fixture.world);
    run_until("select reason || coalesce(' ' || next_try_at, '') from callback_outcome",
              "not_confirmed");
    assert_string_equal(fixture_value(&fixture, DUE), "10000");
}

static void an_unclear_confirmation_is_asked_for_again_later(void **state)
{
    (void)state;
    answer("what?");
    park_to_confirm();
    asking = asking_new(&fixture.world);
    run_until("select attempts || ' ' || (next_try_at > now() + interval '10 seconds') from"
              " callback_outcome",
              "2 true");
    assert_string_equal(fixture_value(&fixture, DUE), "10000");
}

static void a_refund_is_not_asked_about_where_the_provider_cannot_say(void **state)
{
    (void)state;
    unsigned tasks = speaker.tasks;
    speaker.tasks = PROVIDER_TASK(PROVIDER_QUERY) | PROVIDER_TASK(PROVIDER_REFUND);
    answer("what?");
    fixture_sql(&fixture, "update payment set key_no = 1 where customer_id = 2");
    fixture_sql(&fixture, "insert into refund (customer_id, payment_no, refund_no, invoice_id,"
                          " provider, account, movement, amount_minor, currency, reason, state,"
                          " asked_by, idempotency_key, refund_id, next_try_at, created_at,"
                          " changed_at) select customer_id, payment_no, 1, invoice_id, 'sandbox',"
                          " 'default', 'A', 100, 'PLN', 'x', 'asked', 'k', 'i', 'R1', now(), now(),"
                          " now() from payment_allocation where customer_id = 2");
    asking = asking_new(&fixture.world);
    run_until("select attempts || ' ' || state from refund", "1 asked");
    while (!asking_is_idle(asking))
        h2o_evloop_run(fixture.world.loop, 20);
    fixture_sql(&fixture, "delete from refund");
    assert_int_equal(atomic_load(&bank.calls), 0);
    speaker.tasks = tasks;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            what_a_silent_provider_is_asked_is_booked_as_its_callback_would_be, setup, teardown),
        cmocka_unit_test_setup_teardown(the_next_time_is_set_before_the_provider_is_asked, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            a_payment_whose_time_is_over_fails_once_its_provider_knows_of_no_money, setup,
            teardown),
        cmocka_unit_test_setup_teardown(
            a_payment_that_stays_unclear_past_its_time_is_told_to_people_once, setup, teardown),
        cmocka_unit_test_setup_teardown(an_id_of_another_kind_is_as_good_as_none, setup, teardown),
        cmocka_unit_test_setup_teardown(
            without_the_providers_id_it_is_not_asked_where_that_is_the_only_way, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failure_without_a_reason_is_asked_about_once, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            a_claim_that_was_full_is_followed_at_once_although_others_ended_meanwhile, setup,
            teardown_session),
        cmocka_unit_test_setup_teardown(a_look_without_room_does_not_forget_that_there_is_more,
                                        setup, teardown_session),
        cmocka_unit_test_setup_teardown(
            a_payment_is_booked_when_it_is_confirmed_and_its_message_is_done, setup, teardown),
        cmocka_unit_test_setup_teardown(a_confirmation_that_is_refused_is_left_to_people, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_unclear_confirmation_is_asked_for_again_later, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_refund_is_not_asked_about_where_the_provider_cannot_say,
                                        setup, teardown),
    };
    return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
