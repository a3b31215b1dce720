/* One event, one line on standard error: `time level process key=value …`. Control characters are
 * escaped, so line breaks or ANSI escapes in a value stay on its line, and a line never exceeds 2
 * kB. Writing never blocks: a line that the destination does not take is dropped and counted.
 * Nothing secret and nothing personal is ever logged: log ids, never names, codes or bodies. */
#ifndef DUNLIN_BASE_LOG_H
#define DUNLIN_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level {
    LOG_ERROR = 0, /* someone must act */
    LOG_WARN = 1,  /* we coped */
    LOG_INFO = 2,  /* money or state moved */
    LOG_DEBUG = 3,
};

/* `process` names this process in each line ("http0", "work"); kept by pointer. */
void log_init(enum log_level level, const char *process);
bool log_is_on(enum log_level level);
/* log_line(LOG_INFO, "payment captured", "id=%s took_ms=%d", …): the event in past tense, then
 * key=value pairs made by printf. A value with blanks stands in quotes; those who write one see to
 * it that it holds none of its own (err.c does, for its texts). */
void log_line(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Lines of this process dropped because the destination was full, since it was last asked. */
uint64_t log_dropped_take(void);

#endif
