/* Names to addresses without holding up the loop: one short-lived thread a look-up, a few at most.
 * Nothing is kept: each new connection asks again, as Apple wants it. */
#ifndef DUNLIN_PUSH_RESOLVE_H
#define DUNLIN_PUSH_RESOLVE_H

#include "base/err.h"

#include <h2o.h>
#include <netdb.h>

struct resolve; /* one look-up */

/* `addresses` is borrowed and null when `err->code` is not 0. */
typedef void (*resolve_cb)(void *owner, const struct addrinfo *addresses, const struct err *err);

/* Calls back exactly once, later, from the loop; or returns ERR_BUSY (too many look-ups hang) or
 * ERR_SYSTEM and never does. */
MUST_CHECK int resolve_begin(h2o_loop_t *, const char *host, uint16_t port, resolve_cb, void *owner,
                             struct resolve **, struct err *);
/* The callback will not run. Not after it has. */
void resolve_cancel(struct resolve *);

#endif
