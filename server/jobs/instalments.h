/* The parts of plans in force whose date and grace are over: each is noted as missed, once, and a
 * plan with more of them than its policy allows is broken, so that the debt goes back to its
 * ladder. Nothing is sent here; the nudge is a step of a scenario. */
#ifndef DUNLIN_JOBS_INSTALMENTS_H
#define DUNLIN_JOBS_INSTALMENTS_H

#include <stdbool.h>

struct world;
struct instalments;

/* Looks at once, and whenever an hour of business time has begun; by batches. */
struct instalments *instalments_new(struct world *);
/* On PLAN_CHANNEL: business time may have moved. */
void instalments_wake(struct instalments *);
void instalments_stop(struct instalments *);
bool instalments_is_idle(const struct instalments *);
/* Idle, or after its store is gone. */
void instalments_free(struct instalments *);

#endif
