/* A postmaster.pid that names a process which is not its postmaster (it has ended and is not reaped
 * yet, or the number was used again) is given our own pid, which PostgreSQL knows not to be a rival
 * because we are its parent. It is not removed: the rest of the file lets PostgreSQL find sessions
 * that outlived their postmaster, and refuse to start beside them. */
#include "app/db_cluster.h"

#include "app/db_process.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CLUSTER_MIB = 100 /* what an empty cluster takes, and its first checkpoints */ };

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
int db_cluster_make(const struct db_place *p, struct err *err)
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
    if (access(unfinished, F_OK) == 0 && db_process_start(p, SIGKILL, remove, &pid, err) == 0)
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
    if (db_process_start(p, SIGKILL, argv, &pid, err) != 0)
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

static bool answers(const char *conninfo)
{
    PGPing ping = PQping(conninfo);
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

void db_cluster_stop_left_over(const struct db_place *p, const char *conninfo)
{
    char path[DB_PATH_MAX + 32], text[1024];
    snprintf(path, sizeof(path), "%s/postmaster.pid", p->cluster);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return;
    size_t len = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    text[len] = '\0';
    pid_t pid = atoi(text);
    if (pid <= 1 || pid == getpid())
        return; /* PostgreSQL itself sees through this one */
    int is_ours = db_process_wait(pid, 0) ? 0 : works_in_cluster(p, pid);
    if (is_ours == 1 || (is_ours == -1 && answers(conninfo))) {
        log_line(LOG_WARN, "left-over private database stopped", "pid=%d", (int)pid);
        db_process_end(pid);
    }
    if (access(path, F_OK) == 0)
        disown_pid_file(path, text);
}

int db_cluster_start(const struct db_place *p, pid_t *pid, struct err *err)
{
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
    if (write_access_files(p, err) != 0)
        return err->code;
    remove_stale_sockets(p);
    return db_process_start(p, SIGINT, argv, pid, err);
}
