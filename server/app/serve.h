/* The whole gateway: private database, migrations, listening sockets, then the supervisor and its
 * processes. `dunlin serve` runs it by a settings file; the demo runs it with more around. */
#ifndef DUNLIN_APP_SERVE_H
#define DUNLIN_APP_SERVE_H

#include "app/gateway.h"
#include "app/worker.h"
#include "base/err.h"

struct serve_options {
    const struct settings *settings;
    bool is_demo;
    struct instant (*now)(void);           /* business time; null: the wall clock */
    const struct channel *const *channels; /* ended by null; null: none */
    /* One more process beside the others; null: none. */
    const char *extra_name;
    const struct worker_role *extra_role;
    /* After the migrations, before the first fork: what must be in the database. May be null. */
    int (*prepare)(void *owner, const char *app_conninfo, struct err *);
    /* In the supervisor, once, when all processes answer. May be null. */
    void (*on_ready)(void *owner);
    void *owner;
};

/* Blocks until SIGTERM or SIGINT; 0 then. Otherwise an ERR_* and why nothing was started. */
MUST_CHECK int serve_run(const struct serve_options *, struct err *);

/* `dunlin serve [--settings FILE]` */
int serve_command(int argc, char **argv);

#endif
