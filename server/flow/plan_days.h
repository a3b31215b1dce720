/* Which steps of the scenarios fall on which days, as the planner's question takes them. */
#ifndef DUNLIN_FLOW_PLAN_DAYS_H
#define DUNLIN_FLOW_PLAN_DAYS_H

#include "store/plan_store.h"
#include "store/scenario_store.h"

/* The longest catch-up of all. */
int32_t plan_days_catch_up(const struct scenario_loaded *);

/* All hits of the days from `from` to `to`, both included. Nothing falls on a day, or counts from a
 * date, that is centuries from any debt's. */
void plan_days_hits(const struct scenario_loaded *, int32_t from, int32_t to, struct plan_hits *);

/* All hits of a debt with such dates, whenever they are. */
void plan_days_of_debt(const struct scenario_loaded *, const struct plan_anchor *, size_t count,
                       struct plan_hits *);

/* The days there are somewhere on earth, since 1970-01-01: from UTC-12 to UTC+14. */
int32_t plan_first_day(struct instant now);
int32_t plan_last_day(struct instant now);
/* Everything up to here is planned: the day after today wherever it is latest, so that tomorrow is
 * known everywhere. */
int32_t plan_horizon(struct instant now);

#endif
