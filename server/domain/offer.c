#include "domain/offer.h"

#include <assert.h>

/* ---- names ---- */

static const char *const kinds[OFFER_KIND_COUNT] = {
    [OFFER_LONGER_TERM] = "longer_term",
    [OFFER_DEFERRAL] = "deferral",
    [OFFER_LOWER_RATE] = "lower_rate",
    [OFFER_FORGIVENESS] = "forgiveness",
};

static const char *const states[OFFER_STATE_COUNT] = {
    [OFFER_STATE_WAITS] = "waits",         [OFFER_STATE_OPEN] = "open",
    [OFFER_STATE_ACCEPTED] = "accepted",   [OFFER_STATE_DECLINED] = "declined",
    [OFFER_STATE_COUNTERED] = "countered", [OFFER_STATE_EXPIRED] = "expired",
    [OFFER_STATE_WITHDRAWN] = "withdrawn", [OFFER_STATE_REPLACED] = "replaced",
};

static int find(const char *const *names, int count, struct span name)
{
    for (int i = 1; i < count; ++i)
        if (span_is_str(name, names[i]))
            return i;
    return 0;
}

const char *offer_kind_name(enum offer_kind kind)
{
    assert(kind > 0 && kind < OFFER_KIND_COUNT);
    return kinds[kind];
}

bool offer_kind_find(struct span name, enum offer_kind *kind)
{
    int found = find(kinds, OFFER_KIND_COUNT, name);
    *kind = (enum offer_kind)found;
    return found != 0;
}

const char *offer_state_name(enum offer_state state)
{
    assert(state > 0 && state < OFFER_STATE_COUNT);
    return states[state];
}

bool offer_state_find(struct span name, enum offer_state *state)
{
    int found = find(states, OFFER_STATE_COUNT, name);
    *state = (enum offer_state)found;
    return found != 0;
}

const char *offer_deed_name(enum offer_deed deed)
{
    static const char *const names[OFFER_DEED_COUNT] = {
        [OFFER_APPROVE] = "approve", [OFFER_ACCEPT] = "accept", [OFFER_DECLINE] = "decline",
        [OFFER_COUNTER] = "counter", [OFFER_EXPIRE] = "expire", [OFFER_WITHDRAW] = "withdraw",
        [OFFER_REPLACE] = "replace",
    };
    assert(deed > 0 && deed < OFFER_DEED_COUNT);
    return names[deed];
}

const char *offer_refusal_name(enum offer_refusal refusal)
{
    static const char *const names[OFFER_REFUSAL_COUNT] = {
        [OFFER_GOOD] = "good",
        [OFFER_REFUSED_PAID] = "paid",
        [OFFER_REFUSED_HAS_PLAN] = "has_plan",
        [OFFER_REFUSED_HAS_OFFER] = "has_offer",
        [OFFER_REFUSED_IN_FLIGHT] = "in_flight",
        [OFFER_REFUSED_DISPUTED] = "disputed",
        [OFFER_REFUSED_TOO_MANY] = "too_many",
        [OFFER_REFUSED_PARTS] = "parts",
        [OFFER_REFUSED_FORGIVEN] = "forgiven",
        [OFFER_REFUSED_NOT_LOWER] = "not_lower",
        [OFFER_REFUSED_VALID] = "valid",
        [OFFER_REFUSED_DATE] = "date",
        [OFFER_REFUSED_TOO_SMALL] = "too_small",
        [OFFER_REFUSED_TOO_LARGE] = "too_large",
    };
    assert((size_t)refusal < OFFER_REFUSAL_COUNT);
    return names[refusal];
}

const char *offer_hindrance_name(enum offer_hindrance hindrance)
{
    static const char *const names[OFFER_HINDRANCE_COUNT] = {
        [OFFER_CAN_BE_ANSWERED] = "none", [OFFER_IS_ANSWERED] = "answered",
        [OFFER_IS_PAID] = "paid",         [OFFER_IS_WITHDRAWN] = "withdrawn",
        [OFFER_IS_EXPIRED] = "expired",   [OFFER_HAS_PLAN] = "has_plan",
        [OFFER_IN_FLIGHT] = "in_flight",  [OFFER_DISPUTED] = "disputed",
        [OFFER_HAS_CHANGED] = "changed",
    };
    assert((size_t)hindrance < OFFER_HINDRANCE_COUNT);
    return names[hindrance];
}

