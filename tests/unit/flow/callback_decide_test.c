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
    char event[CALLBACK_EVENT_FACTS_MAX];
    struct callback_decision decision;
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
    };
}

static void decide(struct desk *d)
{
    callback_decide(&d->facts, &d->known, &d->payment, wall, 0, d->event, &d->decision);
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
    json_t *event = json_loadb(d.decision.event_facts.base, d.decision.event_facts.len,
                               JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(event);
    assert_string_equal(json_string_value(json_object_get(event, "movement")), d.facts.movement);
    assert_string_equal(json_string_value(json_object_get(event, "parked")), "wrong_currency");
    assert_int_equal(json_integer_value(json_object_get(event, "amount_minor")),
                     PAYMENT_AMOUNT_MAX_MINOR);
    json_decref(event);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_has_its_outcome_entry_and_event),
        cmocka_unit_test(unknown_payment_is_tried_again_ever_more_rarely_and_not_for_ever),
        cmocka_unit_test(parked_again_makes_no_second_event),
        cmocka_unit_test(event_facts_are_json_whatever_the_provider_calls_its_movement),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
