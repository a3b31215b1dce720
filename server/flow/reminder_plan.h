/* The planner: one piece of work a call, bounded, in a transaction of its own, safe to be cut off
 * anywhere and to be done on several machines at once.
 *
 *   look at where planning stands and which scenarios are in force, then do the first that is to
 * be:
 *   1. nothing was ever planned: the days begin behind the horizon, as all debts wait
 *   2. other scenarios than those planned by: take out what the old ones planned for times when
 * they are no longer in force, batch by batch; then today and tomorrow are planned again
 *   3. the horizon has moved on: the days up to it become a pass, all in one, so that of what was
 *      missed during an outage only the newest goes
 *   4. a pass is under way: its next customers
 *   5. debts wait: the first of them, from what they missed to the horizon
 *   6. end what was planned while its payment was being booked
 *   -> say whether there may be more to do
 *
 * As long as there has never been a scenario in force nothing is done, and debts wait. A failure is
 * told and nothing else: the next call goes on where the last transaction left off. Another node
 * was faster (ERR_CONFLICT): so there may be more. */
#ifndef DUNLIN_FLOW_REMINDER_PLAN_H
#define DUNLIN_FLOW_REMINDER_PLAN_H

#include "store/plan_store.h"

struct world;
struct reminder_plan;

/* A batch of a pass: so many customer ids. */
enum { REMINDER_PLAN_CUSTOMERS = 50000 };

struct reminder_plan_options {
    struct world *world;
    struct store *store; /* connections of its own, with patience: a batch is thousands of rows */
    int64_t customers_at_once; /* 0: REMINDER_PLAN_CUSTOMERS */
    /* After each call. `has_more`: call again soon. */
    void (*on_done)(void *owner, bool has_more, const struct err *);
    void *owner;
};

struct reminder_plan *reminder_plan_new(const struct reminder_plan_options *);
/* Calls back exactly once, or returns an error and does not. Not while one is under way. */
MUST_CHECK int reminder_plan_go_on(struct reminder_plan *, struct err *);
/* A call under way is forgotten; its transaction goes on. */
void reminder_plan_free(struct reminder_plan *);

#endif
