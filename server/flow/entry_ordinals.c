#include "flow/entry_ordinals.h"

#include <stdlib.h>

/* Open addressing by the first bytes of the key, which is a digest. Who could make two keys that
 * begin alike would gain a higher number for the second, and no more: the whole key is compared
 * wherever entries are kept. */
struct entry_ordinals_place_ {
    uint64_t head;
    uint32_t count; /* 0: free */
};

enum { ROOM_FIRST = 256 };

static struct entry_ordinals_place_ *places_new(size_t room)
{
    struct entry_ordinals_place_ *places = calloc(room, sizeof(*places));
    if (places == NULL)
        abort();
    return places;
}

void entry_ordinals_init(struct entry_ordinals *o)
{
    *o = (struct entry_ordinals){.places_ = places_new(ROOM_FIRST), .room_ = ROOM_FIRST};
}

void entry_ordinals_release(struct entry_ordinals *o)
{
    free(o->places_);
}

/* A large table is given back, so that each statement costs what it holds itself. */
void entry_ordinals_reset(struct entry_ordinals *o)
{
    if (o->count_ == 0)
        return;
    entry_ordinals_release(o);
    entry_ordinals_init(o);
}

static struct entry_ordinals_place_ *place_of(struct entry_ordinals *o, uint64_t head)
{
    size_t at = head & (o->room_ - 1);
    while (o->places_[at].count != 0 && o->places_[at].head != head)
        at = (at + 1) & (o->room_ - 1);
    return &o->places_[at];
}

static void grow(struct entry_ordinals *o)
{
    struct entry_ordinals_place_ *before = o->places_;
    size_t room_before = o->room_;
    o->room_ *= 2;
    o->places_ = places_new(o->room_);
    for (size_t i = 0; i < room_before; ++i)
        if (before[i].count != 0)
            *place_of(o, before[i].head) = before[i];
    free(before);
}

int32_t entry_ordinals_next(struct entry_ordinals *o, const uint8_t key[BANK_ENTRY_KEY_LEN])
{
    uint64_t head;
    memcpy(&head, key, sizeof(head));
    if (o->count_ * 2 >= o->room_)
        grow(o);
    struct entry_ordinals_place_ *place = place_of(o, head);
    if (place->count == 0)
        ++o->count_;
    place->head = head;
    return (int32_t)++place->count;
}
