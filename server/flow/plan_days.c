#include "flow/plan_days.h"

enum {
    HOUR_S = 3600,
    DAY_S = 86400,
    /* Centuries from both ends of the calendar: no step is so far from its date. */
    FIRST_DAY = -650000, /* in 190 */
    LAST_DAY = 2900000,  /* in 9909 */
};

static bool is_far(int32_t day)
{
    return day < FIRST_DAY || day > LAST_DAY;
}

int32_t plan_days_catch_up(const struct scenario_loaded *loaded)
{
    int32_t most = 0;
    for (size_t i = 0; i < loaded->count; ++i)
        if (loaded->items[i].scenario->catch_up_days > most)
            most = loaded->items[i].scenario->catch_up_days;
    return most;
}

struct adding {
    const struct scenario_in_force *in_force;
    struct plan_hits *hits;
};

static void on_hit(void *owner, const struct scenario_hit *hit)
{
    const struct adding *a = owner;
    plan_hits_add(a->hits, &(struct plan_hit){.scenario_id = a->in_force->scenario_id,
                                              .version = a->in_force->version,
                                              .step_no = hit->step_no,
                                              .occurrence = hit->occurrence,
                                              .anchor = date_to_days(hit->anchor),
                                              .day = date_to_days(hit->day)});
}

void plan_days_hits(const struct scenario_loaded *loaded, int32_t from, int32_t to,
                    struct plan_hits *hits)
{
    for (size_t i = 0; i < loaded->count; ++i) {
        struct adding adding = {&loaded->items[i], hits};
        for (int32_t day = from; day <= to && !is_far(day); ++day)
            scenario_hits(loaded->items[i].scenario, date_from_days(day), on_hit, &adding);
    }
}

static void add_step(const struct scenario_in_force *in_force, size_t step_no, int32_t anchor,
                     struct plan_hits *hits)
{
    const struct scenario_step *step = &in_force->scenario->steps[step_no];
    for (int32_t n = 0; n < scenario_occurrences(step); ++n) {
        struct date date = date_from_days(anchor);
        struct scenario_hit hit = {.step_no = (int32_t)step_no,
                                   .occurrence = n,
                                   .anchor = date,
                                   .day = scenario_step_date(step, date, n)};
        on_hit(&(struct adding){in_force, hits}, &hit);
    }
}

void plan_days_of_debt(const struct scenario_loaded *loaded, const struct plan_anchor *anchors,
                       size_t count, struct plan_hits *hits)
{
    for (size_t i = 0; i < loaded->count; ++i)
        for (size_t s = 0; s < loaded->items[i].scenario->step_count; ++s)
            for (size_t a = 0; a < count; ++a)
                if (anchors[a].anchor == loaded->items[i].scenario->steps[s].anchor &&
                    !is_far(anchors[a].date))
                    add_step(&loaded->items[i], s, anchors[a].date, hits);
}

static int32_t day_of(int64_t seconds)
{
    int64_t day = seconds / DAY_S;
    return (int32_t)(seconds % DAY_S < 0 ? day - 1 : day);
}

int32_t plan_first_day(struct instant now)
{
    return day_of(instant_seconds(now) - 12 * HOUR_S);
}

int32_t plan_last_day(struct instant now)
{
    return day_of(instant_seconds(now) + 14 * HOUR_S);
}

int32_t plan_horizon(struct instant now)
{
    return plan_last_day(now) + 1;
}
