/* The life of the private cluster. A start goes:
 *   find the place; take the lock (it dies with us, and our children do not inherit it);
 *   stop what a killed predecessor left running; make the cluster if there is none;
 *   start the postmaster as our child; wait until it answers; make the roles and the database.
 *
 * A postmaster.pid that names a process which is not its postmaster (it has ended and is not reaped
 * yet, or the number was used again) is given our own pid, which PostgreSQL knows not to be a rival
 * because we are its parent. It is not removed: the rest of the file lets PostgreSQL find sessions
 * that outlived their postmaster, and refuse to start beside them. */
#include "app/private_db.h"

#include "app/db_place.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/span.h"

#include <errno.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    POLL_MS = 20,
    LOCK_WAIT_S = 20,   /* a predecessor that is told to stop takes ten, and its database a few */
    ATTACH_WAIT_S = 60, /* a server that is just starting */
    READY_WAIT_S = 300, /* recovery after a crash in the middle of a large import */
    STOP_WAIT_S = 30,
    START_TRIES = 5,
    LOG_BYTES_MAX = 10 << 20,
    CLUSTER_MIB = 100, /* what an empty cluster takes, and its first checkpoints */
};

struct private_db {
    struct db_place place;
    char app[2 * DB_PATH_MAX], owner[2 * DB_PATH_MAX];
    pid_t pid;     /* our child, 0 when none */
    pid_t starter; /* children of the starter may not stop it */
    int lock;      /* -1: somebody else runs the cluster */
};

/* What a new cluster starts with; whoever runs it may change its postgresql.conf. The log must not
 * quote statements and rows. */
static const char first_settings[] = "\n# Dunlin's values for a new cluster.\n"
                                     "shared_buffers = 256MB\n"
                                     "max_wal_size = 2GB\n"
                                     "checkpoint_timeout = 15min\n"
                                     "random_page_cost = 1.1\n"
                                     "jit = off\n"
                                     "timezone = 'UTC'\n"
                                     "log_timezone = 'UTC'\n"
                                     "log_error_verbosity = terse\n"
                                     "log_min_error_statement = panic\n";

/* Time and processes. */

static void nap(void)
{
    poll(NULL, 0, POLL_MS);
}

static bool is_past(struct mono since, int seconds)
{
    return mono_us_since(since, clock_mono()) > (int64_t)seconds * 1000000;
}

/* True when the process has ended within the time. An ended one counts although nobody has reaped
 * it yet, which kill(pid, 0) cannot tell: a left-over's reaper may be a slow init. */
static bool wait_for_end(pid_t pid, int seconds)
{
    int fd = pidfd_open(pid, 0);
    if (fd < 0)
        return errno == ESRCH;
    struct pollfd ended = {.fd = fd, .events = POLLIN};
    int events;
    while ((events = poll(&ended, 1, seconds * 1000)) < 0 && errno == EINTR)
        ;
    close(fd);
    if (events == 1)
        waitpid(pid, NULL, WNOHANG); /* no matter if it is not our child */
    return events == 1;
}

/* Fast, immediate, and at last by force. A stopped process is woken to see its signal. */
static void end_postmaster(pid_t pid)
{
    static const struct {
        int signal, seconds;
    } steps[] = {{SIGINT, STOP_WAIT_S}, {SIGQUIT, 10}, {SIGKILL, 5}};
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); ++i) {
        if (i > 0)
            log_line(LOG_WARN, "private database did not stop", "pid=%d signal=%d", (int)pid,
                     steps[i].signal);
        kill(pid, steps[i].signal);
        kill(pid, SIGCONT);
        if (wait_for_end(pid, steps[i].seconds))
            return;
    }
}

