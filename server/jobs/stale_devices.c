/* A look: find a batch -> end those still unseen -> look again at once after a full batch, else
 * rest. */
#include "jobs/stale_devices.h"

#include "base/log.h"
#include "flow/world.h"
#include "io/timer.h"
#include "store/device_store.h"

#include <stdlib.h>

enum { FIRST_LOOK_MS = 1000 };

struct stale_devices {
    struct world *world;
    struct timer timer;
    struct pg_query query;
    struct pg_tx tx;
    struct instant before;
    int found;
    bool is_busy, is_stopped;
};

static void rest(struct stale_devices *s, uint32_t delay_ms)
{
    s->is_busy = false;
    if (!s->is_stopped)
        timer_start(&s->timer, delay_ms);
}

static void on_ended(void *owner, const struct err *err)
{
    struct stale_devices *s = owner;
    if (err->code == 0)
        log_line(LOG_INFO, "stale devices ended", "devices=%d", s->found);
    else if (err->code != ERR_CLOSED)
        log_line(LOG_WARN, "stale devices not ended", "error=\"%s\"", err->text);
    bool has_more = err->code == 0 && s->found == DEVICE_STALE_MAX;
    rest(s, has_more ? 0 : STALE_DEVICES_LOOK_MS);
}

static void on_found(void *owner, const PGresult *result, const struct err *err)
{
    struct stale_devices *s = owner;
    struct err failed;
    s->found = err->code == 0 ? PQntuples(result) : 0;
    if (s->found == 0 || device_end_stale(s->world->store, &s->tx, result, s->before,
                                          s->world->now(), on_ended, s, &failed) != 0)
        rest(s, STALE_DEVICES_LOOK_MS);
}

static void on_time(void *owner)
{
    struct stale_devices *s = owner;
    struct err err;
    s->is_busy = true;
    s->before = instant_plus_seconds(s->world->now(), -STALE_DEVICES_DAYS * INT64_C(86400));
    if (device_find_stale(s->world->store, &s->query, s->before, on_found, s, &err) != 0)
        rest(s, STALE_DEVICES_LOOK_MS);
}

struct stale_devices *stale_devices_new(struct world *world)
{
    struct stale_devices *s = calloc(1, sizeof(*s));
    if (s == NULL)
        abort();
    s->world = world;
    timer_init(&s->timer, world->loop, "stale devices", on_time, s);
    timer_start(&s->timer, FIRST_LOOK_MS);
    return s;
}

void stale_devices_stop(struct stale_devices *s)
{
    s->is_stopped = true;
    timer_stop(&s->timer);
}

bool stale_devices_is_idle(const struct stale_devices *s)
{
    return !s->is_busy;
}

void stale_devices_free(struct stale_devices *s)
{
    timer_stop(&s->timer);
    free(s);
}
