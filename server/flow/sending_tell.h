/* What an operator says of all sending: the red switch, the day's allowance, how far payments are
 * known. What waited for the payment feed is let go with it, many at a time. */
#ifndef DUNLIN_FLOW_SENDING_TELL_H
#define DUNLIN_FLOW_SENDING_TELL_H

#include "store/sending_store.h"

struct world;

/* Exactly once, later. With an error perhaps not all of it was done, or nothing: to be said again,
 * which does no harm. */
typedef void (*sending_tell_cb)(void *owner, const struct err *);

/* Copies the order but not its texts, which are needed during the call alone. Returns an error and
 * never calls back, or calls back later. */
MUST_CHECK int sending_tell(struct world *, const struct sending_order *, sending_tell_cb,
                            void *owner, struct err *);

#endif
