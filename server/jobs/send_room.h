/* What may be claimed now, whichever way it goes: pushes as far as their services have room, what
 * goes by other channels as far as the gates of these have, and of all together no more than the
 * day's volume has left. */
#ifndef DUNLIN_JOBS_SEND_ROOM_H
#define DUNLIN_JOBS_SEND_ROOM_H

#include "channel/gate.h"
#include "store/reminder_store.h"

struct push_room;

struct send_room {
    struct push_room *pushes;
    const struct gates *gates; /* null: no channel has a bound */
    size_t free[GATES_MAX];    /* beside the gates */
    bool is_down[GATES_MAX];
    int64_t messages_left; /* of the day */
    uint32_t wait_ms;
};

enum send_fit {
    SEND_FIT_NOW = 1,
    SEND_FIT_LATER, /* its way is busy */
    SEND_FIT_DOWN,  /* who knows for how long */
};

/* Both are borrowed; no limit on the day. */
void send_room_init(struct send_room *, struct push_room *, const struct gates *);
/* Asks all ways anew, and forgets what was taken. Not while anything is being claimed. */
void send_room_look(struct send_room *);

enum send_fit send_room_fit(struct send_room *, const struct reminder_candidate *);
void send_room_take(struct send_room *, const struct reminder_candidate *);
/* When those that did not fit since the last look are worth another one: in so many ms.
 * UINT32_MAX: when something is recorded, or a push service calls. */
uint32_t send_room_wait_ms(const struct send_room *);

#endif
