/* The apps this installation pushes to: one service of push/ for each app, service and environment
 * that the settings name. Made where reminders are sent (the work process) and by `dunlin push`. */
#ifndef DUNLIN_CHANNEL_PUSH_APPS_H
#define DUNLIN_CHANNEL_PUSH_APPS_H

#include "base/err.h"
#include "base/span.h"
#include "channel/push_counts.h"
#include "push/push.h"

struct push_apps; /* opaque; belongs to the thread of its loop */

/* What the lock screen shows. */
enum push_text {
    PUSH_TEXT_NEUTRAL = 1, /* who writes, and to open the app: nothing of the debt */
    PUSH_TEXT_FULL,        /* the reminder's own words */
    PUSH_TEXT_KEYS,        /* keys that the app localises, without amounts */
};

struct push_app {
    const char *app;         /* bundle id or package name */
    const char *service;     /* "apns", "fcm" */
    const char *environment; /* "production", "sandbox"; FCM: "production" */
    const char *topic;       /* apns-topic; FCM: "" */
    const char *channel_id;  /* Android's notification channel; APNs: "" */
    enum push_text text;
    struct push_service *pool;  /* borrowed */
    struct push_counts *counts; /* borrowed; see push_counts.h: add to it in on_done */
};

/* One to make: `pool` and `counts` of `app` are ignored, `settings` makes the pool. Its alarms,
 * where `settings` has no on_alarm of its own, become lines of the log and are counted. */
struct push_app_order {
    struct push_app app;
    struct push_settings settings;
};

enum { PUSH_APPS_MAX = 32 };

/* Copies everything. Null with ERR_SETTINGS and a sentence that names the app. */
struct push_apps *push_apps_new(const struct push_app_order *, size_t count, struct err *);
/* Opens the first connections of all. */
void push_apps_warm(struct push_apps *);
/* See push_service_stop, push_service_free. */
void push_apps_stop(struct push_apps *);
void push_apps_free(struct push_apps *);

size_t push_apps_count(const struct push_apps *);
const struct push_app *push_apps_at(const struct push_apps *, size_t index);
/* Null when the settings name no such app. */
const struct push_app *push_apps_find(const struct push_apps *, struct span app,
                                      struct span service, struct span environment);

#endif
