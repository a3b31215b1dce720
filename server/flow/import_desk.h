/* The desk on which the rows of one part meet what the database knows about them, and where it is
 * decided what each row means. Three steps: import_desk_begin, one import_desk_note for each row of
 * the load's result, then import_desk_count (how many ids are wanted) and import_desk_decide, which
 * fills the part to be saved.
 *
 *   no such number      a new invoice, its charge, its link; the planner finds it waiting
 *   another customer's  a bad row
 *   another currency    a bad row: an amount cannot be corrected into another currency
 *   another amount      a correction in the ledger. Less may settle the invoice; more may leave
 *                       something to pay on a paid one, and it waits to be planned again,
 *                       unless it is what the invoice once was: that is old data, a bad row
 *   another due date …  the invoice changes; what was planned goes, and it waits as well
 *   other contact data  the customer changes, by the first row of a file that says so
 *   other channels      the customer changes as far as a file may (domain/contact_terms.h)
 *   all the same        nothing is touched
 *
 * Nothing here plans reminders. */
#ifndef DUNLIN_FLOW_IMPORT_DESK_H
#define DUNLIN_FLOW_IMPORT_DESK_H

#include "flow/campaign_text.h"
#include "flow/import_row.h"
#include "store/import_store.h"

struct keyring;
struct import_desk;

/* The rows are a campaign's: each is written to once. Beside the above a row stays out when it is
 * not clear to whom or whether it may be written to, and what it says of a known invoice must be
 * so: a campaign changes no debt. Its new debts get no reminders of the ladder. */
struct import_campaign {
    int64_t id;
    const struct campaign_text *text;
    const struct creditor *creditor;
    bool is_plain;
    size_t link_len;
    struct campaign_columns columns;
};

struct import_desk *import_desk_new(size_t rows_max, const struct import_campaign *or_null);
void import_desk_free(struct import_desk *);

/* With which keys facts of identity are hidden, and how many of their last digits count; before
 * each part. Without keys (null) rows do not change them. */
void import_desk_identify(struct import_desk *, const struct keyring *, int digits);

/* The part's rows; all borrowed until it is saved. What is made goes into `pool`. */
void import_desk_begin(struct import_desk *, const struct import_row *rows, size_t count,
                       h2o_mem_pool_t *pool);
/* The next row of the result of import_load; copied. */
void import_desk_note(struct import_desk *, size_t position, const struct import_known_customer *,
                      const struct import_known_invoice *);
struct import_wanted {
    int64_t customers, invoices;
};
struct import_wanted import_desk_count(struct import_desk *, struct import_part *);

struct import_ids_given {
    const int64_t *customers, *invoices;
    int64_t local_now_s; /* of the zone new customers get */
};
void import_desk_decide(struct import_desk *, const struct import_ids_given *,
                        struct import_part *);

#endif
