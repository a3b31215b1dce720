#include "app/work_channels.h"

#include "app/push_build.h"
#include "app/settings_mail.h"
#include "channel/push_apps.h"
#include "flow/world.h"

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
static void start_mail(struct work_channels *channels, struct world *world,
                       const struct settings *settings)
{
    if (settings->mail.url[0] == '\0')
        return;
    channels->email_settings = settings_email(settings);
    channels->email_settings.metrics = world->metrics;
    world->email = email_new(world->loop, &channels->email_settings);
    gates_add(&channels->gates, "email",
              &(struct gate_limits){.per_second = (uint32_t)settings->mail.per_second,
                                    .in_flight_max = (uint32_t)settings->mail.in_flight,
                                    .failures_to_rest = 10,
                                    .rest_ms = 10000});
}

static struct http_gateway *start_gateway(struct world *world, const struct settings *s,
                                          enum message_gateway_kind kind,
                                          struct message_gateway_room *room)
{
    struct http_gateway_settings settings;
    if (!message_gateway_describe(s, kind, room, &settings))
        return NULL;
    struct http_gateway *gateway = http_gateway_new(world->loop, world->fetch, &settings);
    http_gateway_warm(gateway);
    return gateway;
}

static void start_gateways(struct work_channels *channels, struct world *world,
                           const struct settings *s)
{
    world->sms = start_gateway(world, s, MESSAGE_GATEWAY_SMS, &channels->sms_room);
    world->voice = start_gateway(world, s, MESSAGE_GATEWAY_VOICE, &channels->voice_room);
    message_gateway_add_gates(s, &channels->gates);
}

int work_channels_start(struct work_channels *channels, const struct worker *w, struct err *e)
{
    if (start_push(w, e) != 0)
        return e->code;
    start_mail(channels, w->world, w->gateway->settings);
    start_gateways(channels, w->world, w->gateway->settings);
    w->world->gates = &channels->gates;
    return 0;
}

void work_channels_stop(struct world *world)
{
    if (world->push_apps != NULL)
        push_apps_stop(world->push_apps);
}

void work_channels_free(struct world *world)
{
    if (world->push_apps != NULL)
        push_apps_free(world->push_apps);
    world->push_apps = NULL;
    if (world->email != NULL)
        email_free(world->email);
    world->email = NULL;
    http_gateway_free(world->sms);
    http_gateway_free(world->voice);
    world->sms = world->voice = NULL;
}

void work_channels_release(struct work_channels *channels, struct world *world)
{
    world->gates = NULL;
    gates_release(&channels->gates);
}
