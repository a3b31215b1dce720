/* One push on its way through the library, and the line that tells how it ended. */
#ifndef DUNLIN_PUSH_ITEM_H
#define DUNLIN_PUSH_ITEM_H

#include "push/push.h"

enum { ITEM_TRIES_MAX = 32 };

struct item {
    uint64_t n; /* counted from 0 */
    char id[64];
    struct push *push; /* null once it has its outcome */
    bool is_paid, is_kept;
    uint8_t tries[ITEM_TRIES_MAX]; /* what may_send was asked */
    size_t try_count;
};

/* `is_kept`: still looked at when it has its outcome; else it is freed then. */
struct item *item_new(bool is_kept);
/* An id from its number and a random half that is this run's. */
void item_make_id(struct item *);
/* `digits` of `value`, in place: making pushes is to cost the measured process little. */
void item_write_hex(char *at, uint64_t value, int digits);
/* To the service, and a copy to the one beside it, if there is one. */
void item_send(struct item *, const struct push_message *);

#endif
