/* How long to wait before another try: doubling, capped, and spread so that what failed together
 * does not come again together. */
#ifndef DUNLIN_DOMAIN_RETRY_H
#define DUNLIN_DOMAIN_RETRY_H

#include <stdint.h>

struct retry_rule {
    uint32_t first_ms, max_ms;
};

/* After `tries` tries (at least 1). Between half of the full wait and all of it, by `random`, any
 * number. */
uint32_t retry_wait_ms(const struct retry_rule *, uint32_t tries, uint32_t random);

#endif
