#include "jobs/under_way.h"

#include <assert.h>

static size_t place_of(const struct under_way *under_way, struct instant at)
{
    size_t i = 0;
    while (i < under_way->claim_count && under_way->claims[i].at.us != at.us)
        ++i;
    return i;
}

void under_way_add(struct under_way *under_way, struct instant at, size_t count)
{
    if (count == 0)
        return;
    assert(under_way->count + count <= UNDER_WAY_MAX);
    size_t place = place_of(under_way, at);
    if (place == under_way->claim_count) {
        under_way->claims[place].at = at;
        under_way->claims[place].left = 0;
        ++under_way->claim_count;
    }
    under_way->claims[place].left += count;
    under_way->count += count;
}

void under_way_remove(struct under_way *under_way, struct instant at)
{
    size_t place = place_of(under_way, at);
    assert(place < under_way->claim_count);
    --under_way->count;
    if (--under_way->claims[place].left == 0)
        under_way->claims[place] = under_way->claims[--under_way->claim_count];
}

struct instant under_way_oldest(const struct under_way *under_way, struct instant latest)
{
    struct instant oldest = latest;
    for (size_t i = 0; i < under_way->claim_count; ++i)
        if (under_way->claims[i].at.us < oldest.us)
            oldest = under_way->claims[i].at;
    return oldest;
}
