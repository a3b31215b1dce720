#include "app/push_exchange.h"

#include <stdlib.h>

enum { SHOWN_MAX = 8, LINE_ROOM = 640 };

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

/* A service may quote the token in its answer. */
static void cut_device(const struct push_exchange *x, const char *line, char out[LINE_ROOM])
{
    const char *found = NULL;
    size_t len = strlen(line);
    if (x->device.len >= 2)
        found = memmem(line, len, x->device.base, x->device.len);
    if (found == NULL) {
        snprintf(out, LINE_ROOM, "%s", line);
        return;
    }
    char rest[LINE_ROOM];
    cut_device(x, found + x->device.len, rest);
    snprintf(out, LINE_ROOM, "%.*s%.*s…%s", (int)(found - line), line, shown_of(x->device),
             x->device.base, rest);
}

static void put(struct push_exchange *x, const char *text)
{
    char line[LINE_ROOM];
    int64_t ms = mono_us_since(x->started_at, clock_mono()) / 1000;
    cut_device(x, text, line);
    if (x->lines != NULL)
        json_array_append_new(x->lines,
                              json_pack("{s:I, s:s}", "ms", (json_int_t)ms, "line", line));
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