/* ---- making one ---- */

bool offer_rule_fits(const struct offer_rule *rule, const struct offer_facts *facts)
{
    return debt_condition_fits(&rule->condition, &facts->debt);
}

struct offer_terms offer_terms_of(const struct offer_rule *rule, const struct offer_facts *facts)
{
    return (struct offer_terms){
        .kind = rule->kind,
        .part_count = rule->part_count,
        .spacing = rule->spacing,
        .first = date_add_days(facts->today, rule->first_days),
        .valid_until = date_add_days(facts->today, rule->valid_days),
        .interest_hundredths = rule->interest_hundredths,
        /* What is too large is refused below. */
        .forgiven_minor = facts->debt.due_minor > 0 && facts->debt.due_minor <= PLAN_DEBT_MAX_MINOR
                              ? money_share(facts->debt.due_minor, rule->forgiven_percent, 100)
                              : 0,
        .keeps_working_days = rule->keeps_working_days,
        .grace_days = rule->grace_days,
        .missed_max = rule->missed_max,
    };
}

static enum offer_refusal check_debt(const struct offer_facts *facts)
{
    if (facts->debt.due_minor <= 0)
        return OFFER_REFUSED_PAID;
    if (facts->has_plan)
        return OFFER_REFUSED_HAS_PLAN;
    if (facts->has_offer)
        return OFFER_REFUSED_HAS_OFFER;
    if (facts->is_in_flight)
        return OFFER_REFUSED_IN_FLIGHT;
    return facts->is_disputed ? OFFER_REFUSED_DISPUTED : OFFER_GOOD;
}

static bool has_parts_of_kind(const struct offer_terms *terms)
{
    bool may_be_one = terms->kind == OFFER_DEFERRAL || terms->kind == OFFER_FORGIVENESS;
    return terms->part_count >= (may_be_one ? 1 : 2) && terms->part_count <= INSTALMENTS_MAX;
}

static bool forgives_right(const struct offer_terms *terms, int64_t due_minor)
{
    if (terms->kind != OFFER_FORGIVENESS)
        return terms->forgiven_minor == 0;
    return terms->forgiven_minor > 0 && terms->forgiven_minor < due_minor;
}

static enum offer_refusal check_terms(const struct offer_terms *terms,
                                      const struct offer_facts *facts)
{
    if (!has_parts_of_kind(terms))
        return OFFER_REFUSED_PARTS;
    if (!forgives_right(terms, facts->debt.due_minor))
        return OFFER_REFUSED_FORGIVEN;
    if (terms->kind == OFFER_LOWER_RATE && terms->interest_hundredths >= facts->usual_hundredths)
        return OFFER_REFUSED_NOT_LOWER;
    int32_t valid_days = date_days_between(facts->today, terms->valid_until);
    if (valid_days < 0 || valid_days > OFFER_VALID_DAYS_MAX)
        return OFFER_REFUSED_VALID;
    if (date_compare(terms->first, terms->valid_until) <= 0 ||
        date_days_between(facts->today, terms->first) > OFFER_FIRST_DAYS_MAX)
        return OFFER_REFUSED_DATE;
    if (facts->debt.due_minor - terms->forgiven_minor < terms->part_count)
        return OFFER_REFUSED_TOO_SMALL;
    return facts->debt.due_minor > PLAN_DEBT_MAX_MINOR ? OFFER_REFUSED_TOO_LARGE : OFFER_GOOD;
}

/* By the rules of plans that customers choose, with bounds that these terms are within. */
static void fill_parts(const struct offer_terms *terms, const struct offer_facts *facts,
                       struct offer *offer)
{
    const struct plan_policy policy = {
        .parts_min = 1,
        .parts_max = INSTALMENTS_MAX,
        .part_min_minor = 1,
        .spacing = terms->spacing,
        .keeps_working_days = terms->keeps_working_days,
        .first_within_days = OFFER_FIRST_DAYS_MAX + OFFER_VALID_DAYS_MAX,
        .interest_hundredths = terms->interest_hundredths,
        .plans_a_year = 1,
        .approval = PLAN_APPROVAL_NONE,
    };
    const struct plan_facts plan_facts = {
        .debt = {.due_minor = facts->debt.due_minor - terms->forgiven_minor},
        .today = terms->valid_until,
    };
    struct plan_offer plan;
    enum plan_refusal refusal =
        plan_offer(&policy, &plan_facts, terms->part_count, terms->first, &plan);
    assert(refusal == PLAN_OFFERED);
    offer->interest_minor = plan.interest_minor;
    offer->total_minor = plan.total_minor;
    for (int i = 0; i < terms->part_count; ++i)
        offer->parts[i] = plan.parts[i];
}

