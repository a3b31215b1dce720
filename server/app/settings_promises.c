#include "app/settings_promises.h"

#include "app/setting_row.h"

#include <string.h>

static const char *check_segment(const char *value, char room[160])
{
    (void)room;
    for (int s = SEGMENT_ON_TIME; s <= SEGMENT_CHRONICALLY_LATE; ++s)
        if (strcmp(value, segment_name((enum segment)s)) == 0)
            return NULL;
    return "must be of on_time, sometimes_late, chronically_late";
}

static const char *check_kind(const char *value, char room[160])
{
    static const char *const kinds[] = {"invoice", "instalment", "premium", "other"};
    (void)room;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); ++i)
        if (strcmp(value, kinds[i]) == 0)
            return NULL;
    return "must be of invoice, instalment, premium, other";
}

#define WORDS(name_, field, example_, check_, help_)                                               \
    {                                                                                              \
        .name = name_, .type = SETTING_TEXTS, .offset = AT(field), .example = example_,            \
        .check = check_, .is_set = true, .max = DEBT_CONDITION_WORDS_MAX, .help = help_            \
    }

const struct setting settings_promises[] = {
    SECTION("promises",
            "On the page a customer may name the day on which they will pay: reminders rest until\n"
            "then. See docs/promises.md."),
    INT("promises.days_max", promises.days_max, "0", 0, 365,
        "Furthest day, counted from today; 0 offers it to nobody. (At the telephone days up to 90\n"
        "ahead are taken even then.)"),
    INT("promises.days_late_max", promises.days_late_max, "60", 0, 3650,
        "The day may not be further behind the due date than this; 0: it may."),
    INT("promises.grace_days", promises.grace_days, "1", 0, 30,
        "Days behind the promised one in which the money may still arrive."),
    INT("promises.per_debt", promises.per_debt_max, "2", 1, 100,
        "How often one debt may be promised for, on the page."),
    INT("promises.per_year", promises.per_year_max, "4", 1, 1000,
        "How often one customer may promise in 365 days, for any debt."),
    WORDS("promises.products", promises.products, "Pożyczka *", NULL,
          "For which debts it is offered: products, perhaps ending in *; none named: all."),
    WORDS("promises.kinds", promises.kinds, "invoice, instalment", check_kind, "The same by kind."),
    WORDS("promises.currencies", promises.currencies, "PLN", NULL, "The same by currency."),
    WORDS("promises.segments", promises.segments, "on_time, sometimes_late", check_segment,
          "The same by how the customer pays."),
    INT("promises.amount_from", promises.amount_from_minor, "0", 0, INT64_C(1000000000000000),
        "The least that is left to pay, in minor units."),
    INT("promises.amount_to", promises.amount_to_minor, "0", 0, INT64_C(1000000000000000),
        "The most; 0: any."),
    INT("promises.days_late_from", promises.days_late_from, "-3650", -DEBT_CONDITION_DAYS_MAX,
        DEBT_CONDITION_DAYS_MAX, "Offered from so many days behind the due date; -3 is before it."),
    {.name = NULL},
};

static struct debt_words words_of(const struct settings_list *list)
{
    return (struct debt_words){.items = list->items, .count = list->count};
}

struct promise_policy settings_promise_policy(const struct settings *s)
{
    return (struct promise_policy){
        .condition = {.products = words_of(&s->promises.products),
                      .kinds = words_of(&s->promises.kinds),
                      .currencies = words_of(&s->promises.currencies),
                      .segments = words_of(&s->promises.segments),
                      .amount_from_minor = s->promises.amount_from_minor,
                      .amount_to_minor = s->promises.amount_to_minor,
                      .days_late_from = (int32_t)s->promises.days_late_from,
                      .days_late_to = DEBT_CONDITION_DAYS_MAX},
        .days_max = (int32_t)s->promises.days_max,
        .days_late_max = (int32_t)s->promises.days_late_max,
        .per_debt_max = (int32_t)s->promises.per_debt_max,
        .per_year_max = (int32_t)s->promises.per_year_max,
        .grace_days = (int32_t)s->promises.grace_days,
    };
}
