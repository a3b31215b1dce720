/* Refused callbacks on their way into the ring where people see them
 * (store/refused_callback_store.h).
 *
 * Anybody can send forged ones, as many as he likes. So each is counted, and of each verdict the
 * first few of a second are copied and the others are not looked at; what was copied is written by
 * one statement a second at most, beside the bookings and never before an answer. */
#ifndef DUNLIN_FLOW_CALLBACK_REFUSE_H
#define DUNLIN_FLOW_CALLBACK_REFUSE_H

#include "flow/world.h"
#include "provider/provider.h"

enum { CALLBACK_REFUSALS_A_SECOND = 8 }; /* of one verdict in one process; others are counted */

struct callback_refusals;

/* One a process. Of the world it uses loop, store, metrics and now. */
struct callback_refusals *callback_refusals_new(struct world *);
/* What waits is lost. */
void callback_refusals_free(struct callback_refusals *);

/* Counts it by its verdict, and copies what will be kept of it. For FORGED, STALE, MALFORMED and
 * FOREIGN. `account` is kept by pointer. */
void callback_refuse(struct callback_refusals *, const struct provider_account *account,
                     enum callback_verdict, const struct callback_headers *, struct span body);

/* Writes what waits now: the process is about to end. */
void callback_refusals_flush(struct callback_refusals *);
/* Nothing waits and nothing is under way. */
bool callback_refusals_is_idle(const struct callback_refusals *);

#endif