enum offer_refusal offer_make(const struct offer_terms *terms, const struct offer_facts *facts,
                              struct offer *offer)
{
    *offer = (struct offer){.debt_minor = 0};
    enum offer_refusal refusal = check_debt(facts);
    if (refusal == OFFER_GOOD)
        refusal = check_terms(terms, facts);
    if (refusal != OFFER_GOOD)
        return refusal;
    offer->terms = *terms;
    offer->debt_minor = facts->debt.due_minor;
    offer->usual_hundredths = facts->usual_hundredths;
    fill_parts(terms, facts, offer);
    return OFFER_GOOD;
}

enum offer_refusal offer_make_by_rule(const struct offer_rule *rule,
                                      const struct offer_facts *facts, struct offer *offer)
{
    const struct offer_terms terms = offer_terms_of(rule, facts);
    *offer = (struct offer){.debt_minor = 0};
    enum offer_refusal refusal = check_debt(facts);
    if (refusal == OFFER_GOOD && facts->offers_of_year >= rule->per_year)
        refusal = OFFER_REFUSED_TOO_MANY;
    return refusal == OFFER_GOOD ? offer_make(&terms, facts, offer) : refusal;
}

/* ---- its life ---- */

enum offer_state offer_after(enum offer_state state, enum offer_deed deed)
{
    static const enum offer_state table[OFFER_STATE_COUNT][OFFER_DEED_COUNT] = {
        [OFFER_STATE_WAITS] = {[OFFER_APPROVE] = OFFER_STATE_OPEN,
                               [OFFER_EXPIRE] = OFFER_STATE_EXPIRED,
                               [OFFER_WITHDRAW] = OFFER_STATE_WITHDRAWN,
                               [OFFER_REPLACE] = OFFER_STATE_REPLACED},
        [OFFER_STATE_OPEN] = {[OFFER_ACCEPT] = OFFER_STATE_ACCEPTED,
                              [OFFER_DECLINE] = OFFER_STATE_DECLINED,
                              [OFFER_COUNTER] = OFFER_STATE_COUNTERED,
                              [OFFER_EXPIRE] = OFFER_STATE_EXPIRED,
                              [OFFER_WITHDRAW] = OFFER_STATE_WITHDRAWN,
                              [OFFER_REPLACE] = OFFER_STATE_REPLACED},
        /* An answer that asks for another one gets it. */
        [OFFER_STATE_COUNTERED] = {[OFFER_REPLACE] = OFFER_STATE_REPLACED},
    };
    assert(state > 0 && state < OFFER_STATE_COUNT && deed > 0 && deed < OFFER_DEED_COUNT);
    return table[state][deed] == 0 ? state : table[state][deed];
}

/* ---- an answer ---- */

enum offer_hindrance offer_hindered(const struct offer_standing *s)
{
    if (s->state == OFFER_STATE_ACCEPTED || s->state == OFFER_STATE_DECLINED ||
        s->state == OFFER_STATE_COUNTERED)
        return OFFER_IS_ANSWERED;
    if (s->due_minor <= 0)
        return OFFER_IS_PAID;
    if (s->state == OFFER_STATE_WITHDRAWN || s->state == OFFER_STATE_REPLACED ||
        s->state == OFFER_STATE_WAITS)
        return s->has_plan ? OFFER_HAS_PLAN : OFFER_IS_WITHDRAWN;
    if (s->state == OFFER_STATE_EXPIRED || date_compare(s->today, s->valid_until) > 0)
        return OFFER_IS_EXPIRED;
    if (s->has_plan)
        return OFFER_HAS_PLAN;
    if (s->is_in_flight)
        return OFFER_IN_FLIGHT;
    if (s->is_disputed)
        return OFFER_DISPUTED;
    return s->due_minor != s->debt_minor ? OFFER_HAS_CHANGED : OFFER_CAN_BE_ANSWERED;
}
