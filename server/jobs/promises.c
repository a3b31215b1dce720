/* A look: find those that are over -> close the ones that still are -> look again at once after a
 * full batch; else count the disputes that are late -> rest. Nothing is
 * remembered: whoever dies in between leaves them to the next look, and two nodes close each once.
 */
#include "jobs/promises.h"

#include "base/log.h"
#include "base/metrics.h"
#include "flow/world.h"
#include "io/timer.h"
#include "store/dispute_store.h"
#include "store/promise_store.h"

#include <stdlib.h>

enum { FIRST_LOOK_MS = 700, LOOK_MS = 60 * 1000, DEMO_LOOK_MS = 500 };

struct promises {
    struct world *world;
    struct timer timer;
    struct pg_query query;
    struct pg_tx tx;
    struct instant now; /* of the look */
    int found;
    struct promise_closed closed;
    bool is_busy, is_stopped;
};

static void look(struct promises *);

static void rest(struct promises *p)
{
    p->is_busy = false;
    /* A month of the demo passes in a minute. */
    if (!p->is_stopped)
        timer_start(&p->timer, p->world->is_demo ? DEMO_LOOK_MS : LOOK_MS);
}

static void on_counted(void *owner, const PGresult *result, const struct err *err)
{
    struct promises *p = owner;
    if (err->code == 0 && p->world->metrics != NULL)
        p->world->metrics->values[METRIC_disputes_overdue_now] = (uint64_t)pg_get_int(result, 0, 0);
    rest(p);
}

static void count_late_disputes(struct promises *p)
{
    struct err err = {0};
    if (dispute_count_overdue(p->world->store, &p->query, p->world->now(), on_counted, p, &err) !=
        0)
        rest(p);
}

static void on_closed_row(void *owner, const PGresult *result, const struct err *err)
{
    struct promises *p = owner;
    if (err->code == 0)
        p->closed = promise_read_closed(result);
}

static void on_closed(void *owner, const struct err *err)
{
    struct promises *p = owner;
    int64_t count = p->closed.kept + p->closed.broken;
    if (err->code != 0) {
        if (err->code != ERR_CLOSED)
            log_line(LOG_WARN, "promises not closed", "error=\"%s\"", err->text);
        rest(p);
        return;
    }
    if (count > 0)
        log_line(LOG_INFO, "promises closed", "kept=%lld broken=%lld", (long long)p->closed.kept,
                 (long long)p->closed.broken);
    if (p->found == PROMISE_CLOSE_MAX && !p->is_stopped)
        look(p);
    else
        count_late_disputes(p);
}

static struct instant in_flight_from(const struct promises *p)
{
    return instant_plus_seconds(p->now, -p->world->payment_in_flight_seconds);
}

static void on_found(void *owner, const PGresult *result, const struct err *err)
{
    struct promises *p = owner;
    struct err failed = {0};
    p->found = err->code == 0 ? PQntuples(result) : 0;
    p->closed = (struct promise_closed){0};
    if (err->code != 0)
        rest(p);
    else if (p->found == 0)
        count_late_disputes(p);
    else if (promise_close(p->world->store, &p->tx, result, p->now, in_flight_from(p),
                           on_closed_row, on_closed, p, &failed) != 0)
        rest(p);
}

static void look(struct promises *p)
{
    struct err err = {0};
    p->now = p->world->now();
    if (promise_find_over(p->world->store, &p->query, p->now, in_flight_from(p), on_found, p,
                          &err) != 0)
        rest(p);
}

static void on_time(void *owner)
{
    struct promises *p = owner;
    p->is_busy = true;
    look(p);
}

struct promises *promises_new(struct world *world)
{
    struct promises *p = calloc(1, sizeof(*p));
    if (p == NULL)
        abort();
    p->world = world;
    timer_init(&p->timer, world->loop, "promises", on_time, p);
    timer_start(&p->timer, FIRST_LOOK_MS);
    return p;
}

void promises_stop(struct promises *p)
{
    p->is_stopped = true;
    timer_stop(&p->timer);
}

bool promises_is_idle(const struct promises *p)
{
    return !p->is_busy;
}

void promises_free(struct promises *p)
{
    timer_stop(&p->timer);
    free(p);
}
