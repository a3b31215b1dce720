/* A growing byte buffer with a ceiling. Appending past the ceiling marks the buffer as overflowed
 * and appends nothing more: check buf_is_overflowed() once at the end instead of each append.
 * Running out of memory below the ceiling aborts (the ceiling bounds what outsiders can cause).
 * The bytes are always followed by a NUL that is not counted. */
#ifndef DUNLIN_BASE_BUF_H
#define DUNLIN_BASE_BUF_H

#include "base/span.h"

struct buf {
    char *bytes_;
    size_t len_, room_, ceiling_;
    bool is_overflowed_, is_secret_;
};

void buf_init(struct buf *b, size_t ceiling);
/* For secrets: the bytes are wiped wherever they lay when the buffer grows or is released. Those
 * that are taken are the taker's to wipe. */
void buf_init_secret(struct buf *b, size_t ceiling);
void buf_release(struct buf *b);
/* Forgets the content, keeps the memory. */
void buf_reset(struct buf *b);
void buf_add(struct buf *b, struct span s);
void buf_add_str(struct buf *b, const char *text);
void buf_add_char(struct buf *b, char c);
void buf_add_int(struct buf *b, int64_t value);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Room for `len` more bytes, to be filled by the caller and counted at once; null on overflow. */
char *buf_grow(struct buf *b, size_t len);
/* Drops the first `len` bytes. */
void buf_drop(struct buf *b, size_t len);
struct span buf_span(const struct buf *b);
bool buf_is_overflowed(const struct buf *b);
/* Hands the bytes (malloc'ed, NUL behind them) to the caller and leaves the buffer empty. */
char *buf_take(struct buf *b, size_t *len);

#endif
