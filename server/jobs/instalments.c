/* A look: find a batch of debts -> note what they missed, in one transaction -> look again at once
 * after a full batch, else rest until the next hour of business time. What another node has done
 * meanwhile is not done again: the transaction asks anew. */
#include "jobs/instalments.h"

#include "base/crash_point.h"
#include "base/log.h"
#include "flow/world.h"
#include "io/timer.h"
#include "store/instalment_store.h"

#include <stdlib.h>

enum { FIRST_LOOK_MS = 1000, POLL_MS = 10000, DEMO_POLL_MS = 500, HOUR_SECONDS = 3600 };

struct instalments {
    struct world *world;
    struct timer timer;
    struct pg_query query;
    struct pg_tx tx;
    struct instalment_rules rules;
    int64_t hour; /* of business time, the last one that was looked at to its end; 0: none */
    int found;
    int64_t missed_count, broken_count;
    bool is_busy, is_stopped;
};

/* A month of the demo passes in a minute. */
static uint32_t poll_ms(const struct instalments *s)
{
    return s->world->is_demo ? DEMO_POLL_MS : POLL_MS;
}

static int64_t hour_of(struct instant now)
{
    return instant_seconds(now) / HOUR_SECONDS;
}

static void rest(struct instalments *s, uint32_t delay_ms)
{
    s->is_busy = false;
    if (!s->is_stopped)
        timer_start(&s->timer, delay_ms);
}

static void end_look(struct instalments *s)
{
    s->hour = hour_of(s->rules.now);
    rest(s, poll_ms(s));
}

static void on_missed(void *owner, const PGresult *result, const struct err *err)
{
    struct instalments *s = owner;
    if (err->code == 0)
        instalment_read_missed(result, &s->missed_count, &s->broken_count);
}

static void on_saved(void *owner, const struct err *err)
{
    struct instalments *s = owner;
    if (err->code != 0) {
        if (err->code != ERR_CLOSED)
            log_line(LOG_WARN, "parts of plans not looked at", "error=\"%s\"", err->text);
        rest(s, poll_ms(s));
        return;
    }
    if (s->missed_count > 0)
        log_line(LOG_INFO, "parts of plans missed", "parts=%lld plans_broken=%lld",
                 (long long)s->missed_count, (long long)s->broken_count);
    if (s->found == INSTALMENT_LATE_MAX && s->missed_count > 0)
        rest(s, 0);
    else
        end_look(s);
}

static void on_found(void *owner, const PGresult *result, const struct err *err)
{
    struct instalments *s = owner;
    struct err failed;
    if (err->code != 0) {
        rest(s, poll_ms(s));
        return;
    }
    s->found = PQntuples(result);
    s->missed_count = s->broken_count = 0;
    if (s->found == 0) {
        end_look(s);
        return;
    }
    crash_point("parts_found");
    if (instalment_miss(s->world->store, &s->tx, result, &s->rules, on_missed, on_saved, s,
                        &failed) != 0)
        rest(s, poll_ms(s));
}

static void on_time(void *owner)
{
    struct instalments *s = owner;
    struct err err;
    struct instant now = s->world->now();
    if (s->hour == hour_of(now)) {
        rest(s, poll_ms(s));
        return;
    }
    s->is_busy = true;
    s->rules = (struct instalment_rules){
        .now = now,
        .in_flight_from = instant_plus_seconds(now, -(int64_t)s->world->payment_in_flight_seconds),
        .feed_age_max_s = s->world->reminders.feed_age_max_s};
    if (instalment_late(s->world->store, &s->query, &s->rules, on_found, s, &err) != 0)
        rest(s, poll_ms(s));
}

struct instalments *instalments_new(struct world *world)
{
    struct instalments *s = calloc(1, sizeof(*s));
    if (s == NULL)
        abort();
    s->world = world;
    timer_init(&s->timer, world->loop, "instalments", on_time, s);
    timer_start(&s->timer, FIRST_LOOK_MS);
    return s;
}

void instalments_wake(struct instalments *s)
{
    if (!s->is_busy && !s->is_stopped && s->hour != hour_of(s->world->now()))
        timer_start(&s->timer, 0);
}

void instalments_stop(struct instalments *s)
{
    s->is_stopped = true;
    timer_stop(&s->timer);
}

bool instalments_is_idle(const struct instalments *s)
{
    return !s->is_busy;
}

void instalments_free(struct instalments *s)
{
    timer_stop(&s->timer);
    free(s);
}
