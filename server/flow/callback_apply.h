/* Booking what providers call back: verified callbacks queue here, those that queued while the last
 * flush to disk was under way are booked together in one transaction, and each is answered when
 * that transaction is on disk. Only those that may wait are kept a moment longer, for company.
 *
 * A callback that was here before is known by its dedup key and changes nothing. One that cannot be
 * booked (unknown payment, wrong currency, refund before its payment) is parked: kept on disk with
 * its raw message, shown to people, tried again where that can help. One bad callback never fails
 * its neighbours. */
#ifndef DUNLIN_FLOW_CALLBACK_APPLY_H
#define DUNLIN_FLOW_CALLBACK_APPLY_H

#include "flow/world.h"
#include "provider/provider.h"

enum {
    CALLBACK_QUEUE_MAX = 4096,           /* waiting in one process; more is ERR_BUSY */
    CALLBACK_QUEUE_BYTES_MAX = 32 << 20, /* of their bodies and headers; likewise */
    CALLBACK_ANSWER_MS_MAX = 4000,       /* after this the sender is told to come again */
};

struct callback_queue;

/* One a process. Of the world it uses loop, store, keys, metrics and now. */
struct callback_queue *callback_queue_new(struct world *);
/* Ends what waits with CALLBACK_UNKNOWN inside this call. */
void callback_queue_free(struct callback_queue *);
/* Nothing waits and nothing is under way. */
bool callback_queue_is_idle(const struct callback_queue *);

enum callback_result {
    CALLBACK_KEPT = 1, /* on disk: booked, of no effect, or parked; now or earlier */
    CALLBACK_UNKNOWN,  /* perhaps on disk, perhaps not: the sender must come again */
};
typedef void (*callback_done_cb)(void *owner, enum callback_result result);

/* A verified callback; everything is copied. */
struct callback_message {
    const struct provider_account *account; /* kept by pointer */
    const struct callback_facts *facts;
    struct span headers; /* as the provider's keep_headers wrote them */
    struct span body;
    bool may_wait;      /* up to 30 ms, when a batch was begun just before: see the .c */
    bool is_retry;      /* it was parked: decide it again */
    bool is_unreadable; /* …and its body is not read any more: leave it to people */
};

struct callback_job;

/* Calls back exactly once, later, within CALLBACK_ANSWER_MS_MAX and a little; or returns ERR_BUSY
 * and never does. *job is good until then, for callback_job_forget; may be null. */
MUST_CHECK int callback_apply(struct callback_queue *, const struct callback_message *,
                              callback_done_cb on_done, void *owner, struct callback_job **job,
                              struct err *);
/* The caller is gone: nobody is told, the booking goes on. */
void callback_job_forget(struct callback_job *);

#endif
