#include "app/settings_plans.h"

#include "app/setting_checks.h"
#include "app/setting_condition.h"
#include "app/setting_row.h"
#include "flow/csv_text.h"

#include <stdarg.h>
#include <stdlib.h>

_Static_assert((int)SETTINGS_PLAN_POLICIES_MAX == (int)PLAN_POLICIES_MAX,
               "each becomes one of the domain's");

/* ---- single values ---- */

static const char *const spacings[] = {"month", "two_weeks", "week"};
static const char *const approvals[] = {"none", "above", "always"};

static int index_of(const char *const *words, const char *value)
{
    for (int i = 0; i < 3; ++i)
        if (strcmp(value, words[i]) == 0)
            return i;
    return -1;
}

const char *setting_check_spacing(const char *value, char room[160])
{
    (void)room;
    return index_of(spacings, value) >= 0 ? NULL : "must be month, two_weeks or week";
}

enum plan_spacing setting_spacing_of(const char *value)
{
    return (enum plan_spacing)(PLAN_MONTHLY + index_of(spacings, value));
}

static const char *check_approval(const char *value, char room[160])
{
    (void)room;
    return index_of(approvals, value) >= 0 ? NULL : "must be none, above or always";
}

static bool is_day(const char *value, int least, int most)
{
    size_t len = strlen(value);
    return len > 0 && len <= 2 && strspn(value, "0123456789") == len && atoi(value) >= least &&
           atoi(value) <= most;
}

static const char *check_pay_day(const char *value, char room[160])
{
    (void)room;
    return is_day(value, 1, 31) ? NULL : "must be days of the month, 1 to 31";
}

static const char *check_in_days(const char *value, char room[160])
{
    (void)room;
    return is_day(value, 0, PLAN_FIRST_DAYS_MAX) ? NULL : "must be numbers of days, 0 to 92";
}

/* It goes on pages and into the database, word for word. */
const char *setting_check_terms(const char *value, char room[160])
{
    (void)room;
    if (!utf8_is_valid(span_str(value)))
        return "is no text in UTF-8";
    for (const char *c = value; *c != '\0'; ++c)
        if ((unsigned char)*c < ' ' && *c != '\n' && *c != '\r' && *c != '\t')
            return "holds control characters";
    return NULL;
}

/* ---- the rows of a policy ---- */

#define POLICY_AT(field) offsetof(struct settings_plan_policy, field)
#define POLICY_INT(name_, default__, min_, max_, help_)                                            \
    {                                                                                              \
        .name = #name_, .type = SETTING_INT, .offset = POLICY_AT(name_), .default_ = default__,    \
        .min = min_, .max = max_, .help = help_                                                    \
    }

enum { DEBT_MAX_ZL = 1000000 };

