#include "channel/push.h"

#include "push/push.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { KEPT = CHANNEL_ADDRESS_KEPT, DEAD = CHANNEL_ADDRESS_DEAD };
enum { ELSEWHERE = CHANNEL_ADDRESS_ELSEWHERE };

static const struct instant registered_at = {INT64_C(1795348800) * 1000000};

/* The design and reference 1.5, 2.4: what each answer does to the message and the device.
 */
static void each_outcome_has_its_meaning(void **state)
{
    (void)state;
    const struct {
        enum push_outcome outcome;
        enum push_advice advice;
        enum channel_outcome meant;
        int address;
    } rows[] = {
        {PUSH_ACCEPTED, PUSH_ADVICE_NONE, CHANNEL_SENT, KEPT},
        {PUSH_REFUSED, PUSH_ADVICE_DROP_TARGET, CHANNEL_REFUSED, DEAD},
        {PUSH_REFUSED, PUSH_ADVICE_DISABLE_TARGET, CHANNEL_REFUSED, DEAD},
        {PUSH_REFUSED, PUSH_ADVICE_OTHER_ENVIRONMENT, CHANNEL_REFUSED, ELSEWHERE},
        {PUSH_REFUSED, PUSH_ADVICE_SHORTEN, CHANNEL_REFUSED, KEPT},
        {PUSH_REFUSED, PUSH_ADVICE_STOP_TOPIC, CHANNEL_REFUSED, KEPT},
        {PUSH_REFUSED, PUSH_ADVICE_FIX, CHANNEL_REFUSED, KEPT},
        {PUSH_REFUSED, PUSH_ADVICE_NONE, CHANNEL_REFUSED, KEPT},
        {PUSH_REFUSED, PUSH_ADVICE_LATER, CHANNEL_RETRY, KEPT},
        {PUSH_REFUSED, PUSH_ADVICE_HOLD_TARGET, CHANNEL_RETRY, KEPT},
        {PUSH_NEVER_SENT, PUSH_ADVICE_NONE, CHANNEL_RETRY, KEPT},
        {PUSH_NEVER_SENT, PUSH_ADVICE_LATER, CHANNEL_RETRY, KEPT},
        {PUSH_UNKNOWN, PUSH_ADVICE_NONE, CHANNEL_UNCERTAIN, KEPT},
        {PUSH_UNKNOWN, PUSH_ADVICE_LATER, CHANNEL_UNCERTAIN, KEPT},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        const struct push_result push = {
            .outcome = rows[i].outcome, .advice = rows[i].advice, .reason = SPAN_LIT("Word")};
        struct channel_result result = push_channel_result(&push, registered_at, 1);
        assert_int_equal(result.outcome, rows[i].meant);
        assert_int_equal(result.address, rows[i].address);
        assert_true(
            span_is_str(result.reason, rows[i].outcome == PUSH_ACCEPTED ? "accepted" : "Word"));
    }
}

static void a_token_registered_after_the_service_lost_it_is_kept(void **state)
{
    (void)state;
    struct push_result push = {.outcome = PUSH_REFUSED,
                               .advice = PUSH_ADVICE_DROP_TARGET,
                               .reason = SPAN_LIT("Unregistered"),
                               .dead_since_ms = registered_at.us / 1000 - 1};
    struct channel_result result = push_channel_result(&push, registered_at, 1);
    assert_int_equal(result.outcome, CHANNEL_RETRY);
    assert_int_equal(result.address, KEPT);
    assert_int_equal(push_channel_result(&push, registered_at, 2).address, KEPT);
    assert_int_equal(push_channel_result(&push, registered_at, 3).outcome, CHANNEL_REFUSED);
    assert_int_equal(push_channel_result(&push, registered_at, 3).address, DEAD);
    push.dead_since_ms = registered_at.us / 1000 + 1;
    assert_int_equal(push_channel_result(&push, registered_at, 1).address, DEAD);
}

static void the_service_says_when_to_come_again(void **state)
{
    (void)state;
    const struct push_result push = {
        .outcome = PUSH_REFUSED, .advice = PUSH_ADVICE_LATER, .retry_after_ms = 30000};
    struct channel_result result = push_channel_result(&push, registered_at, 1);
    assert_int_equal(result.retry_after_ms, 30000);
    assert_true(result.is_asked_for);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_outcome_has_its_meaning),
        cmocka_unit_test(a_token_registered_after_the_service_lost_it_is_kept),
        cmocka_unit_test(the_service_says_when_to_come_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
