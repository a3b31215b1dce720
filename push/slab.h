/* Memory that is used again and again in a few sizes: pushes, and what libnghttp2 makes for each
 * stream. Thousands of such pieces live at once and die in another order, which is what the C
 * library's allocator is slowest at. Pieces above SLAB_LARGEST go to it directly, and so does
 * everything under AddressSanitizer, which could not see a use after the end otherwise. */
#ifndef DUNLIN_PUSH_SLAB_H
#define DUNLIN_PUSH_SLAB_H

#include <nghttp2/nghttp2.h>
#include <stddef.h>

/* Small steps: padding costs the cache more than a list saves instructions (128 gained nothing). */
enum { SLAB_CLASSES = 128, SLAB_STEP = 16, SLAB_LARGEST = SLAB_CLASSES * SLAB_STEP };

struct slab {
    struct slab_piece *free_[SLAB_CLASSES];
    size_t kept_, kept_max; /* octets given back and not in use */
};

void slab_init(struct slab *, size_t kept_max);
/* Gives back what is not in use; the pieces in use must have been given back before. */
void slab_release(struct slab *);
/* Aborts where there is no memory. Aligned for anything. */
void *slab_get(struct slab *, size_t len);
void slab_give(struct slab *, void *piece); /* null is fine */
/* The same for libnghttp2; the slab outlives every session made with it. */
nghttp2_mem slab_nghttp2(struct slab *);

#endif
