/* Reminders on their way out: choose, claim, say what became of them. The rules a claim repeats
 * stand in reminder.sql. Each operation here follows the promise of io/pg.h: an error and no call
 * back, or exactly one call back, later. */
#ifndef DUNLIN_STORE_REMINDER_STORE_H
#define DUNLIN_STORE_REMINDER_STORE_H

#include "base/clock.h"
#include "base/span.h"
#include "io/pg.h"

struct store;

enum {
    /* Of one claim, and of one flush of outcomes. */
    REMINDER_BATCH_MAX = 256,
    /* Of one claim for channels that write a row a message: what is claimed is on the wire within
     * 200 ms. */
    REMINDER_SLOW_MAX = 64,
    REMINDER_STEP_MAX = 24,
};

struct reminder_key {
    int64_t customer_id, invoice_id;
    char step[REMINDER_STEP_MAX]; /* "due", "after_9", "thanks_1" */
};

/* At most one of an invoice. */
struct reminder_keys {
    struct reminder_key keys[REMINDER_BATCH_MAX];
    size_t count;
};

/* What a message is made of. Spans live as long as the result they were read from. */
struct reminder_claimed {
    struct reminder_key key;
    struct span channel, address, language, number, product, currency;
    int64_t due_minor;
    int32_t due_date; /* days since 1970-01-01 */
    int32_t link_no;  /* 0: no active link (thank-yous only) */
};

/* Unless one of its invoice is there already: then it waits for a later batch. */
void reminder_keys_add(struct reminder_keys *, const struct reminder_key *);

enum { REMINDER_WINDOW = 256 };

/* Those of a window that may go. */
struct reminder_window {
    struct reminder_key keys[REMINDER_WINDOW];
    size_t count;
};

/* Where a look through what is due, the newest first, stands: this one was the last seen. */
struct reminder_place {
    struct reminder_key key;
    struct instant due_at;
};

/* Before the first look: nothing is due later. */
static inline struct reminder_place reminder_place_first(void)
{
    return (struct reminder_place){.due_at = {INT64_C(253402300799) * 1000000}};
}

/* The window behind `place`, for reminder_read_candidates. `hold_since`: payments started before it
 * no longer hold reminders back. */
MUST_CHECK int reminder_candidates(struct store *, struct pg_query *, struct instant now,
                                   struct instant hold_since, const struct reminder_place *,
                                   pg_result_cb, void *owner, struct err *);
/* True when there may be more behind it; *place is then the window's end. */
bool reminder_read_candidates(const PGresult *, struct reminder_window *, struct reminder_place *);

/* Those claimed before `claimed_before` and never finished. */
MUST_CHECK int reminder_lost(struct store *, struct pg_query *, struct instant claimed_before,
                             pg_result_cb, void *owner, struct err *);
struct reminder_lost_claim {
    struct reminder_key key;
    struct instant claimed_at;
    struct span channel; /* lives as long as the result */
};
void reminder_read_lost(const PGresult *, int row, struct reminder_lost_claim *);

struct reminder_claim_order {
    const struct reminder_keys *keys;
    struct instant now, hold_since;
    const struct span *channels; /* what this installation can send: "push", "sms", "email" */
    size_t channel_count;
};

/* One transaction: locks, skips steps that a newer one overtook, claims what still may go.
 * `on_claimed` gets the rows for reminder_read_claimed; they count once `on_done` has no error.
 * `on_clock` gets what the server's clock says, for reminder_read_clock: before the locks are asked
 * for, and again before the commit. */
MUST_CHECK int reminder_claim(struct store *, struct pg_tx *, const struct reminder_claim_order *,
                              pg_result_cb on_clock, pg_result_cb on_claimed, pg_done_cb on_done,
                              void *owner, struct err *);
struct instant reminder_read_clock(const PGresult *);
void reminder_read_claimed(const PGresult *, int row, struct reminder_claimed *);

enum { REMINDER_REASON_MAX = 64 };

/* What became of one claim. */
struct reminder_outcome {
    struct reminder_outcome *next; /* for lists of whoever holds it */
    struct reminder_key key;
    struct instant claimed_at;
    const char *state; /* "sent", "failed", "uncertain", or "scheduled": given back */
    char reason[REMINDER_REASON_MAX];
    struct instant again_at; /* those given back are due then */
};

/* Malloc'ed, with state and reason still empty. */
struct reminder_outcome *reminder_outcome_new(const struct reminder_key *,
                                              struct instant claimed_at);
/* `state` is kept, `reason` copied and cut to its room. */
void reminder_outcome_set(struct reminder_outcome *, const char *state, const char *reason);

/* Records what became of claimed reminders, at most one an invoice; a claim that is over already
 * stays as it is. */
MUST_CHECK int reminder_finish(struct store *, struct pg_tx *,
                               struct reminder_outcome *const *outcomes, size_t count,
                               struct instant now, pg_done_cb on_done, void *owner, struct err *);

#endif
