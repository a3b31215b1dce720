#include "app/setting_value.h"

#include "app/settings_database.h"
#include "base/buf.h"
#include "base/crypto.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECRET_BYTES_MAX = 1 << 14 };

char *setting_keep(struct settings *s, const char *text, size_t len)
{
    struct settings_memory *memory = malloc(sizeof(*memory) + len + 1);
    if (memory == NULL)
        abort();
    memory->next = s->memory_;
    memory->len = len;
    memcpy(memory->bytes, text, len);
    memory->bytes[len] = '\0';
    s->memory_ = memory;
    return memory->bytes;
}

void setting_add_mistake(struct settings_mistakes *mistakes, int line, const char *setting,
                         const char *format, ...)
{
    if (mistakes->count == SETTINGS_MISTAKES_MAX)
        return;
    struct settings_mistake *m = &mistakes->items[mistakes->count++];
    va_list args;
    m->line = line;
    m->is_missing = false;
    snprintf(m->setting, sizeof(m->setting), "%s", setting);
    va_start(args, format);
    vsnprintf(m->text, sizeof(m->text), format, args);
    va_end(args);
}

bool setting_is_said(const struct settings_reading *r, const char *name)
{
    for (int i = 0; i < r->mistakes->count; ++i)
        if (strcmp(r->mistakes->items[i].setting, name) == 0)
            return true;
    return false;
}

const char *setting_environment_of(const char *name)
{
    char variable[SETTING_NAME_ROOM + 16] = "DUNLIN_";
    size_t len = strlen(variable);
    for (; *name != '\0' && len + 1 < sizeof(variable); ++name)
        variable[len++] = isalnum((unsigned char)*name) ? (char)toupper((unsigned char)*name) : '_';
    variable[len] = '\0';
    return getenv(variable);
}

const char *setting_keep_path(struct settings_reading *r, const char *path)
{
    if (path[0] == '/')
        return setting_keep(r->settings, path, strlen(path));
    struct buf whole;
    buf_init(&whole, 8192);
    buf_printf(&whole, "%s/%s", r->folder, path);
    struct span text = buf_span(&whole);
    const char *kept = setting_keep(r->settings, text.base, text.len);
    buf_release(&whole);
    return kept;
}

char *setting_read_file(const char *path, size_t max, size_t *len)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    if (fstat(fd, &st) != 0 || S_ISDIR(st.st_mode)) {
        close(fd);
        errno = EISDIR;
        return NULL;
    }
    char *bytes = malloc(max + 1);
    ssize_t got = 0;
    *len = 0;
    while (bytes != NULL && *len <= max && (got = read(fd, bytes + *len, max + 1 - *len)) > 0)
        *len += (size_t)got;
    int failed = errno;
    close(fd);
    if (bytes == NULL || got < 0 || *len > max) {
        free(bytes);
        errno = got < 0 ? failed : EFBIG;
        return NULL;
    }
    return bytes;
}

/* The value of a secret is the file's content without the line end. */
static const char *read_secret(struct settings_reading *r, const struct setting_target *t,
                               const char *path)
{
    struct stat st;
    size_t len = 0;
    const char *file = setting_keep_path(r, path);
    if (t->row->type != SETTING_TEXT_FILE && stat(file, &st) == 0 && (st.st_mode & S_IRWXO) != 0) {
        setting_add_mistake(r->mistakes, t->line, t->name, "everybody may read %s: chmod o= it",
                            file);
        return NULL;
    }
    char *bytes = setting_read_file(file, SECRET_BYTES_MAX, &len);
    if (bytes == NULL) {
        setting_add_mistake(r->mistakes, t->line, t->name, "cannot read %s: %s", file,
                            strerror(errno));
        return NULL;
    }
    size_t all = len;
    while (len > 0 && isspace((unsigned char)bytes[len - 1]))
        --len;
    const char *kept = NULL;
    if (len == 0 || memchr(bytes, '\0', len) != NULL)
        setting_add_mistake(r->mistakes, t->line, t->name, "%s is %s", file,
                            len == 0 ? "empty" : "no text");
    else
        kept = setting_keep(r->settings, bytes, len);
    secret_wipe(bytes, all);
    free(bytes);
    return kept;
}

static bool check_value(struct settings_reading *r, const struct setting_target *t,
                        const char *value)
{
    char room[160];
    const char *wrong =
        t->row->check == NULL || value[0] == '\0' ? NULL : t->row->check(value, room);
    if (wrong != NULL)
        setting_add_mistake(r->mistakes, t->line, t->name, "%s", wrong);
    return wrong == NULL;
}

static void store_int(struct settings_reading *r, const struct setting_target *t, const char *text)
{
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || isspace((unsigned char)text[0]))
        setting_add_mistake(r->mistakes, t->line, t->name, "must be a whole number");
    else if (errno == ERANGE || value < t->row->min || value > t->row->max)
        setting_add_mistake(r->mistakes, t->line, t->name, "must be from %" PRId64 " to %" PRId64,
                            t->row->min, t->row->max);
    else
        *(int64_t *)(t->base + t->row->offset) = value;
}

