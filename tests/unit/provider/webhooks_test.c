#include "provider/webhooks.h"

#include "provider/reading.h"
#include "provider/standard.h"
#include "unit/provider/callback_peer.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ROW_COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const struct provider_account usual = {
    .provider = &standard_provider,
    .secrets = {{PEER_SECRET, sizeof(PEER_SECRET) - 1}, {NULL, 0}},
};

static enum callback_verdict read_signed(const struct provider_account *account, const char *body,
                                         struct callback_facts *facts)
{
    char signature[64];
    peer_sign("msg_1", PEER_TIME, span_str(body), signature);
    struct peer peer = peer_of("msg_1", PEER_TIME, signature);
    struct callback_headers headers = peer_headers(&peer);
    return standard_provider.read_callback(account, &headers, span_str(body), PEER_NOW, facts);
}

#define SAYS(type)                                                                                 \
    "{\"type\":\"" type "\",\"data\":{\"id\":\"b_1\",\"reference\":\"ref\",\"movement\":\"mv_1\"," \
    "\"amount_minor\":12345,\"currency\":\"PLN\",\"reason\":\"refused\"}}"

static void usual_types_are_the_kinds(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        enum callback_kind kind;
    } rows[] = {
        {SAYS("payment.pending"), CALLBACK_PENDING},
        {SAYS("payment.failed"), CALLBACK_FAILED},
        {SAYS("payment.paid"), CALLBACK_PAID},
        {SAYS("payment.refunded"), CALLBACK_REFUNDED},
        {SAYS("payment.refund_failed"), CALLBACK_REFUND_FAILED},
        {SAYS("payment.refund_reversed"), CALLBACK_REFUND_REVERSED},
        {SAYS("payment.disputed"), CALLBACK_DISPUTED},
        {SAYS("payment.charged_back"), CALLBACK_CHARGED_BACK},
        {SAYS("payment.chargeback_reversed"), CALLBACK_CHARGEBACK_REVERSED},
        {SAYS("payment.Paid"), CALLBACK_NONE},
        {SAYS("payment.paid\\u0000"), CALLBACK_NONE},
        {SAYS(""), CALLBACK_NONE},
        {"{\"type\":\"payout.made\",\"data\":[1.5]}", CALLBACK_NONE},
    };
    for (size_t i = 0; i < ROW_COUNT(rows); ++i) {
        struct callback_facts facts = {0};
        /* NUL in text is refused before anybody looks at the type. */
        enum callback_verdict wanted =
            strstr(rows[i].body, "u0000") != NULL ? CALLBACK_MALFORMED : CALLBACK_GENUINE;
        assert_int_equal(read_signed(&usual, rows[i].body, &facts), wanted);
        assert_int_equal(facts.kind, rows[i].kind);
        if (facts.kind == CALLBACK_NONE)
            continue;
        assert_string_equal(facts.provider_reference, "b_1");
        assert_string_equal(facts.reference, "ref");
        assert_string_equal(facts.movement, "mv_1");
        assert_string_equal(facts.reason, "refused");
    }
}

/* A sender that calls everything otherwise. */
static const char *const their_types[] = {"charge=captured=paid", "charge.back=charged_back",
                                          "charge.void=failed"};
static const char *const their_paths[] = {
    "type=event.name",
    "id=object.charge.id",
    "reference=object.order",
    "movement=event.id",
    "amount=object.charge.money.minor",
    "currency=object.charge.money.iso",
    "reason=why",
    "live=event.real",
    "merchant=event.shop",
};

static struct provider_mapping mapping_of_theirs(void)
{
    struct provider_mapping mapping = webhooks_usual;
    mapping.type_count = 0;
    for (size_t i = 0; i < ROW_COUNT(their_types); ++i)
        assert_true(webhooks_add_type(&mapping, their_types[i]));
    for (size_t i = 0; i < ROW_COUNT(their_paths); ++i)
        assert_true(webhooks_set_path(&mapping, their_paths[i]));
    return mapping;
}

#define THEIRS(name, real, shop)                                                                   \
    "{\"event\":{\"name\":\"" name "\",\"id\":\"e_1\",\"real\":" real ",\"shop\":\"" shop          \
    "\"},\"object\":{\"order\":\"ref\",\"charge\":{\"id\":\"c_1\",\"money\":{\"minor\":12345,"     \
    "\"iso\":\"EUR\"}}}}"

