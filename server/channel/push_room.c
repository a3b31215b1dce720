#include "channel/push_room.h"

#include "base/clock.h"
#include "channel/push_apps.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { UNWELL_MS = 5000 /* so long unable to take any: down, not busy */ };

struct state {
    uint32_t free, taken;
    bool is_up;
    struct mono well_at; /* last seen to take pushes, or busy with some */
};

struct push_room {
    struct push_apps *apps;
    struct span names[PUSH_APPS_MAX];
    struct state states[PUSH_APPS_MAX];
    size_t count;
    uint32_t share; /* of what may be under way, of each */
};

static struct span name_of(const struct push_app *app)
{
    size_t len = strlen(app->app) + strlen(app->service) + strlen(app->environment) + 2;
    char *name = malloc(len + 1);
    if (name == NULL)
        abort();
    snprintf(name, len + 1, "%s|%s|%s", app->app, app->service, app->environment);
    return span_of(name, len);
}

struct push_room *push_room_new(struct push_apps *apps, size_t under_way_max)
{
    struct push_room *room = calloc(1, sizeof(*room));
    if (room == NULL)
        abort();
    room->apps = apps;
    room->count = apps == NULL ? 0 : push_apps_count(apps);
    room->share = (uint32_t)(under_way_max / (room->count + 1));
    for (size_t i = 0; i < room->count; ++i) {
        room->names[i] = name_of(push_apps_at(apps, i));
        room->states[i].well_at = clock_mono();
    }
    return room;
}

void push_room_free(struct push_room *room)
{
    for (size_t i = 0; i < room->count; ++i)
        free((char *)room->names[i].base);
    free(room);
}

size_t push_room_apps(const struct push_room *room, const struct span **names)
{
    *names = room->names;
    return room->count;
}

size_t push_room_up(const struct push_room *room, struct span *up)
{
    size_t count = 0;
    for (size_t i = 0; i < room->count; ++i)
        if (room->states[i].is_up)
            up[count++] = room->names[i];
    return count;
}

/* A pool that rests lets a single push through to see whether the service is well again. One
 * without an access token, whose authority is away, has connections and no room. */
static void look_at(struct state *state, struct push_service *pool, uint32_t share)
{
    struct push_stats stats;
    struct mono now = clock_mono();
    push_service_stats(pool, &stats);
    state->free = push_service_room(pool);
    state->taken = 0;
    if (stats.connections > 0 && (state->free > 0 || stats.on_wire > 0))
        state->well_at = now;
    bool is_unwell = mono_us_since(state->well_at, now) > UNWELL_MS * 1000;
    state->is_up = state->free > 0 || !(stats.is_resting || is_unwell);
    uint32_t under_way = stats.queued + stats.on_wire;
    uint32_t left = under_way < share ? share - under_way : 0;
    if (state->free > left)
        state->free = left;
}

void push_room_look(struct push_room *room)
{
    for (size_t i = 0; i < room->count; ++i)
        look_at(&room->states[i], push_apps_at(room->apps, i)->pool, room->share);
}

static void count_devices(const struct push_room *room, const char *devices,
                          uint32_t counts[PUSH_APPS_MAX])
{
    memset(counts, 0, PUSH_APPS_MAX * sizeof(counts[0]));
    for (; *devices != 0; ++devices) {
        size_t app = (size_t)(*devices - '@' - 1);
        assert(app < room->count);
        ++counts[app];
    }
}

enum push_fit push_room_fit(const struct push_room *room, const char *devices)
{
    uint32_t counts[PUSH_APPS_MAX];
    enum push_fit fit = PUSH_FIT_DOWN;
    count_devices(room, devices, counts);
    for (size_t i = 0; i < room->count; ++i) {
        const struct state *state = &room->states[i];
        if (counts[i] == 0 || !state->is_up)
            continue;
        bool has_room = state->taken + counts[i] <= state->free;
        if (!has_room && (state->free == 0 || state->taken > 0))
            return PUSH_FIT_LATER;
        fit = PUSH_FIT_NOW;
    }
    return fit;
}

void push_room_take(struct push_room *room, const char *devices)
{
    uint32_t counts[PUSH_APPS_MAX];
    count_devices(room, devices, counts);
    for (size_t i = 0; i < room->count; ++i)
        if (room->states[i].is_up)
            room->states[i].taken += counts[i];
}
