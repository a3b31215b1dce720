/* A promise to pay: which day the creditor lets a customer promise, and the life of a promise.
 *
 * One rule for all ways in. A person at the telephone is bound by the days alone: whether this debt
 * is worth another promise is theirs to say. */
#ifndef DUNLIN_DOMAIN_PROMISE_H
#define DUNLIN_DOMAIN_PROMISE_H

#include "domain/calendar.h"
#include "domain/debt_condition.h"

/* ---- what may be promised ---- */

enum {
    /* Where promises are not offered on the page, people at the telephone still take them. */
    PROMISE_PHONE_DAYS_MAX = 90,
    PROMISE_PHONE_GRACE_DAYS = 1,
};

struct promise_policy {
    struct debt_condition condition;
    int32_t days_max;      /* at most so many days from today; 0: none are taken on the page */
    int32_t days_late_max; /* and so many behind the due date; 0: any */
    int32_t per_debt_max;  /* promises of one debt, whatever became of them */
    int32_t per_year_max;  /* of one customer in 365 days, over all debts */
    int32_t grace_days;    /* behind the promised day: transfers take their time */
};

/* In the order in which they are looked for. */
enum promise_verdict {
    PROMISE_GOOD = 0,
    PROMISE_SETTLED, /* nothing is left to pay */
    PROMISE_IN_PLAN,
    PROMISE_DISPUTED,
    PROMISE_GIVEN,       /* one is open */
    PROMISE_NOT_OFFERED, /* not for this debt, or for none */
    PROMISE_TOO_MANY,
    PROMISE_NO_DAY_LEFT, /* the debt is too late for any day */
    PROMISE_PAST,
    PROMISE_TOO_FAR,
};
/* "good", "settled", "in_plan", "disputed", …: as in the words promise_refused_<name>. */
const char *promise_verdict_name(enum promise_verdict);

/* What the rule looks at besides the day. */
struct promise_case {
    struct debt_facts debt;
    struct date due, today; /* today: where the customer is */
    bool is_in_plan, is_disputed, is_promised;
    int32_t given_for_debt, given_in_year;
};

/* The last day that may be promised; before today when there is none. */
struct date promise_last_day(const struct promise_policy *, struct date due, struct date today);
/* Whether any day may be promised. */
enum promise_verdict promise_judge(const struct promise_policy *, const struct promise_case *);
/* Whether this one may: the same, and the day. */
enum promise_verdict promise_judge_day(const struct promise_policy *, const struct promise_case *,
                                       struct date day);
/* At the telephone: the day alone. */
enum promise_verdict promise_judge_call(const struct promise_policy *, struct date today,
                                        struct date day);
/* The policy that holds there: this one, or where it takes none the days above. */
struct promise_policy promise_policy_of_calls(const struct promise_policy *);

/* The day with whose beginning the promise is over and reminding goes on: behind the promised one
 * and its grace. */
struct date promise_over(const struct promise_policy *, struct date day);

/* ---- days to choose from ---- */

enum promise_choice_kind {
    PROMISE_IN_DAYS = 1, /* in three days */
    PROMISE_FRIDAY,      /* the next one */
    PROMISE_FIRST,       /* of a month: pay-days */
    PROMISE_TENTH,
    PROMISE_LAST, /* that may be promised */
};
/* "in_days", "friday", …: as in the words promise_choice_<name>. */
const char *promise_choice_name(enum promise_choice_kind);

enum { PROMISE_CHOICES_MAX = 5 };

struct promise_choice {
    enum promise_choice_kind kind;
    struct date day;
};

/* Those that are allowed, the earliest first, each day once, all behind today; none when no day
 * behind today is left. Returns how many. */
int promise_choices(struct date today, struct date last,
                    struct promise_choice out[PROMISE_CHOICES_MAX]);

/* ---- its life ---- */

enum promise_state {
    PROMISE_STATE_OPEN = 1,
    PROMISE_STATE_KEPT,     /* what was promised came in before it was over */
    PROMISE_STATE_BROKEN,   /* it did not */
    PROMISE_STATE_REPLACED, /* by another one, or by a plan or a dispute that came since */
    PROMISE_STATE_COUNT,
};
/* "open", "kept", …: as in promise.state. */
const char *promise_state_name(enum promise_state);

enum promise_event {
    PROMISE_MONEY_CAME = 1, /* all that was promised */
    PROMISE_TIME_PASSED,    /* it is over, and no payment is on its way any more */
    PROMISE_OVERTAKEN,      /* another was given, or it is over in a plan or a dispute */
    PROMISE_EVENT_COUNT,
};

/* The same state where the event changes nothing: what is decided stays. */
enum promise_state promise_next(enum promise_state, enum promise_event);

/* Whether the money did what was promised: the debt is settled, or so much came in since. */
bool promise_is_met(int64_t promised_minor, int64_t came_in_minor, int64_t due_minor);

#endif
