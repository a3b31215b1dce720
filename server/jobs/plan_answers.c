/* A look: end a batch of them in one transaction -> look again at once after a full batch, else
 * rest. */
#include "jobs/plan_answers.h"

#include "base/log.h"
#include "flow/world.h"
#include "io/timer.h"
#include "store/agreed_plan_store.h"

#include <stdlib.h>

enum { FIRST_LOOK_MS = 1000 };

struct plan_answers {
    struct world *world;
    struct timer timer;
    struct pg_tx tx;
    int64_t lapsed_count;
    bool is_busy, is_stopped;
};

static void rest(struct plan_answers *p, uint32_t delay_ms)
{
    p->is_busy = false;
    if (!p->is_stopped)
        timer_start(&p->timer, delay_ms);
}

static void on_lapsed(void *owner, const PGresult *result, const struct err *err)
{
    struct plan_answers *p = owner;
    p->lapsed_count = err->code == 0 ? agreed_plan_read_lapsed(result) : 0;
}

static void on_saved(void *owner, const struct err *err)
{
    struct plan_answers *p = owner;
    if (err->code != 0 && err->code != ERR_CLOSED)
        log_line(LOG_WARN, "unanswered plans not ended", "error=\"%s\"", err->text);
    else if (err->code == 0 && p->lapsed_count > 0)
        log_line(LOG_INFO, "unanswered plans ended", "plans=%lld", (long long)p->lapsed_count);
    bool has_more = err->code == 0 && p->lapsed_count == AGREED_PLAN_LAPSE_MAX;
    rest(p, has_more ? 0 : PLAN_ANSWERS_LOOK_MS);
}

static void on_time(void *owner)
{
    struct plan_answers *p = owner;
    struct err err;
    p->is_busy = true;
    p->lapsed_count = 0;
    if (agreed_plan_lapse(p->world->store, &p->tx, p->world->now(), on_lapsed, on_saved, p, &err) !=
        0)
        rest(p, PLAN_ANSWERS_LOOK_MS);
}

struct plan_answers *plan_answers_new(struct world *world)
{
    struct plan_answers *p = calloc(1, sizeof(*p));
    if (p == NULL)
        abort();
    p->world = world;
    timer_init(&p->timer, world->loop, "plan answers", on_time, p);
    timer_start(&p->timer, FIRST_LOOK_MS);
    return p;
}

void plan_answers_stop(struct plan_answers *p)
{
    p->is_stopped = true;
    timer_stop(&p->timer);
}

bool plan_answers_is_idle(const struct plan_answers *p)
{
    return !p->is_busy;
}

void plan_answers_free(struct plan_answers *p)
{
    timer_stop(&p->timer);
    free(p);
}