static const struct setting rows[] = {
    {.name = "name",
     .type = SETTING_TEXT,
     .offset = POLICY_AT(name),
     .example = "small",
     .check = setting_check_word,
     .is_required = true,
     .help = "A word that plans and events name it by."},
    SETTING_CONDITION_ROWS(struct settings_plan_policy, condition),
    POLICY_INT(parts_min, "2", PLAN_PARTS_MIN, INSTALMENTS_MAX, "Fewest parts …"),
    POLICY_INT(parts_max, "6", PLAN_PARTS_MIN, INSTALMENTS_MAX, "… and most."),
    POLICY_INT(part_min, "5000", 1, DEBT_MAX_ZL *INT64_C(100),
               "Smallest part of the debt, in grosz: whoever owes less than twice that has no "
               "plan."),
    POLICY_INT(first_percent, "0", 0, 99,
               "The first part is so many percent of all that is paid; 0 is like the others."),
    {.name = "spacing",
     .type = SETTING_TEXT,
     .offset = POLICY_AT(spacing),
     .default_ = "month",
     .check = setting_check_spacing,
     .help = "From part to part: month, two_weeks or week."},
    {.name = "working_days",
     .type = SETTING_BOOL,
     .offset = POLICY_AT(keeps_working_days),
     .default_ = "true",
     .help = "A part that falls on a day off is due on the next working day."},
    {.name = "pay_days",
     .type = SETTING_TEXTS,
     .offset = POLICY_AT(pay_days),
     .default_ = "1, 10, 25",
     .max = PLAN_DAYS_MAX,
     .check = check_pay_day,
     .is_set = true,
     .help = "Days of the month that are offered for the first part: when people are paid."},
    {.name = "in_days",
     .type = SETTING_TEXTS,
     .offset = POLICY_AT(in_days),
     .example = "7, 14",
     .max = PLAN_DAYS_MAX,
     .check = check_in_days,
     .is_set = true,
     .help = "So many days from today are offered, too. Any other day can be chosen."},
    POLICY_INT(first_within_days, "30", 7, PLAN_FIRST_DAYS_MAX,
               "The first part is due within so many days."),
    POLICY_INT(fee, "0", 0, DEBT_MAX_ZL *INT64_C(100), "Fee, in grosz: so much …"),
    POLICY_INT(fee_permille, "0", 0, 1000, "… and so many thousandths of the debt …"),
    POLICY_INT(fee_max, "0", 0, DEBT_MAX_ZL *INT64_C(100), "… but no more than this; 0: no cap."),
    POLICY_INT(interest_hundredths, "0", 0, 10000,
               "Yearly interest on what is left of the debt, in hundredths of a percent: 725 is\n"
               "7.25 %. What the law allows at most is the creditor's to know; docs/plans.md has "
               "the\nformula."),
    POLICY_INT(plans_a_year, "2", 1, 100,
               "Plans that one customer may agree in 365 days, over all debts."),
    {.name = "approval",
     .type = SETTING_TEXT,
     .offset = POLICY_AT(approval),
     .default_ = "none",
     .check = check_approval,
     .help = "Whether somebody must say yes (over the API) before a plan is agreed: none, always,\n"
             "or above, which is for debts above …"},
    POLICY_INT(approval_above, "0", 0, DEBT_MAX_ZL *INT64_C(10000), "… this, in grosz."),
    POLICY_INT(
        answer_days, "3", 1, 60,
        "The customer is told that the answer comes within so many days; dunning rests until\n"
        "then, and no part is due before. Without an answer nothing is agreed."),
    POLICY_INT(grace_days, "3", 0, 60, "A part that is so many days late is missed."),
    POLICY_INT(missed_max, "1", 0, INSTALMENTS_MAX, "One more missed part ends the plan."),
    {.name = NULL},
};

/* ---- what must stand together ---- */

static void print_name(char shown[SETTING_NAME_ROOM], int index, const char *row)
{
    snprintf(shown, SETTING_NAME_ROOM, "plans.policies[%d]%s%s", index, row[0] == '\0' ? "" : ".",
             row);
}

/* At the line of the row that is at fault, or the policy's. */
static void __attribute__((format(printf, 5, 6)))
add(struct settings_reading *r, int index, int line, const char *row, const char *format, ...)
{
    char shown[SETTING_NAME_ROOM], text[160];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    print_name(shown, index, row);
    int at = settings_line_of(r->settings, shown);
    setting_add_mistake(r->mistakes, at > 0 ? at : line, shown, "%s", text);
}

static void finish(struct settings_reading *r, int index, int line)
{
    const struct settings_plan_policy *p = &r->settings->plans.policies[index];
    char shown[SETTING_NAME_ROOM];
    print_name(shown, index, "");
    setting_condition_finish(r, &p->condition, shown, line);
    if (p->parts_max < p->parts_min)
        add(r, index, line, "parts_max", "is below parts_min");
    if (p->fee_max != 0 && p->fee_max < p->fee)
        add(r, index, line, "fee_max", "is below fee");
    bool is_approved = strcmp(p->approval, "none") != 0;
    /* A week more: with the longest row of days off there is a day to choose. */
    if (is_approved && p->first_within_days < p->answer_days + 8)
        add(r, index, line, "first_within_days",
            "must be at least 8 above answer_days (%lld), as no part is due before the answer",
            (long long)p->answer_days);
    if (strcmp(p->approval, "above") == 0 && p->approval_above == 0)
        add(r, index, line, "approval_above", "is needed with above");
    for (int i = 0; i < index; ++i)
        if (p->name[0] != '\0' && strcmp(p->name, r->settings->plans.policies[i].name) == 0)
            add(r, index, line, "name", "is the name of an earlier one");
}

