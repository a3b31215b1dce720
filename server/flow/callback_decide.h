/* What one callback leads to: from what it says and what is known about its payment to what is to
 * be saved. No I/O. */
#ifndef DUNLIN_FLOW_CALLBACK_DECIDE_H
#define DUNLIN_FLOW_CALLBACK_DECIDE_H

#include "provider/provider.h"
#include "store/callback_store.h"

enum { CALLBACK_EVENT_FACTS_MAX = 640 };

/* Fills `decision` but for what the caller has set: `wanted`, `headers`, `body`, `reference`,
 * `refund_no` and what was loaded of an earlier parking; changes `payment` with it. `facts` must
 * live as long as the decision. `wall` and `jitter` (any random number) make the time of the next
 * try of what is parked. */
void callback_decide(const struct callback_facts *facts, const struct callback_known *known,
                     struct payment *payment, struct instant wall, uint32_t jitter,
                     struct callback_decision *decision);

/* What a decision with has_payment does to the debts of its payment, `count` of them: where money
 * moves a share for each that it moves, else one for each. Returns how many. `event_facts` is where
 * their events' JSON is written; there is room for `count` in both, and it must live as long as the
 * shares, as must the decision. */
size_t callback_spread(const struct callback_facts *facts, const struct callback_decision *decision,
                       const struct allocation *allocations, size_t count,
                       struct callback_share *shares,
                       char (*event_facts)[CALLBACK_EVENT_FACTS_MAX]);

/* The decision for a callback that the database refuses to book: kept for people to look at. */
void callback_decide_poison(struct callback_decision *decision, int64_t attempts);

#endif
