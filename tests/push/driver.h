/* What the parts of push_driver share: its settings and what is under way. One process, one run. */
#ifndef DUNLIN_PUSH_DRIVER_H
#define DUNLIN_PUSH_DRIVER_H

#include "push/push.h"

struct driver {
    /* As asked for: options.c. */
    struct push_settings settings;
    const char *topic, *push_type;
    const char *beside; /* where a second service is, which gets a copy of each push */
    uint32_t deadline_ms, start_within_ms, attempts_max, concurrency;
    uint64_t generate, payload_len;
    bool resends_unknown, is_quiet, is_by_room;
    int64_t clock_s, step_after, step_s;

    /* Under way: items.c, driver.c. */
    struct push_service *service, *service_beside;
    uint64_t open, outcomes, rejected, unknown_before, asked, rooms;
    uint64_t open_beside, outcomes_beside;
};
extern struct driver driver;

#endif
