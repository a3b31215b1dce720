#include "flow/payment_start.h"

#include "base/crypto.h"
#include "io/fetch.h"
#include "provider/provider_call.h"
#include "provider/provider_session.h"
#include "unit/flow/fake_bank.h"
#include "unit/flow/money_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct money_fixture fixture;
static struct fake_bank bank;
static char yes[256];

/* What became of each start, in the order of their ends. */
enum { ENDS_MAX = 64 };
static struct {
    enum payment_start_result result;
    int error;
    char redirect_url[128], reference[PAYMENT_REFERENCE_LEN + 1];
} ends[ENDS_MAX];
static int end_count;

static int setup_all(void **state)
{
    (void)state;
    fixture_new(&fixture);
    fake_bank_new(&bank);
    fixture.world.fetch = fetch_new(fixture.world.loop, 64);
    fixture.accounts[0].api_url = fixture.accounts[0].start_origin = span_str(bank.url);
    snprintf(yes, sizeof(yes), "201 Created\n{\"id\":\"sb_1\",\"redirect_url\":\"%s/pay/1\"}",
             bank.url);
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

/* Nobody has paid anything yet: payment 1 of the fixture is taken away. */
static int setup(void **state)
{
    (void)state;
    fixture_seed(&fixture, 3);
    fixture_sql(&fixture, "delete from payment_allocation; delete from payment;"
                          "update customer set payment_count = 0");
    atomic_store(&bank.answer, yes);
    atomic_store(&bank.calls, 0);
    end_count = 0;
    return 0;
}

static void on_done(void *owner, const struct payment_start_outcome *outcome, const struct err *err)
{
    (void)owner;
    int i = end_count++;
    ends[i].error = err->code;
    ends[i].result = outcome == NULL ? 0 : outcome->result;
    snprintf(ends[i].redirect_url, sizeof(ends[i].redirect_url), "%s",
             outcome == NULL ? "" : outcome->redirect_url);
    snprintf(ends[i].reference, sizeof(ends[i].reference), "%s",
             outcome == NULL ? "" : outcome->reference);
}

static bool pays_again; /* the form said that another payment is on its way */

static void begin(const char *nonce, const char *blik, int64_t amount_minor)
{
    struct payment_start *op;
    struct err err;
    assert_int_equal(payment_start_begin(&fixture.world,
                                         &(struct payment_start_options){
                                             .link = {2, 1},
                                             .form_nonce = span_str(nonce),
                                             .is_blik = blik != NULL,
                                             .blik_code = span_str(blik),
                                             .amount_minor = amount_minor,
                                             .pays_again = pays_again,
                                         },
                                         on_done, NULL, &op, &err),
                     0);
}

static enum payment_start_result start(const char *nonce, const char *blik, int64_t amount_minor)
{
    int before = end_count;
    begin(nonce, blik, amount_minor);
    assert_int_equal(end_count, before);
    assert_true(fixture_run(&fixture, &end_count, before + 1, 15));
    assert_int_equal(ends[before].error, 0);
    return ends[before].result;
}

static void assert_value(const char *sql, const char *expected)
{
    assert_string_equal(fixture_value(&fixture, sql), expected);
}

#define PAYMENTS                                                                                   \
    "select string_agg(payment_no || ':' || method || ':' || state || ':' || amount_minor, ' '"    \
    " order by payment_no) from payment"

static void started_payment_is_registered_and_leads_to_the_provider(void **state)
{
    (void)state;
    assert_int_equal(start("n1", NULL, 10000), PAYMENT_START_REDIRECT);
    assert_non_null(strstr(ends[0].redirect_url, "/pay/1"));
    assert_value(PAYMENTS, "1:redirect:started:10000");
    assert_value("select customer_id || ' ' || payment_no from provider_reference where reference ="
                 " 'sb_1'",
                 "2 1");
    assert_value(
        "select kind || ' ' || facts from event",
        "payment.created {\"payment_no\":1,\"method\":\"redirect\",\"provider\":\"sandbox\","
        "\"amount_minor\":10000}");
    char key[64];
    struct payment_id id;
    assert_true(payment_reference_check(fixture.keys, span_str(ends[0].reference), &id));
    assert_int_equal(id.customer_id, 2);
    assert_int_equal(id.payment_no, 1);
    snprintf(key, sizeof(key), "Idempotency-Key: %s\r\n", ends[0].reference);
    assert_non_null(strstr(bank.request, key));
    assert_non_null(strstr(bank.request, "\"return_url\":\"https://p.example/back/"));
    assert_int_equal(fixture_broken_invoices(&fixture), 0);
}

static void the_same_form_twice_is_one_payment_with_one_way_on(void **state)
{
    (void)state;
    begin("n1", NULL, 10000);
    begin("n1", NULL, 10000);
    assert_true(fixture_run(&fixture, &end_count, 2, 15));
    start("n1", NULL, 10000);
    for (int i = 0; i < 3; ++i) {
        assert_int_equal(ends[i].result, PAYMENT_START_REDIRECT);
        assert_string_equal(ends[i].redirect_url, ends[0].redirect_url);
        assert_string_equal(ends[i].reference, ends[0].reference);
    }
    assert_value(PAYMENTS, "1:redirect:started:10000");
}

static void two_forms_are_two_payments(void **state)
{
    (void)state;
    start("n1", NULL, 10000);
    atomic_store(&bank.answer, "201 Created\n{\"id\":\"sb_2\"}");
    assert_int_equal(start("n2", "777123", 10000), PAYMENT_START_WAIT);
    assert_value(PAYMENTS, "1:redirect:started:10000 2:blik:started:10000");
    assert_non_null(strstr(bank.request, "\"blik_code\":\"777123\""));
}

/* A form of before the bank said that it has the payment in hand, say in another tab. */
static void while_a_payment_is_in_hand_another_is_started_only_knowingly(void **state)
{
    (void)state;
    start("n1", NULL, 10000);
    fixture_sql(&fixture, "update payment set state = 'pending'");
    atomic_store(&bank.answer, "201 Created\n{\"id\":\"sb_2\"}");
    assert_int_equal(start("n2", NULL, 10000), PAYMENT_START_IN_HAND);
    assert_int_equal(start("n3", "777123", 10000), PAYMENT_START_IN_HAND);
    assert_value(PAYMENTS, "1:redirect:pending:10000");
    assert_int_equal(atomic_load(&bank.calls), 1);
    pays_again = true;
    enum payment_start_result result = start("n2", "777123", 10000);
    pays_again = false;
    assert_int_equal(result, PAYMENT_START_WAIT);
    assert_value(PAYMENTS, "1:redirect:pending:10000 2:blik:started:10000");
    /* The form of a payment that was started leads to it still. */
    assert_int_equal(start("n2", "777123", 10000), PAYMENT_START_WAIT);
    assert_string_equal(ends[4].reference, ends[3].reference);
}

/* A provider that has not answered is not asked again either. */
static void while_a_payment_is_in_hand_no_other_is_asked_for_again(void **state)
{
    (void)state;
    start("n1", NULL, 10000);
    atomic_store(&bank.answer, NULL);
    assert_int_equal(start("n2", NULL, 10000), PAYMENT_START_UNANSWERED);
    fixture_sql(&fixture, "update payment set state = 'pending' where payment_no = 1");
    assert_int_equal(start("n3", NULL, 10000), PAYMENT_START_IN_HAND);
    assert_int_equal(atomic_load(&bank.calls), 2);
    assert_value("select start_calls from payment where payment_no = 2", "1");
}

static void refusal_is_kept_with_its_reason(void **state)
{
    (void)state;
    atomic_store(&bank.answer, "422 Unprocessable Content\n{\"reason\":\"blik_code_wrong\"}");
    assert_int_equal(start("n1", "000000", 10000), PAYMENT_START_WAIT);
    assert_value("select state || ' ' || reason from payment", "failed blik_code_wrong");
    assert_value("select kind from event order by event_no desc limit 1", "payment.failed");
    assert_int_equal(start("n1", "000000", 10000), PAYMENT_START_WAIT);
    assert_int_equal(atomic_load(&bank.calls), 1);
    assert_int_equal(fixture_broken_invoices(&fixture), 0);
}

/* Callbacks that loaded the payment before the provider's answer was kept must not save. */
static void the_providers_answer_moves_the_customers_money_on(void **state)
{
    (void)state;
    fixture_sql(&fixture, "update customer set money_version = 5");
    start("n1", NULL, 10000);
    assert_value("select money_version from customer where customer_id = 2", "6");
    atomic_store(&bank.answer, "422 Unprocessable Content\n{\"reason\":\"blik_code_wrong\"}");
    start("n2", "000000", 10000);
    assert_value("select money_version from customer where customer_id = 2", "7");
    assert_value("select string_agg(money_version::text, ' ') from customer where customer_id <> 2",
                 "5 5");
}

/* Sequences do not roll back: the first `failures` tries to keep the provider's id fail. */
static enum payment_start_result start_while_keeping_fails(int failures, const char *sqlstate)
{
    char sql[512];
    snprintf(sql, sizeof(sql),
             "create sequence tries; create function refuse() returns trigger language plpgsql"
             " security definer as $$ begin if nextval('tries') <= %d then raise exception 'no'"
             " using errcode = '%s'; end if; return new; end $$;"
             "create trigger refuse before insert on provider_reference for each row execute"
             " function refuse()",
             failures, sqlstate);
    fixture_sql(&fixture, sql);
    enum payment_start_result result = start("n1", NULL, 10000);
    fixture_sql(&fixture, "drop trigger refuse on provider_reference; drop function refuse()");
    return result;
}

static void the_providers_answer_is_kept_although_the_database_failed_at_first(void **state)
{
    (void)state;
    const char *const sqlstates[] = {"40001", "23514"};
    for (int i = 0; i < 2; ++i) {
        setup(NULL);
        assert_int_equal(start_while_keeping_fails(3, sqlstates[i]), PAYMENT_START_REDIRECT);
        assert_value("select last_value from tries", "4");
        fixture_sql(&fixture, "drop sequence tries");
        assert_value(PAYMENTS, "1:redirect:started:10000");
        assert_int_equal(atomic_load(&bank.calls), 1);
    }
}

static void browser_goes_on_when_the_providers_answer_cannot_be_kept(void **state)
{
    (void)state;
    assert_int_equal(start_while_keeping_fails(100, "40001"), PAYMENT_START_REDIRECT);
    assert_value("select last_value from tries", "4");
    fixture_sql(&fixture, "drop sequence tries");
    assert_non_null(strstr(ends[0].redirect_url, "/pay/1"));
    assert_value(PAYMENTS, "1:redirect:created:10000");
}

/* Whoever tries again after no answer gets the same payment under the same key: one charge. */
static void no_answer_leaves_it_created_and_the_next_try_is_the_same_payment(void **state)
{
    (void)state;
    const char *const answers[] = {NULL, "500 Oh\n", "200 OK\nnonsense",
                                   "201 Created\n{\"id\":\"sb_1\"}"};
    for (int i = 0; i < 4; ++i) {
        char nonce[8];
        snprintf(nonce, sizeof(nonce), "n%d", i);
        atomic_store(&bank.answer, answers[i]);
        assert_int_equal(start(nonce, NULL, 10000), PAYMENT_START_UNANSWERED);
        assert_value(PAYMENTS, "1:redirect:created:10000");
        assert_string_equal(ends[i].reference, ends[0].reference);
    }
    atomic_store(&bank.answer, yes);
    assert_int_equal(start("n9", NULL, 10000), PAYMENT_START_REDIRECT);
    assert_string_equal(ends[4].reference, ends[0].reference);
    assert_value(PAYMENTS, "1:redirect:started:10000");
}

/* What was asked of the provider first may yet be paid: the same form is no way to another. */
static void the_same_form_with_another_method_amount_or_account_is_not_sent(void **state)
{
    (void)state;
    atomic_store(&bank.answer, NULL);
    assert_int_equal(start("n1", NULL, 10000), PAYMENT_START_UNANSWERED);
    atomic_store(&bank.answer, yes);
    int calls = atomic_load(&bank.calls);
    assert_int_equal(start("n1", "777123", 10000), PAYMENT_START_CHANGED);
    struct span account = fixture.accounts[0].account;
    fixture.accounts[0].account = SPAN_LIT("other");
    enum payment_start_result elsewhere = start("n1", NULL, 10000);
    fixture.accounts[0].account = account;
    assert_int_equal(elsewhere, PAYMENT_START_NO_PROVIDER); /* it was made for one that is gone */
    fixture_sql(&fixture, "update invoice set due_minor = 9000 where customer_id = 2");
    assert_int_equal(start("n1", NULL, 9000), PAYMENT_START_CHANGED);
    assert_int_equal(atomic_load(&bank.calls), calls);
    assert_value("select start_calls from payment", "1");
    assert_value(PAYMENTS, "1:redirect:created:10000");
    fixture_sql(&fixture, "update invoice set due_minor = 10000 where customer_id = 2");
    assert_int_equal(start("n1", NULL, 10000), PAYMENT_START_REDIRECT);
}

static struct keyring *keys_of(const char *text)
{
    struct err err;
    struct keyring *keys = keyring_new(span_str(text), &err);
    assert_non_null(keys);
    return keys;
}

#define KEY_1 "1 1111111111111111111111111111111111111111111111111111111111111111 "
#define KEY_2 "2 2222222222222222222222222222222222222222222222222222222222222222 "

/* The reference is the provider's idempotency key: a rotation in between must not make it two. */
static void after_a_rotation_the_provider_is_asked_again_under_the_same_key(void **state)
{
    (void)state;
    atomic_store(&bank.answer, NULL);
    assert_int_equal(start("n1", NULL, 10000), PAYMENT_START_UNANSWERED);
    struct keyring *rotated = keys_of(KEY_1 "active\n" KEY_2 "active\n");
    fixture.world.keys = rotated;
    atomic_store(&bank.answer, yes);
    enum payment_start_result result = start("n2", NULL, 10000);
    fixture.world.keys = fixture.keys;
    keyring_free(rotated);
    assert_int_equal(result, PAYMENT_START_REDIRECT);
    char key[64];
    snprintf(key, sizeof(key), "Idempotency-Key: %s\r\n", ends[0].reference);
    assert_non_null(strstr(bank.request, key));
    assert_string_equal(ends[1].reference, ends[0].reference);
    assert_value("select key_no from payment", "1");
}

static void when_its_key_is_retired_the_provider_is_not_asked_again(void **state)
{
    (void)state;
    atomic_store(&bank.answer, NULL);
    assert_int_equal(start("n1", NULL, 10000), PAYMENT_START_UNANSWERED);
    struct keyring *rotated = keys_of(KEY_1 "retired\n" KEY_2 "active\n");
    fixture.world.keys = rotated;
    atomic_store(&bank.answer, yes);
    int calls = atomic_load(&bank.calls);
    enum payment_start_result result = start("n1", NULL, 10000);
    struct payment_id id;
    bool opens = payment_reference_check(rotated, span_str(ends[1].reference), &id);
    fixture.world.keys = fixture.keys;
    keyring_free(rotated);
    assert_int_equal(result, PAYMENT_START_UNANSWERED);
    assert_int_equal(atomic_load(&bank.calls), calls);
    assert_true(opens);
    assert_value(PAYMENTS, "1:redirect:created:10000");
}

/* The code may be on the customer's phone: the page waits, and another code is the same payment. */
static void blik_without_an_answer_waits_and_the_next_code_is_the_same_payment(void **state)
{
    (void)state;
    atomic_store(&bank.answer, NULL);
    assert_int_equal(start("n1", "777123", 10000), PAYMENT_START_WAIT);
    assert_value(PAYMENTS, "1:blik:created:10000");
    atomic_store(&bank.answer, "201 Created\n{\"id\":\"sb_1\"}");
    assert_int_equal(start("n2", "777456", 10000), PAYMENT_START_WAIT);
    assert_value(PAYMENTS, "1:blik:started:10000");
}

/* Each code that is confirmed is a charge of its own. */
static void another_way_while_a_blik_code_may_be_confirmed_needs_the_customers_word(void **state)
{
    (void)state;
    atomic_store(&bank.answer, "201 Created\n{\"id\":\"sb_1\"}");
    assert_int_equal(start("n1", "777123", 10000), PAYMENT_START_WAIT);
    assert_int_equal(start("n1", "777123", 10000), PAYMENT_START_WAIT); /* a double tap */
    assert_int_equal(start("n2", "777456", 10000), PAYMENT_START_ELSEWHERE);
    assert_int_equal(start("n3", NULL, 10000), PAYMENT_START_ELSEWHERE);
    assert_value(PAYMENTS, "1:blik:started:10000");
    pays_again = true;
    atomic_store(&bank.answer, "201 Created\n{\"id\":\"sb_2\"}");
    assert_int_equal(start("n4", "777456", 10000), PAYMENT_START_WAIT);
    pays_again = false;
    fixture_sql(&fixture, "update payment set asked_at = asked_at - interval '121 seconds'");
    atomic_store(&bank.answer, "201 Created\n{\"id\":\"sb_3\"}");
    assert_int_equal(start("n5", "777789", 10000), PAYMENT_START_WAIT);
    fixture_sql(&fixture, "update payment set state = 'failed' where payment_no = 3");
    atomic_store(&bank.answer, "201 Created\n{\"id\":\"sb_4\"}");
    assert_int_equal(start("n6", "777001", 10000), PAYMENT_START_WAIT);
    assert_value("select count(*) from payment", "4");
}

/* Times that `text` lies in what this process has allocated, freed or not. */
static int count_in_heap(const char *text)
{
    FILE *maps = fopen("/proc/self/maps", "re"), *memory = fopen("/proc/self/mem", "rbe");
    size_t len = strlen(text), room = 1 << 20, found = 0;
    char line[512], *bytes = malloc(room);
    assert_true(maps != NULL && memory != NULL && bytes != NULL);
    while (fgets(line, sizeof(line), maps) != NULL) {
        unsigned long from, to, inode;
        char rights[5], name[256] = "";
        int fields =
            sscanf(line, "%lx-%lx %4s %*s %*s %lu %255s", &from, &to, rights, &inode, name);
        bool is_heap = fields == 4 || strcmp(name, "[heap]") == 0;
        if (fields < 4 || rights[1] != 'w' || inode != 0 || !is_heap || to - from > 1ul << 30)
            continue;
        for (unsigned long at = from; at < to; at += room - len) {
            fseeko(memory, (off_t)at, SEEK_SET);
            size_t got = fread(bytes, 1, to - at < room ? to - at : room, memory);
            for (char *hit = bytes;
                 (hit = memmem(hit, got - (size_t)(hit - bytes), text, len)) != NULL; ++hit)
                ++found;
        }
        memset(bytes, 0, room);
    }
    free(bytes);
    fclose(memory);
    fclose(maps);
    return (int)found;
}

static int start_and_count_left(const char *nonce)
{
    static char code[] = "777777"; /* not as a literal, and not on the heap */
    uint8_t random[6];
    random_bytes(random, sizeof(random));
    for (size_t i = 0; i < sizeof(random); ++i)
        code[i] = (char)('0' + random[i] % 10);
    assert_int_equal(start(nonce, code, 10000), PAYMENT_START_WAIT);
    assert_non_null(strstr(bank.request, code));
    memset(bank.request, 0, sizeof(bank.request)); /* the bank's own memory is not meant */
    return count_in_heap(code);
}

/* Whoever reads this process's memory, or a core of it, finds no code that could still be used. Six
 * digits also turn up by chance, say in a time: but not those of three codes one after the other.
 */
static void blik_code_is_wiped_when_it_is_not_needed_any_more(void **state)
{
    (void)state;
    atomic_store(&bank.answer, "201 Created\n{\"id\":\"sb_1\"}");
    int left = start_and_count_left("n1");
    if (left != 0)
        left = start_and_count_left("n2");
    if (left != 0)
        left = start_and_count_left("n3");
    assert_int_equal(left, 0);
}

static void blik_is_for_zloty_alone(void **state)
{
    (void)state;
    fixture_sql(&fixture, "update invoice set currency = 'EUR'");
    assert_int_equal(start("n1", "777123", 10000), PAYMENT_START_NO_PROVIDER);
    assert_value("select count(*) from payment", "0");
    assert_int_equal(start("n2", NULL, 10000), PAYMENT_START_REDIRECT);
}

/* 63 two-byte letters and an odd byte: a title is cut between characters. */
static void long_invoice_number_is_cut_between_characters(void **state)
{
    (void)state;
    fixture_sql(&fixture, "update invoice set number = 'x' || repeat('ł', 100)");
    assert_int_equal(start("n1", NULL, 10000), PAYMENT_START_REDIRECT);
    assert_non_null(strstr(bank.request, "\"title\":\"xł"));
    assert_non_null(strstr(bank.request, "ł\",\"return_url\""));
}

static void sixth_start_in_ten_minutes_is_refused_and_blik_counts_apart(void **state)
{
    (void)state;
    pays_again = true;
    for (int i = 0; i < 12; ++i) {
        char nonce[8];
        snprintf(nonce, sizeof(nonce), "n%d", i);
        bool is_blik = i % 2 == 1;
        atomic_store(&bank.answer, is_blik ? "201 Created\n{\"id\":\"sb_x\"}" : yes);
        enum payment_start_result expected = i >= 10   ? PAYMENT_START_TOO_MANY
                                             : is_blik ? PAYMENT_START_WAIT
                                                       : PAYMENT_START_REDIRECT;
        assert_int_equal(start(nonce, is_blik ? "777123" : NULL, 10000), expected);
    }
    assert_int_equal(atomic_load(&bank.calls), 10);
    fixture_sql(&fixture, "update payment set asked_at = asked_at - interval '601 seconds'");
    atomic_store(&bank.answer, yes);
    assert_int_equal(start("later", NULL, 10000), PAYMENT_START_REDIRECT);
    assert_value("select count(*) from payment", "11");
    pays_again = false;
}

static void limit_holds_when_all_come_at_once(void **state)
{
    (void)state;
    for (int i = 0; i < 30; ++i) {
        char nonce[8];
        snprintf(nonce, sizeof(nonce), "n%d", i);
        begin(nonce, NULL, 10000);
    }
    assert_true(fixture_run(&fixture, &end_count, 30, 15));
    int redirected = 0;
    for (int i = 0; i < 30; ++i)
        redirected += ends[i].result == PAYMENT_START_REDIRECT;
    assert_in_range(redirected, 1, 5);
    assert_in_range(atomic_load(&bank.calls), 1, 5);
    assert_int_equal(fixture_broken_invoices(&fixture), 0);
}

static void what_must_not_be_paid_makes_no_payment(void **state)
{
    (void)state;
    assert_int_equal(start("n1", NULL, 9999), PAYMENT_START_CHANGED);
    fixture_sql(&fixture, "update invoice set due_minor = 0");
    assert_int_equal(start("n1", NULL, 10000), PAYMENT_START_SETTLED);
    fixture_sql(&fixture, "update paylink set state = 'revoked', revoked_at = now();"
                          "update invoice set link_no = null");
    assert_int_equal(start("n1", NULL, 10000), PAYMENT_START_REVOKED);
    fixture_sql(&fixture, "delete from paylink");
    assert_int_equal(start("n1", NULL, 10000), PAYMENT_START_NOWHERE);
    assert_value("select count(*) from payment", "0");
    assert_value("select sum(payment_count) from customer", "0");
    assert_int_equal(atomic_load(&bank.calls), 0);
}

static void callback_parked_for_its_id_is_tried_when_the_id_is_registered(void **state)
{
    (void)state;
    fixture_sql(&fixture,
                "insert into callback values ('sandbox', 'default', 'k', now(), '{}', '{}');"
                "insert into callback_outcome (provider, account, dedup_key, state, reason,"
                " decided_at, next_try_at, provider_reference) values ('sandbox', 'default', 'k',"
                " 'parked', 'unknown_reference', now(), now() + interval '1 hour', 'sb_1')");
    start("n1", NULL, 10000);
    assert_value("select next_try_at <= now() from callback_outcome", "t");
}

/* A callback may be quicker than the provider's answer. */
static void what_a_callback_said_meanwhile_stays(void **state)
{
    (void)state;
    atomic_store(&bank.answer, NULL);
    start("n1", NULL, 10000);
    fixture_sql(&fixture, "update payment set state = 'paid', paid_minor = 10000");
    atomic_store(&bank.answer, yes);
    assert_int_equal(start("n1", NULL, 10000), PAYMENT_START_WAIT);
    assert_value(PAYMENTS, "1:redirect:paid:10000");
}

/* The fixture's account with nobody there, and a second one that answers. */
static struct provider_session sessions[2];
static struct provider_account kept_account;

static void add_second_account(void)
{
    kept_account = fixture.accounts[0];
    memset(sessions, 0, sizeof(sessions));
    fixture.accounts[1] = fixture.accounts[0];
    fixture.accounts[1].account = SPAN_LIT("second");
    fixture.accounts[0].session = &sessions[0];
    fixture.accounts[1].session = &sessions[1];
}

static int drop_second_account(void **state)
{
    (void)state;
    fixture.accounts[0] = kept_account;
    fixture.accounts[1] = (struct provider_account){0};
    return 0;
}

#define ACCOUNTS                                                                                   \
    "select string_agg(payment_no || ':' || account || ':' || state, ' ' order by payment_no) "    \
    "from"                                                                                         \
    " payment"

static void what_never_reached_a_provider_goes_to_the_next(void **state)
{
    (void)state;
    add_second_account();
    fixture.accounts[0].api_url = SPAN_LIT("http://127.0.0.1:1");
    assert_int_equal(start("n1", NULL, 10000), PAYMENT_START_REDIRECT);
    assert_value(ACCOUNTS, "1:second:started");
    assert_value("select account from provider_reference", "second");
    /* The same form again leads to where it went. */
    assert_int_equal(start("n1", NULL, 10000), PAYMENT_START_REDIRECT);
    assert_value(ACCOUNTS, "1:second:started");
}

static void what_may_have_reached_a_provider_stays_there(void **state)
{
    (void)state;
    add_second_account();
    atomic_store(&bank.answer, NULL);
    assert_int_equal(start("n1", NULL, 10000), PAYMENT_START_UNANSWERED);
    assert_value(ACCOUNTS, "1:default:created");
    assert_int_equal(atomic_load(&bank.calls), 1);
}

/* Of an account that has all its calls under way. */
static void what_finds_no_place_at_a_provider_goes_to_the_next_or_ends_at_once(void **state)
{
    (void)state;
    uint64_t shed = fixture.metrics->values[METRIC_provider_calls_shed];
    add_second_account();
    sessions[0].starts_under_way = PROVIDER_STARTS_MAX;
    assert_int_equal(start("n1", NULL, 10000), PAYMENT_START_REDIRECT);
    assert_value(ACCOUNTS, "1:second:started");
    assert_int_equal(atomic_load(&bank.calls), 1);
    assert_int_equal(sessions[0].health.failures_, 1);
    assert_int_equal(sessions[1].health.failures_, 0);
    sessions[1].starts_under_way = PROVIDER_STARTS_MAX;
    pays_again = true;
    enum payment_start_result none = start("n2", NULL, 10000);
    pays_again = false;
    assert_int_equal(none, PAYMENT_START_UNANSWERED);
    assert_int_equal(atomic_load(&bank.calls), 1);
    assert_int_equal(fixture.metrics->values[METRIC_provider_calls_shed] - shed, 3);
}

/* Nobody has the code: whoever waited for it would wait for nothing. */
static void a_blik_code_that_reached_no_provider_is_not_waited_for(void **state)
{
    (void)state;
    add_second_account();
    fixture.accounts[0].api_url = fixture.accounts[1].api_url = SPAN_LIT("http://127.0.0.1:1");
    assert_int_equal(start("n1", "777123", 10000), PAYMENT_START_UNANSWERED);
    assert_value(ACCOUNTS, "1:second:created");
    /* One that may have reached the second is on the customer's phone perhaps. */
    fixture.accounts[1].api_url = kept_account.api_url;
    atomic_store(&bank.answer, NULL);
    assert_int_equal(start("n1", "777456", 10000), PAYMENT_START_WAIT);
    atomic_store(&bank.answer, "201 Created\n{\"id\":\"sb_1\"}");
    assert_int_equal(start("n1", "777789", 10000), PAYMENT_START_WAIT);
    assert_value(ACCOUNTS, "1:second:started");
}

static void while_one_rests_the_next_is_offered_but_never_beside_it_unasked(void **state)
{
    (void)state;
    add_second_account();
    atomic_store(&bank.answer, "500 Oh\n");
    for (int i = 0; i < 3; ++i)
        assert_int_equal(start("n1", NULL, 10000), PAYMENT_START_UNANSWERED);
    atomic_store(&bank.answer, yes);
    assert_int_equal(start("n2", NULL, 10000), PAYMENT_START_ELSEWHERE);
    assert_value(ACCOUNTS, "1:default:created");
    pays_again = true;
    enum payment_start_result knowingly = start("n3", NULL, 10000);
    pays_again = false;
    assert_int_equal(knowingly, PAYMENT_START_REDIRECT);
    assert_value(ACCOUNTS, "1:default:created 2:second:started");
}

static void the_account_is_the_first_that_takes_the_currency_and_the_amount(void **state)
{
    (void)state;
    add_second_account();
    fixture.accounts[0].currencies = SPAN_LIT("EUR CZK");
    assert_int_equal(start("n1", NULL, 10000), PAYMENT_START_REDIRECT);
    fixture.accounts[1].amount_max_minor = 9999;
    pays_again = true;
    enum payment_start_result none = start("n2", NULL, 10000);
    fixture.accounts[0].currencies = SPAN_LIT("EUR PLN");
    enum payment_start_result first = start("n3", NULL, 10000);
    pays_again = false;
    assert_int_equal(none, PAYMENT_START_NO_PROVIDER);
    assert_int_equal(first, PAYMENT_START_REDIRECT);
    assert_value(ACCOUNTS, "1:second:started 2:default:started");
}

/* Where the same start twice would be two charges it is not sent twice. */
static void an_unanswered_start_is_not_repeated_where_that_is_not_safe(void **state)
{
    (void)state;
    struct provider unsafe = sandbox_provider;
    unsafe.start_is_repeatable = false;
    kept_account = fixture.accounts[0];
    fixture.accounts[0].provider = &unsafe;
    atomic_store(&bank.answer, NULL);
    assert_int_equal(start("n1", NULL, 10000), PAYMENT_START_UNANSWERED);
    assert_int_equal(start("n1", NULL, 10000), PAYMENT_START_WAIT);
    assert_int_equal(atomic_load(&bank.calls), 1);
    atomic_store(&bank.answer, yes);
    assert_int_equal(start("n2", NULL, 10000), PAYMENT_START_REDIRECT);
    assert_value(ACCOUNTS, "1:default:created 2:default:started");
}

/* Customer 2 has two more debts: 50.00, due before the other, and 30.00 behind it; customer 3 one
 * in EUR beside the fixture's. */
static int setup_several(void **state)
{
    setup(state);
    fixture_sql(
        &fixture,
        "insert into invoice (customer_id, number, kind, currency, amount_minor, due_minor,"
        " issue_date, due_date, entry_count, link_no, created_at, changed_at) select w.customer_id,"
        " w.number, 'invoice', w.currency, w.due, w.due, '2026-11-17', w.day::date, 1,"
        " 1 + row_number() over (), now(), now() from (values (2, 'LAST', 'PLN', 3000, "
        "'2026-12-05'), (2, 'FIRST', 'PLN', 5000,"
        " '2026-11-20'), (3, 'EURO', 'EUR', 100, '2026-11-20')) w (customer_id, number, currency,"
        " due, day);"
        "insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor,"
        " currency, at) select customer_id, invoice_id, 1, 'charge', due_minor, currency,"
        " created_at from invoice where number not like 'FV%'");
    return 0;
}

static int64_t invoice_of(const char *number)
{
    char sql[128];
    snprintf(sql, sizeof(sql), "select invoice_id from invoice where number = '%s'", number);
    return atoll(fixture_value(&fixture, sql));
}

static struct payment_part part(const char *number, int64_t amount_minor)
{
    return (struct payment_part){invoice_of(number), amount_minor, amount_minor};
}

static void begin_parts(const char *nonce, const struct payment_part *parts, size_t count)
{
    struct payment_start *op;
    struct err err;
    assert_int_equal(payment_start_begin(&fixture.world,
                                         &(struct payment_start_options){
                                             .link = {2, 1},
                                             .form_nonce = span_str(nonce),
                                             .parts = parts,
                                             .part_count = count,
                                             .pays_again = pays_again,
                                         },
                                         on_done, NULL, &op, &err),
                     0);
}

static enum payment_start_result start_parts(const char *nonce, const struct payment_part *parts,
                                             size_t count)
{
    int before = end_count;
    begin_parts(nonce, parts, count);
    assert_true(fixture_run(&fixture, &end_count, before + 1, 15));
    assert_int_equal(ends[before].error, 0);
    return ends[before].result;
}

#define ALLOCATIONS                                                                                \
    "select string_agg(a.payment_no || ':' || i.number || ':' || a.amount_minor || '@' ||"         \
    " a.place, ' ' order by a.payment_no, a.place) from payment_allocation a join invoice i using" \
    " (customer_id, invoice_id)"

static void several_debts_are_one_payment_in_the_order_of_their_due_dates(void **state)
{
    (void)state;
    const struct payment_part parts[] = {part("LAST", 3000), part("FV2", 10000),
                                         part("FIRST", 5000)};
    assert_int_equal(start_parts("n1", parts, 3), PAYMENT_START_REDIRECT);
    assert_value(PAYMENTS, "1:redirect:started:18000");
    assert_value(ALLOCATIONS, "1:FIRST:5000@1 1:FV2:10000@2 1:LAST:3000@3");
    assert_value("select string_agg(i.number || ' ' || (e.facts::json ->> 'amount_minor') || ' of '"
                 " || (e.facts::json ->> 'of_minor'), ', ' order by i.due_date) from event e join"
                 " invoice i using (customer_id, invoice_id) where e.kind = 'payment.created'",
                 "FIRST 5000 of 18000, FV2 10000 of 18000, LAST 3000 of 18000");
    assert_non_null(strstr(bank.request, "\"amount_minor\":18000"));
    assert_non_null(strstr(bank.request, "\"title\":\"FIRST +2\""));
    assert_int_equal(fixture_broken_invoices(&fixture), 0);
}

/* The link's own debt need not be among them, and one alone is as good. */
static void one_other_debt_is_paid_by_the_link_of_this_one(void **state)
{
    (void)state;
    const struct payment_part other = part("LAST", 3000);
    assert_int_equal(start_parts("n1", &other, 1), PAYMENT_START_REDIRECT);
    assert_value(ALLOCATIONS, "1:LAST:3000@1");
    assert_non_null(strstr(bank.request, "\"title\":\"LAST\""));
}

static void the_same_form_twice_is_one_payment_for_the_same_debts(void **state)
{
    (void)state;
    const struct payment_part parts[] = {part("FV2", 10000), part("FIRST", 5000)};
    begin_parts("n1", parts, 2);
    begin_parts("n1", parts, 2);
    assert_true(fixture_run(&fixture, &end_count, 2, 15));
    for (int i = 0; i < 2; ++i) {
        assert_int_equal(ends[i].result, PAYMENT_START_REDIRECT);
        assert_string_equal(ends[i].reference, ends[0].reference);
    }
    assert_value(PAYMENTS, "1:redirect:started:15000");
}

/* Under one reference the provider is asked for one thing: what another form asks for is another
 * payment although the amount is the same. */
static void an_unanswered_start_is_repeated_for_the_same_debts_alone(void **state)
{
    (void)state;
    const struct payment_part parts[] = {part("FV2", 10000), part("FIRST", 5000)};
    fixture_sql(&fixture, "update invoice set due_minor = 10000, amount_minor = 10000 where number"
                          " = 'FIRST'");
    const struct payment_part first = part("FIRST", 10000);
    atomic_store(&bank.answer, NULL);
    assert_int_equal(start_parts("n1", parts, 1), PAYMENT_START_UNANSWERED);
    assert_int_equal(start_parts("n1", &first, 1), PAYMENT_START_CHANGED);
    assert_int_equal(start_parts("n2", parts, 1), PAYMENT_START_UNANSWERED);
    assert_value(PAYMENTS, "1:redirect:created:10000");
    assert_int_equal(start_parts("n3", &first, 1), PAYMENT_START_UNANSWERED);
    assert_value(ALLOCATIONS, "1:FV2:10000@1 2:FIRST:10000@1");
}

static void nothing_is_made_when_one_of_several_is_not_as_shown(void **state)
{
    (void)state;
    const struct payment_part fv = part("FV2", 10000), first = part("FIRST", 5000);
    const struct {
        struct payment_part second;
        enum payment_start_result result;
    } rows[] = {
        {{first.invoice_id, 4999, 5000}, PAYMENT_START_CHANGED}, /* a part of it, without a plan */
        {{first.invoice_id, 5001, 5000}, PAYMENT_START_CHANGED}, /* more than is due */
        {{first.invoice_id, 4000, 4000}, PAYMENT_START_CHANGED}, /* it has changed meanwhile */
        {{first.invoice_id, 5000, 6000}, PAYMENT_START_CHANGED},
        {{fv.invoice_id, 10000, 10000}, PAYMENT_START_CHANGED},     /* twice */
        {{invoice_of("FV3"), 10000, 10000}, PAYMENT_START_CHANGED}, /* somebody else's */
        {{999999, 100, 100}, PAYMENT_START_CHANGED},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        char nonce[8];
        snprintf(nonce, sizeof(nonce), "n%zu", i);
        const struct payment_part tried[] = {fv, rows[i].second};
        assert_int_equal(start_parts(nonce, tried, 2), rows[i].result);
    }
    const struct payment_part parts[] = {fv, first};
    fixture_sql(&fixture, "update invoice set link_no = null where number = 'FIRST'");
    assert_int_equal(start_parts("r1", parts, 2), PAYMENT_START_CHANGED); /* its link is revoked */
    fixture_sql(&fixture,
                "update invoice set link_no = 9, currency = 'EUR' where number = 'FIRST'");
    const struct payment_part mixed[] = {fv, first};
    assert_int_equal(start_parts("m1", mixed, 2), PAYMENT_START_CHANGED);
    fixture_sql(&fixture, "update invoice set due_minor = 0 where number = 'FIRST'");
    assert_int_equal(start_parts("m2", mixed, 2), PAYMENT_START_CHANGED); /* one is paid */
    assert_int_equal(start_parts("m3", &first, 1), PAYMENT_START_SETTLED);
    assert_value("select count(*) from payment", "0");
    assert_int_equal(atomic_load(&bank.calls), 0);
}

/* The page of a plan asks for its next parts. */
static void a_part_of_a_debt_is_paid_where_a_plan_is_in_force(void **state)
{
    (void)state;
    fixture_sql(&fixture, "update invoice set plan_no = 1 where number = 'FV2'");
    const int64_t fv = invoice_of("FV2");
    const struct payment_part refused[] = {{fv, 2500, 9999}, {fv, 10001, 10000}};
    assert_int_equal(start_parts("n1", &refused[0], 1), PAYMENT_START_CHANGED);
    assert_int_equal(start_parts("n2", &refused[1], 1), PAYMENT_START_CHANGED);
    const struct payment_part good = {fv, 2500, 10000};
    assert_int_equal(start_parts("n3", &good, 1), PAYMENT_START_REDIRECT);
    assert_value(PAYMENTS, "1:redirect:started:2500");
    assert_value(ALLOCATIONS, "1:FV2:2500@1");
    assert_int_equal(fixture_broken_invoices(&fixture), 0);
}

static void a_debt_in_dispute_may_be_paid(void **state)
{
    (void)state;
    fixture_sql(&fixture, "insert into hold (customer_id, invoice_id, hold_no, kind, reason,"
                          " created_at) select customer_id, invoice_id, 1, 'dispute', 'x', now()"
                          " from invoice where number = 'FIRST'");
    const struct payment_part first = part("FIRST", 5000);
    assert_int_equal(start_parts("n1", &first, 1), PAYMENT_START_REDIRECT);
}

/* Whichever of its debts is looked at: it is in hand. */
static void a_payment_for_several_is_in_hand_for_each(void **state)
{
    (void)state;
    const struct payment_part parts[] = {part("FV2", 10000), part("FIRST", 5000)};
    assert_int_equal(start_parts("n1", parts, 2), PAYMENT_START_REDIRECT);
    fixture_sql(&fixture, "update payment set state = 'pending'");
    assert_int_equal(start("n2", NULL, 10000), PAYMENT_START_IN_HAND);
    const struct payment_part both[] = {parts[1], part("LAST", 3000)};
    assert_int_equal(start_parts("n3", both, 2), PAYMENT_START_IN_HAND);
    assert_int_equal(start_parts("n4", &both[1], 1), PAYMENT_START_REDIRECT);
}

static void a_refusal_is_told_to_each_debt(void **state)
{
    (void)state;
    const struct payment_part parts[] = {part("FV2", 10000), part("FIRST", 5000)};
    atomic_store(&bank.answer, "422 Unprocessable Content\n{\"reason\":\"refused_by_bank\"}");
    assert_int_equal(start_parts("n1", parts, 2), PAYMENT_START_WAIT);
    assert_value("select count(*) from event where kind = 'payment.failed'", "2");
    assert_int_equal(fixture_broken_invoices(&fixture), 0);
}

static void whoever_is_gone_is_not_told(void **state)
{
    (void)state;
    struct payment_start *op;
    struct err err;
    assert_int_equal(payment_start_begin(
                         &fixture.world,
                         &(struct payment_start_options){
                             .link = {2, 1}, .form_nonce = SPAN_LIT("n1"), .amount_minor = 10000},
                         on_done, NULL, &op, &err),
                     0);
    payment_start_forget(op);
    int calls = 0;
    for (int turns = 0; calls == 0 && turns < 200; ++turns) {
        h2o_evloop_run(fixture.world.loop, 20);
        calls = atoi(fixture_value(&fixture, "select count(*) from provider_reference"));
    }
    assert_int_equal(calls, 1);
    assert_int_equal(end_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(started_payment_is_registered_and_leads_to_the_provider, setup),
        cmocka_unit_test_setup(the_same_form_twice_is_one_payment_with_one_way_on, setup),
        cmocka_unit_test_setup(two_forms_are_two_payments, setup),
        cmocka_unit_test_setup(refusal_is_kept_with_its_reason, setup),
        cmocka_unit_test_setup(while_a_payment_is_in_hand_another_is_started_only_knowingly, setup),
        cmocka_unit_test_setup(while_a_payment_is_in_hand_no_other_is_asked_for_again, setup),
        cmocka_unit_test_setup(no_answer_leaves_it_created_and_the_next_try_is_the_same_payment,
                               setup),
        cmocka_unit_test_setup(the_providers_answer_moves_the_customers_money_on, setup),
        cmocka_unit_test_setup(the_providers_answer_is_kept_although_the_database_failed_at_first,
                               setup),
        cmocka_unit_test_setup(browser_goes_on_when_the_providers_answer_cannot_be_kept, setup),
        cmocka_unit_test_setup(the_same_form_with_another_method_amount_or_account_is_not_sent,
                               setup),
        cmocka_unit_test_setup(after_a_rotation_the_provider_is_asked_again_under_the_same_key,
                               setup),
        cmocka_unit_test_setup(when_its_key_is_retired_the_provider_is_not_asked_again, setup),
        cmocka_unit_test_setup(blik_without_an_answer_waits_and_the_next_code_is_the_same_payment,
                               setup),
        cmocka_unit_test_setup(
            another_way_while_a_blik_code_may_be_confirmed_needs_the_customers_word, setup),
        cmocka_unit_test_setup(blik_code_is_wiped_when_it_is_not_needed_any_more, setup),
        cmocka_unit_test_setup(blik_is_for_zloty_alone, setup),
        cmocka_unit_test_setup(long_invoice_number_is_cut_between_characters, setup),
        cmocka_unit_test_setup(sixth_start_in_ten_minutes_is_refused_and_blik_counts_apart, setup),
        cmocka_unit_test_setup(limit_holds_when_all_come_at_once, setup),
        cmocka_unit_test_setup(what_must_not_be_paid_makes_no_payment, setup),
        cmocka_unit_test_setup(callback_parked_for_its_id_is_tried_when_the_id_is_registered,
                               setup),
        cmocka_unit_test_setup(what_a_callback_said_meanwhile_stays, setup),
        cmocka_unit_test_setup_teardown(what_never_reached_a_provider_goes_to_the_next, setup,
                                        drop_second_account),
        cmocka_unit_test_setup_teardown(
            what_finds_no_place_at_a_provider_goes_to_the_next_or_ends_at_once, setup,
            drop_second_account),
        cmocka_unit_test_setup_teardown(what_may_have_reached_a_provider_stays_there, setup,
                                        drop_second_account),
        cmocka_unit_test_setup_teardown(
            while_one_rests_the_next_is_offered_but_never_beside_it_unasked, setup,
            drop_second_account),
        cmocka_unit_test_setup_teardown(
            the_account_is_the_first_that_takes_the_currency_and_the_amount, setup,
            drop_second_account),
        cmocka_unit_test_setup_teardown(an_unanswered_start_is_not_repeated_where_that_is_not_safe,
                                        setup, drop_second_account),
        cmocka_unit_test_setup_teardown(a_blik_code_that_reached_no_provider_is_not_waited_for,
                                        setup, drop_second_account),
        cmocka_unit_test_setup(several_debts_are_one_payment_in_the_order_of_their_due_dates,
                               setup_several),
        cmocka_unit_test_setup(one_other_debt_is_paid_by_the_link_of_this_one, setup_several),
        cmocka_unit_test_setup(the_same_form_twice_is_one_payment_for_the_same_debts,
                               setup_several),
        cmocka_unit_test_setup(an_unanswered_start_is_repeated_for_the_same_debts_alone,
                               setup_several),
        cmocka_unit_test_setup(nothing_is_made_when_one_of_several_is_not_as_shown, setup_several),
        cmocka_unit_test_setup(a_part_of_a_debt_is_paid_where_a_plan_is_in_force, setup_several),
        cmocka_unit_test_setup(a_debt_in_dispute_may_be_paid, setup_several),
        cmocka_unit_test_setup(a_payment_for_several_is_in_hand_for_each, setup_several),
        cmocka_unit_test_setup(a_refusal_is_told_to_each_debt, setup_several),
        cmocka_unit_test_setup(whoever_is_gone_is_not_told, setup),
    };
    return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
