/* Which debts one of the creditor's policies is for, as settings: the rows that stand in each list
 * of policies, what is wrong with them, and the condition they make. */
#ifndef DUNLIN_APP_SETTING_CONDITION_H
#define DUNLIN_APP_SETTING_CONDITION_H

#include "app/setting_value.h"
#include "domain/debt_condition.h"

#include <stddef.h>

/* The rows for the table of a struct `holder` with a struct settings_condition `field`; the other
 * one says from how many days late on debts are meant where nothing is said. */
#define CONDITION_TEXTS(holder, field, name_, example_, check_, help_)                             \
    {                                                                                              \
        .name = #name_, .type = SETTING_TEXTS, .offset = offsetof(holder, field.name_),            \
        .example = example_, .check = check_, .is_set = true, .help = help_                        \
    }
#define CONDITION_INT(holder, field, name_, default__, min_, max_, help_)                          \
    {                                                                                              \
        .name = #name_, .type = SETTING_INT, .offset = offsetof(holder, field.name_),              \
        .default_ = default__, .min = min_, .max = max_, .help = help_                             \
    }
/* clang-format off */
#define SETTING_CONDITION_ROWS(holder, field) SETTING_CONDITION_ROWS_FROM(holder, field, "-3650")
#define SETTING_CONDITION_ROWS_FROM(holder, field, days_late_from__)                                 \
    CONDITION_TEXTS(holder, field, products, "loan*, card", NULL,                                    \
        "For debts of any of these products, as imported (* at the end: whatever follows) …"),     \
    CONDITION_TEXTS(holder, field, kinds, "instalment, invoice", setting_check_kind,                 \
        "… of any of these kinds (invoice, instalment, premium, other) …"),                        \
    CONDITION_TEXTS(holder, field, currencies, "PLN", setting_check_currency,                        \
        "… in any of these currencies …"),                                                         \
    CONDITION_TEXTS(holder, field, segments, "on_time, sometimes_late", setting_check_segment,       \
        "… of customers who pay so (on_time, sometimes_late, chronically_late) …"),                \
    CONDITION_INT(holder, field, amount_from, "0", 0, INT64_C(1000000000000000),                     \
        "… of which at least so much is left to pay, in grosz …"),                                 \
    CONDITION_INT(holder, field, amount_to, "0", 0, INT64_C(1000000000000000),                       \
        "… and at most so much; 0 is no bound …"),                                                 \
    CONDITION_INT(holder, field, days_late_from, days_late_from__, -DEBT_CONDITION_DAYS_MAX,         \
        DEBT_CONDITION_DAYS_MAX,                                                                   \
        "… from so many days after the due date on (-3 is three days before it) …"),               \
    CONDITION_INT(holder, field, days_late_to, "3650", -DEBT_CONDITION_DAYS_MAX,                     \
        DEBT_CONDITION_DAYS_MAX,                                                                   \
        "… until so many after it. What is not said fits every debt.")
/* clang-format on */

setting_check_fn setting_check_kind, setting_check_currency, setting_check_segment;

/* What depends on several of them. `shown` and `line` are of the policy: "plans.policies[0]". */
void setting_condition_finish(struct settings_reading *, const struct settings_condition *,
                              const char *shown, int line);
/* Texts and lists are the settings' own. */
struct debt_condition setting_condition_of(const struct settings_condition *);

#endif
