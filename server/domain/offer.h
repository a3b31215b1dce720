/* An individual offer: what the creditor proposes to one customer whose debt is long overdue, and
 * how it ends. It is a plan in all but the customer's word: parts with dates and amounts, which are
 * fixed when it is made and stay the same whenever it is accepted.
 *
 * **Four kinds.** A longer term: parts. A deferral: nothing is due until a day, then the whole or
 * parts. A lower rate: parts that bear less interest than the creditor's policy asks for. A part
 * forgiven: it is written off when the offer is accepted, and comes back when the plan is broken.
 *
 * **What is paid.** The debt, less what is forgiven, and interest, if any, by the rule of
 * plan_policy.h; its days begin with the last day on which the offer can be accepted, so that
 * nobody pays for days on which they were still thinking, and no amount changes meanwhile. The
 * parts sum to it exactly, the first ones are a minor unit larger where it does not divide. */
#ifndef DUNLIN_DOMAIN_OFFER_H
#define DUNLIN_DOMAIN_OFFER_H

#include "domain/plan_policy.h"

enum {
    OFFER_RULES_MAX = 16,
    OFFER_VALID_DAYS_MAX = 90,
    OFFER_FIRST_DAYS_MAX = 730, /* of a deferral: two years */
};

/* ---- what is offered ---- */

enum offer_kind {
    OFFER_LONGER_TERM = 1,
    OFFER_DEFERRAL,
    OFFER_LOWER_RATE,
    OFFER_FORGIVENESS,
    OFFER_KIND_COUNT,
};
/* "longer_term", "deferral", "lower_rate", "forgiveness". */
const char *offer_kind_name(enum offer_kind);
bool offer_kind_find(struct span name, enum offer_kind *);

/* What somebody decides, or a rule does. */
struct offer_terms {
    enum offer_kind kind;
    int32_t part_count; /* 1 to INSTALMENTS_MAX; 2 at least, but for a deferral and a forgiveness */
    enum plan_spacing spacing;
    struct date first; /* the first part, or all of it; behind `valid_until` */
    struct date valid_until;
    int32_t interest_hundredths; /* yearly, in hundredths of a percent */
    int64_t forgiven_minor;      /* of a forgiveness: above zero, below the debt; else 0 */
    bool keeps_working_days;
    int32_t grace_days, missed_max; /* of the plan that it becomes */
};

/* What the creditor offers to whole groups of debts. */
struct offer_rule {
    const char *name;
    struct debt_condition condition;
    enum offer_kind kind;
    int32_t part_count;
    enum plan_spacing spacing;
    int32_t first_days; /* from the day it is made to the first part; above valid_days */
    int32_t valid_days;
    int32_t interest_hundredths;
    int32_t forgiven_percent; /* 1 to 99 of a forgiveness; else 0 */
    bool keeps_working_days;
    int32_t per_year; /* offers to one customer, in the 365 days before, over all debts */
    int32_t grace_days, missed_max;
};

/* What is looked at. */
struct offer_facts {
    struct debt_facts debt;
    struct date today; /* where the customer is */
    bool has_plan;     /* one that is asked for, or in force */
    bool has_offer;    /* one that waits or is open */
    bool is_in_flight, is_disputed;
    int64_t offers_of_year;
    int32_t usual_hundredths; /* the rate of the policy for such a debt; below zero: none */
};

