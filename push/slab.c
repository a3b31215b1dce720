#include "push/slab.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Each piece has its class in front of it: a multiple of SLAB_STEP octets, head and all, or 0 for
 * one that came from malloc. Free pieces of a class are a list, the last given back on top, for it
 * is the one still in the cache. */

struct slab_piece {
    union {
        struct slab_piece *next; /* free */
        size_t len;              /* in use: of a large one */
    };
    size_t steps; /* 0: large */
};

#if defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED 0
#endif

_Static_assert(sizeof(struct slab_piece) == 16, "pieces keep malloc's alignment");

void slab_init(struct slab *slab, size_t kept_max)
{
    *slab = (struct slab){.kept_max = kept_max};
}

void slab_release(struct slab *slab)
{
    for (size_t i = 0; i < SLAB_CLASSES; ++i)
        while (slab->free_[i] != NULL) {
            struct slab_piece *piece = slab->free_[i];
            slab->free_[i] = piece->next;
            free(piece);
        }
    slab->kept_ = 0;
}

void *slab_get(struct slab *slab, size_t len)
{
    size_t whole = len + sizeof(struct slab_piece);
    size_t steps = IS_SANITIZED || whole > SLAB_LARGEST ? 0 : (whole + SLAB_STEP - 1) / SLAB_STEP;
    struct slab_piece *piece = steps == 0 ? NULL : slab->free_[steps - 1];
    if (piece != NULL) {
        slab->free_[steps - 1] = piece->next;
        slab->kept_ -= steps * SLAB_STEP;
    } else {
        piece = malloc(steps == 0 ? whole : steps * SLAB_STEP);
        if (piece == NULL)
            abort();
        piece->steps = steps;
    }
    piece->len = len;
    return piece + 1;
}

void slab_give(struct slab *slab, void *memory)
{
    if (memory == NULL)
        return;
    struct slab_piece *piece = (struct slab_piece *)memory - 1;
    size_t octets = piece->steps * SLAB_STEP;
    if (octets == 0 || slab->kept_ + octets > slab->kept_max) {
        free(piece);
        return;
    }
    piece->next = slab->free_[piece->steps - 1];
    slab->free_[piece->steps - 1] = piece;
    slab->kept_ += octets;
}

static void *on_malloc(size_t len, void *slab)
{
    return slab_get(slab, len);
}

static void on_free(void *memory, void *slab)
{
    slab_give(slab, memory);
}

static void *on_calloc(size_t count, size_t len, void *slab)
{
    size_t whole;
    if (__builtin_mul_overflow(count, len, &whole))
        return NULL;
    return memset(slab_get(slab, whole), 0, whole);
}

static void *on_realloc(void *memory, size_t len, void *slab)
{
    if (memory == NULL)
        return slab_get(slab, len);
    const struct slab_piece *piece = (struct slab_piece *)memory - 1;
    void *larger = slab_get(slab, len);
    memcpy(larger, memory, piece->len < len ? piece->len : len);
    slab_give(slab, memory);
    return larger;
}

nghttp2_mem slab_nghttp2(struct slab *slab)
{
    return (nghttp2_mem){slab, on_malloc, on_free, on_calloc, on_realloc};
}