/* Runs in the child: another user, a clean environment, no descriptors or signals of ours. */
__attribute__((noreturn)) static void become_program(const struct db_place *p, pid_t parent,
                                                     int death_signal, int log, char *const *argv)
{
    char *environment[] = {"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC", NULL};
    sigset_t none;
    sigemptyset(&none);
    for (int signal_number = 1; signal_number < NSIG; ++signal_number)
        signal(signal_number, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setsid(); /* a Ctrl-C is for us: the database goes last */
    umask(077);
    int null = open("/dev/null", O_RDONLY);
    if (null < 0 || dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0 || chdir("/") != 0)
        _exit(126);
    close_range(3, ~0U, 0);
    if (!db_place_become_user(p))
        _exit(126);
    /* After the change of user, which clears it. Then our own end may have come already. */
    prctl(PR_SET_PDEATHSIG, death_signal);
    if (getppid() != parent)
        _exit(126);
    execve(argv[0], argv, environment);
    _exit(127);
}

static int open_log(const struct db_place *p, struct err *err)
{
    char path[DB_PATH_MAX + 32], old[DB_PATH_MAX + 32];
    struct stat st;
    snprintf(path, sizeof(path), "%s/postgres.log", p->home);
    snprintf(old, sizeof(old), "%s/postgres.log.1", p->home);
    if (stat(path, &st) == 0 && st.st_size > LOG_BYTES_MAX)
        rename(path, old);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_system(err, path);
    return fd;
}

static int start_program(const struct db_place *p, int death_signal, char *const *argv, pid_t *pid,
                         struct err *err)
{
    int log = open_log(p, err);
    if (log < 0)
        return log;
    pid_t parent = getpid();
    *pid = fork();
    if (*pid == 0)
        become_program(p, parent, death_signal, log, argv);
    close(log);
    return *pid < 0 ? err_system(err, "fork") : 0;
}

/* Files beside the cluster. */

__attribute__((format(printf, 3, 4))) static int
write_home_file(const struct db_place *p, const char *name, const char *format, ...)
{
    char path[DB_PATH_MAX + 64];
    va_list args;
    snprintf(path, sizeof(path), "%s/%s", p->home, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return -1;
    fchmod(fd, 0644); /* whatever the umask: the database's user reads it, the folder protects */
    va_start(args, format);
    int written = vdprintf(fd, format, args);
    va_end(args);
    return close(fd) == 0 && written >= 0 ? 0 : -1;
}

/* Only we (and root) get in, by who we are. */
static int write_access_files(const struct db_place *p, struct err *err)
{
    if (write_home_file(p, "pg_hba.conf", "local all all peer map=dunlin\n") != 0 ||
        write_home_file(p, "pg_ident.conf",
                        "dunlin root dunlin_owner\ndunlin root dunlin_app\n"
                        "dunlin \"%s\" dunlin_owner\ndunlin \"%s\" dunlin_app\n",
                        p->user, p->user) != 0)
        return err_system(err, "writing the private database's access rules");
    return 0;
}

static void remove_stale_sockets(const struct db_place *p)
{
    static const char *const names[] = {".s.PGSQL.5432", ".s.PGSQL.5432.lock"};
    char path[DB_PATH_MAX + 64];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); ++i) {
        snprintf(path, sizeof(path), "%s/%s", p->sockets, names[i]);
        unlink(path);
    }
}

/* initdb on a full disk cannot even say why it failed. */
static int check_space(const struct db_place *p, struct err *err)
{
    struct statvfs disk;
    if (statvfs(p->home, &disk) != 0)
        return 0;
    unsigned long long left_mib = (unsigned long long)disk.f_bavail * disk.f_frsize >> 20;
    if (left_mib >= CLUSTER_MIB)
        return 0;
    return err_set(err, ERR_SYSTEM,
                   "no space left: a new database takes %d MiB, %s has %llu MiB free", CLUSTER_MIB,
                   p->home, left_mib);
}

/* A cluster is made under another name and renamed when it is whole. */
static int make_cluster(const struct db_place *p, struct err *err)
{
    if (check_space(p, err) != 0)
        return err->code;
    char program[DB_PATH_MAX + 32], unfinished[DB_PATH_MAX + 32];
    char path[DB_PATH_MAX + 64];
    int status = 0;
    pid_t pid = 0;
    snprintf(program, sizeof(program), "%s/initdb", p->programs);
    snprintf(unfinished, sizeof(unfinished), "%s/cluster.unfinished", p->home);
    char *remove[] = {"/bin/rm", "-rf", unfinished, NULL};
    if (access(unfinished, F_OK) == 0 && start_program(p, SIGKILL, remove, &pid, err) == 0)
        waitpid(pid, &status, 0);
    rmdir(unfinished); /* as its owner could not: the folder above is ours */
    if (mkdir(unfinished, 0700) != 0 ||
        (p->is_other_user && chown(unfinished, p->uid, p->gid) != 0))
        return err_system(err, unfinished);
    char *argv[] = {program,
                    "-D",
                    unfinished,
                    "-U",
                    "dunlin_owner",
                    "-E",
                    "UTF8",
                    "--locale=C.UTF-8",
                    "--auth=peer",
                    "--data-checksums",
                    "--no-instructions",
                    NULL};
    log_line(LOG_INFO, "private database made", "place=%s user=%s programs=%s", p->home, p->user,
             p->programs);
    if (start_program(p, SIGKILL, argv, &pid, err) != 0)
        return err->code;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return err_set(err, ERR_SYSTEM, "initdb failed: %s/postgres.log says why", p->home);
    snprintf(path, sizeof(path), "%s/postgresql.conf", unfinished);
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || write(fd, first_settings, sizeof(first_settings) - 1) < 0 || close(fd) != 0)
        return err_system(err, path);
    return rename(unfinished, p->cluster) == 0 ? 0 : err_system(err, p->cluster);
}

