/* The push apps of the settings: one for each app and environment, for the process that sends
 * (work), for `dunlin check` and for `dunlin push`. */
#ifndef DUNLIN_APP_PUSH_BUILD_H
#define DUNLIN_APP_PUSH_BUILD_H

#include "app/settings.h"
#include "channel/push_apps.h"

struct push_build {
    const struct settings *settings;
    h2o_loop_t *loop;
    struct fetch *fetch; /* FCM's token exchange; null: each makes its own when it needs it */
};

/* Null in *apps when the settings name none. ERR_SETTINGS names the app that cannot be made. */
MUST_CHECK int push_build_apps(const struct push_build *, struct push_apps **apps, struct err *);

/* All that `app` and its environment at `at` say of a service; for who makes one by himself. Texts
 * are borrowed from the settings. */
struct push_app_order push_build_order(const struct push_build *, const struct settings_push_app *,
                                       int at);

#endif
