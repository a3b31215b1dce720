#include "app/db_place.h"

#include "base/crypto.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char elsewhere[] = "/var/lib/dunlin";
static const int version_min = 14;

/* Makes the folder and those above it. */
static int make_folders(const char *path, mode_t mode, struct err *err)
{
    char part[DB_PATH_MAX];
    if (strlen(path) >= sizeof(part))
        return err_set(err, ERR_SETTINGS, "the path of data_dir is too long");
    strcpy(part, path);
    for (char *slash = part + 1; (slash = strchr(slash, '/')) != NULL; ++slash) {
        *slash = '\0';
        if (mkdir(part, 0755) != 0 && errno != EEXIST)
            return err_system(err, part);
        *slash = '/';
    }
    if (mkdir(part, mode) != 0 && errno != EEXIST)
        return err_system(err, part);
    return 0;
}

bool db_place_become_user(const struct db_place *p)
{
    if (!p->is_other_user)
        return true;
    return initgroups(p->user, p->gid) == 0 && setgid(p->gid) == 0 && setuid(p->uid) == 0;
}

static int set_user(struct db_place *p, const struct passwd *entry, struct err *err)
{
    if (entry == NULL)
        return err_set(err, ERR_SYSTEM,
                       "PostgreSQL needs a user with a name: this one is not in /etc/passwd");
    snprintf(p->user, sizeof(p->user), "%s", entry->pw_name);
    p->uid = entry->pw_uid;
    p->gid = entry->pw_gid;
    p->is_other_user = p->uid != geteuid();
    return 0;
}

/* PostgreSQL refuses to run as root; an existing cluster belongs to who made it. */
static int find_user(struct db_place *p, struct err *err)
{
    struct stat st;
    char cluster[DB_PATH_MAX + 16];
    if (geteuid() != 0)
        return set_user(p, getpwuid(geteuid()), err);
    snprintf(cluster, sizeof(cluster), "%s/cluster", p->home);
    if (p->home[0] != '\0' && stat(cluster, &st) == 0 && st.st_uid != 0)
        return set_user(p, getpwuid(st.st_uid), err);
    const struct passwd *entry = getpwnam("postgres");
    return set_user(p, entry != NULL ? entry : getpwnam("nobody"), err);
}

/* Asked of the kernel, as that user: groups and access lists count as well as modes. */
static bool can_enter(const struct db_place *p, const char *folder)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0)
        _exit(db_place_become_user(p) && access(folder, X_OK) == 0 ? 0 : 1);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* A data folder closed to others is opened for passing through, not for looking: what lies in it
 * has modes of its own. */
static bool can_open_data_dir(const struct db_place *p, const char *data_dir)
{
    struct stat st;
    if (stat(data_dir, &st) != 0 || st.st_uid != geteuid() ||
        chmod(data_dir, (st.st_mode & 07777) | S_IXOTH) != 0)
        return false;
    if (can_enter(p, data_dir))
        return true;
    (void)!chmod(data_dir, st.st_mode & 07777);
    return false;
}

static int read_line(const char *path, char *out, size_t room)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return -1;
    char *line = fgets(out, (int)room, file);
    fclose(file);
    if (line == NULL)
        return -1;
    out[strcspn(out, "\n")] = '\0';
    return 0;
}

static int note_elsewhere(const char *note, const char *home, struct err *err)
{
    FILE *file = fopen(note, "we");
    if (file == NULL || fprintf(file, "%s\n", home) < 0) {
        if (file != NULL)
            fclose(file);
        return err_system(err, note);
    }
    return fclose(file) == 0 ? 0 : err_system(err, note);
}

/* Sets `home` to a folder that the database's user can enter. */
static int find_home(struct db_place *p, const char *data_dir, struct err *err)
{
    char note[DB_PATH_MAX + 16], id[17];
    uint8_t random[8];
    int n = snprintf(p->home, sizeof(p->home), "%s/database", data_dir);
    if (n >= (int)sizeof(p->home))
        return err_set(err, ERR_SETTINGS, "the path of data_dir is too long");
    snprintf(note, sizeof(note), "%s/database.place", data_dir);
    if (geteuid() == 0 && read_line(note, p->home, sizeof(p->home)) == 0)
        return 0;
    if (!p->is_other_user || can_enter(p, data_dir) || can_open_data_dir(p, data_dir))
        return 0;
    random_bytes(random, sizeof(random));
    hex_print(random, sizeof(random), id);
    snprintf(p->home, sizeof(p->home), "%s/%s", elsewhere, id);
    if (make_folders(elsewhere, 0711, err) != 0)
        return err->code;
    log_line(LOG_WARN, "private database placed elsewhere",
             "place=%s because=\"the user %s cannot enter %s\"", p->home, p->user, data_dir);
    return note_elsewhere(note, p->home, err);
}