static const struct setting_tables tables = {
    .rows = rows,
    .first = offsetof(struct settings, plans.policies),
    .item_size = sizeof(struct settings_plan_policy),
    .count = offsetof(struct settings, plans.policy_count),
    .max = SETTINGS_PLAN_POLICIES_MAX,
    .finish = finish,
};

#define TERMS(name_, field, example_, help_)                                                       \
    {                                                                                              \
        .name = name_, .type = SETTING_TEXT_FILE, .offset = AT(field), .example = example_,        \
        .check = setting_check_terms, .help = help_                                                \
    }

const struct setting settings_plans[] = {
    SECTION("plans", "Debts in parts, agreed by customers on their page: docs/plans.md."),
    TERMS("plans.terms_pl_file", plans.terms_pl, "/etc/dunlin/plan-terms.pl.txt",
          "The terms that they accept: a text file, at most 16 KiB, which is kept with each plan.\n"
          "In Polish; needed when there is a policy …"),
    TERMS("plans.terms_en_file", plans.terms_en, "/etc/dunlin/plan-terms.en.txt", "… in English …"),
    TERMS("plans.terms_uk_file", plans.terms_uk, "/etc/dunlin/plan-terms.uk.txt",
          "… and in Ukrainian. Where one is missing the Polish text is shown."),
    {.name = "plans.policies",
     .type = SETTING_TABLES,
     .tables = &tables,
     .help = "The first one that fits a debt counts for it. Without any there are no plans."},
    {.name = NULL},
};

void settings_finish_plans(struct settings_reading *r)
{
    const struct settings *s = r->settings;
    if (s->plans.policy_count > 0 && s->plans.terms_pl[0] == '\0' &&
        !setting_is_said(r, "plans.terms_pl_file"))
        setting_add_mistake(r->mistakes, settings_line_of(s, "plans.terms_pl_file"),
                            "plans.terms_pl_file", "is needed when there is a policy");
}

/* ---- for the program ---- */

static int days_of(const struct settings_list *list, int32_t out[PLAN_DAYS_MAX])
{
    for (int i = 0; i < list->count; ++i)
        out[i] = atoi(list->items[i]);
    return list->count;
}

static struct plan_policy policy_of(const struct settings_plan_policy *p)
{
    struct plan_policy policy = {
        .name = p->name,
        .condition = setting_condition_of(&p->condition),
        .parts_min = (int32_t)p->parts_min,
        .parts_max = (int32_t)p->parts_max,
        .part_min_minor = p->part_min,
        .first_percent = (int32_t)p->first_percent,
        .spacing = setting_spacing_of(p->spacing),
        .keeps_working_days = p->keeps_working_days,
        .first_within_days = (int32_t)p->first_within_days,
        .fee_minor = p->fee,
        .fee_permille = (int32_t)p->fee_permille,
        .fee_max_minor = p->fee_max,
        .interest_hundredths = (int32_t)p->interest_hundredths,
        .plans_a_year = (int32_t)p->plans_a_year,
        .approval = (enum plan_approval)(PLAN_APPROVAL_NONE + index_of(approvals, p->approval)),
        .approval_above_minor = p->approval_above,
        .answer_days = (int32_t)p->answer_days,
        .grace_days = (int32_t)p->grace_days,
        .missed_max = (int32_t)p->missed_max,
    };
    policy.pay_day_count = days_of(&p->pay_days, policy.pay_days);
    policy.in_day_count = days_of(&p->in_days, policy.in_days);
    return policy;
}

size_t settings_plan_policies(const struct settings *s, struct plan_policy out[PLAN_POLICIES_MAX])
{
    for (int i = 0; i < s->plans.policy_count; ++i)
        out[i] = policy_of(&s->plans.policies[i]);
    return (size_t)s->plans.policy_count;
}
