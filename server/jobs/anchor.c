/* Positions are given out before their transaction commits, so the newest may still hide older ones
 * that are under way. What is anchored is therefore what was newest a minute ago: no transaction of
 * ours lasts that long. Two looks a minute apart are one anchor. */
#include "jobs/anchor.h"

#include "base/log.h"
#include "flow/world.h"
#include "io/timer.h"
#include "store/anchor_store.h"

#include <stdlib.h>

enum { LOOK_MS = 60 * 1000, EVERY_SECONDS = 3600 };

struct anchor {
    struct world *world;
    struct timer timer;
    struct pg_query query;
    struct pg_tx tx;
    int64_t settled_position; /* newest event at the look before */
    bool is_busy, is_stopped;
};

static void rest(struct anchor *anchor)
{
    anchor->is_busy = false;
    if (!anchor->is_stopped)
        timer_start(&anchor->timer, LOOK_MS);
}

static void on_written(void *owner, const struct err *err)
{
    if (err->code != 0 && err->code != ERR_CLOSED)
        log_line(LOG_WARN, "anchor not written", "error=%s", err->text);
    rest(owner);
}

static void on_last(void *owner, const PGresult *result, const struct err *err)
{
    struct anchor *anchor = owner;
    if (err->code != 0) {
        rest(anchor);
        return;
    }
    struct anchor_last last;
    anchor_read_last(result, &last);
    int64_t settled = anchor->settled_position;
    anchor->settled_position = last.newest_position;
    struct instant now = anchor->world->now();
    bool is_time = !last.has_anchor || instant_plus_seconds(last.at, EVERY_SECONDS).us <= now.us;
    struct err failed;
    if (!is_time || settled <= last.anchored_position ||
        anchor_write(anchor->world->store, &anchor->tx, settled, ANCHOR_BLOCK_EVENTS, now,
                     on_written, anchor, &failed) != 0)
        rest(anchor);
}

static void on_time(void *owner)
{
    struct anchor *anchor = owner;
    struct err err;
    anchor->is_busy = true;
    if (anchor_last(anchor->world->store, &anchor->query, on_last, anchor, &err) != 0)
        rest(anchor);
}

struct anchor *anchor_new(struct world *world)
{
    struct anchor *anchor = calloc(1, sizeof(*anchor));
    if (anchor == NULL)
        abort();
    anchor->world = world;
    timer_init(&anchor->timer, world->loop, "anchor", on_time, anchor);
    timer_start(&anchor->timer, LOOK_MS / 4);
    return anchor;
}

void anchor_stop(struct anchor *anchor)
{
    anchor->is_stopped = true;
    timer_stop(&anchor->timer);
}

bool anchor_is_idle(const struct anchor *anchor)
{
    return !anchor->is_busy;
}

void anchor_free(struct anchor *anchor)
{
    timer_stop(&anchor->timer);
    free(anchor);
}
