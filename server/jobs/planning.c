#include "jobs/planning.h"

#include "base/log.h"
#include "flow/reminder_plan.h"
#include "flow/world.h"
#include "io/timer.h"
#include "store/store.h"

#include <stdlib.h>

/* The poll is what notices that the horizon has moved: a look costs one row. */
enum { POLL_MS = 1000, RETRY_MS = 5000, NEXT_MS = 1 };

struct planning {
    struct reminder_plan *plan;
    struct store *store;
    struct timer timer;
    struct pg_query session;
    bool is_busy, is_woken, is_stopped;
};

static void rest(struct planning *p, uint32_t delay_ms)
{
    p->is_busy = false;
    if (!p->is_stopped)
        timer_start(&p->timer, delay_ms);
}

static void on_done(void *owner, bool has_more, const struct err *err)
{
    struct planning *p = owner;
    if (err->code != 0 && err->code != ERR_CLOSED)
        log_line(LOG_WARN, "reminders not planned", "error=\"%s\"", err->text);
    rest(p, err->code != 0 ? RETRY_MS : has_more || p->is_woken ? NEXT_MS : POLL_MS);
}

static void go_on(struct planning *p)
{
    struct err err;
    p->is_woken = false;
    if (reminder_plan_go_on(p->plan, &err) != 0)
        on_done(p, false, &err);
}

/* The connection may be a new one each time: the settings are said again, which costs nothing. */
static void on_session(void *owner, const PGresult *result, const struct err *err)
{
    struct planning *p = owner;
    (void)result;
    if (err->code != 0)
        on_done(p, false, err);
    else
        go_on(p);
}

static void on_time(void *owner)
{
    struct planning *p = owner;
    struct err err;
    p->is_busy = true;
    if (plan_session(p->store->writes, &p->session, on_session, p, &err) != 0)
        on_done(p, false, &err);
}

struct planning *planning_new(const struct planning_options *options)
{
    struct planning *p = calloc(1, sizeof(*p));
    if (p == NULL)
        abort();
    p->store = options->store;
    p->plan = reminder_plan_new(&(struct reminder_plan_options){
        .world = options->world, .store = options->store, .on_done = on_done, .owner = p});
    timer_init(&p->timer, options->world->loop, "planning", on_time, p);
    timer_start(&p->timer, NEXT_MS);
    return p;
}

void planning_wake(struct planning *p)
{
    if (p->is_busy)
        p->is_woken = true;
    else if (!p->is_stopped)
        timer_start(&p->timer, NEXT_MS);
}

void planning_stop(struct planning *p)
{
    p->is_stopped = true;
    timer_stop(&p->timer);
}

bool planning_is_idle(const struct planning *p)
{
    return !p->is_busy;
}

void planning_free(struct planning *p)
{
    timer_stop(&p->timer);
    pg_query_cancel(&p->session);
    reminder_plan_free(p->plan);
    free(p);
}
