/* A token bucket with slow start: at most a second's worth at once, and a rate that climbs from a
 * fiftieth to the whole over the ramp, again after idleness and after the service has asked for
 * less. Pure: the time (microseconds of any steady clock) is handed in. */
#ifndef DUNLIN_PUSH_BUCKET_H
#define DUNLIN_PUSH_BUCKET_H

#include <stdint.h>

struct bucket {
    uint32_t rate_max; /* a second; 0: no limit */
    uint32_t ramp_ms;
    int64_t started_us_, filled_us_, taken_us_;
    double tokens_;
};

void bucket_init(struct bucket *, uint32_t rate_max, uint32_t ramp_ms, int64_t now_us);
/* How many may go now. UINT32_MAX without a limit. */
uint32_t bucket_room(struct bucket *, int64_t now_us);
/* One goes; call with room only. */
void bucket_take(struct bucket *, int64_t now_us);
/* Milliseconds until there is room for one, at least 1. */
uint32_t bucket_wait_ms(struct bucket *, int64_t now_us);
/* Slow start anew. */
void bucket_restart(struct bucket *, int64_t now_us);

#endif
