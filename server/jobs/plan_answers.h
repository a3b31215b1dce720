/* Plans that customers asked for and that nobody answered in time: they end, the customer's page
 * says so, and dunning goes on. */
#ifndef DUNLIN_JOBS_PLAN_ANSWERS_H
#define DUNLIN_JOBS_PLAN_ANSWERS_H

#include <stdbool.h>

enum { PLAN_ANSWERS_LOOK_MS = 10 * 1000 };

struct world;
struct plan_answers;

/* Looks soon, and then every ten seconds; in business time, by batches. Nodes need not know of each
 * other: each plan is looked at again under its customer's lock. */
struct plan_answers *plan_answers_new(struct world *);
void plan_answers_stop(struct plan_answers *);
bool plan_answers_is_idle(const struct plan_answers *);
/* Idle, or after its store is gone. */
void plan_answers_free(struct plan_answers *);

#endif
