/* What the creditor lets customers agree by themselves: a debt in parts. The first policy whose
 * condition fits a debt is the one that counts for it.
 *
 * **What is paid.** A fee and interest are added to the debt; the sum is split into the parts: the
 * first one is so many percent of it where the policy says so, the others are equal; where that
 * does not divide, the earlier ones are one minor unit larger (instalment_split). So the parts sum
 * to the debt, the fee and the interest, exactly.
 *
 * **Interest** is simple interest on what is left of the debt, by the actual days of a year of 365
 * (the convention Act/365 Fixed; ISDA 2006, 4.16(d)):
 *
 *     interest = sum over the parts of (balance before it * days since the part before it)
 *                * yearly rate / 365
 *
 * The balance begins with the debt and falls with each part by its share of the debt, which is
 * split by the same rule as the sum; the days of the first part begin with the day of agreeing. The
 * fee bears no interest, interest bears none. It is rounded once, the sum, half up (money_share).
 * No money is counted in between.
 *
 * **Dates.** The first one is chosen; the others follow it by months, on its day of the month or
 * the month's last one, or by weeks. Where the policy wants working days, each that falls on a day
 * off moves to the next working day by itself, and the others do not move with it. */
#ifndef DUNLIN_DOMAIN_PLAN_POLICY_H
#define DUNLIN_DOMAIN_PLAN_POLICY_H

#include "domain/debt_condition.h"
#include "domain/instalment.h"
#include "domain/money.h"

enum {
    PLAN_POLICIES_MAX = 16,
    PLAN_PARTS_MIN = 2,
    PLAN_DAYS_MAX = 8,        /* pay days of a policy, of either kind */
    PLAN_FIRST_DAYS_MAX = 92, /* until the first part */
};

/* With what a rate, a fee and days can add, sums stay below what money may be. */
#define PLAN_DEBT_MAX_MINOR (MONEY_MINOR_MAX / 10)

enum plan_spacing { PLAN_MONTHLY = 1, PLAN_TWO_WEEKS, PLAN_WEEKLY };
enum plan_approval { PLAN_APPROVAL_NONE = 1, PLAN_APPROVAL_ABOVE, PLAN_APPROVAL_ALWAYS };

struct plan_policy {
    const char *name;
    struct debt_condition condition;
    int32_t parts_min, parts_max; /* PLAN_PARTS_MIN to INSTALMENTS_MAX */
    int64_t part_min_minor;       /* above zero */
    int32_t first_percent;        /* of all that is paid, below 100; 0: as large as the others */
    enum plan_spacing spacing;
    bool keeps_working_days;
    int32_t pay_days[PLAN_DAYS_MAX]; /* days of the month that are offered: 1 to 31 */
    int pay_day_count;
    int32_t in_days[PLAN_DAYS_MAX]; /* so many days from today are offered */
    int in_day_count;
    int32_t first_within_days;      /* the first part may be due so many days from today */
    int64_t fee_minor;              /* fixed, … */
    int32_t fee_permille;           /* … and so many thousandths of the debt, … */
    int64_t fee_max_minor;          /* … together no more than this; 0: no cap */
    int32_t interest_hundredths;    /* yearly rate, in hundredths of a percent */
    int32_t plans_a_year;           /* of one customer, in the 365 days before */
    enum plan_approval approval;    /* whether somebody must say yes first */
    int64_t approval_above_minor;   /* with PLAN_APPROVAL_ABOVE: of a larger debt */
    int32_t answer_days;            /* so long may they take */
    int32_t grace_days, missed_max; /* see the table plan */
};

/* What is looked at. */
struct plan_facts {
    struct debt_facts debt;
    struct date today; /* where the customer is */
    bool has_plan;     /* one that is asked for, or in force */
    bool is_in_flight, is_disputed;
    int64_t plans_of_year; /* that were agreed, of all debts of the customer */
};

/* In order of precedence. */
enum plan_refusal {
    PLAN_OFFERED = 0,
    PLAN_REFUSED_PAID, /* nothing is due */
    PLAN_REFUSED_HAS_PLAN,
    PLAN_REFUSED_IN_FLIGHT, /* a payment is on its way: nobody knows yet what is left */
    PLAN_REFUSED_DISPUTED,
    PLAN_REFUSED_NO_POLICY,
    PLAN_REFUSED_TOO_MANY,   /* plans in a year */
    PLAN_REFUSED_TOO_SMALL,  /* the debt: even the fewest parts would be below the smallest */
    PLAN_REFUSED_COUNT,      /* of parts: not within the policy */
    PLAN_REFUSED_SMALL_PART, /* a part would be below the smallest */
    PLAN_REFUSED_DATE,       /* the first one: too early or too late */
};

/* "paid", "has_plan": for words of the page. */
const char *plan_refusal_name(enum plan_refusal);

struct plan_offer {
    const struct plan_policy *policy;
    struct instalment parts[INSTALMENTS_MAX];
    int32_t part_count;
    int64_t debt_minor, fee_minor, interest_minor, total_minor;
    bool needs_approval;
    struct date answer_by; /* with needs_approval */
};

/* The first that fits, or null. */
const struct plan_policy *plan_policy_of(const struct plan_policy *policies, size_t count,
                                         const struct debt_facts *);
/* Whether there can be a plan at all. `policy` may be null. */
enum plan_refusal plan_may(const struct plan_policy *policy, const struct plan_facts *);
/* This very plan. `first` is the day that was chosen, also when it is a day off. *offer is filled
 * when it is offered, zero otherwise. */
enum plan_refusal plan_offer(const struct plan_policy *policy, const struct plan_facts *,
                             int64_t count, struct date first, struct plan_offer *offer);

/* The days between which the first one can be chosen. With an approval, none comes before its
 * answer. */
struct date plan_first_from(const struct plan_policy *, const struct plan_facts *);
struct date plan_first_to(const struct plan_policy *, const struct plan_facts *);
/* The pay days of the policy as the next first days, ascending, no two of them due on the same day.
 * Returns how many. */
int plan_first_days(const struct plan_policy *, const struct plan_facts *,
                    struct date out[2 * PLAN_DAYS_MAX]);
/* When a part of that day is due. */
struct date plan_due_day(const struct plan_policy *, struct date);

#endif
