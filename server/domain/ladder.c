#include "domain/ladder.h"

#include <assert.h>

static const struct ladder_step standard_steps[] = {
    {"issue", LADDER_FROM_ISSUE, 0}, {"before_2", LADDER_FROM_DUE, -2},
    {"due", LADDER_FROM_DUE, 0},     {"after_2", LADDER_FROM_DUE, 2},
    {"after_9", LADDER_FROM_DUE, 9}, {"after_16", LADDER_FROM_DUE, 16},
};

const struct ladder ladder_standard = {
    .steps = standard_steps,
    .count = sizeof(standard_steps) / sizeof(standard_steps[0]),
    .send_second = 10 * 3600,
    .over_days = 21,
};

struct date ladder_step_date(const struct ladder_step *step, struct date issue, struct date due)
{
    return date_add_days(step->anchor == LADDER_FROM_ISSUE ? issue : due, step->offset_days);
}

struct ladder_plan ladder_plan(const struct ladder *ladder, struct date issue, struct date due,
                               struct local_time now)
{
    struct ladder_plan plan = {.missed = -1};
    struct date missed_date = {0};
    assert(ladder->count <= 32);
    if (date_days_between(due, now.date) > ladder->over_days)
        return plan;
    for (size_t i = 0; i < ladder->count; ++i) {
        struct date date = ladder_step_date(&ladder->steps[i], issue, due);
        int order = date_compare(date, now.date);
        bool is_ahead = order > 0 || (order == 0 && now.second < ladder->send_second);
        if (is_ahead) {
            plan.steps |= UINT32_C(1) << i;
        } else if (plan.missed < 0 || date_compare(date, missed_date) >= 0) {
            plan.missed = (int)i;
            missed_date = date;
        }
    }
    if (plan.missed >= 0)
        plan.steps |= UINT32_C(1) << plan.missed;
    return plan;
}
