/* The life of the private cluster. A start goes:
 *   find the place; take the lock (it dies with us, and our children do not inherit it);
 *   stop what a killed predecessor left running; make the cluster if there is none;
 *   start the postmaster as our child; wait until it answers; make the roles and the database. */
#include "app/private_db.h"

#include "app/db_cluster.h"
#include "app/db_process.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/span.h"

#include <errno.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    POLL_MS = 20,
    LOCK_WAIT_S = 20,   /* a predecessor that is told to stop takes ten, and its database a few */
    ATTACH_WAIT_S = 60, /* a server that is just starting */
    READY_WAIT_S = 300, /* recovery after a crash in the middle of a large import */
    START_TRIES = 5,
};

struct private_db {
    struct db_place place;
    char app[2 * DB_PATH_MAX], owner[2 * DB_PATH_MAX];
    pid_t pid;     /* our child, 0 when none */
    pid_t starter; /* children of the starter may not stop it */
    int lock;      /* -1: somebody else runs the cluster */
};

static void nap(void)
{
    poll(NULL, 0, POLL_MS);
}

static bool is_past(struct mono since, int seconds)
{
    return mono_us_since(since, clock_mono()) > (int64_t)seconds * 1000000;
}

static int take_lock(const struct db_place *p, int *lock, pid_t *holder, struct err *err)
{
    char path[DB_PATH_MAX + 32];
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    snprintf(path, sizeof(path), "%s/lock", p->home);
    *holder = 0;
    if (*lock < 0)
        *lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*lock < 0)
        return err_system(err, path);
    /* A record lock: children do not inherit it, so it is free the moment we die. */
    if (fcntl(*lock, F_SETLK, &whole) == 0)
        return 0;
    if (errno != EAGAIN && errno != EACCES)
        return err_system(err, path);
    if (fcntl(*lock, F_GETLK, &whole) == 0 && whole.l_type != F_UNLCK)
        *holder = whole.l_pid;
    return err_set(
        err, ERR_BUSY,
        "another dunlin process (%d) runs the private database in %.100s: stop that one, "
        "or give this one a data_dir of its own",
        (int)*holder, p->home);
}

static int wait_for_lock(struct private_db *db, struct err *err)
{
    struct mono since = clock_mono();
    bool is_said = false;
    pid_t holder;
    while (take_lock(&db->place, &db->lock, &holder, err) != 0) {
        if (err->code != ERR_BUSY || is_past(since, LOCK_WAIT_S))
            return err->code;
        if (!is_said)
            log_line(LOG_WARN, "private database in use, waiting", "pid=%d", (int)holder);
        is_said = true;
        nap();
    }
    return 0;
}

/* Our connection to the cluster's own database; null while it does not take any. */
static PGconn *connect_as_owner(const struct private_db *db)
{
    char conninfo[2 * DB_PATH_MAX + 64];
    snprintf(conninfo, sizeof(conninfo), "%s dbname=postgres connect_timeout=5", db->owner);
    PGconn *connection = PQconnectdb(conninfo);
    if (PQstatus(connection) == CONNECTION_OK)
        return connection;
    PQfinish(connection);
    return NULL;
}

/* ERR_CLOSED when the postmaster ended instead. */
static int wait_until_ready(struct private_db *db, PGconn **connection, struct err *err)
{
    struct mono since = clock_mono();
    while ((*connection = connect_as_owner(db)) == NULL) {
        if (waitpid(db->pid, NULL, WNOHANG) == db->pid) {
            db->pid = 0;
            return err_set(err, ERR_CLOSED, "PostgreSQL does not start: %s/postgres.log says why",
                           db->place.home);
        }
        if (is_past(since, READY_WAIT_S))
            return err_set(err, ERR_DATABASE,
                           "PostgreSQL does not answer within %d s: see "
                           "%s/postgres.log",
                           READY_WAIT_S, db->place.home);
        nap();
    }
    return 0;
}

/* Sessions of a killed postmaster need a moment to notice its death: then another try succeeds. */
static int start_and_wait(struct private_db *db, PGconn **connection, struct err *err)
{
    for (int attempt = 1;; ++attempt) {
        if (db_cluster_start(&db->place, &db->pid, err) != 0)
            return err->code;
        int result = wait_until_ready(db, connection, err);
        if (result != ERR_CLOSED || attempt == START_TRIES)
            return result;
        poll(NULL, 0, 200 * attempt);
    }
}

static int run_unless(PGconn *connection, const char *question, const char *statement,
                      struct err *err)
{
    PGresult *result = PQexec(connection, question);
    bool is_there = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1;
    PQclear(result);
    if (is_there)
        return 0;
    result = PQexec(connection, statement);
    bool is_done = PQresultStatus(result) == PGRES_COMMAND_OK;
    if (!is_done)
        err_set(err, ERR_DATABASE, "%s: %s", statement, PQresultErrorMessage(result));
    PQclear(result);
    return is_done ? 0 : err->code;
}

