/* Reminders that this process has claimed and not yet recorded, by when they were claimed: so many
 * of them, and the oldest, behind which nothing in the database is still being sent from here. */
#ifndef DUNLIN_JOBS_UNDER_WAY_H
#define DUNLIN_JOBS_UNDER_WAY_H

#include "base/clock.h"

#include <stddef.h>

enum { UNDER_WAY_MAX = 4096 };

/* Starts as zeroes. */
struct under_way {
    size_t count;
    size_t claim_count;
    struct {
        struct instant at;
        size_t left;
    } claims[UNDER_WAY_MAX]; /* in no order; those of one moment together */
};

/* `count` claimed at `at`. At most UNDER_WAY_MAX in all. */
void under_way_add(struct under_way *, struct instant at, size_t count);
/* One of those claimed at `at` has been recorded. */
void under_way_remove(struct under_way *, struct instant at);
/* When the oldest was claimed, but no later than `latest`. */
struct instant under_way_oldest(const struct under_way *, struct instant latest);

#endif