static void other_names_are_read_by_their_mapping(void **state)
{
    (void)state;
    struct provider_mapping mapping = mapping_of_theirs();
    struct provider_account account = usual;
    struct callback_facts facts;
    account.mapping = &mapping;
    account.merchant = SPAN_LIT("shop-1");
    assert_int_equal(read_signed(&account, THEIRS("charge=captured", "false", "shop-1"), &facts),
                     CALLBACK_GENUINE);
    assert_int_equal(facts.kind, CALLBACK_PAID);
    assert_string_equal(facts.dedup_key, "msg_1");
    assert_string_equal(facts.provider_reference, "c_1");
    assert_string_equal(facts.reference, "ref");
    assert_string_equal(facts.movement, "e_1");
    assert_string_equal(facts.currency, "EUR");
    assert_int_equal(facts.amount_minor, 12345);
    assert_int_equal(read_signed(&account, THEIRS("payment.paid", "false", "shop-1"), &facts),
                     CALLBACK_GENUINE);
    assert_int_equal(facts.kind, CALLBACK_NONE);
    assert_int_equal(read_signed(&account, THEIRS("charge.back", "true", "shop-1"), &facts),
                     CALLBACK_FOREIGN);
    assert_int_equal(read_signed(&account, THEIRS("charge.back", "false", "shop-2"), &facts),
                     CALLBACK_FOREIGN);
    assert_int_equal(read_signed(&account, THEIRS("charge.back", "1", "shop-1"), &facts),
                     CALLBACK_MALFORMED);
    assert_int_equal(read_signed(&account, SAYS("payment.paid"), &facts), CALLBACK_MALFORMED);
}

static void message_of_the_other_environment_is_foreign_where_it_says_so(void **state)
{
    (void)state;
    struct provider_account live = usual;
    struct callback_facts facts;
    live.is_live = true;
    const char *real = "{\"type\":\"payout.made\",\"live\":true}";
    const char *test = "{\"type\":\"payout.made\",\"live\":false}";
    assert_int_equal(read_signed(&live, real, &facts), CALLBACK_GENUINE);
    assert_int_equal(read_signed(&live, test, &facts), CALLBACK_FOREIGN);
    assert_int_equal(read_signed(&usual, real, &facts), CALLBACK_FOREIGN);
    assert_int_equal(read_signed(&usual, test, &facts), CALLBACK_GENUINE);
    assert_int_equal(read_signed(&live, SAYS("payment.paid"), &facts), CALLBACK_GENUINE);
}

static void stored_message_is_read_again_to_the_same_facts(void **state)
{
    (void)state;
    struct provider_mapping mapping = mapping_of_theirs();
    struct provider_account account = usual;
    struct callback_facts facts, again;
    account.mapping = &mapping;
    const char *body = THEIRS("charge.back", "false", "");
    read_signed(&account, body, &facts);
    assert_int_equal(standard_provider.reread_callback(
                         &account, SPAN_LIT("{\"webhook-id\":\"msg_1\"}"), span_str(body), &again),
                     CALLBACK_GENUINE);
    assert_memory_equal(&facts, &again, sizeof(facts));
}

static void types_and_paths_that_say_nothing_are_refused(void **state)
{
    (void)state;
    static const char *const types[] = {
        "",        "paid",   "=paid",        "x=",     "x=booked",
        "x =paid", "x=Paid", "x=to_confirm", "x=none", "charge.back=paid"};
    static const char *const paths[] = {"",
                                        "amount",
                                        "amount=",
                                        "amount=.a",
                                        "amount=a.",
                                        "amount=a..b",
                                        "amount=a b",
                                        "sum=a",
                                        "=a",
                                        "Amount=a",
                                        "amount=1.2.3.4.5.6.7.8.9"};
    struct provider_mapping mapping = mapping_of_theirs(), before = mapping;
    for (size_t i = 0; i < ROW_COUNT(types); ++i)
        if (webhooks_add_type(&mapping, types[i]))
            fail_msg("taken: %s", types[i]);
    for (size_t i = 0; i < ROW_COUNT(paths); ++i)
        if (webhooks_set_path(&mapping, paths[i]))
            fail_msg("taken: %s", paths[i]);
    assert_memory_equal(&mapping, &before, sizeof(mapping));
    assert_true(webhooks_set_path(&mapping, "amount=1.2.3.4.5.6.7.8"));
}

static void no_more_types_are_taken_than_there_is_room_for(void **state)
{
    (void)state;
    struct provider_mapping mapping = {.type_count = 0};
    char texts[WEBHOOKS_TYPES_MAX + 1][16];
    for (int i = 0; i <= WEBHOOKS_TYPES_MAX; ++i) {
        snprintf(texts[i], sizeof(texts[i]), "t%d=paid", i);
        assert_int_equal(webhooks_add_type(&mapping, texts[i]), i < WEBHOOKS_TYPES_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usual_types_are_the_kinds),
        cmocka_unit_test(other_names_are_read_by_their_mapping),
        cmocka_unit_test(message_of_the_other_environment_is_foreign_where_it_says_so),
        cmocka_unit_test(stored_message_is_read_again_to_the_same_facts),
        cmocka_unit_test(types_and_paths_that_say_nothing_are_refused),
        cmocka_unit_test(no_more_types_are_taken_than_there_is_room_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
