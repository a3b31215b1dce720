/* A look: what there is to do -> one campaign after another, a transaction each, or several to end
 * one with much that still waits -> rest. */
#include "jobs/campaigns.h"

#include "base/crash_point.h"
#include "base/log.h"
#include "domain/working_calendar.h"
#include "flow/world.h"
#include "io/timer.h"
#include "jobs/dispatch.h"

#include <stdlib.h>

/* Further ahead than any row of days off is long. */
enum { FIRST_LOOK_MS = 500, LOOK_MS = 5000, WINDOW_DAYS = 21, AT_ONCE_MAX = 100 };

struct todo {
    int64_t id;
    bool is_to_queue;
    struct instant send_at;
};

struct campaigns {
    struct campaigns_options options;
    struct timer timer;
    struct pg_query query;
    struct pg_tx tx;
    struct todo todo[AT_ONCE_MAX];
    size_t count, at;
    bool has_more; /* of this one to end */
    bool is_busy, is_woken, is_stopped;
};

static void go_on(struct campaigns *);

static void rest(struct campaigns *c)
{
    c->is_busy = false;
    if (!c->is_stopped)
        timer_start(&c->timer, c->is_woken ? 0 : LOOK_MS);
    c->is_woken = false;
}

/* The days on which anything may be sent, from the day before its time: in the customer's zone it
 * may be that day still. */
static size_t list_days(const struct reminder_rules *rules, struct instant from,
                        int32_t days[WINDOW_DAYS])
{
    size_t count = 0;
    int32_t first = (int32_t)(instant_seconds(from) / 86400) - 1;
    for (int32_t day = first; day < first + WINDOW_DAYS; ++day) {
        int weekday = (int)((day + 3) % 7); /* 1970-01-01 was a Thursday; 0: Monday */
        bool is_named = rules->window_weekdays == 0 || rules->window_weekdays >> weekday & 1;
        bool is_off = rules->keeps_days_off && is_public_holiday(date_from_days(day));
        if (is_named && !is_off)
            days[count++] = day;
    }
    return count;
}

static void add_queue(struct campaigns *c, const struct todo *todo)
{
    const struct world *world = c->options.world;
    const struct reminder_rules *rules = &world->reminders;
    int32_t days[WINDOW_DAYS];
    struct instant now = world->now();
    bool has_window = rules->window_to_second > rules->window_from_second;
    struct campaign_window window = {
        .days = days,
        .day_count = list_days(rules, todo->send_at.us > now.us ? todo->send_at : now, days),
        .from_second = has_window ? rules->window_from_second : 0,
        .to_second = has_window ? rules->window_to_second : 86400};
    campaign_add_queue(&c->tx, todo->id, now, &window, rules->holdout_permille);
}

static void on_moved(void *owner, const struct err *err)
{
    struct campaigns *c = owner;
    const struct todo *todo = &c->todo[c->at];
    crash_point("campaign_after_commit");
    if (err->code == 0 && todo->is_to_queue) {
        log_line(LOG_INFO, "campaign queued", "campaign=%lld", (long long)todo->id);
        if (c->options.dispatch != NULL)
            dispatch_wake(c->options.dispatch);
    } else if (err->code != 0 && err->code != ERR_CLOSED) {
        log_line(LOG_WARN, "campaign not moved on", "campaign=%lld error=\"%s\"",
                 (long long)todo->id, err->text);
    }
    if (err->code != 0 || !c->has_more)
        ++c->at;
    go_on(c);
}

static void on_ended(void *owner, const PGresult *result, const struct err *err)
{
    struct campaigns *c = owner;
    c->has_more = err->code == 0 && campaign_has_more(result);
}

static void go_on(struct campaigns *c)
{
    struct err err;
    if (c->at == c->count || c->is_stopped ||
        pg_tx_begin(c->options.store->writes, &c->tx, on_moved, c, &err) != 0) {
        rest(c);
        return;
    }
    const struct todo *todo = &c->todo[c->at];
    c->has_more = false;
    if (todo->is_to_queue)
        add_queue(c, todo);
    else
        campaign_add_end(&c->tx, todo->id, c->options.world->now(), on_ended);
    pg_tx_commit(&c->tx);
    crash_point("campaign_before_commit");
}

static void on_looked(void *owner, const PGresult *result, const struct err *err)
{
    struct campaigns *c = owner;
    c->count = c->at = 0;
    for (int row = 0; err->code == 0 && row < PQntuples(result) && row < AT_ONCE_MAX; ++row)
        c->todo[c->count++] = (struct todo){.id = pg_get_int(result, row, 0),
                                            .is_to_queue = pg_get_bool(result, row, 1),
                                            .send_at = pg_get_instant(result, row, 2)};
    go_on(c);
}

static void on_time(void *owner)
{
    struct campaigns *c = owner;
    struct err err;
    c->is_busy = true;
    if (campaign_open(c->options.store->reads, &c->query, c->options.world->now(), on_looked, c,
                      &err) != 0)
        rest(c);
}

void campaigns_wake(struct campaigns *c)
{
    if (c->is_busy)
        c->is_woken = true;
    else if (!c->is_stopped)
        timer_start(&c->timer, 0);
}

struct campaigns *campaigns_new(const struct campaigns_options *options)
{
    struct campaigns *c = calloc(1, sizeof(*c));
    if (c == NULL)
        abort();
    c->options = *options;
    timer_init(&c->timer, options->world->loop, "campaigns", on_time, c);
    timer_start(&c->timer, FIRST_LOOK_MS);
    return c;
}

void campaigns_stop(struct campaigns *c)
{
    c->is_stopped = true;
    timer_stop(&c->timer);
}

bool campaigns_is_idle(const struct campaigns *c)
{
    return !c->is_busy;
}

void campaigns_free(struct campaigns *c)
{
    timer_stop(&c->timer);
    pg_query_cancel(&c->query);
    pg_tx_cancel(&c->tx);
    free(c);
}