/* In order of precedence. */
enum offer_refusal {
    OFFER_GOOD = 0,
    OFFER_REFUSED_PAID,
    OFFER_REFUSED_HAS_PLAN,
    OFFER_REFUSED_HAS_OFFER,
    OFFER_REFUSED_IN_FLIGHT,
    OFFER_REFUSED_DISPUTED,
    OFFER_REFUSED_TOO_MANY,  /* a rule: in a year */
    OFFER_REFUSED_PARTS,     /* not a number of parts of this kind */
    OFFER_REFUSED_FORGIVEN,  /* nothing, all of it, or not of this kind */
    OFFER_REFUSED_NOT_LOWER, /* than the rate of the policy, or there is none */
    OFFER_REFUSED_VALID,     /* it would end before today, or too late */
    OFFER_REFUSED_DATE,      /* the first part is not behind that, or too late */
    OFFER_REFUSED_TOO_SMALL, /* a part would be nothing */
    OFFER_REFUSED_TOO_LARGE, /* for sums to be safe */
    OFFER_REFUSAL_COUNT,
};
/* "paid", "has_plan": for problems of the API. */
const char *offer_refusal_name(enum offer_refusal);

struct offer {
    struct offer_terms terms;
    int64_t debt_minor, interest_minor, total_minor; /* total: all parts */
    int32_t usual_hundredths;                        /* below zero: none */
    struct instalment parts[INSTALMENTS_MAX];        /* terms.part_count of them */
};

/* Whether the rule is for such a debt. */
bool offer_rule_fits(const struct offer_rule *, const struct offer_facts *);
struct offer_terms offer_terms_of(const struct offer_rule *, const struct offer_facts *);
/* *offer is filled when it is good, zero otherwise. */
enum offer_refusal offer_make(const struct offer_terms *, const struct offer_facts *,
                              struct offer *offer);
/* The same by a rule: the year's number counts, too. */
enum offer_refusal offer_make_by_rule(const struct offer_rule *, const struct offer_facts *,
                                      struct offer *offer);

/* ---- its life ---- */

enum offer_state {
    OFFER_STATE_WAITS = 1, /* for a second person: it forgives much */
    OFFER_STATE_OPEN,
    OFFER_STATE_ACCEPTED,
    OFFER_STATE_DECLINED,
    OFFER_STATE_COUNTERED, /* the customer asks for another one */
    OFFER_STATE_EXPIRED,
    OFFER_STATE_WITHDRAWN, /* by the creditor, or what it was about has changed */
    OFFER_STATE_REPLACED,  /* by a newer one */
    OFFER_STATE_COUNT,
};
/* "waits", "open", …: as in offer.state. */
const char *offer_state_name(enum offer_state);
bool offer_state_find(struct span name, enum offer_state *);

enum offer_deed {
    OFFER_APPROVE = 1,
    OFFER_ACCEPT,
    OFFER_DECLINE,
    OFFER_COUNTER,
    OFFER_EXPIRE,
    OFFER_WITHDRAW,
    OFFER_REPLACE,
    OFFER_DEED_COUNT,
};
const char *offer_deed_name(enum offer_deed);

/* The same state where the deed changes nothing: one answer counts, the first. offer_after() of
 * migration 0084 says the same. */
enum offer_state offer_after(enum offer_state, enum offer_deed);

/* ---- an answer ---- */

/* What is looked at when a customer answers. */
struct offer_standing {
    enum offer_state state;
    struct date valid_until, today;
    int64_t debt_minor, due_minor; /* when it was made, and now */
    bool has_plan, is_in_flight, is_disputed;
};

/* In order of precedence. */
enum offer_hindrance {
    OFFER_CAN_BE_ANSWERED = 0,
    OFFER_IS_ANSWERED,  /* accepted, declined, countered */
    OFFER_IS_PAID,      /* nothing is due any more */
    OFFER_IS_WITHDRAWN, /* or replaced, or still to be approved */
    OFFER_IS_EXPIRED,
    OFFER_HAS_PLAN,  /* one was agreed meanwhile */
    OFFER_IN_FLIGHT, /* a payment is on its way: nobody knows yet what is left */
    OFFER_DISPUTED,
    OFFER_HAS_CHANGED, /* another amount is due */
    OFFER_HINDRANCE_COUNT,
};
/* "answered", "paid", …: as in the words answer_offer_<name>_title. */
const char *offer_hindrance_name(enum offer_hindrance);
enum offer_hindrance offer_hindered(const struct offer_standing *);

#endif
