/* The database alone doing what a gateway asks of it for reminders: the very statements of
 * reminder.sql on the same two connections, window by window; each is claimed, and recorded as sent
 * as soon as its claim has committed. No channel, no words, nobody paying. The ceiling of
 * `push_e2e` and `dispatch`.
 *
 *   bench_reminder_claims CONNINFO COUNT push|sms >{"claimed":…,"seconds":…} */
#include "base/clock.h"
#include "store/reminder_store.h"
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Windows claimed or recorded at a time: one each on the write connection, one behind it. */
enum { WINDOWS = 3 };

struct window {
    struct pg_query query;
    struct pg_tx tx;
    struct reminder_window rows;
    struct reminder_batch batch;
    struct reminder_outcome *outcomes[REMINDER_BATCH_MAX];
    size_t claimed_count;
    bool is_busy;
};

static struct {
    h2o_loop_t *loop;
    struct store *store;
    struct reminder_place place;
    struct window windows[WINDOWS];
    struct instant now;
    size_t claimed, recorded, busy_count;
    bool is_reading, is_over, is_push;
} run;

static void fail(const struct err *err)
{
    fprintf(stderr, "bench_reminder_claims: %s\n", err->text);
    exit(1);
}

static void go_on(void);

static void on_recorded(void *owner, const struct err *err)
{
    struct window *window = owner;
    if (err->code != 0)
        fail(err);
    run.recorded += window->claimed_count;
    window->is_busy = false;
    --run.busy_count;
    go_on();
}

static void record(struct window *window)
{
    struct err err;
    if (reminder_finish(run.store, &window->tx, window->outcomes, window->claimed_count, run.now,
                        NULL, on_recorded, window, &err) != 0)
        fail(&err);
    for (size_t i = 0; i < window->claimed_count; ++i)
        free(window->outcomes[i]);
}

static void on_clock(void *owner, const PGresult *result, const struct err *err)
{
    (void)owner, (void)result, (void)err;
}

static void add_push(struct reminder_outcome *outcome, const struct reminder_claimed *claimed)
{
    struct reminder_push *push = &outcome->pushes[0];
    snprintf(push->installation, sizeof(push->installation), "%.*s",
             SPAN_ARG(claimed->installation));
    reminder_push_set(push, "accepted", SPAN_LIT("accepted"));
    push->registered_at = claimed->registered_at;
}

/* One device each, or none: a row is an outcome. */
static void on_claimed(void *owner, const PGresult *result, const struct err *err)
{
    struct window *window = owner;
    if (err->code != 0)
        fail(err);
    window->claimed_count = (size_t)PQntuples(result);
    run.claimed += window->claimed_count;
    for (size_t i = 0; i < window->claimed_count; ++i) {
        struct reminder_claimed claimed = {0};
        reminder_read_claimed(result, (int)i, &claimed);
        struct reminder_outcome *outcome = reminder_outcome_new(&claimed.key, run.now, run.is_push);
        reminder_outcome_set(outcome, "sent", SPAN_LIT("accepted"));
        outcome->sent_at = run.now;
        if (run.is_push)
            add_push(outcome, &claimed);
        window->outcomes[i] = outcome;
    }
}

static void on_claim_done(void *owner, const struct err *err)
{
    if (err->code != 0)
        fail(err);
    record(owner);
}

static const struct span apps[] = {SPAN_LIT("bank.example.app|apns|production")};
static struct reminder_ways ways;

static const struct reminder_rules rules;
static const struct reminder_manners manners = {.rules = &rules};

static void claim(struct window *window)
{
    struct instant expire_at[REMINDER_BATCH_MAX];
    for (size_t i = 0; i < window->batch.count; ++i)
        expire_at[i] = instant_plus_seconds(run.now, 900);
    const struct reminder_claim_order order = {.batch = &window->batch,
                                               .push_expires_at = expire_at,
                                               .now = run.now,
                                               .hold_since = instant_plus_seconds(run.now, -1800),
                                               .ways = &ways,
                                               .manners = &manners,
                                               .apps_up = ways.apps,
                                               .app_up_count = ways.app_count};
    struct err err;
    if (reminder_claim(run.store, &window->tx, &order, on_clock, NULL, on_claimed, on_claim_done,
                       window, &err) != 0)
        fail(&err);
}

static void on_candidates(void *owner, const PGresult *result, const struct err *err)
{
    struct window *window = owner;
    if (err->code != 0)
        fail(err);
    run.is_reading = false;
    run.is_over = !reminder_read_candidates(result, &window->rows, &run.place);
    if (window->rows.count == 0) {
        window->is_busy = false;
        --run.busy_count;
        return;
    }
    window->batch.count = 0;
    for (size_t i = 0; i < window->rows.count; ++i)
        if (!reminder_batch_has(&window->batch, &window->rows.items[i].key))
            window->batch.items[window->batch.count++] = window->rows.items[i];
    claim(window);
    go_on();
}

static void go_on(void)
{
    for (size_t i = 0; i < WINDOWS && !run.is_reading && !run.is_over; ++i) {
        struct window *window = &run.windows[i];
        struct err err;
        if (window->is_busy)
            continue;
        window->is_busy = run.is_reading = true;
        ++run.busy_count;
        if (reminder_candidates(run.store, &window->query, run.now,
                                instant_plus_seconds(run.now, -1800), &run.place, &ways, &manners,
                                on_candidates, window, &err) != 0)
            fail(&err);
    }
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    run.is_push = strcmp(argv[3], "push") == 0;
    if (run.is_push)
        ways = (struct reminder_ways){.apps = apps, .app_count = 1};
    else
        ways = (struct reminder_ways){.kinds = {SPAN_LIT("sms")}, .kind_count = 1};
    run.loop = h2o_evloop_create();
    run.store = store_new(run.loop, &(struct store_options){.conninfo = argv[1],
                                                            .read_timeout_ms = 60000,
                                                            .write_timeout_ms = 60000});
    size_t wanted = (size_t)atol(argv[2]);
    run.now = clock_wall();
    run.place = reminder_place_first();
    while (!store_is_ready(run.store))
        h2o_evloop_run(run.loop, 10);
    struct mono from = clock_mono();
    go_on();
    while (run.busy_count > 0)
        h2o_evloop_run(run.loop, 1000);
    printf("{\"claimed\":%zu,\"recorded\":%zu,\"seconds\":%.3f}\n", run.claimed, run.recorded,
           (double)mono_us_since(from, clock_mono()) / 1e6);
    store_free(run.store);
    return run.recorded == wanted ? 0 : 1;
}
