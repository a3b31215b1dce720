/* One child of the supervisor: its world, its loop, its signals. What it does is its role. */
#ifndef DUNLIN_APP_WORKER_H
#define DUNLIN_APP_WORKER_H

#include "app/gateway.h"
#include "base/err.h"

struct worker;

struct worker_role {
    /* Starts what the role does on world->loop; *state is the role's own. */
    int (*start)(const struct worker *, void **state, struct err *);
    void (*reload)(const struct worker *, void *state); /* SIGHUP; may be null */
    /* Takes on nothing new. */
    void (*drain)(void *state);
    /* What is still in hand, a word for the log; null: nothing. Asked until then or time is up. */
    const char *(*in_hand)(void *state);
    void (*stop)(void *state);
    /* NOTIFY on these channels is told to the role; null: none. */
    const char *const *listen; /* ended by null */
    void (*on_notified)(void *state, const char *channel);
};

struct worker {
    const struct gateway *gateway;
    const struct worker_role *role;
    const char *name; /* "http0" */
    int slot;
    struct world *world;
};

/* Ten seconds for all: a moment to tear down, and two for the private database behind the workers.
 */
enum { WORKER_DRAIN_MS = 6000 };

/* Runs until SIGTERM, then drains for at most WORKER_DRAIN_MS. Returns the exit status. */
int worker_run(const struct gateway *, const struct worker_role *, const char *name, int slot);

/* Pages, callbacks and the API: the public and the private listener. */
extern const struct worker_role http_role;
/* Jobs, and the operators' listener. */
extern const struct worker_role work_role;

#endif
