#include "io/drop_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SAME_NAMES_MAX = 100, TARGET_MAX = DROP_NAME_MAX + 32 };

static bool is_file_name(const char *name)
{
    return name[0] != '.' && strlen(name) <= DROP_NAME_MAX;
}

static bool has_rested(const struct stat *st)
{
    return S_ISREG(st->st_mode) && st->st_mtime <= time(NULL) - DROP_REST_SECONDS;
}

/* The first name behind `after` that may be taken; false when there is none. */
static bool find_name(DIR *dir, const char *after, char best[DROP_NAME_MAX + 1])
{
    int looked_at = 0;
    best[0] = 0;
    rewinddir(dir);
    for (struct dirent *entry; looked_at < DROP_NAMES_MAX && (entry = readdir(dir)) != NULL;) {
        struct stat st;
        bool is_earlier = best[0] == 0 || strcmp(entry->d_name, best) < 0;
        if (!is_file_name(entry->d_name) || strcmp(entry->d_name, after) <= 0 || !is_earlier)
            continue;
        ++looked_at;
        if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && has_rested(&st))
            snprintf(best, DROP_NAME_MAX + 1, "%s", entry->d_name);
    }
    return best[0] != 0;
}

/* 0, and bytes where the file is not too large; -1 and errno. */
static int read_all(int fd, size_t bytes_max, struct drop_file *file)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return -1;
    if (st.st_size < 0 || (size_t)st.st_size > bytes_max)
        return 0;
    file->bytes = malloc((size_t)st.st_size + 1);
    if (file->bytes == NULL)
        abort();
    while (file->len < (size_t)st.st_size) {
        ssize_t got = read(fd, file->bytes + file->len, (size_t)st.st_size - file->len);
        if (got < 0 && errno != EINTR)
            return -1;
        if (got == 0)
            return 0; /* it has become shorter */
        file->len += got > 0 ? (size_t)got : 0;
    }
    return 0;
}

static int take(DIR *dir, size_t bytes_max, struct drop_file *file)
{
    int fd = openat(dirfd(dir), file->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int code = fd < 0 ? -1 : read_all(fd, bytes_max, file);
    if (fd >= 0)
        close(fd);
    return code;
}

int drop_folder_next(const char *folder, size_t bytes_max, struct drop_file *file, struct err *err)
{
    *file = (struct drop_file){.len = 0};
    DIR *dir = opendir(folder);
    if (dir == NULL)
        return errno == ENOENT ? 0 : err_system(err, "opening the folder");
    int code = 0;
    char after[DROP_NAME_MAX + 1] = "";
    while (find_name(dir, after, file->name)) {
        code =
            take(dir, bytes_max, file) == 0 ? 0 : err_system(err, "reading a file of the folder");
        if (code == 0)
            break;
        memcpy(after, file->name, sizeof(after)); /* those behind it need not wait for it */
        drop_file_release(file);
    }
    closedir(dir);
    return file->name[0] != 0 ? 0 : code;
}

bool drop_folder_is_there(const char *folder)
{
    struct stat st;
    return stat(folder, &st) == 0 && S_ISDIR(st.st_mode) && access(folder, R_OK | W_OK | X_OK) == 0;
}

void drop_file_release(struct drop_file *file)
{
    free(file->bytes);
    *file = (struct drop_file){.len = 0};
}

static int write_why(int folder, const char *target, const char *why)
{
    char path[TARGET_MAX + 8];
    snprintf(path, sizeof(path), "%s.why", target);
    int fd = openat(folder, path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -1;
    size_t len = strlen(why);
    bool is_written = write(fd, why, len) == (ssize_t)len;
    return close(fd) == 0 && is_written ? 0 : -1;
}

/* A link first and the name's end then: what lies there is never written over, and the file is
 * never nowhere. */
static int move(int folder, const char *name, const char *to, const char *why)
{
    char target[TARGET_MAX];
    for (int n = 0; n < SAME_NAMES_MAX; ++n) {
        if (n == 0)
            snprintf(target, sizeof(target), "%s/%s", to, name);
        else
            snprintf(target, sizeof(target), "%s/%s.%d", to, name, n);
        if (linkat(folder, name, folder, target, 0) == 0) {
            if (why != NULL && write_why(folder, target, why) != 0)
                return -1;
            return unlinkat(folder, name, 0) == 0 || errno == ENOENT ? 0 : -1;
        }
        if (errno == ENOENT)
            return 0;
        if (errno != EEXIST)
            return -1;
    }
    return -1;
}

int drop_folder_put_away(const char *folder, const char *name, const char *why, struct err *err)
{
    const char *to = why == NULL ? "done" : "bad";
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_system(err, "opening the folder");
    bool has_room = mkdirat(fd, to, 0700) == 0 || errno == EEXIST;
    int code = has_room ? move(fd, name, to, why) : -1;
    if (code != 0)
        code = err_system(err, "putting a file of the folder away");
    close(fd);
    return code;
}
