#include "jobs/send_room.h"

#include "channel/push_room.h"
#include "domain/volume.h"

void send_room_init(struct send_room *room, struct push_room *pushes, const struct gates *gates)
{
    *room = (struct send_room){
        .pushes = pushes, .gates = gates, .messages_left = VOLUME_UNLIMITED, .wait_ms = UINT32_MAX};
}

void send_room_look(struct send_room *room)
{
    struct mono now = clock_mono();
    push_room_look(room->pushes);
    room->wait_ms = UINT32_MAX;
    for (size_t i = 0; room->gates != NULL && i < room->gates->count; ++i) {
        struct gate *gate = room->gates->all[i].gate;
        room->free[i] = gate_room(gate, now);
        room->is_down[i] = gate_why_stopped(gate) != NULL || gate_is_resting(gate, now);
    }
}

/* Its place among the gates; GATES_MAX: it needs none. */
static size_t gate_of(const struct send_room *room, const struct reminder_candidate *candidate)
{
    if (room->gates == NULL || candidate->devices[0] != 0)
        return GATES_MAX;
    for (size_t i = 0; i < room->gates->count; ++i)
        if (strcmp(candidate->channel, room->gates->all[i].kind) == 0)
            return i;
    return GATES_MAX;
}

/* No message: the day's number does not count it. */
static bool is_for_staff(const struct reminder_candidate *candidate)
{
    return strcmp(candidate->channel, "call") == 0 || strcmp(candidate->channel, "handover") == 0;
}

static void note_wait(struct send_room *room, size_t gate)
{
    uint32_t wait_ms = gate_wait_ms(room->gates->all[gate].gate, clock_mono());
    if (wait_ms < room->wait_ms)
        room->wait_ms = wait_ms;
}

enum send_fit send_room_fit(struct send_room *room, const struct reminder_candidate *candidate)
{
    static const enum send_fit fits[] = {[PUSH_FIT_NOW] = SEND_FIT_NOW,
                                         [PUSH_FIT_LATER] = SEND_FIT_LATER,
                                         [PUSH_FIT_DOWN] = SEND_FIT_DOWN};
    if (candidate->channel[0] == 0)
        return SEND_FIT_NOW; /* it is put off, or ends */
    if (room->messages_left <= 0 && !is_for_staff(candidate))
        return SEND_FIT_DOWN;
    if (candidate->devices[0] != 0)
        return fits[push_room_fit(room->pushes, candidate->devices)];
    size_t gate = gate_of(room, candidate);
    if (gate == GATES_MAX || room->free[gate] > 0)
        return SEND_FIT_NOW;
    note_wait(room, gate);
    return room->is_down[gate] ? SEND_FIT_DOWN : SEND_FIT_LATER;
}

void send_room_take(struct send_room *room, const struct reminder_candidate *candidate)
{
    size_t gate = gate_of(room, candidate);
    if (candidate->channel[0] == 0)
        return;
    if (room->messages_left != VOLUME_UNLIMITED && !is_for_staff(candidate))
        --room->messages_left;
    if (candidate->devices[0] != 0)
        push_room_take(room->pushes, candidate->devices);
    else if (gate != GATES_MAX && room->free[gate] > 0)
        --room->free[gate];
}

uint32_t send_room_wait_ms(const struct send_room *room)
{
    return room->wait_ms;
}
