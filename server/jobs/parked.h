/* Parked callbacks that time or another callback may help are tried again: the reference became
 * known, the payment that a refund waited for arrived. Woken by NOTIFY, with a poll behind it;
 * bounded, and harmless to run on any number of nodes. */
#ifndef DUNLIN_JOBS_PARKED_H
#define DUNLIN_JOBS_PARKED_H

#include <stdbool.h>

struct world;
struct parked;

/* NOTIFY on this channel means: something may be due. */
#define PARKED_CHANNEL "dunlin_parked"

/* Starts looking at once. */
struct parked *parked_new(struct world *);
/* Looks now. Any number of calls is one look. */
void parked_wake(struct parked *);
/* Begins nothing new; what is in hand is finished. */
void parked_stop(struct parked *);
bool parked_is_idle(const struct parked *);
/* Idle, or after its store is gone. */
void parked_free(struct parked *);

#endif
