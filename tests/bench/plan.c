/* Plans what is to be planned, once: `bench_plan CONNINFO DAY`, with the wall clock at noon of that
 * day (UTC, days since 1970-01-01). Prints seconds and the peak of resident memory in kB. */
#include "base/clock.h"
#include "flow/reminder_plan.h"
#include "flow/world.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

struct run {
    bool is_done, has_more, has_failed;
};

static struct instant noon;

static struct instant now(void)
{
    return noon;
}

static void on_done(void *owner, bool has_more, const struct err *err)
{
    struct run *run = owner;
    *run = (struct run){.is_done = true, .has_more = has_more, .has_failed = err->code != 0};
    if (run->has_failed)
        fprintf(stderr, "%s\n", err->text);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    noon = (struct instant){(atoll(argv[2]) * 86400 + 43200) * INT64_C(1000000)};
    struct world world = {.loop = h2o_evloop_create(), .now = now};
    struct store *store =
        store_new(world.loop, &(struct store_options){.conninfo = argv[1],
                                                      .read_timeout_ms = 600000,
                                                      .write_timeout_ms = 600000});
    while (!store_is_ready(store))
        h2o_evloop_run(world.loop, 10);
    struct run run;
    struct reminder_plan *plan = reminder_plan_new(&(struct reminder_plan_options){
        .world = &world, .store = store, .on_done = on_done, .owner = &run});
    struct mono from = clock_mono();
    do {
        struct err err;
        run = (struct run){.is_done = false};
        if (reminder_plan_go_on(plan, &err) != 0)
            return 1;
        while (!run.is_done)
            h2o_evloop_run(world.loop, 10);
    } while (run.has_more && !run.has_failed);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("%.6f %ld\n", (double)mono_us_since(from, clock_mono()) / 1e6, usage.ru_maxrss);
    reminder_plan_free(plan);
    store_free(store);
    return run.has_failed;
}
