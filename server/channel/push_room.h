/* Which apps can be pushed to right now, and how many pushes each can put on the wire at once: no
 * more are claimed, so that none waits between its check and the wire. */
#ifndef DUNLIN_CHANNEL_PUSH_ROOM_H
#define DUNLIN_CHANNEL_PUSH_ROOM_H

#include "base/span.h"

#include <stddef.h>

struct push_apps;
struct push_room;

/* `apps` is borrowed and may be null: then there are none. None of them is given more than its
 * share of `under_way_max` pushes, waiting and on the wire, and a share is left for other ways: so
 * a silent one does not keep the rest from going. */
struct push_room *push_room_new(struct push_apps *apps, size_t under_way_max);
void push_room_free(struct push_room *);

/* All of them, "app|service|environment"; returns how many. They live as long as the room. */
size_t push_room_apps(const struct push_room *, const struct span **names);
/* Those that are not down. `up` has room for all. */
size_t push_room_up(const struct push_room *, struct span *up);

/* Asks the services anew, and forgets what was taken. Who does this while pushes are being claimed
 * counts their room twice. */
void push_room_look(struct push_room *);

enum push_fit {
    PUSH_FIT_NOW = 1,
    PUSH_FIT_LATER, /* its service is busy */
    PUSH_FIT_DOWN,  /* none of its services can be reached, who knows for how long */
};

/* `devices` as in struct reminder_candidate, not empty. Devices of services that are down do not
 * count as long as there is another. More devices than a service has room for at all fit when they
 * are the first to ask: otherwise they never would. */
enum push_fit push_room_fit(const struct push_room *, const char *devices);
void push_room_take(struct push_room *, const char *devices);

#endif
