#include "push/hold.h"

/* FNV-1a, never 0. */
static uint64_t hash_of(struct span target)
{
    uint64_t hash = 1469598103934665603u;
    for (size_t i = 0; i < target.len; ++i)
        hash = (hash ^ (uint8_t)target.base[i]) * 1099511628211u;
    return hash == 0 ? 1 : hash;
}

uint32_t hold_again(struct hold *hold, struct span target)
{
    uint64_t hash = hash_of(target);
    struct hold_place *place = &hold->places_[hash % HOLD_PLACES];
    if (place->target != hash) {
        if (place->target == 0)
            ++hold->count_;
        *place = (struct hold_place){.target = hash};
    }
    return ++place->times;
}

void hold_until(struct hold *hold, struct span target, int64_t until_ms)
{
    uint64_t hash = hash_of(target);
    struct hold_place *place = &hold->places_[hash % HOLD_PLACES];
    if (place->target == hash)
        place->until_ms = until_ms;
}

int64_t hold_end(const struct hold *hold, struct span target, int64_t now_ms)
{
    if (hold->count_ == 0)
        return 0;
    uint64_t hash = hash_of(target);
    const struct hold_place *place = &hold->places_[hash % HOLD_PLACES];
    return place->target == hash && place->until_ms > now_ms ? place->until_ms : 0;
}

void hold_release(struct hold *hold, struct span target)
{
    if (hold->count_ == 0)
        return;
    uint64_t hash = hash_of(target);
    struct hold_place *place = &hold->places_[hash % HOLD_PLACES];
    if (place->target != hash)
        return;
    *place = (struct hold_place){0};
    --hold->count_;
}
