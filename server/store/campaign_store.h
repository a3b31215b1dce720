/* Campaigns in the database: see campaign.sql. Each operation here follows the promise of io/pg.h.
 */
#ifndef DUNLIN_STORE_CAMPAIGN_STORE_H
#define DUNLIN_STORE_CAMPAIGN_STORE_H

#include "base/crypto.h"
#include "domain/campaign.h"
#include "store/store.h"

/* NOTIFY: one was approved. */
#define CAMPAIGN_CHANNEL "dunlin_campaign"

struct campaign_new {
    struct span name, template, channel, queue, created_by;
    struct span local_time; /* send_at without a zone, "2026-12-01 10:00"; null base: send_at */
    struct instant send_at, now;
    int64_t call_after_hours;
    bool is_plain;
};
/* (campaign_id); no row: the name is taken. SQLSTATE class 22: local_time is none. */
void campaign_add_create(struct pg_tx *, const struct campaign_new *, pg_result_cb);

/* Spans point into the result; null base: not known. */
struct campaign_row {
    int64_t id, call_after_hours, row_count, bad_count, part_count, price_micro, part_price_micro;
    struct span name, import_id, template, channel, queue, created_by, approved_by, stopped_by;
    struct span problem, problem_detail;
    enum campaign_state state;
    bool is_plain;
    struct instant send_at, created_at;
    struct instant approved_at, queued_at, stopped_at, finished_at; /* 0: not yet */
    /* of its file */
    struct span import_state;
    int64_t size_bytes, received_bytes, committed_bytes, read_count, bad_so_far;
};
/* By id, or with id 0 by name. */
MUST_CHECK int campaign_find(struct pg *, struct pg_query *, int64_t id, struct span name,
                             pg_result_cb, void *owner, struct err *);
/* Newest first, of ids below. */
MUST_CHECK int campaign_list(struct pg *, struct pg_query *, int64_t below, int64_t at_most,
                             pg_result_cb, void *owner, struct err *);
struct campaign_row campaign_read(const PGresult *, int row);

/* SQLSTATE DL003: it awaits no file (any more). */
void campaign_add_attach(struct pg_tx *, int64_t id, const char *import_id);
/* (name, state) of campaigns that had the same content, the first one first. */
void campaign_add_twin(struct pg_tx *, const uint8_t sha256[SHA256_LEN], int64_t id, pg_result_cb);
void campaign_add_checked(struct pg_tx *, int64_t id, int64_t part_price_micro, struct instant now);
void campaign_add_refused(struct pg_tx *, int64_t id, const char *problem, struct span detail,
                          struct instant now);

/* (which, line, text, parts), at most three. */
MUST_CHECK int campaign_samples(struct pg *, struct pg_query *, int64_t id, pg_result_cb,
                                void *owner, struct err *);

/* A row: it was done. */
void campaign_add_approve(struct pg_tx *, int64_t id, struct span by, struct instant now,
                          pg_result_cb);

/* Cancels some of its messages; once none is left it is stopped. To be repeated, in a transaction
 * each, while there are more. */
struct campaign_stopped {
    bool has_more;
    bool is_done; /* neither: it is in no state that may be stopped */
    int64_t cancelled_count;
};
void campaign_add_stop(struct pg_tx *, int64_t id, struct span by, struct instant now,
                       pg_result_cb);
struct campaign_stopped campaign_read_stopped(const PGresult *);

/* (id, whether it is to be queued, send_at). */
MUST_CHECK int campaign_open(struct pg *, struct pg_query *, struct instant now, pg_result_cb,
                             void *owner, struct err *);

/* When messages may go, by the customer's own clock. */
struct campaign_window {
    const int32_t *days; /* days since 1970-01-01 on which they may */
    size_t day_count;
    int64_t from_second, to_second; /* of the day */
};
void campaign_add_queue(struct pg_tx *, int64_t id, struct instant now,
                        const struct campaign_window *, int32_t holdout_permille);
/* Makes the call list if it is time for it; before that cancels what still waits, some of it at a
 * time: to be repeated, in a transaction each, while campaign_has_more. */
void campaign_add_end(struct pg_tx *, int64_t id, struct instant now, pg_result_cb);
bool campaign_has_more(const PGresult *);

/* A row each currency: campaign_results_read. */
struct campaign_results {
    struct span currency;
    int64_t row_count, waiting_count, sent_count, delivered_count, opened_count, cancelled_count;
    int64_t held_out_count, unreached_count, settled_count, paying_count, paid_minor;
    int64_t owed_then_minor, owed_now_minor, cost_micro, call_count;
};
MUST_CHECK int campaign_results(struct pg *, struct pg_query *, int64_t id, pg_result_cb,
                                void *owner, struct err *);
struct campaign_results campaign_results_read(const PGresult *, int row);

/* (line, telephone, name, number, left to pay, currency, due date, queue, state, outcome, reason,
 * fields). */
MUST_CHECK int campaign_calls(struct pg *, struct pg_query *, int64_t id, int64_t behind_line,
                              int64_t at_most, pg_result_cb, void *owner, struct err *);

/* What campaigns say to those about to be claimed; see campaign.sql. */
struct campaign_message {
    int64_t customer_id, invoice_id, due_minor;
    struct span text; /* null base: to be written anew */
    struct span template, fields, name, number, product, currency, account, language;
    int32_t due_date;
    bool is_plain;
};
void campaign_add_texts(struct pg_tx *, const int64_t *customer_ids, const int64_t *invoice_ids,
                        const struct span *steps, size_t count, pg_result_cb);
struct campaign_message campaign_message_read(const PGresult *, int row);

#endif
