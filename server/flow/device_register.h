/* A phone says under which token it can be reached: kept, refreshed, or taken from whoever had the
 * token or the installation before. A telephone changes hands, so the registries name one customer
 * for a token and one for an installation, and a push is claimed only where they still do.
 *
 * The same registration any number of times, one after another or at once, gives the same devices.
 * A customer nobody has heard of yet is made: a bank registers devices before the first debt. */
#ifndef DUNLIN_FLOW_DEVICE_REGISTER_H
#define DUNLIN_FLOW_DEVICE_REGISTER_H

#include "base/err.h"
#include "domain/device.h"
#include "flow/world.h"
#include "store/device_store.h"

struct device_registered {
    bool is_refused; /* DEVICE_KEPT_MAX: nothing was changed */
    struct device_saved saved;
};

/* `registered` is null on failure. */
typedef void (*device_register_cb)(void *owner, const struct device_registered *registered,
                                   const struct err *err);

/* Copies the claim. Calls back exactly once, later, when it is on disk; or returns an error and
 * never does: ERR_INPUT with the words of the rule that the claim breaks. An owner that goes away
 * keeps its memory until then. */
MUST_CHECK int device_register_begin(struct world *, const struct device_claim *,
                                     device_register_cb on_done, void *owner, struct err *err);

#endif
