#include "app/keys.h"

#include "base/crypto.h"
#include "base/secret_file.h"
#include "domain/keyring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
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
    int fd = secret_file_create(beside);
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

/* The whole file, NUL behind it; the caller wipes `text`. */
static int read_keys(const char *file, char text[KEY_FILE_MAX + 1], size_t *len, struct err *e)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_system(e, file);
    ssize_t got = read(fd, text, KEY_FILE_MAX);
    bool is_open_to_others = secret_file_is_open_to_others(fd);
    close(fd);
    if (got < 0)
        return err_system(e, file);
    *len = (size_t)got;
    text[got] = '\0';
    if (is_open_to_others)
        return err_set(e, ERR_SETTINGS, "%s may be read by others: chmod 600 it", file);
    return 0;
}

int keys_load(const char *file, struct keyring **keys, struct err *e)
{
    char text[KEY_FILE_MAX + 1];
    size_t len = 0;
    *keys = NULL;
    if (read_keys(file, text, &len, e) == 0 && (*keys = keyring_new(span_of(text, len), e)) == NULL)
        err_wrap(e, "%s", file);
    secret_wipe(text, sizeof(text));
    return *keys == NULL ? e->code : 0;
}

/* The file's text while it is changed. */
struct key_file {
    const char *name;
    int lock;
    char text[KEY_FILE_MAX + 1];
    size_t len;
};

static void close_key_file(struct key_file *f)
{
    if (f->lock >= 0)
        close(f->lock);
    secret_wipe(f->text, sizeof(f->text));
}

/* Locked until closed, so that two changes follow each other. Only a good file is changed. */
static int open_key_file(struct key_file *f, const char *name, struct err *e)
{
    struct keyring *keys;
    char lock[4096];
    f->name = name;
    f->lock = -1;
    snprintf(lock, sizeof(lock), "%s.lock", name);
    if (keys_load(name, &keys, e) != 0)
        return e->code;
    keyring_free(keys);
    f->lock = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (f->lock < 0 || flock(f->lock, LOCK_EX) != 0)
        return err_system(e, lock);
    return read_keys(name, f->text, &f->len, e);
}

static int replace_key_file(struct key_file *f, struct err *e)
{
    char beside[4096];
    snprintf(beside, sizeof(beside), "%s.%d", f->name, (int)getpid());
    int fd = secret_file_create(beside);
    if (fd < 0)
        return err_system(e, beside);
    struct stat old;
    if (stat(f->name, &old) == 0 && geteuid() == 0)
        (void)!fchown(fd, old.st_uid, old.st_gid); /* changed by root, read by another user */
    bool is_written = write(fd, f->text, f->len) == (ssize_t)f->len && fsync(fd) == 0;
    if (close(fd) == 0 && is_written && rename(beside, f->name) == 0)
        return 0;
    err_system(e, beside);
    unlink(beside);
    return e->code;
}

/* Reads the key on the line at `line`: false for comments and empty lines. */
static bool read_key_line(const char *line, int *number, bool *is_active)
{
    char state[8];
    if (line[strspn(line, " \t")] == '#' || sscanf(line, "%d %*64s %7s", number, state) != 2)
        return false;
    *is_active = strcmp(state, "active") == 0;
    return true;
}

static const char *next_line(const char *line)
{
    const char *end = strchr(line, '\n');
    return end == NULL ? line + strlen(line) : end + 1;
}

static int count_active(const struct key_file *f)
{
    int count = 0, number;
    bool is_active;
    for (const char *line = f->text; *line != '\0'; line = next_line(line))
        count += read_key_line(line, &number, &is_active) && is_active;
    return count;
}

static int free_number(const struct key_file *f)
{
    bool is_taken[KEYRING_KEYS_MAX] = {false};
    int number;
    bool is_active;
    for (const char *line = f->text; *line != '\0'; line = next_line(line))
        if (read_key_line(line, &number, &is_active))
            is_taken[number] = true;
    for (number = 0; number < KEYRING_KEYS_MAX; ++number)
        if (!is_taken[number])
            return number;
    return -1;
}