/* What was left over. */

/* 1 when /proc says this process works in our cluster, 0 when in something else, -1 when it cannot
 * say (no /proc in a bare chroot). */
static int works_in_cluster(const struct db_place *p, pid_t pid)
{
    char link[64], folder[PATH_MAX], cluster[PATH_MAX];
    snprintf(link, sizeof(link), "/proc/%d/cwd", (int)pid);
    ssize_t len = readlink(link, folder, sizeof(folder) - 1);
    if (len < 0 || realpath(p->cluster, cluster) == NULL)
        return access("/proc/self", F_OK) == 0 && errno == ENOENT ? 0 : -1;
    folder[len] = '\0';
    return strcmp(folder, cluster) == 0;
}

static bool answers(const struct private_db *db)
{
    PGPing ping = PQping(db->owner);
    return ping == PQPING_OK || ping == PQPING_REJECT;
}

/* Puts our pid into the first line, see the top of the file. */
static void disown_pid_file(const char *path, const char *text)
{
    const char *rest = strchr(text, '\n');
    FILE *file = fopen(path, "we");
    if (file == NULL)
        return;
    fprintf(file, "%d%s", (int)getpid(), rest == NULL ? "\n" : rest);
    fclose(file);
}

static void stop_left_over(const struct private_db *db)
{
    char path[DB_PATH_MAX + 32], text[1024];
    snprintf(path, sizeof(path), "%s/postmaster.pid", db->place.cluster);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return;
    size_t len = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    text[len] = '\0';
    pid_t pid = atoi(text);
    if (pid <= 1 || pid == getpid())
        return; /* PostgreSQL itself sees through this one */
    int is_ours = wait_for_end(pid, 0) ? 0 : works_in_cluster(&db->place, pid);
    if (is_ours == 1 || (is_ours == -1 && answers(db))) {
        log_line(LOG_WARN, "left-over private database stopped", "pid=%d", (int)pid);
        end_postmaster(pid);
    }
    if (access(path, F_OK) == 0)
        disown_pid_file(path, text);
}

/* Starting. */

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

static int spawn(struct private_db *db, struct err *err)
{
    const struct db_place *p = &db->place;
    char program[DB_PATH_MAX + 32], sockets[2 * DB_PATH_MAX], hba[DB_PATH_MAX + 32];
    char ident[DB_PATH_MAX + 32], cluster[DB_PATH_MAX + 32];
    snprintf(program, sizeof(program), "%s/postgres", p->programs);
    snprintf(cluster, sizeof(cluster), "%s", p->cluster);
    snprintf(sockets, sizeof(sockets), "unix_socket_directories=\"%s\"", p->sockets);
    snprintf(hba, sizeof(hba), "hba_file=%s/pg_hba.conf", p->home);
    snprintf(ident, sizeof(ident), "ident_file=%s/pg_ident.conf", p->home);
    char *argv[] = {program,
                    "-D",
                    cluster,
                    "-c",
                    "listen_addresses=",
                    "-c",
                    sockets,
                    "-c",
                    "port=5432",
                    "-c",
                    "unix_socket_permissions=0700",
                    "-c",
                    hba,
                    "-c",
                    ident,
                    "-c",
                    "logging_collector=off",
                    "-c",
                    "fsync=on",
                    "-c",
                    "full_page_writes=on",
                    "-c",
                    "synchronous_commit=on",
                    NULL};
    remove_stale_sockets(p);
    return start_program(p, SIGINT, argv, &db->pid, err);
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
        if (spawn(db, err) != 0)
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
    stop_left_over(db);
    if (!db_place_has_cluster(&db->place) && make_cluster(&db->place, err) != 0)
        return err->code;
    if (write_access_files(&db->place, err) != 0 || start_and_wait(db, &connection, err) != 0)
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
    return spawn(db, err);
}

void private_db_stop(struct private_db *db)
{
    if (db == NULL)
        return;
    if (db->pid > 0 && db->starter == getpid()) {
        end_postmaster(db->pid);
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
