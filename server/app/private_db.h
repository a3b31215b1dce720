/* The private database: a PostgreSQL cluster of our own under the data folder, for installations
 * that name no database. It listens on a Unix socket only, in a folder that only this user and root
 * can enter, and lets in only those two by their operating system identity (peer): there is no
 * password. Started by root it runs as an unprivileged user (`postgres`, else `nobody`), in a place
 * that user can reach: DATA_DIR/database, or /var/lib/dunlin/<id> when a folder above DATA_DIR is
 * closed to it; the log says where.
 *
 * It lives no longer than the process that started it: private_db_stop ends it cleanly; when we are
 * killed the kernel sends it the same signal; and what is left over from before (a postmaster, its
 * pid file, sockets) is recognised by the next start, stopped and removed. Starting it twice at
 * once is prevented by a lock that dies with its holder.
 *
 * All calls block; they belong before the fork and in commands, never on a loop. */
#ifndef DUNLIN_APP_PRIVATE_DB_H
#define DUNLIN_APP_PRIVATE_DB_H

#include "base/err.h"

#include <sys/types.h>

struct private_db;

/* Makes the cluster on first use, starts it, waits until it answers, makes database `dunlin` and
 * the roles `dunlin_owner` and `dunlin_app`. Makes `data_dir` too. Waits twenty seconds for another
 * dunlin process that is using it (ERR_BUSY then). Signals SIGINT and SIGTERM that arrive meanwhile
 * are noticed by their handlers only. */
MUST_CHECK int private_db_start(struct private_db **db, const char *data_dir, struct err *err);

/* For commands beside a running server: uses the running cluster when there is one, else starts it
 * until private_db_stop. */
MUST_CHECK int private_db_attach(struct private_db **db, const char *data_dir, struct err *err);

/* libpq connection strings, alive as long as `db`. */
const char *private_db_app_conninfo(const struct private_db *);
const char *private_db_owner_conninfo(const struct private_db *);

/* The postmaster, our child: when the supervisor's wait returns this pid it says so by
 * private_db_exited, and starts it again by private_db_respawn when its back-off allows. Respawning
 * does not wait: connections are refused until recovery is done. 0 when not running or not ours. */
pid_t private_db_pid(const struct private_db *);
void private_db_exited(struct private_db *);
MUST_CHECK int private_db_respawn(struct private_db *, struct err *err);

/* Stops what this process started (fast: sessions are ended, everything is written), frees `db`.
 * `db` may be null. */
void private_db_stop(struct private_db *db);

/* In a child of the process that started it: frees `db` and stops nothing. */
void private_db_forget(struct private_db *db);

#endif
