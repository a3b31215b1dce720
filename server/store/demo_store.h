/* The statements of demo.sql: the life of the demo's people while a month runs. */
#ifndef DUNLIN_STORE_DEMO_STORE_H
#define DUNLIN_STORE_DEMO_STORE_H

#include "store/store.h"

struct demo_behind {
    bool has_late; /* a message is due and not gone */
    struct instant late_since;
    bool is_unplanned; /* the planner has something to do first */
};
/* `hold_since`: payments started before this no longer hold reminders back. */
MUST_CHECK int demo_behind(struct store *, struct pg_query *, struct instant now,
                           struct instant hold_since, pg_result_cb, void *owner, struct err *);
void demo_read_behind(const PGresult *, struct demo_behind *);

struct demo_payer {
    int64_t customer_id, invoice_id, due_minor, amount_minor;
    int32_t link_no;
};
struct demo_payers_search {
    struct instant now, hold_since, since;
    int64_t at_most;
};
/* Who would have paid by now. */
MUST_CHECK int demo_payers(struct store *, struct pg_query *, const struct demo_payers_search *,
                           pg_result_cb, void *owner, struct err *);
void demo_read_payer(const PGresult *, int row, struct demo_payer *);

/* Messages, by their ids, that somebody would have opened by now. */
MUST_CHECK int demo_openers(struct store *, struct pg_query *, struct instant now,
                            struct instant since, int64_t at_most, pg_result_cb, void *owner,
                            struct err *);
int64_t demo_read_opener(const PGresult *, int row);

/* Adds to a transaction. */
void demo_give_past(struct pg_tx *, struct instant now);

#endif
