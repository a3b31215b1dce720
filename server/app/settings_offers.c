#include "app/settings_offers.h"

#include "app/setting_checks.h"
#include "app/setting_condition.h"
#include "app/setting_row.h"
#include "app/settings_plans.h"
#include "domain/demand.h"

#include <stdarg.h>

_Static_assert((int)SETTINGS_OFFER_RULES_MAX == (int)OFFER_RULES_MAX,
               "each becomes one of the domain's");

enum { DEBT_MAX_ZL = 1000000 };

static const char *check_kind(const char *value, char room[160])
{
    enum offer_kind kind;
    (void)room;
    return offer_kind_find(span_str(value), &kind)
               ? NULL
               : "must be longer_term, deferral, lower_rate or forgiveness";
}

/* ---- the rows of a rule ---- */

#define RULE_AT(field) offsetof(struct settings_offer_rule, field)
#define RULE_INT(name_, default__, min_, max_, help_)                                              \
    {                                                                                              \
        .name = #name_, .type = SETTING_INT, .offset = RULE_AT(name_), .default_ = default__,      \
        .min = min_, .max = max_, .help = help_                                                    \
    }

static const struct setting rows[] = {
    {.name = "name",
     .type = SETTING_TEXT,
     .offset = RULE_AT(name),
     .example = "month_late",
     .check = setting_check_word,
     .is_required = true,
     .help = "A word that offers and events name it by. An offer is made once a debt and name."},
    SETTING_CONDITION_ROWS_FROM(struct settings_offer_rule, condition, "31"),
    {.name = "kind",
     .type = SETTING_TEXT,
     .offset = RULE_AT(kind),
     .example = "longer_term",
     .check = check_kind,
     .is_required = true,
     .help = "longer_term: parts. deferral: nothing is due until a day, then the whole or parts.\n"
             "lower_rate: parts at a lower rate than the policy of plans asks for. forgiveness: a\n"
             "share is written off, and comes back when the plan is broken."},
    RULE_INT(parts, "6", 1, INSTALMENTS_MAX, "Parts; one is for a deferral or a forgiveness."),
    {.name = "spacing",
     .type = SETTING_TEXT,
     .offset = RULE_AT(spacing),
     .default_ = "month",
     .check = setting_check_spacing,
     .help = "From part to part: month, two_weeks or week."},
    {.name = "working_days",
     .type = SETTING_BOOL,
     .offset = RULE_AT(keeps_working_days),
     .default_ = "true",
     .help = "A part that falls on a day off is due on the next working day."},
    RULE_INT(valid_days, "14", 1, OFFER_VALID_DAYS_MAX,
             "The offer can be answered for so many days, the last one included."),
    RULE_INT(
        first_days, "21", 2, OFFER_FIRST_DAYS_MAX,
        "The first part, or all of it, is due so many days after it was made: above valid_days."),
    RULE_INT(interest_hundredths, "0", 0, 10000,
             "Yearly interest, in hundredths of a percent, from the offer's last day on."),
    RULE_INT(forgiven_percent, "0", 0, 99,
             "Of a forgiveness: how much of the debt is written off."),
    RULE_INT(per_year, "1", 1, 100, "Offers to one customer in 365 days, over all debts."),
    RULE_INT(grace_days, "3", 0, 60, "A part that is so many days late is missed."),
    RULE_INT(missed_max, "1", 0, INSTALMENTS_MAX, "One more missed part ends the plan."),
    {.name = NULL},
};

/* ---- what must stand together ---- */

static void print_name(char shown[SETTING_NAME_ROOM], int index, const char *row)
{
    snprintf(shown, SETTING_NAME_ROOM, "offers.rules[%d]%s%s", index, row[0] == '\0' ? "" : ".",
             row);
}

/* At the line of the row that is at fault, or the rule's. */
static void add(struct settings_reading *r, int index, int line, const char *row, const char *text)
{
    char shown[SETTING_NAME_ROOM];
    print_name(shown, index, row);
    int at = settings_line_of(r->settings, shown);
    setting_add_mistake(r->mistakes, at > 0 ? at : line, shown, "%s", text);
}

