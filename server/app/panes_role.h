/* The process of the demo's panes. */
#ifndef DUNLIN_APP_PANES_ROLE_H
#define DUNLIN_APP_PANES_ROLE_H

#include "app/worker.h"

struct demo_push;

struct panes_place {
    int listen_fd;                /* bound and listening */
    int apns_fd, fcm_fd;          /* the same, of the push services */
    const struct demo_push *push; /* what those are to know */
    const char *url;              /* "http://127.0.0.1:8446" */
    bool *wants_life; /* let some of the debts be under way; set to false once it was done */
};

/* Before the fork; kept by pointer. */
void panes_role_place(const struct panes_place *);
extern const struct worker_role panes_role;

#endif
