/* The parent of all processes of a gateway: starts them, starts them again when they die (at once
 * the first time, then a moment later, and ever later while they die before they are ready),
 * replaces one that hangs, passes on SIGHUP, and ends them on SIGTERM or SIGINT. It holds no
 * connection and no thread, so that it has nothing to die of; when it is killed all the same, the
 * kernel ends its children. */
#ifndef DUNLIN_APP_SUPERVISOR_H
#define DUNLIN_APP_SUPERVISOR_H

#include "app/board.h"
#include "base/err.h"

struct supervisor_child {
    const char *name; /* "http0"; kept */
    /* Runs in the child; what it returns is the exit status. */
    int (*run)(void *owner, int slot);
    void *owner;
    /* Or, for a process that somebody else starts (the private database): the pid it has now, and
     * how to start it again; returns its new pid, or 0 when that failed. Its stopping is the
     * caller's, after supervisor_run. */
    pid_t foreign_pid;
    pid_t (*restart)(void *owner);
};

enum { SUPERVISOR_CHILDREN_MAX = 48 };

struct supervisor_options {
    const struct supervisor_child *children;
    int count;
    struct board *board; /* a slot for each child, in order, the foreign ones last and uncounted */
    int stop_ms;         /* how long children may take to finish before they are killed */
    void (*on_ready)(void *owner);    /* once, when all are ready for the first time; may be null */
    void (*on_stopping)(void *owner); /* before children are told; may be null */
    void *owner;
};

/* Blocks SIGTERM, SIGINT, SIGHUP and SIGCHLD: before anything is started. Children find them
 * blocked. */
void supervisor_block_signals(void);

/* Returns 0 when it was told to stop and all children are gone. ERR_SYSTEM when no child could be
 * started. */
MUST_CHECK int supervisor_run(const struct supervisor_options *, struct err *);

#endif
