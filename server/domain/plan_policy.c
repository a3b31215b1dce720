#include "domain/plan_policy.h"

#include "domain/working_calendar.h"

#include <assert.h>

/* The rate is in ten thousandths of a year's. */
enum { YEAR_DENOMINATOR = 365 * 10000 };

const char *plan_refusal_name(enum plan_refusal refusal)
{
    static const char *const names[] = {
        [PLAN_OFFERED] = "offered",           [PLAN_REFUSED_PAID] = "paid",
        [PLAN_REFUSED_HAS_PLAN] = "has_plan", [PLAN_REFUSED_IN_FLIGHT] = "in_flight",
        [PLAN_REFUSED_DISPUTED] = "disputed", [PLAN_REFUSED_NO_POLICY] = "no_policy",
        [PLAN_REFUSED_TOO_MANY] = "too_many", [PLAN_REFUSED_TOO_SMALL] = "too_small",
        [PLAN_REFUSED_COUNT] = "count",       [PLAN_REFUSED_SMALL_PART] = "small_part",
        [PLAN_REFUSED_DATE] = "date",
    };
    assert((size_t)refusal < sizeof(names) / sizeof(names[0]));
    return names[refusal];
}

const struct plan_policy *plan_policy_of(const struct plan_policy *policies, size_t count,
                                         const struct debt_facts *debt)
{
    for (size_t i = 0; i < count; ++i)
        if (debt_condition_fits(&policies[i].condition, debt))
            return &policies[i];
    return NULL;
}

/* ---- dates ---- */

struct date plan_due_day(const struct plan_policy *policy, struct date day)
{
    return policy->keeps_working_days ? working_day_at_or_after(day) : day;
}

static struct date day_of_part(const struct plan_policy *policy, struct date first, int i)
{
    switch (policy->spacing) {
    case PLAN_TWO_WEEKS:
        return plan_due_day(policy, date_add_days(first, 14 * i));
    case PLAN_WEEKLY:
        return plan_due_day(policy, date_add_days(first, 7 * i));
    case PLAN_MONTHLY:
        break;
    }
    return plan_due_day(policy, date_add_months(first, i));
}

static bool needs_approval(const struct plan_policy *policy, const struct plan_facts *facts)
{
    return policy->approval == PLAN_APPROVAL_ALWAYS ||
           (policy->approval == PLAN_APPROVAL_ABOVE &&
            facts->debt.due_minor > policy->approval_above_minor);
}

struct date plan_first_from(const struct plan_policy *policy, const struct plan_facts *facts)
{
    return date_add_days(facts->today, needs_approval(policy, facts) ? policy->answer_days + 1 : 0);
}

struct date plan_first_to(const struct plan_policy *policy, const struct plan_facts *facts)
{
    struct date last = date_add_days(facts->today, policy->first_within_days);
    return policy->keeps_working_days ? working_day_at_or_before(last) : last;
}

static bool is_first_day(const struct plan_policy *policy, const struct plan_facts *facts,
                         struct date day)
{
    return date_compare(day, plan_first_from(policy, facts)) >= 0 &&
           date_compare(plan_due_day(policy, day), plan_first_to(policy, facts)) <= 0;
}

/* The next one of this day of the month. */
static struct date next_pay_day(struct date from, int32_t day)
{
    struct date month = {.year = from.year, .month = from.month, .day = 1};
    for (int i = 0;; ++i) {
        struct date next = date_add_months(month, i);
        int length = month_length(next.year, next.month);
        next.day = day < length ? day : length;
        if (date_compare(next, from) >= 0)
            return next;
    }
}

/* In order, unless one stands there that is due on the same day. */
static int add_day(const struct plan_policy *policy, struct date *days, int count, struct date day)
{
    int at = count;
    for (int i = 0; i < count; ++i)
        if (date_compare(plan_due_day(policy, days[i]), plan_due_day(policy, day)) == 0)
            return count;
    for (; at > 0 && date_compare(days[at - 1], day) > 0; --at)
        days[at] = days[at - 1];
    days[at] = day;
    return count + 1;
}

int plan_first_days(const struct plan_policy *policy, const struct plan_facts *facts,
                    struct date out[2 * PLAN_DAYS_MAX])
{
    int count = 0;
    for (int i = 0; i < policy->pay_day_count; ++i) {
        struct date day = next_pay_day(plan_first_from(policy, facts), policy->pay_days[i]);
        if (is_first_day(policy, facts, day))
            count = add_day(policy, out, count, day);
    }
    for (int i = 0; i < policy->in_day_count; ++i) {
        struct date day = date_add_days(facts->today, policy->in_days[i]);
        if (is_first_day(policy, facts, day))
            count = add_day(policy, out, count, day);
    }
    return count;
}

/* ---- amounts ---- */

