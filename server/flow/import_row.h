/* One row of an export as an invoice: every cell read and checked, nothing guessed. */
#ifndef DUNLIN_FLOW_IMPORT_ROW_H
#define DUNLIN_FLOW_IMPORT_ROW_H

#include "flow/csv_survey.h"

#include <h2o.h>

/* What the file did not say has a null base, or IMPORT_NO_DATE: it changes nothing that is known,
 * and a new invoice gets the default. */
#define IMPORT_NO_DATE INT32_MIN

struct import_row {
    int64_t line;
    uint64_t number_fingerprint;
    uint64_t fingerprint; /* of all values: equal in two rows that say the same */
    struct span raw;      /* the row as it stood, in UTF-8 */
    /* Of a campaign's row: its telephone number and debt, equal in two rows that mean the same;
     * what was made because the file has no such cell; and the cells of columns of the file's own,
     * in the order of the shape's fields, null where there is none. */
    uint64_t debt_fingerprint;
    bool has_own_reference, has_own_number;
    struct span *cells;
    struct span reference, name, phone, email, number, product, account;
    struct span language; /* "pl", "en", "uk" */
    struct span identity; /* its last digits, 4 to 8; a secret: not in faults */
    struct span kind;     /* "invoice", … */
    struct span currency; /* PLN when the file does not say */
    int64_t amount_minor;
    int32_t issue_date, due_date;
    struct contact_said said; /* by which channels the customer may be reached */
};

/* Why a row stays out. */
struct import_fault {
    int64_t line;
    const char *column; /* null: the row as a whole */
    struct span value, raw;
    const char *reason; /* a sentence */
};

/* Reads a row into memory of `pool`. `campaign` is what stands before the line in numbers that are
 * made; with a null base the row is no campaign's. False: `fault` says why; its spans are in the
 * pool too. */
bool import_row_read(const struct csv_shape *, const struct csv_row *, struct span campaign,
                     h2o_mem_pool_t *pool, struct import_row *, struct import_fault *fault);

#endif
