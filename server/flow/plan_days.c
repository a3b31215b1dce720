#include "flow/plan_days.h"

#include <assert.h>
#include <stdlib.h>

enum { HOUR_S = 3600, DAY_S = 86400 };

struct plan_ladder {
    int64_t scenario_id, version;
    struct scenario *scenario;
    int64_t step_no[SCENARIO_STEPS_MAX];
};

static void *must_realloc(void *memory, size_t size)
{
    memory = realloc(memory, size);
    if (memory == NULL)
        abort();
    return memory;
}

static struct plan_ladder *add_ladder(struct plan_days *days, const struct plan_ladder_step *first)
{
    days->ladders_ = must_realloc(days->ladders_, (days->count + 1) * sizeof(*days->ladders_));
    struct plan_ladder *ladder = &days->ladders_[days->count++];
    *ladder = (struct plan_ladder){.scenario_id = first->scenario_id, .version = first->version};
    ladder->scenario = must_realloc(NULL, sizeof(*ladder->scenario));
    *ladder->scenario = (struct scenario){.catch_up_days = first->catch_up_days};
    if (first->catch_up_days > days->catch_up_days)
        days->catch_up_days = first->catch_up_days;
    return ladder;
}

void plan_days_read(struct plan_days *days, const PGresult *result)
{
    struct plan_ladder *ladder = NULL;
    for (int row = 0; row < PQntuples(result); ++row) {
        struct plan_ladder_step step;
        plan_read_ladder_step(result, row, &step);
        if (ladder == NULL || ladder->scenario_id != step.scenario_id ||
            ladder->version != step.version)
            ladder = add_ladder(days, &step);
        struct scenario *scenario = ladder->scenario;
        assert(scenario->step_count < SCENARIO_STEPS_MAX);
        ladder->step_no[scenario->step_count] = step.step_no;
        scenario->steps[scenario->step_count++] = step.step;
    }
}

void plan_days_release(struct plan_days *days)
{
    for (size_t i = 0; i < days->count; ++i)
        free(days->ladders_[i].scenario);
    free(days->ladders_);
    *days = (struct plan_days){0};
}

struct adding {
    const struct plan_ladder *ladder;
    struct plan_hits *hits;
};

static void on_hit(void *owner, const struct scenario_hit *hit)
{
    const struct adding *a = owner;
    plan_hits_add(a->hits, &(struct plan_hit){.scenario_id = a->ladder->scenario_id,
                                              .version = a->ladder->version,
                                              .step_no = a->ladder->step_no[hit->step_no],
                                              .occurrence = hit->occurrence,
                                              .anchor = date_to_days(hit->anchor),
                                              .day = date_to_days(hit->day)});
}

void plan_days_hits(const struct plan_days *days, int32_t from, int32_t to, struct plan_hits *hits)
{
    for (size_t i = 0; i < days->count; ++i) {
        struct adding adding = {&days->ladders_[i], hits};
        for (int32_t day = from; day <= to; ++day)
            scenario_hits(adding.ladder->scenario, date_from_days(day), on_hit, &adding);
    }
}

static void add_step(const struct plan_ladder *ladder, size_t step_at, int32_t anchor,
                     struct plan_hits *hits)
{
    const struct scenario_step *step = &ladder->scenario->steps[step_at];
    for (int32_t n = 0; n < scenario_occurrences(step); ++n) {
        struct date date = date_from_days(anchor);
        struct scenario_hit hit = {.step_no = (int32_t)step_at,
                                   .occurrence = n,
                                   .anchor = date,
                                   .day = scenario_step_date(step, date, n)};
        on_hit(&(struct adding){ladder, hits}, &hit);
    }
}

void plan_days_of_debt(const struct plan_days *days, const struct plan_anchor *anchors,
                       size_t count, struct plan_hits *hits)
{
    for (size_t i = 0; i < days->count; ++i)
        for (size_t s = 0; s < days->ladders_[i].scenario->step_count; ++s)
            for (size_t a = 0; a < count; ++a)
                if (anchors[a].anchor == days->ladders_[i].scenario->steps[s].anchor)
                    add_step(&days->ladders_[i], s, anchors[a].date, hits);
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
