/* A PostgreSQL cluster of the test's own in a temporary folder: socket only, as an unprivileged
 * user even when the test runs as root, gone when the test is. Fails the process when it cannot. */
#ifndef DUNLIN_TESTS_PG_CLUSTER_H
#define DUNLIN_TESTS_PG_CLUSTER_H

#include "support/folder.h"

#include <sys/types.h>

struct pg_cluster {
    char dir[TEST_FOLDER_ROOM];
    char conninfo[128];     /* superuser "owner", database "postgres" */
    char app_conninfo[128]; /* the same as "dunlin_app", whom the migrations make */
    pid_t pid;
};

void pg_cluster_new(struct pg_cluster *);  /* initdb and start */
void pg_cluster_free(struct pg_cluster *); /* stop and remove */
void pg_cluster_start(struct pg_cluster *);
void pg_cluster_kill(struct pg_cluster *);         /* kill -9 of all its processes, waited for */
void pg_cluster_freeze(const struct pg_cluster *); /* SIGSTOP to all its processes */
void pg_cluster_thaw(const struct pg_cluster *);
/* Runs SQL as the superuser, on a connection of its own; the test fails when it fails. */
void pg_cluster_sql(const struct pg_cluster *, const char *sql);
/* The first column of the first row, malloc'ed. */
char *pg_cluster_value(const struct pg_cluster *, const char *sql);

#endif
