#include "base/buf.h"

#include "base/crypto.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void buf_init(struct buf *b, size_t ceiling)
{
    *b = (struct buf){.ceiling_ = ceiling};
}

void buf_init_secret(struct buf *b, size_t ceiling)
{
    *b = (struct buf){.ceiling_ = ceiling, .is_secret_ = true};
}

static void free_bytes(struct buf *b)
{
    if (b->is_secret_ && b->bytes_ != NULL)
        secret_wipe(b->bytes_, b->room_);
    free(b->bytes_);
}

void buf_release(struct buf *b)
{
    free_bytes(b);
    *b = (struct buf){.ceiling_ = b->ceiling_, .is_secret_ = b->is_secret_};
}

static void move_to(struct buf *b, size_t room)
{
    char *bytes = b->is_secret_ ? malloc(room) : realloc(b->bytes_, room);
    if (bytes == NULL)
        abort();
    if (b->is_secret_ && b->bytes_ != NULL)
        memcpy(bytes, b->bytes_, b->len_ + 1);
    if (b->is_secret_)
        free_bytes(b);
    b->bytes_ = bytes;
    b->room_ = room;
}

void buf_reset(struct buf *b)
{
    b->len_ = 0;
    b->is_overflowed_ = false;
    if (b->bytes_ != NULL)
        b->bytes_[0] = 0;
}

bool buf_reserve_(struct buf *b, size_t len)
{
    if (b->is_overflowed_ || len > b->ceiling_ - b->len_) {
        b->is_overflowed_ = true;
        return false;
    }
    size_t needed = b->len_ + len + 1, room = b->room_ < 64 ? 64 : b->room_;
    while (room < needed)
        room *= 2;
    move_to(b, room <= b->ceiling_ ? room : b->ceiling_ + 1);
    return true;
}

void buf_add_str(struct buf *b, const char *text)
{
    buf_add(b, span_str(text));
}

void buf_add_int(struct buf *b, int64_t value)
{
    char digits[20];
    size_t at = sizeof(digits);
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do
        digits[--at] = (char)('0' + left % 10);
    while ((left /= 10) > 0);
    if (value < 0)
        digits[--at] = '-';
    buf_add(b, span_of(digits + at, sizeof(digits) - at));
}

void buf_printf(struct buf *b, const char *format, ...)
{
    char small[256];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(small, sizeof(small), format, args);
    va_end(args);
    assert(len >= 0);
    if ((size_t)len < sizeof(small)) {
        buf_add(b, span_of(small, (size_t)len));
        return;
    }
    char *at = buf_grow(b, (size_t)len);
    if (at == NULL)
        return;
    va_start(args, format);
    vsnprintf(at, (size_t)len + 1, format, args);
    va_end(args);
}

void buf_drop(struct buf *b, size_t len)
{
    assert(len <= b->len_);
    if (len == 0)
        return;
    memmove(b->bytes_, b->bytes_ + len, b->len_ - len + 1);
    b->len_ -= len;
}

char *buf_take(struct buf *b, size_t *len)
{
    if (b->bytes_ == NULL)
        buf_grow(b, 0);
    char *bytes = b->bytes_;
    if (len != NULL)
        *len = b->len_;
    *b = (struct buf){.ceiling_ = b->ceiling_, .is_secret_ = b->is_secret_};
    return bytes;
}
