#include "jobs/channel_watch.h"

#include "base/log.h"
#include "channel/gate.h"
#include "channel/http_gateway.h"
#include "flow/world.h"
#include "io/timer.h"

#include <stdlib.h>

enum { TURNS_WITHOUT_CHECK = 10, WATCHED = 3 };

struct watched {
    struct channel_watch *watch;
    const char *kind;
    struct http_gateway *gateway; /* null: not here */
    int turns_stopped;
    bool is_asking;
};

struct channel_watch {
    struct world *world;
    struct timer timer;
    uint32_t every_ms;
    struct watched all[WATCHED];
    void (*on_room)(void *owner);
    void *owner;
};

static struct gate *gate_of(const struct watched *w)
{
    const struct gates *gates = w->watch->world->gates;
    return gates == NULL ? NULL : gates_find(gates, span_str(w->kind));
}

static void go_on(struct watched *w)
{
    w->turns_stopped = 0;
    log_line(LOG_INFO, "channel goes on", "channel=%s", w->kind);
    gate_go_on(gate_of(w));
    w->watch->on_room(w->watch->owner);
}

static void on_checked(void *owner, enum http_check check, const char *words)
{
    struct watched *w = owner;
    w->is_asking = false;
    struct gate *gate = gate_of(w);
    if (gate == NULL || gate_why_stopped(gate) == NULL)
        return;
    if (check == HTTP_CHECK_GOOD)
        go_on(w);
    else
        log_line(LOG_ERROR, "channel still stopped", "channel=%s reason=\"%s\" check=\"%s\"",
                 w->kind, gate_why_stopped(gate), words);
}

static void look_at(struct watched *w)
{
    struct gate *gate = gate_of(w);
    struct err err;
    if (gate == NULL || w->is_asking || gate_why_stopped(gate) == NULL)
        return;
    if (w->gateway != NULL && http_gateway_check(w->gateway, on_checked, w, &err) == 0)
        w->is_asking = true;
    else if (++w->turns_stopped >= TURNS_WITHOUT_CHECK)
        go_on(w);
}

static void on_timer(void *owner)
{
    struct channel_watch *watch = owner;
    for (int i = 0; i < WATCHED; ++i)
        look_at(&watch->all[i]);
    timer_start(&watch->timer, watch->every_ms);
}

struct channel_watch *channel_watch_new(struct world *world, uint32_t every_ms,
                                        void (*on_room)(void *owner), void *owner)
{
    struct channel_watch *watch = calloc(1, sizeof(*watch));
    if (watch == NULL)
        abort();
    *watch =
        (struct channel_watch){.world = world,
                               .every_ms = every_ms,
                               .all = {{.watch = watch, .kind = "sms", .gateway = world->sms},
                                       {.watch = watch, .kind = "voice", .gateway = world->voice},
                                       {.watch = watch, .kind = "email"}},
                               .on_room = on_room,
                               .owner = owner};
    timer_init(&watch->timer, world->loop, "channel watch", on_timer, watch);
    timer_start(&watch->timer, watch->every_ms);
    return watch;
}

void channel_watch_stop(struct channel_watch *watch)
{
    timer_stop(&watch->timer);
}

void channel_watch_free(struct channel_watch *watch)
{
    channel_watch_stop(watch);
    free(watch);
}
