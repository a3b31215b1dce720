/* How long to wait before the next try: exponential, with full jitter (so that many who failed
 * together do not come back together). Pure. */
#ifndef DUNLIN_PUSH_BACKOFF_H
#define DUNLIN_PUSH_BACKOFF_H

#include <stdint.h>

struct backoff {
    uint32_t floor_ms; /* never sooner */
    uint32_t first_ms; /* the first window; doubles with each try */
    uint32_t max_ms;   /* its end */
};

/* After `failures` failures (1: the first), with a random number: between the floor and the window.
 */
uint32_t backoff_ms(struct backoff, uint32_t failures, uint32_t random);

#endif
