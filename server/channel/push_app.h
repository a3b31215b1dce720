/* An app that this installation pushes to, as those see it who send through it. Made by
 * push_apps.h. */
#ifndef DUNLIN_CHANNEL_PUSH_APP_H
#define DUNLIN_CHANNEL_PUSH_APP_H

#include "base/span.h"

#include <stddef.h>

struct push_apps; /* opaque; belongs to the thread of its loop */
struct push_service;
struct push_counts;

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
    struct push_apps *apps;     /* it is one of these */
};

enum { PUSH_APPS_MAX = 32 };

size_t push_apps_count(const struct push_apps *);
const struct push_app *push_apps_at(const struct push_apps *, size_t index);
/* Null when the settings name no such app. */
const struct push_app *push_apps_find(const struct push_apps *, struct span app,
                                      struct span service, struct span environment);

/* `on_room` is told when one of them has room again: see push_service_room. May be null. */
void push_apps_listen(struct push_apps *, void (*on_room)(void *owner), void *owner);

#endif
