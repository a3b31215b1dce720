/* The process for what no request waits for, and for the operators' questions. */
#include "app/worker.h"

#include "app/message_gateways.h"
#include "app/push_build.h"
#include "app/settings_mail.h"
#include "channel/email.h"
#include "channel/gate.h"
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
#include "jobs/parked.h"
#include "jobs/planning.h"
#include "jobs/segments.h"
#include "jobs/stale_devices.h"
#include "jobs/text_watch.h"
#include "store/template_store.h"

#include <stdlib.h>
#include <string.h>

struct work_role {
    struct world *world;
    struct board *board;
    struct http_listener *operators;
    struct health health;
    struct gates gates;
    struct email_settings email_settings;
    struct message_gateway_room sms_room, voice_room;
    struct bounces *bounces; /* null: their folder is not named */
    struct parked *parked;
    struct asking *asking;
    struct dispatch *dispatch;
    struct channel_watch *channel_watch;
    struct anchor *anchor;
    struct stale_devices *stale_devices;
    struct text_watch *text_watch;
    struct first_scenario *first_scenario;
    struct segments *segments;
    struct store *import_store; /* imports have connections of their own */
    struct importing *importing;
    struct store *plan_store; /* and so has planning */
    struct planning *planning;
    struct campaigns *campaigns;
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
    gates_print(&role->gates, clock_mono(), out);
}

static int start_push(const struct worker *w, struct err *e)
{
    const struct push_build build = {
        .settings = w->gateway->settings, .loop = w->world->loop, .fetch = w->world->fetch};
    if (push_build_apps(&build, &w->world->push_apps, e) != 0)
        return e->code;
    if (w->world->push_apps != NULL)
        push_apps_warm(w->world->push_apps);
    return 0;
}

/* Ten failures in a row and the mail server is left alone, for ten seconds at first. */
static void start_mail(struct work_role *role, const struct settings *settings)
{
    struct world *world = role->world;
    if (settings->mail.url[0] == '\0')
        return;
    role->email_settings = settings_email(settings);
    role->email_settings.metrics = world->metrics;
    world->email = email_new(world->loop, &role->email_settings);
    gates_add(&role->gates, "email",
              &(struct gate_limits){.per_second = (uint32_t)settings->mail.per_second,
                                    .in_flight_max = (uint32_t)settings->mail.in_flight,
                                    .failures_to_rest = 10,
                                    .rest_ms = 10000});
}

static struct http_gateway *start_gateway(struct work_role *role, const struct settings *s,
                                          enum message_gateway_kind kind,
                                          struct message_gateway_room *room)
{
    struct http_gateway_settings settings;
    if (!message_gateway_describe(s, kind, room, &settings))
        return NULL;
    struct http_gateway *gateway =
        http_gateway_new(role->world->loop, role->world->fetch, &settings);
    http_gateway_warm(gateway);
    return gateway;
}

static void start_gateways(struct work_role *role, const struct settings *s)
{
    role->world->sms = start_gateway(role, s, MESSAGE_GATEWAY_SMS, &role->sms_room);
    role->world->voice = start_gateway(role, s, MESSAGE_GATEWAY_VOICE, &role->voice_room);
    message_gateway_add_gates(s, &role->gates);
}

static uint32_t watch_every_ms(const struct settings *s)
{
    const struct settings_gateway *g = s->sms.gateway[0] != '\0' ? &s->sms : &s->voice;
    return (uint32_t)g->stopped_check_s * 1000;
}

static void on_channel_goes_on(void *owner)
{
    dispatch_wake(((struct work_role *)owner)->dispatch);
}

static void on_texts_known(void *owner)
{
    dispatch_wake(((struct work_role *)owner)->dispatch);
}

static int work_start(const struct worker *w, void **state, struct err *e)
{
    struct work_role *role = calloc(1, sizeof(*role));
    if (role == NULL)
        abort();
    *state = role;
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
    if (start_push(w, e) != 0)
        return e->code;
    start_mail(role, w->gateway->settings);
    start_gateways(role, w->gateway->settings);
    w->world->gates = &role->gates;
    role->dispatch = dispatch_new(w->world, e);
    if (role->dispatch == NULL)
        return e->code;
    role->first_scenario = first_scenario_new(w->world);
    role->channel_watch =
        channel_watch_new(w->world, watch_every_ms(w->gateway->settings), on_channel_goes_on, role);
    const struct bounces_settings bounces = settings_bounces(w->gateway->settings);
    if (bounces.url.len != 0)
        role->bounces = bounces_new(w->world, &bounces);
    role->parked = parked_new(w->world);
    role->asking = asking_new(w->world);
    role->anchor = anchor_new(w->world);
    role->stale_devices = stale_devices_new(w->world);
    role->text_watch =
        text_watch_new(w->world, dispatch_texts(role->dispatch), on_texts_known, role);
    role->segments = segments_new(w->world);
    role->import_store =
        store_new(w->world->loop, &(struct store_options){.conninfo = w->gateway->conninfo,
                                                          .read_timeout_ms = BULK_TIMEOUT_MS,
                                                          .write_timeout_ms = BULK_TIMEOUT_MS});
    role->importing = importing_new(
        &(struct importing_options){.world = w->world,
                                    .store = role->import_store,
                                    .part_rows = (size_t)w->gateway->settings->import.part_rows});
    role->plan_store =
        store_new(w->world->loop, &(struct store_options){.conninfo = w->gateway->conninfo,
                                                          .read_timeout_ms = BULK_TIMEOUT_MS,
                                                          .write_timeout_ms = BULK_TIMEOUT_MS});
    role->planning =
        planning_new(&(struct planning_options){.world = w->world, .store = role->plan_store});
    role->campaigns = campaigns_new(&(struct campaigns_options){
        .world = w->world, .store = role->import_store, .dispatch = role->dispatch});
    return 0;
}

