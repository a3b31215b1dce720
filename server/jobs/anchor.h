/* Once an hour of business time the heads of the chains of events are anchored in one global chain.
 */
#ifndef DUNLIN_JOBS_ANCHOR_H
#define DUNLIN_JOBS_ANCHOR_H

#include <stdbool.h>

struct world;
struct anchor;

struct anchor *anchor_new(struct world *);
void anchor_stop(struct anchor *);
bool anchor_is_idle(const struct anchor *);
/* Idle, or after its store is gone. */
void anchor_free(struct anchor *);

#endif
