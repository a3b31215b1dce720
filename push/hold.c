#include "push/hold.h"

uint64_t hold_target(struct span target)
{
    uint64_t hash = 1469598103934665603u; /* FNV-1a */
    for (size_t i = 0; i < target.len; ++i)
        hash = (hash ^ (uint8_t)target.base[i]) * 1099511628211u;
    return hash == 0 ? 1 : hash;
}

uint32_t hold_again(struct hold *hold, uint64_t target)
{
    struct hold_place *place = &hold->places_[target % HOLD_PLACES];
    if (place->target != target) {
        if (place->target == 0)
            ++hold->count_;
        *place = (struct hold_place){.target = target};
    }
    return ++place->times;
}

void hold_until(struct hold *hold, uint64_t target, int64_t until_ms)
{
    struct hold_place *place = &hold->places_[target % HOLD_PLACES];
    if (place->target == target)
        place->until_ms = until_ms;
}

int64_t hold_end(const struct hold *hold, uint64_t target, int64_t now_ms)
{
    if (hold->count_ == 0)
        return 0;
    const struct hold_place *place = &hold->places_[target % HOLD_PLACES];
    return place->target == target && place->until_ms > now_ms ? place->until_ms : 0;
}

void hold_release(struct hold *hold, uint64_t target)
{
    if (hold->count_ == 0)
        return;
    struct hold_place *place = &hold->places_[target % HOLD_PLACES];
    if (place->target != target)
        return;
    *place = (struct hold_place){0};
    --hold->count_;
}
