#include "app/settings_identity.h"

#include "app/setting_row.h"
#include "app/setting_value.h"

static const char *check_purpose(const char *value, char room[160])
{
    enum identity_purpose purpose;
    (void)room;
    return identity_purpose_find(span_str(value), &purpose)
               ? NULL
               : "must be of details, plan, promise, dispute, offer and debts";
}

const struct setting settings_identity[] = {
    SECTION(
        "identity",
        "Asking a customer on the page for one fact they know, before it shows or takes what is\n"
        "listed. The facts come by import (docs/import.md) and are kept as keyed hashes. What the\n"
        "fact is called stands behind \"Give us the\"."),
    {.name = "identity.for",
     .type = SETTING_TEXTS,
     .offset = AT(identity.purposes),
     .example = "plan, offer, debts",
     .check = check_purpose,
     .is_set = true,
     .max = IDENTITY_PURPOSE_COUNT,
     .help = "What it is asked for: details (all that the page shows of a debt), plan, promise,\n"
             "dispute, offer, debts. None named: it is never asked."},
    TEXT("identity.fact_pl", identity.fact_pl, NULL, "In Polish.",
         .example = "4 ostatnie cyfry numeru PESEL"),
    TEXT("identity.fact_en", identity.fact_en, NULL, "In English.",
         .example = "last 4 digits of your PESEL number"),
    TEXT("identity.fact_uk", identity.fact_uk, NULL, "In Ukrainian.",
         .example = "4 останні цифри номера PESEL"),
    INT("identity.digits", identity.digits, "4", IDENTITY_DIGITS_MIN, IDENTITY_DIGITS_MAX,
        "How many digits it has. Of longer ones in a file the last count."),
    INT("identity.tries", identity.tries, "3", 1, 10,
        "Wrong answers of one customer, over all browsers and links, …"),
    INT("identity.hours", identity.hours, "24", 1, 720,
        "… in so many hours; then the page names your telephone instead."),
    INT("identity.valid_minutes", identity.valid_minutes, "15", 1, 720,
        "How long a right answer holds, in that browser."),
    {.name = NULL},
};

static void need(struct settings_reading *r, const char *name, const char *value)
{
    const struct settings *s = r->settings;
    if (value[0] == '\0')
        setting_add_mistake(r->mistakes, settings_line_of(s, "identity.for"), name,
                            "is needed: identity.for says that the fact is asked for");
}

void settings_finish_identity(struct settings_reading *r)
{
    const struct settings *s = r->settings;
    if (s->identity.purposes.count == 0)
        return;
    need(r, "identity.fact_pl", s->identity.fact_pl);
    need(r, "identity.fact_en", s->identity.fact_en);
    need(r, "identity.fact_uk", s->identity.fact_uk);
}

struct identity_rules settings_identity_rules(const struct settings *s)
{
    struct identity_rules rules = {.digits = (int)s->identity.digits,
                                   .tries_max = (int)s->identity.tries,
                                   .tries_hours = (int)s->identity.hours,
                                   .valid_seconds = (int)s->identity.valid_minutes * 60};
    for (int i = 0; i < s->identity.purposes.count; ++i) {
        enum identity_purpose purpose;
        if (identity_purpose_find(span_str(s->identity.purposes.items[i]), &purpose))
            rules.purposes |= 1u << purpose;
    }
    return rules;
}
