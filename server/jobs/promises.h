/* Closes promises to pay that are over: kept, or broken. Most are kept by the payment itself, at
 * once; this looks once a minute for the others, in business time and by batches. It also counts
 * the disputes that should have been answered, for the operators. */
#ifndef DUNLIN_JOBS_PROMISES_H
#define DUNLIN_JOBS_PROMISES_H

#include <stdbool.h>

struct world;
struct promises;

struct promises *promises_new(struct world *);
void promises_stop(struct promises *);
bool promises_is_idle(const struct promises *);
/* Idle, or after its store is gone. */
void promises_free(struct promises *);

#endif
