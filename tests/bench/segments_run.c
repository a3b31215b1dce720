/* The night's pass over all customers, once, by the job itself: `bench_segments CONNINFO SECOND`,
 * with the clock standing at SECOND (since 1970, after one in the morning). Prints seconds and the
 * peak of resident memory in kB. */
#include "base/clock.h"
#include "base/log.h"
#include "flow/world.h"
#include "jobs/segments.h"
#include "store/segment_store.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { SETTLED_MS = 20 /* between looks whether it is done */ };

struct look {
    bool is_under_way, is_done, has_failed;
    int32_t night;
};

static struct instant standing;

static struct instant now(void)
{
    return standing;
}

static void on_state(void *owner, const PGresult *result, const struct err *err)
{
    struct look *look = owner;
    struct segment_state state;
    look->is_under_way = false;
    look->has_failed = err->code != 0;
    if (look->has_failed) {
        fprintf(stderr, "%s\n", err->text);
        return;
    }
    segment_read_state(result, &state);
    look->is_done = state.has_run && state.is_done && state.day == look->night;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    log_init(LOG_ERROR, "bench");
    standing = (struct instant){atoll(argv[2]) * INT64_C(1000000)};
    struct world world = {.loop = h2o_evloop_create(),
                          .now = now,
                          .segments = {.months = 12,
                                       .grace_days = 3,
                                       .debts_min = 3,
                                       .sometimes_late_percent = 20,
                                       .chronically_late_percent = 50}};
    struct look look = {.night = (int32_t)(atoll(argv[2]) / 86400)};
    struct pg_query query = {0};
    world.store = store_new(world.loop, &(struct store_options){.conninfo = argv[1],
                                                                .read_timeout_ms = 60000,
                                                                .write_timeout_ms = 60000});
    while (!store_is_ready(world.store))
        h2o_evloop_run(world.loop, 10);
    struct mono from = clock_mono();
    struct segments *segments = segments_new(&world);
    while (!look.is_done && !look.has_failed) {
        struct err err;
        if (!look.is_under_way) {
            look.is_under_way = true;
            if (segment_state(world.store, &query, on_state, &look, &err) != 0)
                return 1;
        }
        struct mono until = clock_mono();
        while (mono_us_since(until, clock_mono()) < SETTLED_MS * 1000)
            h2o_evloop_run(world.loop, SETTLED_MS);
    }
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("%.6f %ld\n", (double)mono_us_since(from, clock_mono()) / 1e6, usage.ru_maxrss);
    segments_stop(segments);
    while (!segments_is_idle(segments) || look.is_under_way)
        h2o_evloop_run(world.loop, 10);
    store_free(world.store);
    segments_free(segments);
    return look.has_failed;
}
