/* The books of the sandbox bank: its payments and the callbacks it owes. Times are the machine's.
 * Each operation follows the promise of io/pg.h. */
#ifndef DUNLIN_STORE_SANDBOX_BANK_STORE_H
#define DUNLIN_STORE_SANDBOX_BANK_STORE_H

#include "base/clock.h"
#include "base/span.h"
#include "io/pg.h"

struct store;

enum { SANDBOX_BANK_ID_MAX = 40, SANDBOX_BANK_URL_MAX = 512, SANDBOX_BANK_BATCH_MAX = 16 };

struct sandbox_payment {
    char payment_id[SANDBOX_BANK_ID_MAX], reference[80], method[12], currency[4], title[160];
    char return_url[SANDBOX_BANK_URL_MAX], callback_url[SANDBOX_BANK_URL_MAX], language[4];
    char state[16], reason[32];
    int64_t amount_minor, paid_minor, returned_minor, movement_count;
    struct instant changed_at;
};

/* Books a payment the merchant starts. on_row gets the id it has (an earlier one when the reference
 * is known) and whether it is new: sandbox_bank_read_opened. */
MUST_CHECK int sandbox_bank_open(struct store *, struct pg_tx *, const struct sandbox_payment *,
                                 struct instant now, pg_result_cb on_row, pg_done_cb on_done,
                                 void *owner, struct err *);
void sandbox_bank_read_opened(const PGresult *, char payment_id[SANDBOX_BANK_ID_MAX], bool *is_new);

/* The payment with this id, or for an empty id the one changed last in this state (empty: any). */
MUST_CHECK int sandbox_bank_one(struct store *, struct pg_query *, struct span payment_id,
                                struct span state, pg_result_cb, void *owner, struct err *);
MUST_CHECK int sandbox_bank_newest(struct store *, struct pg_query *, int64_t at_most, pg_result_cb,
                                   void *owner, struct err *);
void sandbox_bank_read(const PGresult *, int row, struct sandbox_payment *);

struct sandbox_told { /* how the callbacks of a payment went, in the rows of sandbox_bank_newest */
    int64_t told_count, delivered_count, tries, last_status;
};
void sandbox_bank_read_told(const PGresult *, int row, struct sandbox_told *);

struct sandbox_callback {
    char callback_id[SANDBOX_BANK_ID_MAX];
    const char *kind;
    struct span body;
    struct instant tell_at;
};

/* Saves `moved` if still no other movement came after it was read; `callback` may be null, `extra`
 * too: a second message about the same payment. on_row: one row, 1 when it was saved. */
MUST_CHECK int sandbox_bank_move(struct store *, struct pg_tx *,
                                 const struct sandbox_payment *moved,
                                 const struct sandbox_callback *callback,
                                 const struct sandbox_callback *extra, struct instant now,
                                 pg_result_cb on_row, pg_done_cb on_done, void *owner,
                                 struct err *);

/* Lends the callbacks whose time has come until `lent_until`; rows for sandbox_bank_read_lent. */
MUST_CHECK int sandbox_bank_callbacks_take(struct store *, struct pg_tx *, struct instant now,
                                           struct instant lent_until, pg_result_cb on_rows,
                                           pg_done_cb on_done, void *owner, struct err *);
struct sandbox_lent {
    struct span callback_id, body, callback_url;
    int tries;
};
void sandbox_bank_read_lent(const PGresult *, int row, struct sandbox_lent *);
/* `again_at` of no meaning when the status is a success; us 0: given up. */
MUST_CHECK int sandbox_bank_callback_done(struct store *, struct pg_tx *, struct span callback_id,
                                          int status, struct instant now, struct instant again_at,
                                          pg_done_cb on_done, void *owner, struct err *);
MUST_CHECK int sandbox_bank_callbacks_hurry(struct store *, struct pg_tx *, struct instant now,
                                            pg_done_cb on_done, void *owner, struct err *);
/* Ids of BLIK payments still waiting for a confirmation. */
MUST_CHECK int sandbox_bank_forgotten(struct store *, struct pg_query *, pg_result_cb, void *owner,
                                      struct err *);

#endif
