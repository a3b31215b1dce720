#include "domain/promise.h"

#include <assert.h>

/* ---- what may be promised ---- */

const char *promise_verdict_name(enum promise_verdict verdict)
{
    static const char *const names[] = {
        [PROMISE_GOOD] = "good",
        [PROMISE_SETTLED] = "settled",
        [PROMISE_NOT_OFFERED] = "not_offered",
        [PROMISE_IN_PLAN] = "in_plan",
        [PROMISE_DISPUTED] = "disputed",
        [PROMISE_GIVEN] = "given",
        [PROMISE_TOO_MANY] = "too_many",
        [PROMISE_NO_DAY_LEFT] = "no_day_left",
        [PROMISE_PAST] = "past",
        [PROMISE_TOO_FAR] = "too_far",
    };
    assert((size_t)verdict < sizeof(names) / sizeof(names[0]));
    return names[verdict];
}

struct date promise_last_day(const struct promise_policy *policy, struct date due,
                             struct date today)
{
    struct date last = date_add_days(today, policy->days_max);
    if (policy->days_late_max == 0)
        return last;
    struct date late = date_add_days(due, policy->days_late_max);
    return date_compare(late, last) < 0 ? late : last;
}

enum promise_verdict promise_judge(const struct promise_policy *policy,
                                   const struct promise_case *c)
{
    if (c->debt.due_minor <= 0)
        return PROMISE_SETTLED;
    if (c->is_in_plan)
        return PROMISE_IN_PLAN;
    if (c->is_disputed)
        return PROMISE_DISPUTED;
    if (c->is_promised)
        return PROMISE_GIVEN;
    if (policy->days_max == 0 || !debt_condition_fits(&policy->condition, &c->debt))
        return PROMISE_NOT_OFFERED;
    if (c->given_for_debt >= policy->per_debt_max || c->given_in_year >= policy->per_year_max)
        return PROMISE_TOO_MANY;
    if (date_compare(promise_last_day(policy, c->due, c->today), c->today) < 0)
        return PROMISE_NO_DAY_LEFT;
    return PROMISE_GOOD;
}

static enum promise_verdict judge_day(struct date today, struct date last, struct date day)
{
    if (date_compare(day, today) < 0)
        return PROMISE_PAST;
    return date_compare(day, last) > 0 ? PROMISE_TOO_FAR : PROMISE_GOOD;
}

enum promise_verdict promise_judge_day(const struct promise_policy *policy,
                                       const struct promise_case *c, struct date day)
{
    enum promise_verdict verdict = promise_judge(policy, c);
    if (verdict != PROMISE_GOOD)
        return verdict;
    return judge_day(c->today, promise_last_day(policy, c->due, c->today), day);
}

enum promise_verdict promise_judge_call(const struct promise_policy *policy, struct date today,
                                        struct date day)
{
    const struct promise_policy calls = promise_policy_of_calls(policy);
    return judge_day(today, date_add_days(today, calls.days_max), day);
}

struct promise_policy promise_policy_of_calls(const struct promise_policy *policy)
{
    struct promise_policy calls = *policy;
    if (policy->days_max == 0) {
        calls.days_max = PROMISE_PHONE_DAYS_MAX;
        calls.grace_days = PROMISE_PHONE_GRACE_DAYS;
    }
    return calls;
}

struct date promise_over(const struct promise_policy *policy, struct date day)
{
    return date_add_days(day, policy->grace_days + 1);
}

/* ---- days to choose from ---- */

const char *promise_choice_name(enum promise_choice_kind kind)
{
    static const char *const names[] = {[PROMISE_IN_DAYS] = "in_days",
                                        [PROMISE_FRIDAY] = "friday",
                                        [PROMISE_FIRST] = "first",
                                        [PROMISE_TENTH] = "tenth",
                                        [PROMISE_LAST] = "last"};
    assert(kind >= PROMISE_IN_DAYS && kind <= PROMISE_LAST);
    return names[kind];
}

/* The next day of a month with this number. */
static struct date next_numbered(struct date today, int day)
{
    struct date next = {.year = today.year, .month = today.month, .day = day};
    if (today.day < day)
        return next;
    next.month = today.month % 12 + 1;
    next.year += today.month == 12;
    return next;
}

static struct date next_friday(struct date today)
{
    enum { FRIDAY = 4, WEEK = 7, EPOCH = 3 }; /* from Monday; 1970-01-01 was a Thursday */
    int weekday = (int)((date_to_days(today) % WEEK + WEEK + EPOCH) % WEEK);
    int ahead = (FRIDAY - weekday + WEEK) % WEEK;
    return date_add_days(today, ahead == 0 ? WEEK : ahead);
}

/* Sorted in; a day that is there already stays as it is called. */
static int add_choice(struct promise_choice *out, int count, struct promise_choice choice)
{
    int at = count;
    for (; at > 0 && date_compare(out[at - 1].day, choice.day) >= 0; --at)
        if (date_compare(out[at - 1].day, choice.day) == 0)
            return count;
    for (int i = count; i > at; --i)
        out[i] = out[i - 1];
    out[at] = choice;
    return count + 1;
}

int promise_choices(struct date today, struct date last,
                    struct promise_choice out[PROMISE_CHOICES_MAX])
{
    const struct promise_choice all[PROMISE_CHOICES_MAX] = {
        {PROMISE_IN_DAYS, date_add_days(today, 3)},
        {PROMISE_FRIDAY, next_friday(today)},
        {PROMISE_FIRST, next_numbered(today, 1)},
        {PROMISE_TENTH, next_numbered(today, 10)},
        {PROMISE_LAST, last},
    };
    int count = 0;
    for (int i = 0; i < PROMISE_CHOICES_MAX; ++i)
        if (date_compare(all[i].day, today) > 0 && date_compare(all[i].day, last) <= 0)
            count = add_choice(out, count, all[i]);
    return count;
}

/* ---- its life ---- */

const char *promise_state_name(enum promise_state state)
{
    static const char *const names[] = {[PROMISE_STATE_OPEN] = "open",
                                        [PROMISE_STATE_KEPT] = "kept",
                                        [PROMISE_STATE_BROKEN] = "broken",
                                        [PROMISE_STATE_REPLACED] = "replaced"};
    assert(state >= PROMISE_STATE_OPEN && state < PROMISE_STATE_COUNT);
    return names[state];
}

enum promise_state promise_next(enum promise_state state, enum promise_event event)
{
    static const enum promise_state table[PROMISE_STATE_COUNT][PROMISE_EVENT_COUNT] = {
        [PROMISE_STATE_OPEN] = {[PROMISE_MONEY_CAME] = PROMISE_STATE_KEPT,
                                [PROMISE_TIME_PASSED] = PROMISE_STATE_BROKEN,
                                [PROMISE_OVERTAKEN] = PROMISE_STATE_REPLACED},
    };
    assert(state >= PROMISE_STATE_OPEN && state < PROMISE_STATE_COUNT);
    assert(event >= PROMISE_MONEY_CAME && event < PROMISE_EVENT_COUNT);
    enum promise_state next = table[state][event];
    return next == 0 ? state : next;
}

bool promise_is_met(int64_t promised_minor, int64_t came_in_minor, int64_t due_minor)
{
    return due_minor <= 0 || came_in_minor >= promised_minor;
}
