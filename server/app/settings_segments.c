#include "app/settings_segments.h"

#include "app/setting_row.h"
#include "app/setting_value.h"

const struct setting settings_segments[] = {
    SECTION("segments",
            "How a customer pays, from the debts of the last months: on time, sometimes late, or\n"
            "chronically late. Steps of scenarios can be for some of these. Worked out anew each\n"
            "night, and at once when a payment arrives."),
    INT("segments.months", segments.months, "12", 1, 120,
        "Debts due longer ago than so many months do not count."),
    INT("segments.grace_days", segments.grace_days, "3", 0, 60,
        "A debt paid so many days after its due date was paid on time still: transfers take their\n"
        "time. One that is unpaid for longer counts as late, unless it is disputed or in a plan."),
    INT("segments.debts_min", segments.debts_min, "3", 1, 1000,
        "With fewer debts that count nothing can be told: the customer is taken to pay on time."),
    INT("segments.sometimes_late_percent", segments.sometimes_late_percent, "20", 1, 100,
        "From this share of late debts on a customer is sometimes late …"),
    INT("segments.chronically_late_percent", segments.chronically_late_percent, "50", 1, 100,
        "… and from this one on chronically late; not below sometimes_late_percent."),
    INT("segments.broken_promises", segments.broken_promises_min, "2", 0, 1000,
        "Who broke so many promises to pay in those months, and more than they kept, is one "
        "segment\n"
        "worse than their debts say. 0: promises do not count."),
    {.name = NULL},
};

void settings_finish_segments(struct settings_reading *r)
{
    const struct settings *s = r->settings;
    if (s->segments.chronically_late_percent >= s->segments.sometimes_late_percent)
        return;
    bool has_it = settings_line_of(s, "segments.chronically_late_percent") > 0;
    const char *name =
        has_it ? "segments.chronically_late_percent" : "segments.sometimes_late_percent";
    setting_add_mistake(r->mistakes, settings_line_of(s, name), name,
                        "must be such that chronically_late_percent is not below "
                        "sometimes_late_percent");
}