static void finish(struct settings_reading *r, int index, int line)
{
    const struct settings_offer_rule *rule = &r->settings->offers.rules[index];
    char shown[SETTING_NAME_ROOM];
    enum offer_kind kind;
    print_name(shown, index, "");
    setting_condition_finish(r, &rule->condition, shown, line);
    if (rule->first_days <= rule->valid_days)
        add(r, index, line, "first_days",
            "must be above valid_days: no part is due before the answer");
    if (rule->kind == NULL || !offer_kind_find(span_str(rule->kind), &kind))
        return; /* said already */
    if (kind == OFFER_FORGIVENESS && rule->forgiven_percent == 0)
        add(r, index, line, "forgiven_percent", "is needed for a forgiveness");
    if (kind != OFFER_FORGIVENESS && rule->forgiven_percent != 0)
        add(r, index, line, "forgiven_percent", "is for a forgiveness alone");
    if (rule->parts < 2 && (kind == OFFER_LONGER_TERM || kind == OFFER_LOWER_RATE))
        add(r, index, line, "parts", "must be 2 at least for this kind");
    for (int i = 0; i < index; ++i)
        if (rule->name[0] != '\0' && strcmp(rule->name, r->settings->offers.rules[i].name) == 0)
            add(r, index, line, "name", "is the name of an earlier one");
}

static const struct setting_tables tables = {
    .rows = rows,
    .first = offsetof(struct settings, offers.rules),
    .item_size = sizeof(struct settings_offer_rule),
    .count = offsetof(struct settings, offers.rule_count),
    .max = SETTINGS_OFFER_RULES_MAX,
    .finish = finish,
};

#define TERMS(name_, field, example_, help_)                                                       \
    {                                                                                              \
        .name = name_, .type = SETTING_TEXT_FILE, .offset = AT(field), .example = example_,        \
        .check = setting_check_terms, .help = help_                                                \
    }

const struct setting settings_offers[] = {
    SECTION("offers", "New terms offered to a customer who is long overdue: docs/offers.md."),
    TERMS("offers.terms_pl_file", offers.terms_pl, "/etc/dunlin/offer-terms.pl.txt",
          "The terms that a customer accepts with an offer: a text file, at most 16 KiB, which is\n"
          "kept with it. In Polish; without it no offers are made …"),
    TERMS("offers.terms_en_file", offers.terms_en, "/etc/dunlin/offer-terms.en.txt",
          "… in English …"),
    TERMS("offers.terms_uk_file", offers.terms_uk, "/etc/dunlin/offer-terms.uk.txt",
          "… and in Ukrainian. Where one is missing the Polish text is shown."),
    INT("offers.forgive_alone_max", offers.forgive_alone_max_minor, "100000", 0,
        DEBT_MAX_ZL *INT64_C(10000),
        "Whoever forgives more than this over the API, in minor units, needs a second API key\n"
        "(scope offer_approvals) to allow it. A rule stands in these settings, and needs none."),
    {.name = "offers.rules",
     .type = SETTING_TABLES,
     .tables = &tables,
     .help = "The first one that fits a debt counts for it."},
    SECTION("demands", "The demand of Banking Law art. 75c and what may follow: docs/offers.md."),
    INT("demands.delivery_days", demands.delivery_days, "0", 0, DEMAND_DELIVERY_DAYS_MAX,
        "Days from sending a demand until it counts as received, where nobody says when it was."),
    INT("demands.working_days", demands.working_days, "14", DEMAND_WORKING_DAYS_MIN,
        DEMAND_WORKING_DAYS_MAX,
        "Working days after receipt to pay, and to ask for restructuring: 14 at least by law."),
    INT("demands.decide_days", demands.decide_days, "14", 1, 60,
        "The customer is told that a request for restructuring is answered within so many days."),
    {.name = NULL},
};

void settings_finish_offers(struct settings_reading *r)
{
    const struct settings *s = r->settings;
    if (s->offers.rule_count > 0 && s->offers.terms_pl[0] == '\0' &&
        !setting_is_said(r, "offers.terms_pl_file"))
        setting_add_mistake(r->mistakes, settings_line_of(s, "offers.terms_pl_file"),
                            "offers.terms_pl_file", "is needed when there is a rule");
}

/* ---- for the program ---- */

static struct offer_rule rule_of(const struct settings_offer_rule *r)
{
    struct offer_rule rule = {
        .name = r->name,
        .condition = setting_condition_of(&r->condition),
        .part_count = (int32_t)r->parts,
        .spacing = setting_spacing_of(r->spacing),
        .first_days = (int32_t)r->first_days,
        .valid_days = (int32_t)r->valid_days,
        .interest_hundredths = (int32_t)r->interest_hundredths,
        .forgiven_percent = (int32_t)r->forgiven_percent,
        .keeps_working_days = r->keeps_working_days,
        .per_year = (int32_t)r->per_year,
        .grace_days = (int32_t)r->grace_days,
        .missed_max = (int32_t)r->missed_max,
    };
    (void)offer_kind_find(span_str(r->kind), &rule.kind);
    return rule;
}

size_t settings_offer_rules(const struct settings *s, struct offer_rule out[OFFER_RULES_MAX])
{
    for (int i = 0; i < s->offers.rule_count; ++i)
        out[i] = rule_of(&s->offers.rules[i]);
    return (size_t)s->offers.rule_count;
}
