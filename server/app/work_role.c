/* The process for what no request waits for, and for the operators' questions. */
#include "app/worker.h"

#include "app/settings.h"
#include "app/settings_mail.h"
#include "app/work_channels.h"
#include "channel/push_apps.h"
#include "http/health.h"
#include "http/listener.h"
#include "jobs/anchor.h"
#include "jobs/asking.h"
#include "jobs/bounces.h"
#include "jobs/campaigns.h"
#include "jobs/channel_watch.h"
#include "jobs/dispatch.h"
#include "jobs/first_scenario.h"
#include "jobs/importing.h"
#include "jobs/instalments.h"
#include "jobs/offers.h"
#include "jobs/parked.h"
#include "jobs/payout_days.h"
#include "jobs/payout_files.h"
#include "jobs/plan_answers.h"
#include "jobs/planning.h"
#include "jobs/promises.h"
#include "jobs/refused_callbacks.h"
#include "jobs/segments.h"
#include "jobs/stale_devices.h"
#include "jobs/text_watch.h"
#include "provider/provider.h"
#include "store/template_store.h"

#include <stdlib.h>
#include <string.h>

/* In the order of their start; they end in the opposite one, so dispatch, which some of the others
 * wake, is the last. */
enum job_name {
    JOB_DISPATCH = 0,
    JOB_FIRST_SCENARIO,
    JOB_CHANNEL_WATCH,
    JOB_BOUNCES,
    JOB_PARKED,
    JOB_ASKING,
    JOB_PAYOUT_FILES,
    JOB_PAYOUT_DAYS,
    JOB_ANCHOR,
    JOB_STALE_DEVICES,
    JOB_PLAN_ANSWERS,
    JOB_REFUSED_CALLBACKS,
    JOB_TEXT_WATCH,
    JOB_PROMISES,
    JOB_SEGMENTS,
    JOB_OFFERS,
    JOB_IMPORTING,
    JOB_PLANNING,
    JOB_CAMPAIGNS,
    JOB_INSTALMENTS,
    JOB_COUNT,
};

struct work_role {
    const struct settings *settings;
    struct world *world;
    struct board *board;
    struct http_listener *operators;
    struct health health;
    struct work_channels channels;
    struct store *import_store; /* imports have connections of their own */
    struct store *plan_store;   /* and so has planning */
    void *jobs[JOB_COUNT];      /* null: not wanted here */
};

struct job {
    const char *name;                                 /* for the log */
    void *(*start)(struct work_role *, struct err *); /* null without an error: not wanted here */
    void (*stop)(void *job);                          /* begins nothing new */
    bool (*is_idle)(const void *job);                 /* null: it may be cut off at any time */
    void (*free)(void *job);
    void (*wake)(void *job);
    const char *channel; /* whose NOTIFY wakes it; null: nothing does */
};

/* A part of an import, or of a day's plan, is one transaction of thousands of rows. */
enum { BULK_TIMEOUT_MS = 60000 };

static bool workers_are_alive(void *owner)
{
    return board_is_alive(((struct work_role *)owner)->board);
}

static void print_more(void *owner, struct buf *out)
{
    const struct work_role *role = owner;
    if (role->world->push_apps != NULL)
        push_counts_print(role->world->push_apps, out);
    gates_print(&role->channels.gates, clock_mono(), out);
}

/* ---- the jobs ---- */

static void on_can_go_on(void *owner)
{
    dispatch_wake(((struct work_role *)owner)->jobs[JOB_DISPATCH]);
}

static void *start_dispatch(struct work_role *role, struct err *e)
{
    return dispatch_new(role->world, e);
}

static uint32_t watch_every_ms(const struct settings *s)
{
    const struct settings_gateway *g = s->sms.gateway[0] != '\0' ? &s->sms : &s->voice;
    return (uint32_t)g->stopped_check_s * 1000;
}

static void *start_channel_watch(struct work_role *role, struct err *e)
{
    (void)e;
    return channel_watch_new(role->world, watch_every_ms(role->settings), on_can_go_on, role);
}

static void *start_bounces(struct work_role *role, struct err *e)
{
    const struct bounces_settings bounces = settings_bounces(role->settings);
    (void)e;
    return bounces.url.len == 0 ? NULL : bounces_new(role->world, &bounces);
}

static void *start_payout_files(struct work_role *role, struct err *e)
{
    (void)e;
    bool is_wanted =
        role->settings->payouts.folder[0] != '\0' && role->world->providers[0].provider != NULL;
    return is_wanted
               ? payout_files_new(role->world, role->import_store, role->settings->payouts.folder)
               : NULL;
}

static void *start_payout_days(struct work_role *role, struct err *e)
{
    (void)e;
    bool is_wanted = role->world->providers[0].provider != NULL;
    return is_wanted ? payout_days_new(role->world, role->settings->payouts.report_hour) : NULL;
}