static int add_key(struct key_file *f, int number, struct err *e)
{
    uint8_t key[KEYRING_KEY_LEN];
    char hex[2 * sizeof(key) + 1];
    const char *line_end = f->len > 0 && f->text[f->len - 1] != '\n' ? "\n" : "";
    random_bytes(key, sizeof(key));
    hex_print(key, sizeof(key), hex);
    int added = snprintf(f->text + f->len, sizeof(f->text) - f->len, "%s%d %s active\n", line_end,
                         number, hex);
    secret_wipe(key, sizeof(key));
    secret_wipe(hex, sizeof(hex));
    if ((size_t)added >= sizeof(f->text) - f->len)
        return err_set(e, ERR_SETTINGS, "%s is larger than it can be", f->name);
    f->len += (size_t)added;
    return 0;
}

static int rotate(struct key_file *f, struct keys_change *change, struct err *e)
{
    change->number = free_number(f);
    if (change->number < 0)
        return err_set(e, ERR_INPUT,
                       "all %d numbers are taken: a retired key's line must be taken out first, "
                       "which can be done when none of its links is in anybody's hands",
                       KEYRING_KEYS_MAX);
    if (add_key(f, change->number, e) != 0)
        return e->code;
    change->active_count = count_active(f);
    return replace_key_file(f, e);
}

int keys_rotate(const char *file, struct keys_change *change, struct err *e)
{
    struct key_file f;
    int bad = open_key_file(&f, file, e);
    if (bad == 0)
        bad = rotate(&f, change, e);
    close_key_file(&f);
    return bad;
}

/* "retired" is one letter longer than "active". */
static int retire_line(struct key_file *f, char *line, struct err *e)
{
    char *word = strstr(line, "active");
    if (f->len + 1 >= sizeof(f->text))
        return err_set(e, ERR_SETTINGS, "%s is larger than it can be", f->name);
    memmove(word + 7, word + 6, strlen(word + 6) + 1);
    memcpy(word, "retired", 7);
    ++f->len;
    return 0;
}

static int retire(struct key_file *f, struct keys_change *change, struct err *e)
{
    int number;
    bool is_active;
    char *line = f->text;
    for (; *line != '\0'; line += next_line(line) - line)
        if (read_key_line(line, &number, &is_active) && number == change->number)
            break;
    if (*line == '\0' || !is_active)
        return err_set(e, ERR_INPUT, "key %d is %s", change->number,
                       *line == '\0' ? "not there" : "retired already");
    if (count_active(f) == 1)
        return err_set(e, ERR_INPUT, "key %d is the last active one: rotate first", change->number);
    if (retire_line(f, line, e) != 0)
        return e->code;
    change->active_count = count_active(f);
    return replace_key_file(f, e);
}

int keys_retire(const char *file, int number, struct keys_change *change, struct err *e)
{
    struct key_file f;
    change->number = number;
    int bad = open_key_file(&f, file, e);
    if (bad == 0)
        bad = retire(&f, change, e);
    close_key_file(&f);
    return bad;
}

int keys_list(const char *file,
              void (*on_key)(void *owner, int number, bool is_active, bool is_signer), void *owner,
              struct err *e)
{
    char text[KEY_FILE_MAX + 1];
    size_t len;
    struct keyring *keys;
    int number;
    bool is_active;
    if (keys_load(file, &keys, e) != 0)
        return e->code;
    int signer = keyring_signer(keys);
    keyring_free(keys);
    int bad = read_keys(file, text, &len, e);
    for (const char *line = text; bad == 0 && *line != '\0'; line = next_line(line))
        if (read_key_line(line, &number, &is_active))
            on_key(owner, number, is_active, is_active && number == signer);
    secret_wipe(text, sizeof(text));
    return bad;
}
