/* The creditor's app, as the demo plays it: signs its user in with the bank's key and calls the
 * gateway's /app/v1/ over HTTPS, as an app on a telephone does. */
#ifndef DUNLIN_APP_DEMO_APP_H
#define DUNLIN_APP_DEMO_APP_H

#include "base/err.h"
#include "base/span.h"

struct world;

struct demo_app { /* borrowed; lives as long as the process */
    struct world *world;
    struct span key_pem;
    struct span ca_file; /* of the gateway's certificate */
};

/* Exactly once, later; `is_done`: the gateway said yes. */
typedef void (*demo_app_cb)(void *owner, bool is_done);

struct demo_app_device {
    struct span customer, installation, app, service, token;
};
/* PUT /app/v1/devices/INSTALLATION. Copies. */
void demo_app_register(const struct demo_app *, const struct demo_app_device *, demo_app_cb,
                       void *owner);
/* POST /app/v1/opened: the user has tapped the push of this id. Copies. */
void demo_app_open(const struct demo_app *, struct span customer, struct span push_id, demo_app_cb,
                   void *owner);

#endif
