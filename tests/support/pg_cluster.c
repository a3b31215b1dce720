#include "support/pg_cluster.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { START_TIMEOUT_MS = 60000, POLL_MS = 10 };

static void fail(const char *what)
{
    fprintf(stderr, "pg_cluster: %s: %s\n", what, strerror(errno));
    abort();
}

static void pause_a_little(void)
{
    nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000L}, NULL);
}

/* The folder of the newest installed version's programs; Debian keeps them off the path. */
static void find_program(const char *name, char out[256])
{
    glob_t found;
    char pattern[256];
    snprintf(pattern, sizeof(pattern), "/usr/lib/postgresql/*/bin/%s", name);
    if (glob(pattern, 0, NULL, &found) != 0)
        fail("no PostgreSQL server programs in /usr/lib/postgresql");
    snprintf(out, 256, "%s", found.gl_pathv[found.gl_pathc - 1]);
    globfree(&found);
}

static const struct passwd *unprivileged_user(void)
{
    if (geteuid() != 0)
        return NULL;
    const struct passwd *user = getpwnam("postgres");
    if (user == NULL)
        user = getpwnam("nobody");
    if (user == NULL)
        fail("no unprivileged user");
    return user;
}

static pid_t run(const char *program, char *args[], const char *log)
{
    char path[256];
    find_program(program, path);
    const struct passwd *user = unprivileged_user();
    pid_t parent = getpid(), pid = fork();
    if (pid < 0)
        fail("fork");
    if (pid > 0)
        return pid;
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
        _exit(126);
    if (user != NULL &&
        (setgroups(0, NULL) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0))
        _exit(126);
    /* A test that crashes leaves no server behind. */
    prctl(PR_SET_PDEATHSIG, SIGQUIT);
    if (getppid() != parent || chdir("/") != 0)
        _exit(126);
    args[0] = path; /* PostgreSQL's programs look for each other beside it, and else on the path */
    execv(path, args);
    _exit(127);
}

void pg_cluster_start(struct pg_cluster *cluster)
{
    char log[96], sockets[96];
    snprintf(log, sizeof(log), "%s/log", cluster->dir);
    snprintf(sockets, sizeof(sockets), "unix_socket_directories=%s", cluster->dir);
    char data[96];
    snprintf(data, sizeof(data), "%s/data", cluster->dir);
    char *args[] = {"postgres",
                    "-D",
                    data,
                    "-c",
                    "listen_addresses=",
                    "-c",
                    sockets,
                    "-c",
                    "fsync=off",
                    "-c",
                    "max_connections=60",
                    "-c",
                    "shared_buffers=16MB",
                    NULL};
    cluster->pid = run("postgres", args, log);
    for (int waited = 0; PQping(cluster->conninfo) != PQPING_OK; waited += POLL_MS) {
        if (waited > START_TIMEOUT_MS || waitpid(cluster->pid, NULL, WNOHANG) == cluster->pid) {
            fprintf(stderr, "see %s\n", log);
            fail("the server does not start");
        }
        pause_a_little();
    }
}

void pg_cluster_new(struct pg_cluster *cluster)
{
    test_folder_new(cluster->dir);
    const struct passwd *user = unprivileged_user();
    if (user != NULL && chown(cluster->dir, user->pw_uid, user->pw_gid) != 0)
        fail("chown");
    snprintf(cluster->conninfo, sizeof(cluster->conninfo),
             "host=%s port=5432 user=owner dbname=postgres", cluster->dir);
    snprintf(cluster->app_conninfo, sizeof(cluster->app_conninfo),
             "host=%s port=5432 user=dunlin_app dbname=postgres", cluster->dir);
    char data[96], log[96];
    snprintf(data, sizeof(data), "%s/data", cluster->dir);
    snprintf(log, sizeof(log), "%s/log", cluster->dir);
    char *args[] = {"initdb",    "-D",    data, "-U",   "owner",
                    "-A",        "trust", "-E", "UTF8", "--locale=C.UTF-8",
                    "--no-sync", NULL};
    int status = 0;
    if (waitpid(run("initdb", args, log), &status, 0) < 0 || status != 0) {
        fprintf(stderr, "see %s\n", log);
        fail("initdb");
    }
    pg_cluster_start(cluster);
}

/* Backends are in sessions of their own: they are found as the postmaster's children. */
static void signal_children(pid_t pid, int number)
{
    char path[64], line[4096];
    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return;
    if (fgets(line, sizeof(line), file) != NULL)
        for (char *at = line, *end; (pid = (pid_t)strtol(at, &end, 10)) > 0; at = end)
            kill(pid, number);
    fclose(file);
}

void pg_cluster_freeze(const struct pg_cluster *cluster)
{
    kill(cluster->pid, SIGSTOP);
    signal_children(cluster->pid, SIGSTOP);
}

void pg_cluster_thaw(const struct pg_cluster *cluster)
{
    signal_children(cluster->pid, SIGCONT);
    kill(cluster->pid, SIGCONT);
}

void pg_cluster_kill(struct pg_cluster *cluster)
{
    kill(cluster->pid, SIGSTOP); /* so that it starts no more while its children go */
    signal_children(cluster->pid, SIGKILL);
    kill(cluster->pid, SIGKILL);
    waitpid(cluster->pid, NULL, 0);
}

void pg_cluster_free(struct pg_cluster *cluster)
{
    pg_cluster_thaw(cluster);
    kill(cluster->pid, SIGQUIT);
    waitpid(cluster->pid, NULL, 0);
    test_folder_remove(cluster->dir);
}

static PGresult *execute(const struct pg_cluster *cluster, const char *sql, PGconn **conn)
{
    *conn = PQconnectdb(cluster->conninfo);
    PGresult *result = PQexec(*conn, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        fprintf(stderr, "pg_cluster: %s: %s", sql, PQerrorMessage(*conn));
        abort();
    }
    return result;
}

void pg_cluster_sql(const struct pg_cluster *cluster, const char *sql)
{
    PGconn *conn;
    PQclear(execute(cluster, sql, &conn));
    PQfinish(conn);
}

char *pg_cluster_value(const struct pg_cluster *cluster, const char *sql)
{
    PGconn *conn;
    PGresult *result = execute(cluster, sql, &conn);
    char *value = strdup(PQntuples(result) == 0 ? "" : PQgetvalue(result, 0, 0));
    PQclear(result);
    PQfinish(conn);
    return value;
}
