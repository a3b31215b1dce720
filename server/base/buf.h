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
static inline void buf_add(struct buf *b, struct span s);
void buf_add_str(struct buf *b, const char *text);
static inline void buf_add_char(struct buf *b, char c);
void buf_add_int(struct buf *b, int64_t value);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Room for `len` more bytes, to be filled by the caller and counted at once; null on overflow. */
static inline char *buf_grow(struct buf *b, size_t len);
/* Drops the first `len` bytes. */
void buf_drop(struct buf *b, size_t len);
static inline struct span buf_span(const struct buf *b);
static inline bool buf_is_overflowed(const struct buf *b);
/* Hands the bytes (malloc'ed, NUL behind them) to the caller and leaves the buffer empty. */
char *buf_take(struct buf *b, size_t *len);

/* ---- Here because a page is hundreds of these. ---- */

/* False, and the buffer marked, when that is past the ceiling. */
bool buf_reserve_(struct buf *b, size_t len);

static inline char *buf_grow(struct buf *b, size_t len)
{
    /* The room never passes the ceiling and its NUL. */
    if ((len >= b->room_ - b->len_ || b->is_overflowed_) && !buf_reserve_(b, len))
        return NULL;
    char *at = b->bytes_ + b->len_;
    b->len_ += len;
    b->bytes_[b->len_] = 0;
    return at;
}

static inline void buf_add(struct buf *b, struct span s)
{
    if (s.len == 0)
        return;
    char *at = buf_grow(b, s.len);
    if (at != NULL)
        memcpy(at, s.base, s.len);
}

static inline void buf_add_char(struct buf *b, char c)
{
    buf_add(b, span_of(&c, 1));
}

static inline struct span buf_span(const struct buf *b)
{
    return span_of(b->bytes_ == NULL ? "" : b->bytes_, b->len_);
}

static inline bool buf_is_overflowed(const struct buf *b)
{
    return b->is_overflowed_;
}

#endif