static void *start_text_watch(struct work_role *role, struct err *e)
{
    (void)e;
    return text_watch_new(role->world, dispatch_texts(role->jobs[JOB_DISPATCH]), on_can_go_on,
                          role);
}

static void *start_importing(struct work_role *role, struct err *e)
{
    (void)e;
    return importing_new(
        &(struct importing_options){.world = role->world,
                                    .store = role->import_store,
                                    .part_rows = (size_t)role->settings->import.part_rows});
}

static void *start_planning(struct work_role *role, struct err *e)
{
    (void)e;
    return planning_new(
        &(struct planning_options){.world = role->world, .store = role->plan_store});
}

static void *start_campaigns(struct work_role *role, struct err *e)
{
    (void)e;
    return campaigns_new(&(struct campaigns_options){
        .world = role->world, .store = role->import_store, .dispatch = role->jobs[JOB_DISPATCH]});
}

/* The same functions as a table wants them, of a job known by its pointer alone. */
#define START(job)                                                                                 \
    static void *start_##job(struct work_role *role, struct err *e)                                \
    {                                                                                              \
        (void)e;                                                                                   \
        return job##_new(role->world);                                                             \
    }
#define STOP_AND_FREE(job)                                                                         \
    static void stop_##job(void *it)                                                               \
    {                                                                                              \
        job##_stop(it);                                                                            \
    }                                                                                              \
    static void free_##job(void *it)                                                               \
    {                                                                                              \
        job##_free(it);                                                                            \
    }
#define IDLE(job)                                                                                  \
    static bool idle_##job(const void *it)                                                         \
    {                                                                                              \
        return job##_is_idle(it);                                                                  \
    }
#define WAKE(job)                                                                                  \
    static void wake_##job(void *it)                                                               \
    {                                                                                              \
        job##_wake(it);                                                                            \
    }

#define JOB(job, idle, wake, channel)                                                              \
    {                                                                                              \
#job, start_##job, stop_##job, idle, free_##job, wake, channel                             \
    }

/* clang-format off */
STOP_AND_FREE(dispatch)       IDLE(dispatch)                              WAKE(dispatch)
STOP_AND_FREE(first_scenario) IDLE(first_scenario) START(first_scenario)
STOP_AND_FREE(channel_watch)
STOP_AND_FREE(bounces)        IDLE(bounces)
STOP_AND_FREE(parked)         IDLE(parked)         START(parked)          WAKE(parked)
STOP_AND_FREE(asking)         IDLE(asking)         START(asking)
STOP_AND_FREE(payout_files)   IDLE(payout_files)
STOP_AND_FREE(payout_days)    IDLE(payout_days)
STOP_AND_FREE(anchor)         IDLE(anchor)         START(anchor)
STOP_AND_FREE(stale_devices)  IDLE(stale_devices)  START(stale_devices)
STOP_AND_FREE(plan_answers)   IDLE(plan_answers)   START(plan_answers)
STOP_AND_FREE(refused_callbacks) IDLE(refused_callbacks) START(refused_callbacks)
STOP_AND_FREE(text_watch)     IDLE(text_watch)                            WAKE(text_watch)
STOP_AND_FREE(promises)       IDLE(promises)       START(promises)
STOP_AND_FREE(segments)       IDLE(segments)       START(segments)        WAKE(segments)
STOP_AND_FREE(offers)         IDLE(offers)         START(offers)          WAKE(offers)
STOP_AND_FREE(importing)                                                  WAKE(importing)
STOP_AND_FREE(planning)       IDLE(planning)                              WAKE(planning)
STOP_AND_FREE(campaigns)      IDLE(campaigns)                             WAKE(campaigns)
STOP_AND_FREE(instalments)    IDLE(instalments)    START(instalments)     WAKE(instalments)

static const struct job jobs[JOB_COUNT] = {
    [JOB_DISPATCH] = JOB(dispatch, idle_dispatch, wake_dispatch, DISPATCH_CHANNEL),
    [JOB_FIRST_SCENARIO] = JOB(first_scenario, idle_first_scenario, NULL, NULL),
    [JOB_CHANNEL_WATCH] = JOB(channel_watch, NULL, NULL, NULL),
    [JOB_BOUNCES] = JOB(bounces, idle_bounces, NULL, NULL),
    [JOB_PARKED] = JOB(parked, idle_parked, wake_parked, PARKED_CHANNEL),
    [JOB_ASKING] = JOB(asking, idle_asking, NULL, NULL),
    [JOB_PAYOUT_FILES] = JOB(payout_files, idle_payout_files, NULL, NULL),
    [JOB_PAYOUT_DAYS] = JOB(payout_days, idle_payout_days, NULL, NULL),
    [JOB_ANCHOR] = JOB(anchor, idle_anchor, NULL, NULL),
    [JOB_STALE_DEVICES] = JOB(stale_devices, idle_stale_devices, NULL, NULL),
    [JOB_PLAN_ANSWERS] = JOB(plan_answers, idle_plan_answers, NULL, NULL),
    [JOB_REFUSED_CALLBACKS] = JOB(refused_callbacks, idle_refused_callbacks, NULL, NULL),
    [JOB_TEXT_WATCH] = JOB(text_watch, idle_text_watch, wake_text_watch, TEMPLATE_CHANNEL),
    [JOB_PROMISES] = JOB(promises, idle_promises, NULL, NULL),
    /* Whoever books a payment wakes the thank-you. */
    [JOB_SEGMENTS] = JOB(segments, idle_segments, wake_segments, DISPATCH_CHANNEL),
    /* The planner is woken when the clock was moved. */
    [JOB_OFFERS] = JOB(offers, idle_offers, wake_offers, PLAN_CHANNEL),
    [JOB_IMPORTING] = JOB(importing, NULL, wake_importing, IMPORT_CHANNEL),
    [JOB_PLANNING] = JOB(planning, idle_planning, wake_planning, PLAN_CHANNEL),
    [JOB_CAMPAIGNS] = JOB(campaigns, idle_campaigns, wake_campaigns, CAMPAIGN_CHANNEL),
    [JOB_INSTALMENTS] = JOB(instalments, idle_instalments, wake_instalments, PLAN_CHANNEL),
};
/* clang-format on */

