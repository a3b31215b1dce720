/* A view of bytes somebody else owns: pointer and length, never freed through the view.
 * Spans are passed by value. An empty span may have a null pointer. */
#ifndef DUNLIN_BASE_SPAN_H
#define DUNLIN_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
    const char *base;
    size_t len;
};

#define SPAN_LIT(text) ((struct span){"" text, sizeof(text) - 1})
/* For printf("%.*s", SPAN_ARG(s)). */
#define SPAN_ARG(s) (int)(s).len, (s).base

static inline struct span span_of(const char *base, size_t len)
{
    return (struct span){base, len};
}

static inline struct span span_str(const char *text)
{
    return (struct span){text, text == NULL ? 0 : strlen(text)};
}

/* How long it is without a last letter of UTF-8 that was cut in two. */
static inline size_t span_whole_len(struct span s)
{
    size_t tail = 0;
    while (tail < 3 && tail < s.len && ((unsigned char)s.base[s.len - 1 - tail] & 0xc0) == 0x80)
        ++tail;
    if (tail == s.len)
        return s.len;
    unsigned char lead = (unsigned char)s.base[s.len - 1 - tail];
    size_t wanted = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
    return tail < wanted ? s.len - 1 - tail : s.len;
}

static inline bool span_is(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.base, b.base, a.len) == 0);
}

static inline bool span_is_str(struct span a, const char *text)
{
    return span_is(a, span_str(text));
}

static inline bool span_starts(struct span a, struct span prefix)
{
    return a.len >= prefix.len && (prefix.len == 0 || memcmp(a.base, prefix.base, prefix.len) == 0);
}

static inline struct span span_from(struct span s, size_t offset)
{
    return offset >= s.len ? (struct span){s.base + s.len, 0}
                           : (struct span){s.base + offset, s.len - offset};
}

#endif
