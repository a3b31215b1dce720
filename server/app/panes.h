/* The demo's panes: overview, phone, inbox, bank, clock and trouble switches, as plain HTTP on
 * 127.0.0.1. Runs in a process of its own beside the gateway's; talks to the gateway's database for
 * what it shows and over HTTPS, like any provider, for what the bank tells. */
#ifndef DUNLIN_APP_PANES_H
#define DUNLIN_APP_PANES_H

#include "base/err.h"
#include "base/span.h"

struct bank;
struct demo_month;
struct demo_phones;
struct demo_push;
struct pane_server;
struct provider_account;
struct world;

struct panes_options {
    struct world *world;
    int listen_fd;                          /* bound and listening; taken over */
    struct span url;                        /* "http://127.0.0.1:8446" */
    struct span private_url;                /* of the API: shown */
    const struct provider_account *account; /* the sandbox provider, as the gateway knows it */
    int apns_fd, fcm_fd;                    /* of the push services: as listen_fd */
    const struct demo_push *push;
};

struct panes { /* for the handlers */
    struct panes_options options;
    struct world *world;
    struct bank *bank;
    struct demo_phones *phones;
    struct demo_month *month;
    struct pane_server *server;
};

/* Everything `options` points to lives as long as the process. Null and the error. */
struct panes *panes_new(const struct panes_options *, struct err *);
/* No new connections and no new callbacks; what the bank owes stays in its books. */
void panes_stop(struct panes *);

#endif
