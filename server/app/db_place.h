/* Where the private database lives and as whom it runs: PostgreSQL's programs, the user, the
 * folders. Finding the place makes the folders; it starts nothing.
 *
 *   HOME/cluster   PostgreSQL's data folder, its user's alone
 *   HOME/socket    the Unix socket; elsewhere (/run, /tmp) when the path would be too long for one
 *   HOME/lock, HOME/pg_hba.conf, HOME/pg_ident.conf, HOME/postgres.log
 *
 * HOME is DATA_DIR/database. For root it is /var/lib/dunlin/<random> when the unprivileged user
 * cannot get to DATA_DIR; DATA_DIR/database.place then says so. */
#ifndef DUNLIN_APP_DB_PLACE_H
#define DUNLIN_APP_DB_PLACE_H

#include "base/err.h"

#include <sys/types.h>

enum {
    DB_PATH_MAX = 1024,
    DB_SOCKET_PATH_MAX = 106, /* of the socket itself: sockaddr_un has room for 107 and a NUL */
};

struct db_place {
    char programs[DB_PATH_MAX]; /* /usr/lib/postgresql/15/bin */
    char user[64];
    uid_t uid;
    gid_t gid;
    bool is_other_user; /* uid is not ours: children change to it */
    char data_dir[DB_PATH_MAX], home[DB_PATH_MAX], cluster[DB_PATH_MAX + 16],
        sockets[DB_PATH_MAX + 16];
};

MUST_CHECK int db_place_find(struct db_place *, const char *data_dir, struct err *);

/* The newest folder of PostgreSQL programs of 14 or newer, or of exactly `version` when not 0. */
MUST_CHECK int db_place_find_programs(char out[DB_PATH_MAX], int version, struct err *);

/* Whether there is a cluster already. */
bool db_place_has_cluster(const struct db_place *);

/* In a child: becomes the place's user for good. False when that fails. */
bool db_place_become_user(const struct db_place *);

#endif
