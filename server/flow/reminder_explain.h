/* What would happen on a day, and why a debt is or is not reminded: the planner's own rule
 * (plan_judge), asked without planning. Sends nothing, changes nothing.
 *
 *   a day:  scenarios in force -> the day's hits -> forecast; the same for the day before, to
 * compare a debt: its dates -> scenarios in force -> all hits of those dates -> the rule's word on
 * each
 *
 * Fails as its reads fail; a debt that is not there is an answer without text. */
#ifndef DUNLIN_FLOW_REMINDER_EXPLAIN_H
#define DUNLIN_FLOW_REMINDER_EXPLAIN_H

#include "store/plan_store.h"

struct world;

/* JSON, alive inside the callback; a null base: there is no such debt. `err` is never null. */
typedef void (*reminder_explained_cb)(void *owner, struct span json, const struct err *err);

/* {"date", "total", "total_day_before", "difference", "counts": […], "samples": […]} */
MUST_CHECK int reminder_forecast(struct world *, int32_t day, reminder_explained_cb, void *owner,
                                 struct err *);
/* {"id", "number", …, "at", "held_by": […], "was": […], "steps": […], "events"}; see
 * store/plan.sql. With a day (or null) what holds the debt is told as of then, where that is to
 * come, and else what happened on it. */
MUST_CHECK int reminder_explain(struct world *, const struct plan_debt_name *, const int32_t *day,
                                reminder_explained_cb, void *owner, struct err *);

#endif
