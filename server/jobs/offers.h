/* Individual offers by the clock: ends those whose time is over, each hour of business time, and
 * makes those that the settings' rules allow, each day of it. Every node may run it: what one of
 * them did is not done again. */
#ifndef DUNLIN_JOBS_OFFERS_H
#define DUNLIN_JOBS_OFFERS_H

#include <stdbool.h>

struct world;
struct offers;

struct offers *offers_new(struct world *);
/* Looks at once when the clock has gone on to another hour. */
void offers_wake(struct offers *);
/* Begins nothing new. */
void offers_stop(struct offers *);
bool offers_is_idle(const struct offers *);
/* When its store is gone, or nothing is under way. */
void offers_free(struct offers *);

#endif
