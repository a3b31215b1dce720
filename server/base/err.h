/* Failures: the world broke (database, provider, memory, input file). Not refusals, which are the
 * rules saying no and have enums of their own in the domain. A function that can fail returns int:
 * 0 is good, negative is one of ERR_*; the words go into a struct err that the operation carries.
 * No secret and no personal data ever goes into the text: it ends in the log. */
#ifndef DUNLIN_BASE_ERR_H
#define DUNLIN_BASE_ERR_H

#include <stdbool.h>

enum err_code {
    ERR_NONE = 0,
    ERR_DATABASE = -1, /* connection lost, statement failed, timed out */
    ERR_CONFLICT = -2, /* somebody else changed the row first: load again and retry */
    ERR_PROVIDER = -3, /* a payment provider or channel did not do its part */
    ERR_INPUT = -4,    /* a file or message is not what it should be */
    ERR_SETTINGS = -5, /* the settings are wrong: retrying is no use */
    ERR_SYSTEM = -6,   /* operating system call */
    ERR_BUSY = -7,     /* a bound was reached: try later */
    ERR_CLOSED = -8,   /* shutting down */
};

struct err {
    int code; /* enum err_code */
    char text[240];
};

#define MUST_CHECK __attribute__((warn_unused_result))

/* Fills `e` and returns `code`, so that `return err_set(e, ERR_X, "…")` reads in one line.
 * `e` may be null. */
int err_set(struct err *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Puts what one was doing in front of the text that is already there; returns e->code. */
int err_wrap(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* errno's text behind what one was doing; ERR_SYSTEM. */
int err_system(struct err *e, const char *doing);
/* "database", "conflict", …: for log lines. */
const char *err_name(int code);
bool err_is_retryable(int code);

#endif
