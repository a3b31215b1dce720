#include "push/backoff.h"

uint32_t backoff_ms(struct backoff backoff, uint32_t failures, uint32_t random)
{
    uint64_t window = backoff.first_ms;
    for (uint32_t i = 1; i < failures && window < backoff.max_ms; ++i)
        window *= 2;
    if (window > backoff.max_ms)
        window = backoff.max_ms;
    if (window <= backoff.floor_ms)
        return backoff.floor_ms;
    uint64_t spread = window - backoff.floor_ms;
    return backoff.floor_ms + (uint32_t)((spread + 1) * random >> 32);
}
