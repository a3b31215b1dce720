/* Whether to leave somebody alone for a while: after failures in a row, longer each time, until
 * one try goes well. A slow answer is a failure as well: whoever waits on a page is gone by then.
 */
#ifndef DUNLIN_PROVIDER_PROVIDER_HEALTH_H
#define DUNLIN_PROVIDER_PROVIDER_HEALTH_H

#include "base/clock.h"

enum {
    PROVIDER_FAILURES = 3, /* in a row */
    PROVIDER_REST_SECONDS = 10,
    PROVIDER_REST_SECONDS_MAX = 300,
    PROVIDER_SLOW_MS = 5000,
};

/* Starts as zeroes. */
struct provider_health {
    int failures_; /* in a row */
    int64_t rest_seconds_;
    struct mono rest_until_;
};

/* What became of a try, which took so long and ended now. Failures while it rests change nothing.
 */
void provider_health_note(struct provider_health *, bool is_good, int64_t took_ms, struct mono now);
bool provider_health_is_resting(const struct provider_health *, struct mono now);

#endif
