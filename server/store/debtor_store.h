/* What the demo's panes show: debts with their state, the messages of the sandbox channel. */
#ifndef DUNLIN_STORE_DEBTOR_STORE_H
#define DUNLIN_STORE_DEBTOR_STORE_H

#include "base/clock.h"
#include "base/span.h"
#include "io/pg.h"

struct store;

struct debtor_search {
    struct span words, state; /* empty: any */
    struct instant now, hold_since;
    int64_t at_most;
};

struct debtor { /* spans live as long as the result */
    int64_t customer_id, invoice_id, amount_minor, due_minor;
    struct span name, reference, number, product, currency, language, state;
    int32_t due_date, link_no;        /* link_no 0: none */
    struct span last_step, next_step; /* null base: none */
    struct instant last_at, next_at;
    struct span segment, segment_facts; /* null base: not computed; the facts are JSON */
};

MUST_CHECK int debtor_list(struct store *, struct pg_query *, const struct debtor_search *,
                           pg_result_cb, void *owner, struct err *);
void debtor_read(const PGresult *, int row, struct debtor *);

struct debtor_summary {
    int64_t customer_count, invoice_count, paid_count, due_minor, message_count;
    bool has_next;
    struct instant next_at;
    bool is_stopped; /* by the red switch */
    struct instant stopped_at;
    struct span stopped_by;                                    /* lives as long as the result */
    int64_t on_time_count, sometimes_count, chronically_count; /* customers */
    int64_t call_count, handover_count, put_off_count, waiting_count;
};
MUST_CHECK int debtor_summary(struct store *, struct pg_query *, struct instant now, pg_result_cb,
                              void *owner, struct err *);
void debtor_read_summary(const PGresult *, struct debtor_summary *);

struct debtor_step {
    struct span step, state, reason, channel;
    struct instant due_at, finished_at, try_at, opened_at;
    bool is_finished, is_to_be_tried, is_opened;
    struct span delivery; /* null base: nothing was heard */
    int64_t other_count;  /* debts that its message was about as well */
    int64_t place_no;     /* of its cascade */
    struct span cascade;  /* JSON; null base: of no scenario */
    struct span tone;
};
MUST_CHECK int debtor_ladder(struct store *, struct pg_query *, int64_t customer_id,
                             int64_t invoice_id, pg_result_cb, void *owner, struct err *);
void debtor_read_step(const PGresult *, int row, struct debtor_step *);

/* One row of JSON lists, each a column that is called as what it holds; null where there is none.
 */
MUST_CHECK int debtor_agreements(struct store *, struct pg_query *, int64_t customer_id,
                                 int64_t invoice_id, pg_result_cb, void *owner, struct err *);

/* Something that waits for the creditor's answer. Spans live as long as the result. */
struct debtor_waiting {
    struct span what; /* "plan", "dispute", "request", "offer" */
    int64_t customer_id, invoice_id, no;
    struct span name, number, language, currency;
    int64_t due_minor;
    struct instant asked_at;
    struct span answer_by; /* a date; null base: no day is set */
    struct span detail;    /* JSON */
};
MUST_CHECK int debtor_list_waiting(struct store *, struct pg_query *, int64_t at_most, pg_result_cb,
                                   void *owner, struct err *);
void debtor_read_waiting(const PGresult *, int row, struct debtor_waiting *);

/* NOTIFY on `channel`, for the background work. */
MUST_CHECK int debtor_wake(struct store *, struct pg_tx *, const char *channel, pg_done_cb,
                           void *owner, struct err *);

struct sandbox_message_search {
    int64_t customer_id; /* 0: all */
    const struct span *channels;
    size_t channel_count;
    int64_t at_most, before_id; /* 0: from the newest */
};
struct sandbox_message {
    int64_t message_id, customer_id, invoice_id;
    struct span step, channel, address, title, body, name, number;
    struct instant at;
    int32_t link_no; /* 0: none. What a push opens, whose text has no address */
    /* Of a push service's: "apns" or "fcm"; which it replaces; its own link. Else null bases. */
    struct span service, collapse, link;
    bool is_replaced, is_opened;
    struct instant replaced_at, opened_at;
};
/* Newest first. */
MUST_CHECK int sandbox_message_newest(struct store *, struct pg_query *,
                                      const struct sandbox_message_search *, pg_result_cb,
                                      void *owner, struct err *);
void sandbox_message_read(const PGresult *, int row, struct sandbox_message *);

#endif
