#include "app/push_build.h"

#include <string.h>

static enum push_text text_of(const char *word)
{
    return strcmp(word, "full") == 0   ? PUSH_TEXT_FULL
           : strcmp(word, "keys") == 0 ? PUSH_TEXT_KEYS
                                       : PUSH_TEXT_NEUTRAL;
}

static const char *or_null(const char *text)
{
    return text[0] == '\0' ? NULL : text;
}

static struct push_apns apns_of(const struct settings_push_app *app, const char *environment)
{
    return (struct push_apns){.is_sandbox = strcmp(environment, "sandbox") == 0,
                              .key_pem = span_str(app->key_pem),
                              .key_id = span_str(app->key_id),
                              .team_id = span_str(app->team_id),
                              .cert_pem = span_str(app->certificate_pem),
                              .cert_key_pem = span_str(app->certificate_key_pem)};
}

struct push_app_order push_build_order(const struct push_build *build,
                                       const struct settings_push_app *app, int at)
{
    const char *environment = app->environments.items[at];
    bool is_fcm = strcmp(app->service, "fcm") == 0;
    struct push_app_order order = {
        .app = {.app = app->app,
                .service = app->service,
                .environment = environment,
                .topic = app->topic,
                .channel_id = app->channel_id,
                .text = text_of(app->text)},
        .settings = {.kind = is_fcm ? PUSH_FCM : PUSH_APNS,
                     .loop = build->loop,
                     .host = or_null(app->host),
                     .port = (uint16_t)app->port,
                     .connect = or_null(app->connect),
                     .ca_file = or_null(app->ca_file)},
    };
    if (is_fcm)
        order.settings.fcm =
            (struct push_fcm){.account_json = span_str(app->account_json), .fetch = build->fetch};
    else
        order.settings.apns = apns_of(app, environment);
    push_tuning_default(&order.settings.tuning, order.settings.kind);
    return order;
}

int push_build_apps(const struct push_build *build, struct push_apps **apps, struct err *e)
{
    const struct settings *s = build->settings;
    struct push_app_order orders[PUSH_APPS_MAX];
    size_t count = 0;
    for (int i = 0; i < s->push.app_count; ++i)
        for (int at = 0; at < s->push.apps[i].environments.count; ++at)
            orders[count++] = push_build_order(build, &s->push.apps[i], at);
    *apps = count == 0 ? NULL : push_apps_new(orders, count, e);
    return count == 0 || *apps != NULL ? 0 : e->code;
}
