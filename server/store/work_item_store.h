/* Work for people: the call list, and what is handed over for collection. */
#ifndef DUNLIN_STORE_WORK_ITEM_STORE_H
#define DUNLIN_STORE_WORK_ITEM_STORE_H

#include "store/store.h"

enum { WORK_ITEM_STEP_MAX = 64, WORK_ITEM_ID_MAX = 40 + WORK_ITEM_STEP_MAX + 4 };

struct work_item_key {
    int64_t customer_id, invoice_id;
    char step[WORK_ITEM_STEP_MAX];
};

/* "<customer>-<invoice>-<step>". */
void work_item_print_id(const struct work_item_key *, char out[WORK_ITEM_ID_MAX]);
bool work_item_read_id(struct span text, struct work_item_key *);

struct work_item_new {
    int64_t customer_id, invoice_id;
    struct span step, list, text;
    struct instant now;
};

MUST_CHECK int work_item_add(struct store *, struct pg_tx *, const struct work_item_new *,
                             pg_done_cb on_done, void *owner, struct err *);

struct work_item_search {
    const char *list;
    struct span queue;       /* null base: all */
    const char *states[3];   /* ended by null */
    struct instant after_at; /* with after: the place of the last one that was seen */
    struct work_item_key after;
    int64_t at_most;
    struct instant now, in_flight_since;
};

/* Spans live as long as the result; null base where there is none. */
struct work_item {
    struct work_item_key key;
    struct span queue, state, reason, text, taken_by, outcome, note;
    struct instant created_at;
    struct span customer, name, phone, email, language;
    struct span number, kind, product, currency, account;
    int64_t amount_minor, due_minor;
    int32_t issue_date, due_date;
    struct span debts, sums; /* JSON */
    struct span history;
};

MUST_CHECK int work_item_list(struct store *, struct pg_query *, const struct work_item_search *,
                              pg_result_cb, void *owner, struct err *);
void work_item_read(const PGresult *, int row, struct work_item *);

struct work_item_outcome {
    struct work_item_key key;
    struct span state, taken_by, outcome, note; /* null base: as it was */
    struct span hold_kind, hold_reason;         /* null base: none */
    struct instant hold_until, now;
    /* Days since 1970-01-01; 0: nothing was promised. The second: see promise_over. */
    int32_t promised_on, promise_over_on;
};

/* on_row: one row when there is such a call. */
MUST_CHECK int work_item_settle(struct store *, struct pg_tx *, const struct work_item_outcome *,
                                pg_result_cb on_row, pg_done_cb on_done, void *owner, struct err *);

/* on_row: how many were marked. */
MUST_CHECK int work_item_export(struct store *, struct pg_tx *, const struct work_item_key *,
                                size_t count, struct instant now, pg_result_cb on_row,
                                pg_done_cb on_done, void *owner, struct err *);

#endif