/* A folder of the database's user alone. Anything else of that name is not ours to trust. */
static bool make_own_folder(const struct db_place *p, const char *path)
{
    struct stat st;
    if (mkdir(path, 0700) == 0 && p->is_other_user && chown(path, p->uid, p->gid) != 0) {
        rmdir(path);
        return false;
    }
    return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == p->uid &&
           (st.st_mode & 077) == 0;
}

/* Short enough for a socket, in the first of: HOME/socket, /run, /run/user/UID, /tmp. */
static int find_sockets(struct db_place *p, struct err *err)
{
    static const size_t name_len = sizeof("/.s.PGSQL.5432") - 1;
    uint8_t digest[SHA256_LEN];
    char hash[17], bases[3][64] = {"/run", "", "/tmp"};
    snprintf(p->sockets, sizeof(p->sockets), "%s/socket", p->home);
    if (strlen(p->sockets) + name_len <= DB_SOCKET_PATH_MAX && make_own_folder(p, p->sockets))
        return 0;
    sha256(span_str(p->home), digest);
    hex_print(digest, 8, hash);
    snprintf(bases[1], sizeof(bases[1]), "/run/user/%u", (unsigned)p->uid);
    for (int base = 0; base < 3; ++base)
        for (int attempt = 0; attempt < 8; ++attempt) {
            snprintf(p->sockets, sizeof(p->sockets), "%s/dunlin-%u-%s-%d", bases[base],
                     (unsigned)p->uid, hash, attempt);
            if (make_own_folder(p, p->sockets))
                return 0;
        }
    return err_set(err, ERR_SYSTEM, "found no folder for the private database's socket");
}

int db_place_find_programs(char out[DB_PATH_MAX], int version, struct err *err)
{
    glob_t found;
    int best = 0;
    char program[PATH_MAX];
    if (glob("/usr/lib/postgresql/*/bin", 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; ++i) {
            const char *folder = found.gl_pathv[i];
            int this = atoi(folder + sizeof("/usr/lib/postgresql/") - 1);
            snprintf(program, sizeof(program), "%s/initdb", folder);
            if (access(program, X_OK) != 0 || this < version_min || this <= best ||
                (version != 0 && this != version))
                continue;
            best = this;
            snprintf(out, DB_PATH_MAX, "%s", folder);
        }
        globfree(&found);
    }
    if (best == 0 && version != 0)
        return err_set(err, ERR_SYSTEM,
                       "the private database was made by PostgreSQL %d, whose programs are not in "
                       "/usr/lib/postgresql: install postgresql-%d, or move the data with "
                       "pg_upgrade",
                       version, version);
    if (best == 0)
        return err_set(err, ERR_SYSTEM,
                       "found no PostgreSQL under /usr/lib/postgresql (Debian: apt-get install "
                       "postgresql), and the settings name no database");
    return 0;
}

bool db_place_has_cluster(const struct db_place *p)
{
    char version[DB_PATH_MAX + 32];
    snprintf(version, sizeof(version), "%s/PG_VERSION", p->cluster);
    return access(version, F_OK) == 0;
}

static int find_programs_of_cluster(struct db_place *p, struct err *err)
{
    char path[DB_PATH_MAX + 32], line[32];
    snprintf(path, sizeof(path), "%s/PG_VERSION", p->cluster);
    int version = read_line(path, line, sizeof(line)) == 0 ? atoi(line) : 0;
    return db_place_find_programs(p->programs, version, err);
}

int db_place_find(struct db_place *p, const char *data_dir, struct err *err)
{
    char real[PATH_MAX];
    memset(p, 0, sizeof(*p));
    if (make_folders(data_dir, geteuid() == 0 ? 0711 : 0700, err) != 0)
        return err->code;
    if (realpath(data_dir, real) == NULL)
        return err_system(err, data_dir);
    if (snprintf(p->data_dir, sizeof(p->data_dir), "%s", real) >= (int)sizeof(p->data_dir))
        return err_set(err, ERR_SETTINGS, "the path of data_dir is too long");
    if (find_user(p, err) != 0 || find_home(p, real, err) != 0)
        return err->code;
    if (geteuid() == 0 && find_user(p, err) != 0) /* again: now the home is known */
        return err->code;
    if (make_folders(p->home, p->is_other_user ? 0711 : 0700, err) != 0)
        return err->code;
    snprintf(p->cluster, sizeof(p->cluster), "%s/cluster", p->home);
    if (find_sockets(p, err) != 0)
        return err->code;
    return find_programs_of_cluster(p, err);
}