static int start_jobs(struct work_role *role, struct err *e)
{
    for (size_t i = 0; i < JOB_COUNT; ++i) {
        e->code = 0;
        role->jobs[i] = jobs[i].start(role, e);
        if (role->jobs[i] == NULL && e->code != 0)
            return e->code;
    }
    return 0;
}

/* ---- the role ---- */

static struct store *bulk_store(const struct worker *w)
{
    return store_new(w->world->loop, &(struct store_options){.conninfo = w->gateway->conninfo,
                                                             .read_timeout_ms = BULK_TIMEOUT_MS,
                                                             .write_timeout_ms = BULK_TIMEOUT_MS});
}

static int work_start(const struct worker *w, void **state, struct err *e)
{
    struct work_role *role = calloc(1, sizeof(*role));
    if (role == NULL)
        abort();
    *state = role;
    role->settings = w->gateway->settings;
    role->world = w->world;
    role->board = w->gateway->board;
    role->health = (struct health){.metrics = w->gateway->board->metrics,
                                   .is_alive = workers_are_alive,
                                   .print_more = print_more,
                                   .owner = role};
    w->world->health = &role->health;
    struct http_listener_options options = {.name = "operators",
                                            .fd = w->gateway->operators_fd,
                                            .routes = operator_routes,
                                            .limits = guard_limits_default};
    options.limits.connections_max = 100;
    options.limits.answer_timeout_ms = 5000;
    role->operators = http_listener_new(w->world, &options);
    if (work_channels_start(&role->channels, w, e) != 0)
        return e->code;
    role->import_store = bulk_store(w);
    role->plan_store = bulk_store(w);
    return start_jobs(role, e);
}

static void work_drain(void *state)
{
    struct work_role *role = state;
    http_listener_drain(role->operators);
    for (size_t i = 0; i < JOB_COUNT; ++i)
        if (role->jobs[i] != NULL)
            jobs[i].stop(role->jobs[i]);
    work_channels_stop(role->world);
}

static const char *work_in_hand(void *state)
{
    struct work_role *role = state;
    if (!http_listener_is_drained(role->operators))
        return "operators";
    for (size_t i = 0; i < JOB_COUNT; ++i)
        if (role->jobs[i] != NULL && jobs[i].is_idle != NULL && !jobs[i].is_idle(role->jobs[i]))
            return jobs[i].name;
    return NULL;
}

static void work_stop(void *state)
{
    struct work_role *role = state;
    http_listener_free(role->operators);
    for (size_t i = JOB_COUNT; i-- > JOB_DISPATCH + 1;)
        if (role->jobs[i] != NULL)
            jobs[i].free(role->jobs[i]);
    work_channels_free(role->world); /* dispatch hears of what was left */
    jobs[JOB_DISPATCH].free(role->jobs[JOB_DISPATCH]);
    work_channels_release(&role->channels, role->world);
    store_free(role->import_store);
    store_free(role->plan_store);
    free(role);
}

static void work_on_notified(void *state, const char *channel)
{
    struct work_role *role = state;
    for (size_t i = 0; i < JOB_COUNT; ++i)
        if (jobs[i].channel != NULL && strcmp(jobs[i].channel, channel) == 0)
            jobs[i].wake(role->jobs[i]);
}

static const char *const channels[] = {PARKED_CHANNEL,
                                       DISPATCH_CHANNEL,
                                       IMPORT_CHANNEL,
                                       PLAN_CHANNEL,
                                       TEMPLATE_CHANNEL,
                                       CAMPAIGN_CHANNEL,
                                       NULL};

const struct worker_role work_role = {
    .start = work_start,
    .drain = work_drain,
    .in_hand = work_in_hand,
    .stop = work_stop,
    .listen = channels,
    .on_notified = work_on_notified,
};
