/* The hidden field of a form that pays several debts: which they are and what it showed of each, as
 * "12:5000,13:3000" (invoice, minor units that are due and to be paid). What comes back may be
 * anything. */
#ifndef DUNLIN_HTTP_PARTS_FIELD_H
#define DUNLIN_HTTP_PARTS_FIELD_H

#include "base/buf.h"
#include "store/payment_store.h"

void parts_field_print(struct buf *out, const struct payment_part *parts, size_t count);
/* False unless it is what parts_field_print writes of 1 … ALLOCATIONS_MAX parts with numbers of up
 * to fifteen digits, above zero. The same debt may stand in it twice. */
bool parts_field_read(struct span text, struct payment_part parts[ALLOCATIONS_MAX], size_t *count);

/* The same of a form that pays a part of one debt, by its plan: "12:1500:5000" (invoice, to be
 * paid, due). */
void part_field_print(struct buf *out, const struct payment_part *part);
bool part_field_read(struct span text, struct payment_part *part);

#endif
