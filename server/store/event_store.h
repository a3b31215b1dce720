/* The chained events of invoices: what happened, append-only.
 *
 * How to write them: collect what a transaction did as `struct event_new` rows and add one
 * event_append to that same transaction, after the statements that lock the customers:
 *
 *     pg_tx_begin(store->writes, &op->tx, on_saved, op, err);
 *     pg_tx_add(&op->tx, SQL_PAYMENT_SAVE, &args, NULL);
 *     event_append(&op->tx, events, event_count, on_events_appended);
 *     pg_tx_commit(&op->tx);
 *
 * Numbers, hashes and the invoice's event_count and chain_head are made by the statement; several
 * events of one invoice are chained in the order given.
 *
 * A statement may also chain in itself, as callback_book does: `update invoice i … from invoice
 * before …` moves event_count and chain_head, and hands `before.chain_head` on as prev_hash. That
 * `before` is the row as the statement's snapshot has it, so all of this holds only under the lock
 * of the customer's row, taken by an EARLIER statement of the same transaction (money_guard,
 * payment_lock, reminder_lock_customers): without it two writers at once break the chain.
 * event_append locks the invoices itself, but not against such a statement: take the customer's
 * lock before it, too.
 */
#ifndef DUNLIN_STORE_EVENT_STORE_H
#define DUNLIN_STORE_EVENT_STORE_H

#include "store/store.h"

struct event_new {
    int64_t customer_id, invoice_id;
    struct instant at;
    struct span kind;     /* "payment.paid" */
    struct span facts;    /* JSON without anything personal: it is kept for ever */
    struct span personal; /* JSON that can be erased; base null: none */
};

/* All spans are copied. The result of `on_result` (may be null, gets the transaction's owner) is
 * one bigint, the number of events appended: fewer than `count` when an invoice does not exist. */
void event_append(struct pg_tx *, const struct event_new *events, size_t count,
                  pg_result_cb on_result);

enum event_verdict {
    EVENT_CHAIN_WHOLE = 0,
    EVENT_CHAIN_BROKEN,
    EVENT_CHAIN_UNKNOWN, /* no such invoice */
};

struct event_chain {
    enum event_verdict verdict;
    int64_t event_count;
    int64_t first_bad; /* event_no; 0 with a broken chain: events are missing at its end */
};

/* `chain` is null on failure. */
typedef void (*event_verified_cb)(void *owner, const struct event_chain *chain,
                                  const struct err *err);

/* The operation; starts as zeroes. pg_query_cancel(&op->query) forgets it. */
struct event_verify {
    struct pg_query query;
    event_verified_cb on_done_;
    void *owner_;
};

/* Recomputes the chain of one invoice in the database. */
MUST_CHECK int event_verify_begin(struct event_verify *, struct store *, int64_t customer_id,
                                  int64_t invoice_id, event_verified_cb on_done, void *owner,
                                  struct err *err);

#endif
