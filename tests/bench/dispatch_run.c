/* The dispatcher with a channel that accepts at once: claim, check again, write the words, hand
 * over, record, until so many are recorded. The side "ours" of `dispatch`; reminder_claims.c is its
 * ceiling.
 *
 *   bench_dispatch CONNINFO COUNT >{"recorded":…,"seconds":…} */
#include "base/clock.h"
#include "base/metrics.h"
#include "channel/channel.h"
#include "channel/gate.h"
#include "domain/keyring.h"
#include "flow/world.h"
#include "io/timer.h"
#include "jobs/dispatch.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>

/* What was handed over in a turn is accepted in the next one, together. */
enum { WAITING_MAX = 4096 };

static struct {
    struct {
        channel_cb on_sent;
        void *owner;
    } waiting[WAITING_MAX];
    size_t count;
    struct timer timer;
    struct metrics *metrics;
} taker;

static void on_time(void *owner)
{
    (void)owner;
    size_t count = taker.count;
    taker.count = 0;
    for (size_t i = 0; i < count; ++i)
        taker.waiting[i].on_sent(taker.waiting[i].owner,
                                 &(struct channel_result){.outcome = CHANNEL_SENT,
                                                          .reason = SPAN_LIT("accepted"),
                                                          .parts = 1});
}

static int take(const struct channel_means *means, const struct channel_message *message,
                channel_cb on_sent, void *owner, struct err *err)
{
    (void)means;
    if (message->body.len == 0)
        abort();
    if (taker.count == WAITING_MAX)
        return err_set(err, ERR_BUSY, "too many at once");
    taker.waiting[taker.count].on_sent = on_sent;
    taker.waiting[taker.count++].owner = owner;
    if (taker.count == 1)
        timer_start(&taker.timer, 0);
    return 0;
}

static bool takes(struct span kind)
{
    return span_is_str(kind, "sms");
}

static const struct channel channel = {.name = "taker", .takes = takes, .send = take};
static const struct channel *const channels[] = {&channel, NULL};

static int64_t count_sent(void)
{
    return (int64_t)taker.metrics->values[METRIC_reminders_sent];
}

static int fail(const struct err *err)
{
    fprintf(stderr, "bench_dispatch: %s\n", err->text);
    return 1;
}

int main(int argc, char **argv)
{
    struct err err;
    struct gates gates = {.count = 0};
    if (argc != 3)
        return 2;
    int64_t wanted = atoll(argv[2]);
    taker.metrics = metrics_shared_new();
    struct world world = {
        .loop = h2o_evloop_create(),
        .keys = keyring_new(
            SPAN_LIT("1 1111111111111111111111111111111111111111111111111111111111111111 active\n"),
            &err),
        .creditor = {.name = SPAN_LIT("Bench"),
                     .phone = SPAN_LIT("+48 22 000 00 00"),
                     .website = SPAN_LIT("https://www.example.com"),
                     .account = SPAN_LIT("PL61109010140000071219812874")},
        .public_url = SPAN_LIT("https://p.example.com"),
        .channels = channels,
        .gates = &gates,
        .metrics = taker.metrics,
        .payment_in_flight_seconds = 1800,
        .now = clock_wall,
    };
    if (world.keys == NULL)
        return fail(&err);
    gates_add(&gates, "sms", &(struct gate_limits){.in_flight_max = WAITING_MAX});
    world.store = store_new(world.loop, &(struct store_options){.conninfo = argv[1],
                                                                .read_timeout_ms = 60000,
                                                                .write_timeout_ms = 60000});
    timer_init(&taker.timer, world.loop, "taker", on_time, NULL);
    while (!store_is_ready(world.store))
        h2o_evloop_run(world.loop, 10);
    struct mono from = clock_mono();
    struct dispatch *dispatch = dispatch_new(&world, &err);
    if (dispatch == NULL)
        return fail(&err);
    while (count_sent() < wanted && mono_us_since(from, clock_mono()) < 600 * INT64_C(1000000))
        h2o_evloop_run(world.loop, 100);
    printf("{\"recorded\":%lld,\"seconds\":%.3f}\n", (long long)count_sent(),
           (double)mono_us_since(from, clock_mono()) / 1e6);
    dispatch_stop(dispatch);
    while (!dispatch_is_idle(dispatch))
        h2o_evloop_run(world.loop, 10);
    dispatch_free(dispatch);
    store_free(world.store);
    gates_release(&gates);
    return count_sent() == wanted ? 0 : 1;
}