static void split(const struct plan_policy *policy, int64_t amount, int32_t count, int64_t out[])
{
    if (policy->first_percent == 0) {
        instalment_split(amount, (size_t)count, out);
        return;
    }
    out[0] = money_share(amount, policy->first_percent, 100);
    instalment_split(amount - out[0], (size_t)count - 1, out + 1);
}

static int64_t fee_of(const struct plan_policy *policy, int64_t debt)
{
    int64_t fee = policy->fee_minor + money_share(debt, policy->fee_permille, 1000);
    return policy->fee_max_minor != 0 && fee > policy->fee_max_minor ? policy->fee_max_minor : fee;
}

static int64_t interest_of(const struct plan_policy *policy, struct date today,
                           const struct plan_offer *offer)
{
    int64_t shares[INSTALMENTS_MAX], balance = offer->debt_minor, balance_days = 0;
    struct date from = today;
    split(policy, offer->debt_minor, offer->part_count, shares);
    for (int32_t i = 0; i < offer->part_count; ++i) {
        balance_days += balance * date_days_between(from, offer->parts[i].due);
        balance -= shares[i];
        from = offer->parts[i].due;
    }
    return money_share(balance_days, policy->interest_hundredths, YEAR_DENOMINATOR);
}

static bool has_small_part(const struct plan_policy *policy, const int64_t *amounts, int32_t count)
{
    for (int32_t i = 0; i < count; ++i)
        if (amounts[i] < policy->part_min_minor)
            return true;
    return false;
}

/* ---- the offer ---- */

enum plan_refusal plan_may(const struct plan_policy *policy, const struct plan_facts *facts)
{
    int64_t amounts[INSTALMENTS_MAX];
    if (facts->debt.due_minor <= 0)
        return PLAN_REFUSED_PAID;
    if (facts->has_plan)
        return PLAN_REFUSED_HAS_PLAN;
    if (facts->is_in_flight)
        return PLAN_REFUSED_IN_FLIGHT;
    if (facts->is_disputed)
        return PLAN_REFUSED_DISPUTED;
    if (policy == NULL || facts->debt.due_minor > PLAN_DEBT_MAX_MINOR)
        return PLAN_REFUSED_NO_POLICY;
    if (facts->plans_of_year >= policy->plans_a_year)
        return PLAN_REFUSED_TOO_MANY;
    split(policy, facts->debt.due_minor, policy->parts_min, amounts);
    return has_small_part(policy, amounts, policy->parts_min) ? PLAN_REFUSED_TOO_SMALL
                                                              : PLAN_OFFERED;
}

/* The parts of the debt itself must be large enough: cost is not to make a small part a good one.
 */
static enum plan_refusal check_parts(const struct plan_policy *policy, int64_t debt, int64_t count)
{
    int64_t amounts[INSTALMENTS_MAX];
    if (count < policy->parts_min || count > policy->parts_max)
        return PLAN_REFUSED_COUNT;
    split(policy, debt, (int32_t)count, amounts);
    return has_small_part(policy, amounts, (int32_t)count) ? PLAN_REFUSED_SMALL_PART : PLAN_OFFERED;
}

static void fill(const struct plan_policy *policy, const struct plan_facts *facts,
                 struct date first, struct plan_offer *offer)
{
    int64_t amounts[INSTALMENTS_MAX];
    for (int i = 0; i < offer->part_count; ++i)
        offer->parts[i].due = day_of_part(policy, first, i);
    offer->fee_minor = fee_of(policy, offer->debt_minor);
    offer->interest_minor = interest_of(policy, facts->today, offer);
    offer->total_minor = offer->debt_minor + offer->fee_minor + offer->interest_minor;
    split(policy, offer->total_minor, offer->part_count, amounts);
    for (int i = 0; i < offer->part_count; ++i)
        offer->parts[i].amount_minor = amounts[i];
}

enum plan_refusal plan_offer(const struct plan_policy *policy, const struct plan_facts *facts,
                             int64_t count, struct date first, struct plan_offer *offer)
{
    *offer = (struct plan_offer){0};
    enum plan_refusal refusal = plan_may(policy, facts);
    if (refusal == PLAN_OFFERED)
        refusal = check_parts(policy, facts->debt.due_minor, count);
    if (refusal == PLAN_OFFERED && (!date_is_valid(first) || !is_first_day(policy, facts, first)))
        refusal = PLAN_REFUSED_DATE;
    if (refusal != PLAN_OFFERED)
        return refusal;
    *offer = (struct plan_offer){.policy = policy,
                                 .part_count = (int32_t)count,
                                 .debt_minor = facts->debt.due_minor,
                                 .needs_approval = needs_approval(policy, facts),
                                 .answer_by = date_add_days(facts->today, policy->answer_days)};
    fill(policy, facts, first, offer);
    return PLAN_OFFERED;
}
