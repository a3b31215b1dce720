/* The cluster of the private database in its place: making it, starting its postmaster, and dealing
 * with what a predecessor that was killed has left. The caller holds the lock. */
#ifndef DUNLIN_APP_DB_CLUSTER_H
#define DUNLIN_APP_DB_CLUSTER_H

#include "app/db_place.h"
#include "base/err.h"

#include <sys/types.h>

/* Stops a postmaster that still runs. `conninfo` asks whether it answers, where /proc cannot say
 * whose process a number is. */
void db_cluster_stop_left_over(const struct db_place *, const char *conninfo);
/* initdb under another name, renamed when it is whole. */
MUST_CHECK int db_cluster_make(const struct db_place *, struct err *);
/* Starts the postmaster as our child; it answers some time later. Only we and root are let in, by
 * who we are. */
MUST_CHECK int db_cluster_start(const struct db_place *, pid_t *pid, struct err *);

#endif
