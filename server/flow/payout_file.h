/* A provider's settlement as it sends it: CSV in UTF-8, whose columns are found by their headings.
 * Two forms are known, by the columns: the plain one of docs/payouts.md, and Stripe's itemized
 * payout reconciliation report. Nothing is guessed: one line that cannot be read refuses the file,
 * as a payout without one of its lines has a wrong sum. */
#ifndef DUNLIN_FLOW_PAYOUT_FILE_H
#define DUNLIN_FLOW_PAYOUT_FILE_H

#include "domain/keyring.h"
#include "domain/payout.h"

enum {
    PAYOUT_FILE_BYTES_MAX = 32 * 1024 * 1024,
    PAYOUT_FILE_LINES_MAX = 100000,
    PAYOUT_FILE_BAD_MAX = 100, /* so many are told; there may be more */
    PAYOUT_ID_MAX = 80,        /* bytes of a payout's, a movement's */
};

struct payout_file_line {
    int64_t line; /* where it stands in the file, from 1 */
    struct span payout_id, movement;
    struct span reference;           /* ours; null base: none */
    int64_t customer_id, payment_no; /* where that leads; 0: nowhere */
    int32_t date;                    /* since 1970-01-01 */
    enum payout_kind kind;
    struct payout_amounts amounts;
    char currency[4];
};

struct payout_file_bad {
    int64_t line;
    char column[PAYOUT_ID_MAX + 1]; /* "": the whole line */
    const char *reason;             /* a sentence that does not repeat the value */
};

struct payout_file {
    struct payout_file_line *lines; /* in the file's order; spans into text_ */
    size_t line_count;
    struct payout_file_bad bad[PAYOUT_FILE_BAD_MAX];
    size_t bad_count; /* of all, told or not */
    char *text_;
    size_t text_len_, line_room_;
};

/* Reads all of it. True when there is nothing bad. Afterwards it is to be released in either case;
 * `bytes` may go. */
bool payout_file_read(struct payout_file *, struct span bytes, const struct keyring *);
void payout_file_release(struct payout_file *);
/* One more bad line, for what only the database knows. */
void payout_file_add_bad(struct payout_file *, int64_t line, const char *column,
                         const char *reason);

#endif
