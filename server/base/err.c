#include "base/err.h"

#include "base/span.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What was too long may have been cut within a letter. */
static void cut_clean(char *text)
{
    text[span_whole_len(span_str(text))] = 0;
}

/* In a log line the text stands in quotes, and PostgreSQL's messages love them. */
static void drop_quotes(char *text)
{
    for (; *text != '\0'; ++text)
        if (*text == '"')
            *text = '\'';
}

int err_set(struct err *e, int code, const char *format, ...)
{
    if (e != NULL) {
        va_list args;
        va_start(args, format);
        e->code = code;
        vsnprintf(e->text, sizeof(e->text), format, args);
        va_end(args);
        cut_clean(e->text);
        drop_quotes(e->text);
    }
    return code;
}

int err_wrap(struct err *e, const char *format, ...)
{
    char doing[120], joined[sizeof(e->text) + sizeof(doing) + 2];
    va_list args;
    va_start(args, format);
    vsnprintf(doing, sizeof(doing), format, args);
    va_end(args);
    snprintf(joined, sizeof(joined), "%s: %s", doing, e->text);
    memcpy(e->text, joined, sizeof(e->text) - 1);
    e->text[sizeof(e->text) - 1] = 0;
    cut_clean(e->text);
    return e->code;
}

int err_system(struct err *e, const char *doing)
{
    return err_set(e, ERR_SYSTEM, "%s: %s", doing, strerror(errno));
}

const char *err_name(int code)
{
    switch (code) {
    case ERR_NONE:
        return "none";
    case ERR_DATABASE:
        return "database";
    case ERR_CONFLICT:
        return "conflict";
    case ERR_PROVIDER:
        return "provider";
    case ERR_INPUT:
        return "input";
    case ERR_SETTINGS:
        return "settings";
    case ERR_SYSTEM:
        return "system";
    case ERR_BUSY:
        return "busy";
    case ERR_CLOSED:
        return "closed";
    }
    return "unknown";
}

bool err_is_retryable(int code)
{
    return code == ERR_DATABASE || code == ERR_CONFLICT || code == ERR_PROVIDER ||
           code == ERR_BUSY || code == ERR_CLOSED;
}
