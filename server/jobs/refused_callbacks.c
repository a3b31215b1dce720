#include "jobs/refused_callbacks.h"

#include "base/log.h"
#include "flow/world.h"
#include "io/timer.h"
#include "store/refused_callback_store.h"

#include <stdlib.h>

enum { FIRST_LOOK_MS = 1000 };

struct refused_callbacks {
    struct world *world;
    struct timer timer;
    struct pg_tx tx;
    bool is_busy, is_stopped;
};

static void rest(struct refused_callbacks *r)
{
    r->is_busy = false;
    if (!r->is_stopped)
        timer_start(&r->timer, REFUSED_CALLBACKS_LOOK_MS);
}

static void on_forgotten(void *owner, const struct err *err)
{
    if (err->code != 0 && err->code != ERR_CLOSED)
        log_line(LOG_WARN, "refused callbacks not forgotten", "error=\"%s\"", err->text);
    rest(owner);
}

static void on_time(void *owner)
{
    struct refused_callbacks *r = owner;
    struct err err;
    struct instant before =
        instant_plus_seconds(r->world->now(), -REFUSED_CALLBACKS_DAYS * INT64_C(86400));
    r->is_busy = true;
    if (refused_callback_forget(r->world->store, &r->tx, before, on_forgotten, r, &err) != 0)
        rest(r);
}

struct refused_callbacks *refused_callbacks_new(struct world *world)
{
    struct refused_callbacks *r = calloc(1, sizeof(*r));
    if (r == NULL)
        abort();
    r->world = world;
    timer_init(&r->timer, world->loop, "refused callbacks", on_time, r);
    timer_start(&r->timer, FIRST_LOOK_MS);
    return r;
}

void refused_callbacks_stop(struct refused_callbacks *r)
{
    r->is_stopped = true;
    timer_stop(&r->timer);
}

bool refused_callbacks_is_idle(const struct refused_callbacks *r)
{
    return !r->is_busy;
}

void refused_callbacks_free(struct refused_callbacks *r)
{
    timer_stop(&r->timer);
    free(r);
}
