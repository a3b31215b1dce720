/* The plan in the database: which reminders there are to be. The planner works in short
 * transactions, one at a time on all machines; the rule itself is asked through the same hits by
 * whoever plans, forecasts or explains. Each operation follows the promise of io/pg.h. */
#ifndef DUNLIN_STORE_PLAN_STORE_H
#define DUNLIN_STORE_PLAN_STORE_H

#include "base/clock.h"
#include "base/span.h"
#include "domain/reminder_rules.h"
#include "domain/scenario.h"
#include "io/pg.h"

#include <stdbool.h>
#include <stdint.h>

/* NOTIFY: debts wait to be planned, or a scenario was put in force. */
#define PLAN_CHANNEL "dunlin_plan"

enum { PLAN_DEBTS_MAX = 500 }; /* of one transaction */

/* Steps that fall on days, as arrays that grow. All zeroes is empty. */
struct plan_hits {
    size_t count, room_;
    int64_t *scenario_id, *version, *step_no, *occurrence;
    int32_t *anchor, *day; /* dates, days since 1970-01-01 */
};
struct plan_hit {
    int64_t scenario_id, version, step_no, occurrence;
    int32_t anchor, day;
};
void plan_hits_add(struct plan_hits *, const struct plan_hit *);
void plan_hits_release(struct plan_hits *);

/* What the creditor allows, whoever the debtor is. */
struct plan_rules {
    int64_t from_second, before_second; /* of the day, in the customer's time zone */
    int64_t days;                       /* bit 0: Monday … bit 6: Sunday */
    int64_t holdout_permille;           /* of the customers are not reminded, for comparison */
};
/* At any time of any day, to everybody. */
extern const struct plan_rules plan_rules_open;
/* What of the manners concerns the plan. The rest is asked when a reminder is claimed. */
struct plan_rules plan_rules_of(const struct reminder_rules *);

/* Debts by their keys. */
struct plan_debts {
    size_t count;
    int64_t customer_id[PLAN_DEBTS_MAX], invoice_id[PLAN_DEBTS_MAX];
};

/* What is asked of the rule: hits × debts at a moment. */
struct plan_question {
    const struct plan_hits *hits;
    const struct plan_debts *debts; /* null: those of the customers behind … up to */
    int64_t behind, up_to;
    struct instant now;
    struct plan_rules rules;
};

struct plan_state {
    bool has_begun; /* else days and scenarios say nothing */
    int32_t through;
    bool is_passing; /* the days behind `through`, up to `passing_to`, are being planned */
    int32_t passing_to;
    int64_t customers_done;               /* of the pass */
    struct span scenarios, scenarios_now; /* planned by, and those that are; into the result */
    int64_t last_customer;
    bool has_debts; /* some wait */
};

/* Settings of a connection that plans. */
MUST_CHECK int plan_session(struct pg *, struct pg_query *, pg_result_cb, void *owner,
                            struct err *);
MUST_CHECK int plan_state(struct pg *, struct pg_query *, pg_result_cb, void *owner, struct err *);
void plan_read_state(const PGresult *, struct plan_state *);

/* Days up to `through` need no pass: all debts there are wait. Harmless when others were first. */
MUST_CHECK int plan_begin(struct pg *, struct pg_tx *, int32_t through, struct span scenarios,
                          struct instant now, pg_done_cb, void *owner, struct err *);
/* The days behind `through`, up to `to`, become a pass. Harmless when others were first. */
MUST_CHECK int plan_pass(struct pg *, struct pg_tx *, int32_t through, int32_t to,
                         struct instant now, pg_done_cb, void *owner, struct err *);

struct plan_take_over {
    int32_t through;       /* days behind it are planned again */
    struct span scenarios; /* the new ones, as plan_state had them */
    struct instant now;
    int64_t at_most;
};
/* Takes out, a batch at a time, what versions planned that will no longer be in force then. When
 * plan_read_count of on_result says 0 the new scenarios are noted and the days go back. */
MUST_CHECK int plan_take_over(struct pg *, struct pg_tx *, const struct plan_take_over *,
                              pg_result_cb on_result, pg_done_cb, void *owner, struct err *);

struct plan_batch {
    struct plan_question question; /* of a range: behind is the state's customers_done */
    int32_t through, passing_to;
    bool is_last;
    bool is_announced; /* whoever sends is told */
};
/* A batch of a pass. ERR_CONFLICT: the pass stands elsewhere meanwhile. `on_result`:
 * plan_read_count says how many reminders there are that were not there before. */
MUST_CHECK int plan_day(struct pg *, struct pg_tx *, const struct plan_batch *,
                        pg_result_cb on_result, pg_done_cb, void *owner, struct err *);

/* Debts that wait, at most PLAN_DEBTS_MAX. */
MUST_CHECK int plan_waiting(struct pg *, struct pg_query *, pg_result_cb, void *owner,
                            struct err *);
void plan_read_waiting(const PGresult *, struct plan_debts *);
/* Plans them by themselves. They wait no longer, whatever became of them. */
MUST_CHECK int plan_debts(struct pg *, struct pg_tx *, const struct plan_question *,
                          pg_result_cb on_result, pg_done_cb, void *owner, struct err *);

/* Ends what was planned for debts that were paid at that very moment. */
MUST_CHECK int plan_settle(struct pg *, struct pg_tx *, struct instant now, int64_t at_most,
                           pg_done_cb, void *owner, struct err *);

int64_t plan_read_count(const PGresult *);

/* ---- asking without planning ---- */

/* What is known of how and when people are reached. */
struct plan_outlook {
    const struct span *ways; /* beside push to devices: "sms", … */
    size_t way_count;
    const struct span *apps; /* whose devices can be told */
    size_t app_count;
    const struct span *consents; /* channels that need the customer's consent */
    size_t consent_count;
    const int32_t *days_off; /* as far as anything may be put off */
    size_t days_off_count;
};
/* What goes on a day. The question's hits are those of the day, its range is all customers. */
MUST_CHECK int plan_forecast(struct pg *, struct pg_query *, const struct plan_question *,
                             int32_t day, const struct plan_outlook *, pg_result_cb, void *owner,
                             struct err *);
struct plan_forecast {
    struct span counts, samples; /* JSON, see plan.sql; into the result */
    int64_t total;
};
void plan_read_forecast(const PGresult *, struct plan_forecast *);

/* The dates of one debt that steps count from; none: there is no such debt. `number` with a null
 * base: by the ids. */
struct plan_debt_name {
    struct span number;
    int64_t customer_id, invoice_id;
};
MUST_CHECK int plan_anchors(struct pg *, struct pg_query *, const struct plan_debt_name *,
                            pg_result_cb, void *owner, struct err *);
struct plan_anchor {
    int64_t customer_id, invoice_id;
    enum scenario_anchor anchor;
    int32_t date;
};
void plan_read_anchor(const PGresult *, int row, struct plan_anchor *);

/* One debt and the rule's word on each of its steps, as JSON; see plan.sql. */
struct plan_explaining {
    struct plan_question question; /* of one debt */
    struct instant hold_since;     /* payments started before it no longer hold now */
    const struct reminder_rules *manners;
    struct plan_outlook outlook;
    bool has_day;
    int32_t day; /* what holds the debt is told of this day, where it is to come */
};
MUST_CHECK int plan_explain(struct pg *, struct pg_query *, const struct plan_explaining *,
                            pg_result_cb, void *owner, struct err *);
struct span plan_read_explained(const PGresult *);

#endif
