#include "app/keys.h"

#include "base/crypto.h"
#include "domain/keyring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_FILE_MAX = 8192 };

static int write_first_key(int fd)
{
    uint8_t key[KEYRING_KEY_LEN];
    char hex[2 * sizeof(key) + 1], line[sizeof(hex) + 16];
    random_bytes(key, sizeof(key));
    hex_print(key, sizeof(key), hex);
    int len = snprintf(line, sizeof(line), "0 %s active\n", hex);
    ssize_t written = write(fd, line, (size_t)len);
    secret_wipe(key, sizeof(key));
    secret_wipe(hex, sizeof(hex));
    secret_wipe(line, sizeof(line));
    return written == len && fsync(fd) == 0 ? 0 : -1;
}

/* Written beside and linked into place: nobody reads half a key, and the first of two wins. */
int keys_make_if_missing(const char *file, struct err *e)
{
    if (access(file, F_OK) == 0)
        return 0;
    char beside[4096];
    if (snprintf(beside, sizeof(beside), "%s.%d", file, (int)getpid()) >= (int)sizeof(beside))
        return err_set(e, ERR_SETTINGS, "the path %s is too long", file);
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_system(e, beside);
    int written = write_first_key(fd);
    if (close(fd) != 0 || written != 0 || (link(beside, file) != 0 && errno != EEXIST)) {
        err_system(e, beside);
        unlink(beside);
        return ERR_SYSTEM;
    }
    unlink(beside);
    return 0;
}

int keys_load(const char *file, struct keyring **keys, struct err *e)
{
    char text[KEY_FILE_MAX];
    struct stat s;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_system(e, file);
    ssize_t len = read(fd, text, sizeof(text));
    bool is_open_to_others = fstat(fd, &s) != 0 || (s.st_mode & 077) != 0;
    close(fd);
    if (len < 0)
        return err_system(e, file);
    if (is_open_to_others)
        err_set(e, ERR_SETTINGS, "%s may be read by others: chmod 600 it", file);
    else if ((*keys = keyring_new(span_of(text, (size_t)len), e)) == NULL)
        err_wrap(e, "%s", file);
    secret_wipe(text, sizeof(text));
    return is_open_to_others || *keys == NULL ? ERR_SETTINGS : 0;
}
