/* Keeps customers' segments (domain/segment.h) true: all of them each night, in batches, and at
 * once those whose money moved. Woken by NOTIFY, with a poll behind it; harmless to run on any
 * number of nodes. */
#ifndef DUNLIN_JOBS_SEGMENTS_H
#define DUNLIN_JOBS_SEGMENTS_H

#include <stdbool.h>

struct world;
struct segments;

/* Looks soon. */
struct segments *segments_new(struct world *);
/* Money may have moved: looks now, or in a moment when it has just looked. */
void segments_wake(struct segments *);
/* Begins nothing new; what is in hand is finished. */
void segments_stop(struct segments *);
bool segments_is_idle(const struct segments *);
/* Idle, or after its store is gone. */
void segments_free(struct segments *);

#endif
