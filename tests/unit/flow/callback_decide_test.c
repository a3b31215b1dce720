#include "flow/callback_decide.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const struct instant wall = {INT64_C(1795348800) * 1000000};

struct desk {
    struct callback_facts facts;
    struct callback_known known;
    struct payment payment;
    struct callback_decision decision;
    struct allocation debts[3];
    size_t debt_count;
    struct callback_share shares[3];
    char events[3][CALLBACK_EVENT_FACTS_MAX];
    size_t share_count;
};

static struct desk desk_of(enum callback_kind kind)
{
    return (struct desk){
        .facts = {.kind = kind, .movement = "m", .amount_minor = 100, .currency = "PLN"},
        .known = {.has_payment = true,
                  .customer_id = 7,
                  .payment_no = 2,
                  .invoice_id = 9,
                  .money_version = 5},
        .payment = {.amount_minor = 100, .currency = "PLN", .state = PAYMENT_STARTED},
        .debts = {{9, 100}},
        .debt_count = 1,
    };
}

static void decide(struct desk *d)
{
    callback_decide(&d->facts, &d->known, &d->payment, wall, 0, &d->decision);
    d->share_count = !d->decision.has_payment
                         ? 0
                         : callback_spread(&d->facts, &d->decision, d->debts, d->debt_count,
                                           d->shares, d->events);
}