static void store_bool(struct settings_reading *r, const struct setting_target *t, const char *text)
{
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
        setting_add_mistake(r->mistakes, t->line, t->name, "must be true or false");
    else
        *(bool *)(t->base + t->row->offset) = text[0] == 't';
}

static void store_log_level(struct settings_reading *r, const struct setting_target *t,
                            const char *text)
{
    static const char *const words[] = {"error", "warn", "info", "debug"};
    for (int i = 0; i < 4; ++i)
        if (strcmp(text, words[i]) == 0) {
            *(int *)(t->base + t->row->offset) = LOG_ERROR + i;
            return;
        }
    setting_add_mistake(r->mistakes, t->line, t->name, "must be error, warn, info or debug");
}

static void store_role(struct settings_reading *r, const struct setting_target *t, const char *text)
{
    if (strcmp(text, "http") == 0)
        r->settings->has_role_http = true;
    else if (strcmp(text, "work") == 0)
        r->settings->has_role_work = true;
    else
        setting_add_mistake(r->mistakes, t->line, t->name, "must be http or work");
}

static void store_text(struct settings_reading *r, const struct setting_target *t, const char *text)
{
    const char **place = (const char **)(t->base + t->row->offset);
    if (t->row->is_secret && t->line > 0 && (*place)[0] != '\0') {
        setting_add_mistake(r->mistakes, t->line, t->name, "is given in two ways");
        return;
    }
    if (t->row->is_secret && t->line > 0 && setting_conninfo_has_password(text)) {
        setting_add_mistake(
            r->mistakes, t->line, t->name,
            "holds a password: put the whole string in a file and name that by %s_file", t->name);
        return;
    }
    if (check_value(r, t, text))
        *place = setting_keep(r->settings, text, strlen(text));
}

static void store_secret(struct settings_reading *r, const struct setting_target *t,
                         const char *path)
{
    const char **place = (const char **)(t->base + t->row->offset);
    if ((*place)[0] != '\0') {
        setting_add_mistake(r->mistakes, t->line, t->name, "is given in two ways");
        return;
    }
    const char *secret = read_secret(r, t, path);
    if (secret != NULL && check_value(r, t, secret))
        *place = secret;
}

static void store_list_item(struct settings_reading *r, const struct setting_target *t,
                            const char *text)
{
    struct settings_list *list = (struct settings_list *)(t->base + t->row->offset);
    int most = t->row->max > 0 ? (int)t->row->max : SETTINGS_LIST_MAX;
    if (list->count == most) {
        setting_add_mistake(r->mistakes, t->line, t->name, "has more than %d items", most);
        return;
    }
    const char *kept = NULL;
    if (t->row->type == SETTING_SECRET_FILES)
        kept = read_secret(r, t, text);
    else if (t->row->type == SETTING_PATHS)
        kept = setting_keep_path(r, text);
    else if (check_value(r, t, text))
        kept = setting_keep(r->settings, text, strlen(text));
    for (int i = 0; kept != NULL && t->row->is_set && i != list->count; ++i)
        if (strcasecmp(list->items[i], kept) == 0) {
            setting_add_mistake(r->mistakes, t->line, t->name, "names the same twice");
            return;
        }
    if (kept != NULL)
        list->items[list->count++] = kept;
}

/* One scalar, from the file, the environment or the table's default. */
void setting_store(struct settings_reading *r, const struct setting_target *t, const char *text)
{
    switch (t->row->type) {
    case SETTING_INT:
        store_int(r, t, text);
        return;
    case SETTING_BOOL:
        store_bool(r, t, text);
        return;
    case SETTING_LOG_LEVEL:
        store_log_level(r, t, text);
        return;
    case SETTING_PATH:
        *(const char **)(t->base + t->row->offset) =
            text[0] == '\0' ? "" : setting_keep_path(r, text);
        return;
    case SETTING_TEXT_FILE:
    case SETTING_SECRET_FILE:
        store_secret(r, t, text);
        return;
    case SETTING_ROLES:
        store_role(r, t, text);
        return;
    case SETTING_TEXTS:
    case SETTING_PATHS:
    case SETTING_SECRET_FILES:
        store_list_item(r, t, text);
        return;
    case SETTING_TEXT:
        store_text(r, t, text);
        return;
    case SETTING_SECTION:
    case SETTING_TABLES:
        break;
    }
    assert(!"neither sections nor tables have a single value");
}

bool setting_is_list(const struct setting *row)
{
    return row->type == SETTING_ROLES || row->type == SETTING_TEXTS || row->type == SETTING_PATHS ||
           row->type == SETTING_SECRET_FILES;
}

void setting_store_words(struct settings_reading *r, const struct setting_target *t,
                         const char *text)
{
    char word[256];
    while (*text != '\0') {
        text += strspn(text, ", ");
        size_t len = strcspn(text, ", ");
        if (len == 0)
            return;
        snprintf(word, sizeof(word), "%.*s", (int)len, text);
        setting_store(r, t, word);
        text += len;
    }
}
