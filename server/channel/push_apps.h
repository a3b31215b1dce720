/* The apps this installation pushes to: one service of push/ for each app, service and environment
 * that the settings name. Made where reminders are sent (the work process) and by `dunlin push`. */
#ifndef DUNLIN_CHANNEL_PUSH_APPS_H
#define DUNLIN_CHANNEL_PUSH_APPS_H

#include "base/err.h"
#include "base/span.h"
#include "channel/push_app.h"
#include "channel/push_counts.h"
#include "push/push.h"

/* One to make: `pool`, `counts` and `apps` of `app` are ignored, `settings` makes the pool. Its
 * alarms, where `settings` has no on_alarm of its own, become lines of the log and are counted. */
struct push_app_order {
    struct push_app app;
    struct push_settings settings;
};

/* Copies everything. Null with ERR_SETTINGS and a sentence that names the app. */
struct push_apps *push_apps_new(const struct push_app_order *, size_t count, struct err *);
/* Opens the first connections of all. */
void push_apps_warm(struct push_apps *);
/* See push_service_stop, push_service_free. */
void push_apps_stop(struct push_apps *);
void push_apps_free(struct push_apps *);

#endif
