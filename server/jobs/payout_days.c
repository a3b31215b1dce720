/* A look: which day is due -> its report is made and kept -> look again at once, as there may be
 * another; without one, rest. */
#include "jobs/payout_days.h"

#include "base/log.h"
#include "flow/payout_day.h"
#include "flow/world.h"
#include "io/timer.h"

#include <stdlib.h>

enum { FIRST_LOOK_MS = 2000, LOOK_MS = 60 * 1000, DAYS_BACK = 30 };

struct payout_days {
    struct world *world;
    int64_t hour;
    struct timer timer;
    struct pg_query query;
    struct payout_day day;
    bool is_busy, is_stopped;
};

static void rest(struct payout_days *p, uint32_t delay_ms)
{
    p->is_busy = false;
    if (!p->is_stopped)
        timer_start(&p->timer, delay_ms);
}

static void rest_after(struct payout_days *p, const struct err *err)
{
    if (err->code != ERR_CLOSED)
        log_line(LOG_WARN, "payouts not reported", "error=\"%s\"", err->text);
    rest(p, LOOK_MS);
}

static void on_made(void *owner, const struct err *err)
{
    struct payout_days *p = owner;
    if (err->code != 0)
        rest_after(p, err);
    else
        rest(p, 0);
}

static void on_due(void *owner, const PGresult *result, const struct err *err)
{
    struct payout_days *p = owner;
    struct err failed = *err;
    int32_t day;
    if (failed.code == 0 && !payout_day_read_due(result, &day))
        rest(p, LOOK_MS);
    else if (failed.code != 0 || payout_day_begin(&p->day, p->world, day, on_made, p, &failed) != 0)
        rest_after(p, &failed);
}

static void on_time(void *owner)
{
    struct payout_days *p = owner;
    struct err err;
    p->is_busy = true;
    if (payout_day_due(p->world->store, &p->query, p->world->now(), p->hour, DAYS_BACK, on_due, p,
                       &err) != 0)
        rest_after(p, &err);
}

struct payout_days *payout_days_new(struct world *world, int64_t hour)
{
    struct payout_days *p = calloc(1, sizeof(*p));
    if (p == NULL)
        abort();
    p->world = world;
    p->hour = hour;
    timer_init(&p->timer, world->loop, "payout days", on_time, p);
    timer_start(&p->timer, FIRST_LOOK_MS);
    return p;
}

void payout_days_stop(struct payout_days *p)
{
    p->is_stopped = true;
    timer_stop(&p->timer);
}

bool payout_days_is_idle(const struct payout_days *p)
{
    return !p->is_busy;
}

void payout_days_free(struct payout_days *p)
{
    timer_stop(&p->timer);
    pg_query_cancel(&p->query);
    payout_day_cancel(&p->day);
    free(p);
}
