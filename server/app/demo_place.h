/* Where one demo lives: its folder with certificates, secrets and settings, and its ports. Made at
 * the first start, found again at the next. */
#ifndef DUNLIN_APP_DEMO_PLACE_H
#define DUNLIN_APP_DEMO_PLACE_H

#include "app/demo_certs.h"
#include "app/demo_push.h"
#include "app/settings.h"
#include "store/api_key_store.h"

#include <limits.h>

enum { DEMO_SECRET_MAX = 96, DEMO_DIR_MAX = 400 };

struct demo_place {
    int port; /* of the public listener; the panes have the third after it, APNs and FCM the
                 next two */
    bool keeps_manners; /* said before it is taken: hours and budgets are as by default */
    const char *providers_file; /* the same: more providers, before the demo's own; null: none */
    char dir[PATH_MAX];
    struct demo_certs certs;
    struct demo_push push;
    char callback_secret[DEMO_SECRET_MAX], bank_key[DEMO_SECRET_MAX], api_key[API_KEY_TEXT_MAX];
    char panes_url[64];
    struct settings settings;
    bool has_log_file; /* the log is not on standard error */
};

/* `dir` null: ~/.local/share/dunlin-demo. Reads no settings from the environment. What it filled is
 * released by settings_release(&place->settings), on failure too. */
MUST_CHECK int demo_place_take(struct demo_place *, const char *dir, int port, struct err *);

#endif
