/* Forgets refused callbacks after 30 days: their bodies may hold personal data, and nobody looks
 * for them any more. */
#ifndef DUNLIN_JOBS_REFUSED_CALLBACKS_H
#define DUNLIN_JOBS_REFUSED_CALLBACKS_H

#include <stdbool.h>

enum { REFUSED_CALLBACKS_DAYS = 30, REFUSED_CALLBACKS_LOOK_MS = 10 * 60 * 1000 };

struct world;
struct refused_callbacks;

/* Looks soon, and then every ten minutes; in business time. */
struct refused_callbacks *refused_callbacks_new(struct world *);
void refused_callbacks_stop(struct refused_callbacks *);
bool refused_callbacks_is_idle(const struct refused_callbacks *);
/* Idle, or after its store is gone. */
void refused_callbacks_free(struct refused_callbacks *);

#endif
