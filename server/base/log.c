#include "base/log.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 2048 };

static enum log_level level_on = LOG_INFO;
static const char *process_name = "dunlin";
static uint64_t dropped_count;

void log_init(enum log_level level, const char *process)
{
    level_on = level;
    process_name = process;
}

bool log_is_on(enum log_level level)
{
    return level <= level_on;
}

/* Escapes what would break a line or drive a terminal. Bytes above 0x7f pass: they are UTF-8. */
static size_t escape(const char *in, char *out, size_t room)
{
    size_t written = 0;
    for (; *in != 0 && written + 5 < room; ++in) {
        unsigned char c = (unsigned char)*in;
        if (c >= 0x20 && c != 0x7f)
            out[written++] = (char)c;
        else
            written += (size_t)snprintf(out + written, 5, "\\x%02x", c);
    }
    return written;
}

void log_line(enum log_level level, const char *event, const char *format, ...)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    if (!log_is_on(level))
        return;
    char pairs[LINE_MAX_BYTES - 160], line[LINE_MAX_BYTES], at[21];
    va_list args;
    va_start(args, format);
    vsnprintf(pairs, sizeof(pairs), format, args);
    va_end(args);
    instant_print(clock_wall(), at);
    int head = snprintf(line, 160, "%s %s %s[%d] event=\"%s\" ", at, names[level], process_name,
                        (int)getpid(), event);
    size_t len = head < 0 ? 0 : (size_t)(head < 160 ? head : 159);
    len += escape(pairs, line + len, sizeof(line) - len - 1);
    line[len++] = '\n';
    /* A full pipe must not stop a payment: ask first, then write at most PIPE_BUF bytes at once. */
    struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};
    if (poll(&ready, 1, 0) != 1 || write(STDERR_FILENO, line, len) != (ssize_t)len)
        ++dropped_count;
}

uint64_t log_dropped_take(void)
{
    uint64_t count = dropped_count;
    dropped_count = 0;
    return count;
}