static int make_database(PGconn *connection, struct err *err)
{
    if (run_unless(connection, "select 1 from pg_roles where rolname = 'dunlin_app'",
                   "create role dunlin_app login", err) != 0)
        return err->code;
    return run_unless(connection, "select 1 from pg_database where datname = 'dunlin'",
                      "create database dunlin", err);
}

/* libpq's quoting of a value. */
static void print_conninfo(const struct db_place *p, const char *role, char *out, size_t room)
{
    char host[2 * DB_PATH_MAX];
    size_t len = 0;
    for (const char *c = p->sockets; *c != '\0' && len + 3 < sizeof(host); ++c) {
        if (*c == '\'' || *c == '\\')
            host[len++] = '\\';
        host[len++] = *c;
    }
    host[len] = '\0';
    snprintf(out, room, "host='%s' port=5432 user=%s dbname=dunlin", host, role);
}

static int init(struct private_db **out, const char *data_dir, struct err *err)
{
    struct private_db *db = calloc(1, sizeof(*db));
    if (db == NULL)
        abort();
    db->lock = -1;
    db->starter = getpid();
    if (db_place_find(&db->place, data_dir, err) != 0) {
        free(db);
        return err->code;
    }
    print_conninfo(&db->place, "dunlin_app", db->app, sizeof(db->app));
    print_conninfo(&db->place, "dunlin_owner", db->owner, sizeof(db->owner));
    *out = db;
    return 0;
}

/* For people: psql "$(sed -n 1p DATA_DIR/database.conninfo)". There is no secret in it. */
static void note_conninfo(const struct private_db *db)
{
    char path[DB_PATH_MAX + 32];
    snprintf(path, sizeof(path), "%s/database.conninfo", db->place.data_dir);
    FILE *file = fopen(path, "we");
    if (file == NULL)
        return;
    fprintf(file, "%s\n%s\n", db->app, db->owner);
    fclose(file);
}

/* With the lock held. */
static int run(struct private_db *db, struct err *err)
{
    struct mono since = clock_mono();
    PGconn *connection = NULL;
    db_cluster_stop_left_over(&db->place, db->owner);
    if (!db_place_has_cluster(&db->place) && db_cluster_make(&db->place, err) != 0)
        return err->code;
    if (start_and_wait(db, &connection, err) != 0)
        return err->code;
    int result = make_database(connection, err);
    PQfinish(connection);
    note_conninfo(db);
    if (result == 0)
        log_line(LOG_INFO, "private database started", "pid=%d user=%s place=%s took_ms=%d",
                 (int)db->pid, db->place.user, db->place.home,
                 (int)(mono_us_since(since, clock_mono()) / 1000));
    return result;
}

int private_db_start(struct private_db **out, const char *data_dir, struct err *err)
{
    struct private_db *db = NULL;
    *out = NULL;
    if (init(&db, data_dir, err) != 0)
        return err->code;
    if (wait_for_lock(db, err) != 0 || run(db, err) != 0) {
        private_db_stop(db);
        return err->code;
    }
    *out = db;
    return 0;
}

/* Either the lock comes free and we run it, or its holder's cluster answers. */
static int attach_or_run(struct private_db *db, struct err *err)
{
    struct mono since = clock_mono();
    pid_t holder;
    while (take_lock(&db->place, &db->lock, &holder, err) != 0) {
        if (err->code != ERR_BUSY || is_past(since, ATTACH_WAIT_S))
            return err->code;
        PGconn *connection = PQconnectdb(db->owner);
        bool is_there = PQstatus(connection) == CONNECTION_OK;
        PQfinish(connection);
        if (is_there) {
            close(db->lock);
            db->lock = -1;
            return 0;
        }
        nap();
    }
    return run(db, err);
}

int private_db_attach(struct private_db **out, const char *data_dir, struct err *err)
{
    struct private_db *db = NULL;
    *out = NULL;
    if (init(&db, data_dir, err) != 0)
        return err->code;
    if (attach_or_run(db, err) != 0) {
        private_db_stop(db);
        return err->code;
    }
    *out = db;
    return 0;
}

const char *private_db_app_conninfo(const struct private_db *db)
{
    return db->app;
}

const char *private_db_owner_conninfo(const struct private_db *db)
{
    return db->owner;
}

pid_t private_db_pid(const struct private_db *db)
{
    return db->pid;
}

void private_db_exited(struct private_db *db)
{
    db->pid = 0;
}

int private_db_respawn(struct private_db *db, struct err *err)
{
    if (db->pid != 0)
        return 0;
    log_line(LOG_WARN, "private database started again", "place=%s", db->place.home);
    return db_cluster_start(&db->place, &db->pid, err);
}

void private_db_stop(struct private_db *db)
{
    if (db == NULL)
        return;
    if (db->pid > 0 && db->starter == getpid()) {
        db_process_end(db->pid);
        if (strncmp(db->place.sockets, db->place.home, strlen(db->place.home)) != 0)
            rmdir(db->place.sockets); /* in /run or /tmp: nothing of ours stays there */
        log_line(LOG_INFO, "private database stopped", "pid=%d", (int)db->pid);
    }
    private_db_forget(db);
}

void private_db_forget(struct private_db *db)
{
    if (db->lock >= 0)
        close(db->lock);
    free(db);
}
