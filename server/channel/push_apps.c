#include "channel/push_apps.h"

#include "base/clock.h"
#include "base/log.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct push_apps {
    struct push_app apps[PUSH_APPS_MAX]; /* do not move: alarms point to them */
    struct push_counts counts[PUSH_APPS_MAX];
    size_t count;
    void (*on_room)(void *owner);
    void *owner;
};

/* The library says the same at most once a minute. A service's own words may hold quotes. */
static void on_alarm(void *owner, enum push_alarm alarm, const char *words)
{
    const struct push_app *app = owner;
    char text[240];
    snprintf(text, sizeof(text), "%s", words);
    for (char *at = text; (at = strchr(at, '"')) != NULL;)
        *at = '\'';
    push_counts_alarm(app->counts, alarm, clock_wall().us / 1000000);
    log_line(LOG_ERROR, "push alarm raised",
             "alarm=%s app=%s service=%s environment=%s text=\"%s\"", push_alarm_name(alarm),
             app->app, app->service, app->environment, text);
}

static void on_room(void *owner)
{
    const struct push_apps *apps = ((struct push_app *)owner)->apps;
    if (apps->on_room != NULL)
        apps->on_room(apps->owner);
}

/* A copy of each text, so that the settings may go. */
static const char *copy_of(const char *text)
{
    char *copy = strdup(text);
    if (copy == NULL)
        abort();
    return copy;
}

static void release(const struct push_app *app)
{
    free((char *)app->app);
    free((char *)app->service);
    free((char *)app->environment);
    free((char *)app->topic);
    free((char *)app->channel_id);
}

static int add(struct push_apps *apps, const struct push_app_order *order, struct err *err)
{
    struct push_app *app = &apps->apps[apps->count];
    struct push_settings settings = order->settings;
    if (settings.on_alarm == NULL && settings.owner == NULL) {
        settings.owner = app;
        settings.on_alarm = on_alarm;
        settings.on_room = on_room;
    }
    struct push_service *pool = push_service_new(&settings, err);
    if (pool == NULL) {
        err_wrap(err, "%s at %s (%s)", order->app.app, order->app.service, order->app.environment);
        return err->code;
    }
    *app = (struct push_app){.app = copy_of(order->app.app),
                             .service = copy_of(order->app.service),
                             .environment = copy_of(order->app.environment),
                             .topic = copy_of(order->app.topic),
                             .channel_id = copy_of(order->app.channel_id),
                             .text = order->app.text,
                             .pool = pool,
                             .counts = &apps->counts[apps->count],
                             .apps = apps};
    ++apps->count;
    return 0;
}

struct push_apps *push_apps_new(const struct push_app_order *orders, size_t count, struct err *err)
{
    assert(count <= PUSH_APPS_MAX);
    struct push_apps *apps = calloc(1, sizeof(*apps));
    if (apps == NULL)
        abort();
    for (size_t i = 0; i < count; ++i) {
        if (add(apps, &orders[i], err) != 0) {
            push_apps_free(apps);
            return NULL;
        }
    }
    return apps;
}

void push_apps_listen(struct push_apps *apps, void (*on_free_room)(void *owner), void *owner)
{
    apps->on_room = on_free_room;
    apps->owner = owner;
}

void push_apps_warm(struct push_apps *apps)
{
    for (size_t i = 0; i < apps->count; ++i)
        push_service_warm(apps->apps[i].pool);
}

void push_apps_stop(struct push_apps *apps)
{
    for (size_t i = 0; i < apps->count; ++i)
        push_service_stop(apps->apps[i].pool);
}

void push_apps_free(struct push_apps *apps)
{
    for (size_t i = 0; i < apps->count; ++i) {
        push_service_free(apps->apps[i].pool);
        release(&apps->apps[i]);
    }
    free(apps);
}

size_t push_apps_count(const struct push_apps *apps)
{
    return apps->count;
}

const struct push_app *push_apps_at(const struct push_apps *apps, size_t index)
{
    assert(index < apps->count);
    return &apps->apps[index];
}

const struct push_app *push_apps_find(const struct push_apps *apps, struct span app,
                                      struct span service, struct span environment)
{
    for (size_t i = 0; i < apps->count; ++i)
        if (span_is_str(app, apps->apps[i].app) && span_is_str(service, apps->apps[i].service) &&
            span_is_str(environment, apps->apps[i].environment))
            return &apps->apps[i];
    return NULL;
}
