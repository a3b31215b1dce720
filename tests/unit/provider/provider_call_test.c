/* What the driver does by itself; with real requests it is tested end to end. */
#include "provider/provider_call.h"

#include "base/clock.h"
#include "io/fetch.h"
#include "io/timer.h"
#include "provider/payu.h"
#include "provider/provider_session.h"
#include "provider/standard.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

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

/* Two accounts at an address that takes connections and says nothing. */
struct silence {
    h2o_loop_t *loop;
    struct fetch *fetch;
    int fd;
    char url[64];
    struct provider_session sessions[2];
    struct provider_account accounts[2];
    struct provider_call *calls[PROVIDER_STARTS_MAX + 8];
    int count;
    struct seen seen;
};

static int setup_silence(void **state)
{
    struct silence *s = calloc(1, sizeof(*s));
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);
    s->loop = h2o_evloop_create();
    s->fetch = fetch_new(s->loop, 256);
    s->fd = socket(AF_INET, SOCK_STREAM, 0);
    int bad = bind(s->fd, (struct sockaddr *)&address, len);
    bad |= listen(s->fd, 256);
    bad |= getsockname(s->fd, (struct sockaddr *)&address, &len);
    assert_int_equal(bad, 0);
    snprintf(s->url, sizeof(s->url), "http://127.0.0.1:%d", ntohs(address.sin_port));
    for (int i = 0; i < 2; ++i)
        s->accounts[i] = (struct provider_account){.provider = &standard_provider,
                                                   .api_url = span_str(s->url),
                                                   .session = &s->sessions[i]};
    *state = s;
    return 0;
}

static int teardown_silence(void **state)
{
    struct silence *s = *state;
    while (s->count > 0)
        provider_call_cancel(s->calls[--s->count]);
    fetch_free(s->fetch);
    timer_loop_release(s->loop);
    h2o_evloop_run(s->loop, 0); /* closed sockets are freed by the turn that follows */
    h2o_evloop_destroy(s->loop);
    close(s->fd);
    free(s);
    return 0;
}

static void begin(struct silence *s, int account, enum provider_task_kind kind)
{
    const struct provider_task task = {.kind = kind, .reference = SPAN_LIT("ref")};
    provider_call_begin(s->loop, s->fetch, &s->accounts[account], &task, 0, NULL, on_done, &s->seen,
                        &s->calls[s->count]);
    ++s->count;
}

/* The last one begun. */
static void assert_turned_away(struct silence *s)
{
    int before = s->seen.count;
    while (s->seen.count == before)
        h2o_evloop_run(s->loop, 1000);
    --s->count;
    assert_int_equal(s->seen.count, before + 1);
    assert_int_equal(s->seen.result.verdict, PROVIDER_UNCLEAR);
    assert_true(s->seen.result.was_never_sent);
    assert_true(s->seen.result.was_turned_away);
    assert_int_not_equal(s->seen.result.note[0], 0);
}

static void an_account_with_all_its_starts_under_way_gets_no_more_and_others_do(void **state)
{
    struct silence *s = *state;
    for (int i = 0; i < 64; ++i)
        begin(s, 0, PROVIDER_START);
    assert_int_equal(s->seen.count, 0);
    begin(s, 0, PROVIDER_START);
    assert_int_equal(s->seen.count, 0); /* later, from the loop */
    assert_turned_away(s);
    assert_int_equal(s->sessions[0].health.failures_, 1);
    begin(s, 1, PROVIDER_START); /* another account */
    begin(s, 0, PROVIDER_QUERY); /* those who ask */
    h2o_evloop_run(s->loop, 1);
    assert_int_equal(s->seen.count, 1);
    provider_call_cancel(s->calls[--s->count]);
    provider_call_cancel(s->calls[--s->count]);
    provider_call_cancel(s->calls[--s->count]); /* a start of the first one */
    begin(s, 0, PROVIDER_START);
    begin(s, 0, PROVIDER_START);
    assert_turned_away(s);
    assert_int_equal(s->seen.count, 2);
}

static void those_who_ask_have_a_bound_apart(void **state)
{
    struct silence *s = *state;
    for (int i = 0; i < 16; ++i)
        begin(s, 0, i % 2 == 0 ? PROVIDER_QUERY : PROVIDER_CHECK);
    begin(s, 0, PROVIDER_REFUND);
    assert_turned_away(s);
    begin(s, 0, PROVIDER_START);
    h2o_evloop_run(s->loop, 1);
    assert_int_equal(s->seen.count, 1);
}

/* The provider holds half of it, and its id is on disk. */
static void what_goes_on_is_never_turned_away_and_counts(void **state)
{
    struct silence *s = *state;
    const struct provider_task task = {.kind = PROVIDER_START, .reference = SPAN_LIT("ref")};
    const struct provider_result before = {.verdict = PROVIDER_HALFWAY, .next_round = 1};
    for (int i = 0; i < 64; ++i)
        begin(s, 0, PROVIDER_START);
    provider_call_begin(s->loop, s->fetch, &s->accounts[0], &task, 1, &before, on_done, &s->seen,
                        &s->calls[s->count]);
    ++s->count;
    assert_int_equal(s->sessions[0].starts_under_way, 65);
    h2o_evloop_run(s->loop, 1);
    assert_int_equal(s->seen.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_has_no_address_is_unclear_later_and_sends_nothing),
        cmocka_unit_test_setup_teardown(
            an_account_with_all_its_starts_under_way_gets_no_more_and_others_do, setup_silence,
            teardown_silence),
        cmocka_unit_test_setup_teardown(those_who_ask_have_a_bound_apart, setup_silence,
                                        teardown_silence),
        cmocka_unit_test_setup_teardown(what_goes_on_is_never_turned_away_and_counts, setup_silence,
                                        teardown_silence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