static void each_kind_has_its_outcome_entry_and_event(void **state)
{
    (void)state;
    static const struct {
        enum callback_kind kind;
        const char *state, *reason, *entry, *event;
    } rows[] = {
        {CALLBACK_NONE, "ignored", "no_effect", NULL, NULL},
        {CALLBACK_PENDING, "applied", "moved", NULL, "payment.pending"},
        {CALLBACK_FAILED, "applied", "moved", NULL, "payment.failed"},
        {CALLBACK_PAID, "applied", "booked", "payment", "payment.paid"},
        {CALLBACK_REFUNDED, "parked", "waits_for_payment", NULL, "payment.parked"},
        {CALLBACK_CHARGED_BACK, "parked", "waits_for_payment", NULL, "payment.parked"},
        {CALLBACK_CHARGEBACK_REVERSED, "parked", "waits_for_payment", NULL, "payment.parked"},
        {CALLBACK_DISPUTED, "applied", "noted", NULL, "payment.disputed"},
        {CALLBACK_REFUND_FAILED, "applied", "noted", NULL, "refund.failed"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct desk d = desk_of(rows[i].kind);
        decide(&d);
        assert_string_equal(d.decision.state, rows[i].state);
        assert_string_equal(d.decision.reason, rows[i].reason);
        assert_int_equal(d.decision.has_payment, rows[i].event != NULL);
        assert_int_equal(d.decision.entry_kind != NULL, rows[i].entry != NULL);
        if (rows[i].entry != NULL)
            assert_string_equal(d.decision.entry_kind, rows[i].entry);
        if (rows[i].event != NULL)
            assert_string_equal(d.decision.event_kind, rows[i].event);
    }
}

static void unknown_payment_is_tried_again_ever_more_rarely_and_not_for_ever(void **state)
{
    (void)state;
    static const struct {
        int64_t attempts, wait_s;
    } rows[] = {{0, 5}, {1, 10}, {2, 20}, {9, 2560}, {10, 3600}, {199, 3600}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct desk d = desk_of(CALLBACK_PAID);
        d.known = (struct callback_known){.attempts = rows[i].attempts};
        decide(&d);
        assert_string_equal(d.decision.reason, "unknown_reference");
        assert_int_equal(d.decision.next_try_at.us - wall.us, rows[i].wait_s * 1000000);
        assert_int_equal(d.decision.attempts, rows[i].attempts + 1);
    }
    struct desk d = desk_of(CALLBACK_PAID);
    d.known = (struct callback_known){.attempts = 200};
    decide(&d);
    assert_int_equal(d.decision.next_try_at.us, PG_NULL_INT);
}

static void parked_again_makes_no_second_event(void **state)
{
    (void)state;
    struct desk d = desk_of(CALLBACK_REFUNDED);
    d.known.is_decided = d.known.is_parked = true;
    d.known.attempts = 1;
    decide(&d);
    assert_string_equal(d.decision.state, "parked");
    assert_false(d.decision.has_payment);
}

/* The longest words, full of what must be escaped: still JSON, still the same words. */
static void event_facts_are_json_whatever_the_provider_calls_its_movement(void **state)
{
    (void)state;
    struct desk d = desk_of(CALLBACK_PAID);
    for (size_t i = 0; i < sizeof(d.facts.movement) - 1; ++i)
        d.facts.movement[i] = i % 2 == 0 ? '"' : '\\';
    d.facts.amount_minor = PAYMENT_AMOUNT_MAX_MINOR;
    snprintf(d.facts.currency, sizeof(d.facts.currency), "EUR");
    d.known.payment_no = 524287;
    decide(&d);
    json_t *event = json_loadb(d.shares[0].event_facts.base, d.shares[0].event_facts.len,
                               JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(event);
    assert_string_equal(json_string_value(json_object_get(event, "movement")), d.facts.movement);
    assert_string_equal(json_string_value(json_object_get(event, "parked")), "wrong_currency");
    assert_int_equal(json_integer_value(json_object_get(event, "amount_minor")),
                     PAYMENT_AMOUNT_MAX_MINOR);
    json_decref(event);
}

static void what_moves_no_money_is_told_with_what_is_known_of_it(void **state)
{
    (void)state;
    static const struct {
        enum callback_kind kind;
        const char *movement;
        int64_t amount_minor;
        const char *event;
    } rows[] = {
        {CALLBACK_DISPUTED, "dp_1", 10000,
         "{\"payment_no\":2,\"amount_minor\":10000,\"currency\":\"PLN\",\"movement\":\"dp_1\"}"},
        {CALLBACK_REFUND_FAILED, "re_1", 0, "{\"payment_no\":2,\"movement\":\"re_1\"}"},
        {CALLBACK_REFUND_FAILED, "", 0, "{\"payment_no\":2}"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct desk d = desk_of(rows[i].kind);
        d.payment.state = PAYMENT_PAID;
        d.payment.movements[0] =
            (struct payment_movement){PAYMENT_FACT_PAID, 100, .id = "p", .id_len = 1};
        d.payment.movement_count = 1;
        d.facts.amount_minor = rows[i].amount_minor;
        snprintf(d.facts.movement, sizeof(d.facts.movement), "%s", rows[i].movement);
        decide(&d);
        assert_string_equal(d.shares[0].event_facts.base, rows[i].event);
        assert_int_equal(d.shares[0].event_facts.len, strlen(rows[i].event));
        assert_int_equal(d.share_count, 1);
        assert_true(d.decision.is_told_only);
        assert_int_equal(d.decision.payment_state, PAYMENT_PAID);
        assert_int_equal(d.decision.sums.paid_minor, 100);
        assert_int_equal(d.decision.entry_minor, 0);
    }
}

static void a_refunds_failure_is_told_once(void **state)
{
    (void)state;
    struct desk d = desk_of(CALLBACK_REFUND_FAILED);
    decide(&d);
    assert_true(d.decision.fails_refund && !d.decision.has_come_back);
    assert_memory_equal(d.decision.movement.base, "m", 2);
    d.known.is_failure_known = true;
    decide(&d);
    assert_string_equal(d.decision.state, "ignored");
    assert_string_equal(d.decision.reason, "nothing_new");
    assert_false(d.decision.has_payment || d.decision.fails_refund);
}

/* Whether the ledger has the refund already or not. */
static void a_refund_that_comes_back_has_failed(void **state)
{
    (void)state;
    for (int is_booked = 0; is_booked < 2; ++is_booked) {
        struct desk d = desk_of(CALLBACK_REFUND_REVERSED);
        d.payment.state = PAYMENT_PAID;
        d.payment.movements[0] =
            (struct payment_movement){PAYMENT_FACT_PAID, 100, .id = "p", .id_len = 1};
        d.payment.movements[1] =
            (struct payment_movement){PAYMENT_FACT_REFUNDED, 100, .id = "m", .id_len = 1};
        d.payment.movement_count = 1 + is_booked;
        decide(&d);
        assert_string_equal(d.decision.reason, is_booked ? "booked" : "waits_for_payment");
        assert_true(d.decision.fails_refund && d.decision.has_come_back);
        assert_int_equal(d.decision.amount_minor, 100);
    }
}

static void a_dispute_of_nobodys_payment_is_parked(void **state)
{
    (void)state;
    struct desk d = desk_of(CALLBACK_DISPUTED);
    d.known = (struct callback_known){0};
    decide(&d);
    assert_string_equal(d.decision.state, "parked");
    assert_false(d.decision.has_payment);
}

static void only_a_failure_that_says_nothing_is_asked_about_and_only_at_first(void **state)
{
    (void)state;
    static const struct {
        enum payment_state before;
        const char *reason;
        bool asks_why;
    } rows[] = {
        {PAYMENT_STARTED, "", true}, {PAYMENT_STARTED, "refused", false},
        {PAYMENT_PENDING, "", true}, {PAYMENT_STARTED, "blik_code_wrong", false},
        {PAYMENT_FAILED, "", false}, {PAYMENT_FAILED, "blik_code_wrong", false},
        {PAYMENT_PAID, "", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct desk d = desk_of(CALLBACK_FAILED);
        d.payment.state = rows[i].before;
        if (rows[i].before == PAYMENT_FAILED)
            snprintf(d.payment.reason, sizeof(d.payment.reason), "refused");
        snprintf(d.facts.reason, sizeof(d.facts.reason), "%s", rows[i].reason);
        decide(&d);
        assert_int_equal(d.decision.asks_why, rows[i].asks_why);
    }
}

/* A payment of 100 for debts of 60, 30 and 10. */
static struct desk desk_for_three(enum callback_kind kind)
{
    struct desk d = desk_of(kind);
    d.debts[0] = (struct allocation){9, 60};
    d.debts[1] = (struct allocation){4, 30};
    d.debts[2] = (struct allocation){5, 10};
    d.debt_count = 3;
    return d;
}

static void assert_share(const struct callback_share *share, int64_t invoice_id,
                         int64_t entry_minor, const char *event)
{
    assert_int_equal(share->invoice_id, invoice_id);
    assert_int_equal(share->entry_minor, entry_minor);
    assert_string_equal(share->event_facts.base, event);
}

static void what_moves_is_told_to_each_debt_that_it_moves(void **state)
{
    (void)state;
    struct desk d = desk_for_three(CALLBACK_PAID);
    d.facts.amount_minor = 70;
    decide(&d);
    assert_int_equal(d.share_count, 2);
    assert_int_equal(d.decision.entry_minor, -70);
    assert_share(&d.shares[0], 9, -60,
                 "{\"payment_no\":2,\"amount_minor\":60,\"currency\":\"PLN\",\"of_minor\":70,"
                 "\"movement\":\"m\"}");
    assert_share(&d.shares[1], 4, -10,
                 "{\"payment_no\":2,\"amount_minor\":10,\"currency\":\"PLN\",\"of_minor\":70,"
                 "\"movement\":\"m\"}");
    d.facts.kind = CALLBACK_REFUNDED;
    d.facts.amount_minor = 10;
    decide(&d);
    assert_int_equal(d.share_count, 1);
    assert_share(&d.shares[0], 4, 10,
                 "{\"payment_no\":2,\"amount_minor\":10,\"currency\":\"PLN\","
                 "\"movement\":\"m\"}");
}

static void what_moves_no_money_is_told_to_every_debt(void **state)
{
    (void)state;
    static const struct {
        enum callback_kind kind;
        const char *event;
    } rows[] = {
        {CALLBACK_PENDING, "{\"payment_no\":2}"},
        {CALLBACK_FAILED, "{\"payment_no\":2,\"reason\":\"refused\"}"},
        {CALLBACK_REFUNDED, "{\"payment_no\":2,\"amount_minor\":100,\"currency\":\"PLN\","
                            "\"movement\":\"m\",\"says\":\"payment.refunded\","
                            "\"parked\":\"waits_for_payment\"}"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct desk d = desk_for_three(rows[i].kind);
        decide(&d);
        assert_int_equal(d.share_count, 3);
        assert_share(&d.shares[0], 9, 0, rows[i].event);
        assert_share(&d.shares[1], 4, 0, rows[i].event);
        assert_share(&d.shares[2], 5, 0, rows[i].event);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_has_its_outcome_entry_and_event),
        cmocka_unit_test(unknown_payment_is_tried_again_ever_more_rarely_and_not_for_ever),
        cmocka_unit_test(parked_again_makes_no_second_event),
        cmocka_unit_test(what_moves_no_money_is_told_with_what_is_known_of_it),
        cmocka_unit_test(a_refunds_failure_is_told_once),
        cmocka_unit_test(a_refund_that_comes_back_has_failed),
        cmocka_unit_test(a_dispute_of_nobodys_payment_is_parked),
        cmocka_unit_test(only_a_failure_that_says_nothing_is_asked_about_and_only_at_first),
        cmocka_unit_test(event_facts_are_json_whatever_the_provider_calls_its_movement),
        cmocka_unit_test(what_moves_is_told_to_each_debt_that_it_moves),
        cmocka_unit_test(what_moves_no_money_is_told_to_every_debt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
