/* Keeps the plan of reminders ahead of time: calls flow/reminder_plan piece by piece until nothing
 * is left, then rests until debts wait, a scenario was put in force, the horizon moves on, or the
 * poll behind all of these. */
#ifndef DUNLIN_JOBS_PLANNING_H
#define DUNLIN_JOBS_PLANNING_H

#include "store/plan_store.h"

struct world;
struct store;
struct planning;

struct planning_options {
    struct world *world;
    struct store *store; /* of its own; must outlive it */
};

struct planning *planning_new(const struct planning_options *);
/* On PLAN_CHANNEL. */
void planning_wake(struct planning *);
/* The piece under way is ended, no other begun. */
void planning_stop(struct planning *);
bool planning_is_idle(const struct planning *);
void planning_free(struct planning *);

#endif
