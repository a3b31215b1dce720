/* Targets that are to be left alone for a while (429 TooManyRequests concerns one device). A small
 * table by hash: of two targets in one place the later wins, which costs the other a refusal more.
 */
#ifndef DUNLIN_PUSH_HOLD_H
#define DUNLIN_PUSH_HOLD_H

#include "base/span.h"

enum { HOLD_PLACES = 512 };

struct hold {
    struct hold_place {
        uint64_t target;
        int64_t until_ms;
        uint32_t times;
    } places_[HOLD_PLACES];
    uint32_t count_;
};

/* How often in a row this target has been held, counting this time. */
uint32_t hold_again(struct hold *, struct span target);
void hold_until(struct hold *, struct span target, int64_t until_ms);
/* When it is free; 0: it is. Costs nothing while none is held. */
int64_t hold_end(const struct hold *, struct span target, int64_t now_ms);
/* It was accepted: forgotten. */
void hold_release(struct hold *, struct span target);

#endif
