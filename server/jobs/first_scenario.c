#include "jobs/first_scenario.h"

#include "base/log.h"
#include "flow/scenario_manage.h"
#include "flow/scenario_presets.h"
#include "io/timer.h"

#include <assert.h>
#include <stdlib.h>

enum { RETRY_MS = 1000 };

struct first_scenario {
    struct world *world;
    struct timer timer;
    bool is_busy, is_stopped, is_forgotten;
};

static void on_managed(void *owner, const struct scenario_managed *managed, const struct err *err)
{
    struct first_scenario *f = owner;
    f->is_busy = false;
    if (f->is_forgotten) {
        free(f);
        return;
    }
    if (managed == NULL && err->code != ERR_CLOSED) {
        log_line(LOG_WARN, "first scenario not made", "error=\"%s\"", err->text);
        if (!f->is_stopped)
            timer_start(&f->timer, RETRY_MS);
    } else if (managed != NULL && managed->result == SCENARIO_DONE) {
        log_line(LOG_INFO, "scenario put in force", "scenario=%s version=%d", managed->name,
                 (int)managed->version);
    }
}

static void on_time(void *owner)
{
    struct first_scenario *f = owner;
    struct scenario_preset preset;
    struct err err;
    bool is_shipped = scenario_preset_find(SPAN_LIT(SCENARIO_PRESET_STANDARD), &preset);
    assert(is_shipped);
    const struct scenario_order order = {.action = SCENARIO_USE_FIRST,
                                         .text = preset.text,
                                         .is_preset = true,
                                         .by = SPAN_LIT("dunlin")};
    f->is_busy = true;
    if (scenario_manage_begin(f->world, &order, on_managed, f, &err) != 0)
        on_managed(f, NULL, &err);
}

struct first_scenario *first_scenario_new(struct world *world)
{
    struct first_scenario *f = calloc(1, sizeof(*f));
    if (f == NULL)
        abort();
    f->world = world;
    timer_init(&f->timer, world->loop, "first scenario", on_time, f);
    timer_start(&f->timer, 0);
    return f;
}

void first_scenario_stop(struct first_scenario *f)
{
    f->is_stopped = true;
    timer_stop(&f->timer);
}

bool first_scenario_is_idle(const struct first_scenario *f)
{
    return !f->is_busy;
}

void first_scenario_free(struct first_scenario *f)
{
    timer_stop(&f->timer);
    f->is_forgotten = true;
    if (!f->is_busy)
        free(f);
}
