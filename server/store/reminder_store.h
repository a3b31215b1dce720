/* Reminders on their way out: choose, claim, say what became of them. The rules a claim repeats
 * stand in reminder.sql. Each operation here follows the promise of io/pg.h: an error and no call
 * back, or exactly one call back, later. */
#ifndef DUNLIN_STORE_REMINDER_STORE_H
#define DUNLIN_STORE_REMINDER_STORE_H

#include "base/clock.h"
#include "base/span.h"
#include "io/pg.h"

struct store;

/* As many as can surely be written at once: what is claimed is on the wire within 200 ms. */
enum { REMINDER_BATCH_MAX = 64, REMINDER_STEP_MAX = 24 };

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

enum { REMINDER_WINDOW = 256 };

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
/* The first `at_most` that may be claimed, one an invoice. True and *place moved to the window's
 * end when none may and there are more windows. */
bool reminder_read_candidates(const PGresult *, size_t at_most, struct reminder_keys *,
                              struct reminder_place *);

/* Those claimed before `claimed_before` and never finished. */
MUST_CHECK int reminder_lost(struct store *, struct pg_query *, struct instant claimed_before,
                             pg_result_cb, void *owner, struct err *);
void reminder_read_keys(const PGresult *, struct reminder_keys *);
/* What a lost one was claimed for, from its row. */
struct span reminder_read_lost_channel(const PGresult *, int row);

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

struct reminder_outcome {
    struct reminder_key key;
    const char *state;  /* "sent", "failed", "uncertain", or "scheduled": given back */
    const char *reason; /* a fixed word */
};

/* Records what became of claimed reminders; those given back are due at `again_at`. */
MUST_CHECK int reminder_finish(struct store *, struct pg_tx *, const struct reminder_outcome *,
                               size_t count, struct instant now, struct instant again_at,
                               pg_done_cb on_done, void *owner, struct err *);

#endif
