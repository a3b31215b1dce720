/* Running PostgreSQL's programs: as another user when we are root, in a clean environment, and tied
 * to our own life; and ending them. */
#ifndef DUNLIN_APP_DB_PROCESS_H
#define DUNLIN_APP_DB_PROCESS_H

#include "app/db_place.h"
#include "base/err.h"

#include <sys/types.h>

/* argv[0] is the program's path. What it says goes to HOME/postgres.log. When we die it gets
 * `death_signal` from the kernel. */
MUST_CHECK int db_process_start(const struct db_place *, int death_signal, char *const *argv,
                                pid_t *pid, struct err *);
/* True when the process has ended within the time; reaps it when it is our child. An ended one
 * counts although nobody has reaped it yet. */
bool db_process_wait(pid_t pid, int seconds);
/* Ends a postmaster: fast, immediate, and at last by force; blocks until it is gone. */
void db_process_end(pid_t pid);

#endif
