/* What the driver does by itself; with real requests it is tested end to end. */
#include "provider/provider_call.h"

#include "base/clock.h"
#include "provider/payu.h"
#include "provider/provider_session.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct seen {
    int count;
    struct provider_result result;
};

static void on_done(void *owner, const struct provider_result *result)
{
    struct seen *seen = owner;
    ++seen->count;
    seen->result = *result;
}

/* There is no fetch: whatever would be sent crashes. */
static void what_has_no_address_is_unclear_later_and_sends_nothing(void **state)
{
    (void)state;
    struct provider_session session = {.token = "tok",
                                       .token_until = {clock_mono().ns + INT64_C(1000000000000)}};
    const struct provider_account account = {.provider = &payu_provider, .session = &session};
    const struct provider_task task = {.kind = PROVIDER_QUERY, .reference = SPAN_LIT("ref")};
    h2o_loop_t *loop = h2o_evloop_create();
    struct seen seen = {0};
    struct provider_call *call;
    provider_call_begin(loop, NULL, &account, &task, 0, NULL, on_done, &seen, &call);
    assert_int_equal(seen.count, 0);
    while (seen.count == 0)
        h2o_evloop_run(loop, 1000);
    assert_int_equal(seen.result.verdict, PROVIDER_UNCLEAR);
    assert_true(seen.result.was_never_sent);
    assert_int_not_equal(seen.result.note[0], 0);
    assert_int_equal(session.health.failures_, 0); /* it is no fault of the provider's */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_has_no_address_is_unclear_later_and_sends_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
