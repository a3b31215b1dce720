#include "app/push_exchange.h"

#include <stdlib.h>

enum { SHOWN_MAX = 8, BEGINNING = 12, LINE_ROOM = 640 };

/* Never more than half of it. */
static int shown_of(struct span device)
{
    return device.len / 2 < SHOWN_MAX ? (int)device.len / 2 : SHOWN_MAX;
}

void push_exchange_print_device(struct span device, char *out, size_t room)
{
    snprintf(out, room, "%.*s… (%zu characters)", shown_of(device), device.base, device.len);
}

void push_exchange_init(struct push_exchange *x, struct span device, FILE *out, json_t *lines)
{
    *x = (struct push_exchange){
        .device = device, .out = out, .lines = lines, .started_at = clock_mono(), .last_ms = -1};
}

/* A service may quote the token in its answer, and the answer may be cut within it: so its
 * beginning is looked for, and all that follows as in the token goes. */
static void cut_device(const struct push_exchange *x, const char *line, char out[LINE_ROOM])
{
    const struct span d = x->device;
    size_t start_len = d.len < BEGINNING ? d.len : BEGINNING, same = start_len;
    const char *found = d.len < 2 ? NULL : memmem(line, strlen(line), d.base, start_len);
    if (found == NULL) {
        snprintf(out, LINE_ROOM, "%s", line);
        return;
    }
    while (same < d.len && found[same] == d.base[same])
        ++same;
    char rest[LINE_ROOM];
    cut_device(x, found + same, rest);
    snprintf(out, LINE_ROOM, "%.*s%.*s…%s", (int)(found - line), line, shown_of(d), d.base, rest);
}

/* Half a character may stand where an answer was cut. */
static void keep(struct push_exchange *x, int64_t ms, char *line)
{
    json_t *kept = json_pack("{s:I, s:s}", "ms", (json_int_t)ms, "line", line);
    for (char *at = line; kept == NULL && *at != '\0'; ++at)
        if ((unsigned char)*at >= 127)
            *at = '?';
    if (kept == NULL)
        kept = json_pack("{s:I, s:s}", "ms", (json_int_t)ms, "line", line);
    json_array_append_new(x->lines, kept);
}

static void put(struct push_exchange *x, const char *text)
{
    char line[LINE_ROOM];
    int64_t ms = mono_us_since(x->started_at, clock_mono()) / 1000;
    cut_device(x, text, line);
    if (x->lines != NULL)
        keep(x, ms, line);
    if (x->out == NULL)
        return;
    if (ms != x->last_ms)
        fprintf(x->out, "%6lld ms  %s\n", (long long)ms, line);
    else
        fprintf(x->out, "           %s\n", line);
    fflush(x->out);
    x->last_ms = ms;
}

/* Of a line "> name: value" the value, if that is its name. */
static const char *value_of(const char *line, const char *start)
{
    size_t len = strlen(start);
    return strncmp(line, start, len) == 0 ? line + len : NULL;
}

void push_exchange_line(void *exchange, const char *line)
{
    struct push_exchange *x = exchange;
    char joined[LINE_ROOM];
    const char *value;
    if ((value = value_of(line, "> :method: ")) != NULL) {
        snprintf(x->method, sizeof(x->method), "%s", value);
    } else if ((value = value_of(line, "> :authority: ")) != NULL) {
        snprintf(x->authority, sizeof(x->authority), "%s", value);
    } else if ((value = value_of(line, "> :path: ")) != NULL) {
        snprintf(joined, sizeof(joined), "> %s https://%s%s", x->method, x->authority, value);
        put(x, joined);
    } else if ((value = value_of(line, "< :status: ")) != NULL) {
        snprintf(joined, sizeof(joined), "< %s", value);
        put(x, joined);
    } else if (value_of(line, "> :scheme: ") == NULL) {
        snprintf(joined, sizeof(joined), "%s%s", strchr("*><", line[0]) == NULL ? "* " : "", line);
        put(x, joined);
    }
}