static void work_drain(void *state)
{
    struct work_role *role = state;
    http_listener_drain(role->operators);
    if (role->bounces != NULL)
        bounces_stop(role->bounces);
    parked_stop(role->parked);
    asking_stop(role->asking);
    channel_watch_stop(role->channel_watch);
    dispatch_stop(role->dispatch);
    if (role->world->push_apps != NULL)
        push_apps_stop(role->world->push_apps);
    anchor_stop(role->anchor);
    stale_devices_stop(role->stale_devices);
    text_watch_stop(role->text_watch);
    first_scenario_stop(role->first_scenario);
    segments_stop(role->segments);
    importing_stop(role->importing);
    planning_stop(role->planning);
    campaigns_stop(role->campaigns);
}

static const char *work_in_hand(void *state)
{
    struct work_role *role = state;
    const struct {
        const char *what;
        bool is_idle;
    } all[] = {
        {"operators", http_listener_is_drained(role->operators)},
        {"sending", dispatch_is_idle(role->dispatch)},
        {"parked", parked_is_idle(role->parked)},
        {"asking", asking_is_idle(role->asking)},
        {"anchor", anchor_is_idle(role->anchor)},
        {"stale_devices", stale_devices_is_idle(role->stale_devices)},
        {"texts", text_watch_is_idle(role->text_watch)},
        {"first_scenario", first_scenario_is_idle(role->first_scenario)},
        {"planning", planning_is_idle(role->planning)},
        {"segments", segments_is_idle(role->segments)},
        {"campaigns", campaigns_is_idle(role->campaigns)},
        {"bounces", role->bounces == NULL || bounces_is_idle(role->bounces)},
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); ++i)
        if (!all[i].is_idle)
            return all[i].what;
    return NULL;
}

static void work_stop(void *state)
{
    struct work_role *role = state;
    http_listener_free(role->operators);
    if (role->bounces != NULL)
        bounces_free(role->bounces);
    parked_free(role->parked);
    asking_free(role->asking);
    if (role->world->push_apps != NULL)
        push_apps_free(
            role->world->push_apps); /* what is left ends now, and dispatch hears of it */
    role->world->push_apps = NULL;
    if (role->world->email != NULL)
        email_free(role->world->email); /* likewise */
    role->world->email = NULL;
    channel_watch_free(role->channel_watch);
    http_gateway_free(role->world->sms); /* likewise */
    http_gateway_free(role->world->voice);
    role->world->sms = role->world->voice = NULL;
    dispatch_free(role->dispatch);
    anchor_free(role->anchor);
    stale_devices_free(role->stale_devices);
    text_watch_free(role->text_watch);
    first_scenario_free(role->first_scenario);
    segments_free(role->segments);
    importing_stop(role->importing);
    importing_free(role->importing);
    campaigns_free(role->campaigns);
    store_free(role->import_store);
    role->world->gates = NULL;
    gates_release(&role->gates);
    planning_free(role->planning);
    store_free(role->plan_store);
    free(role);
}

static void work_on_notified(void *state, const char *channel)
{
    struct work_role *role = state;
    if (strcmp(channel, PARKED_CHANNEL) == 0)
        parked_wake(role->parked);
    else if (strcmp(channel, DISPATCH_CHANNEL) == 0) {
        dispatch_wake(role->dispatch);
        segments_wake(role->segments); /* whoever books a payment wakes the thank-you */
    } else if (strcmp(channel, TEMPLATE_CHANNEL) == 0)
        text_watch_wake(role->text_watch);
    else if (strcmp(channel, IMPORT_CHANNEL) == 0)
        importing_wake(role->importing);
    else if (strcmp(channel, PLAN_CHANNEL) == 0)
        planning_wake(role->planning);
    else if (strcmp(channel, CAMPAIGN_CHANNEL) == 0)
        campaigns_wake(role->campaigns);
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
