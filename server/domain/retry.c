#include "domain/retry.h"

#include <assert.h>

uint32_t retry_wait_ms(const struct retry_rule *rule, uint32_t tries, uint32_t random)
{
    assert(tries >= 1);
    uint64_t full = rule->first_ms;
    for (uint32_t i = 1; i < tries && full < rule->max_ms; ++i)
        full *= 2;
    if (full > rule->max_ms)
        full = rule->max_ms;
    uint64_t half = full / 2;
    return (uint32_t)(half + random % (full - half + 1));
}
