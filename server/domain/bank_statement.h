/* A bank's statement and its entries, as every form of file tells them, and what must agree in it.
 * Amounts are minor units. */
#ifndef DUNLIN_DOMAIN_BANK_STATEMENT_H
#define DUNLIN_DOMAIN_BANK_STATEMENT_H

#include "base/crypto.h"
#include "domain/iban.h"
#include "domain/money.h"

enum {
    BANK_ID_MAX = 140,    /* bytes of a statement's id, of its account as written */
    BANK_PAID_TO_MAX = 4, /* accounts that an entry may name as its target */
    BANK_ENTRY_KEY_LEN = SHA256_LEN,
};

enum bank_direction { BANK_CREDIT = 1, BANK_DEBIT };

enum bank_entry_status {
    BANK_ENTRY_BOOKED = 1,
    BANK_ENTRY_PENDING,     /* to be shown, never booked */
    BANK_ENTRY_INFORMATION, /* nothing has moved */
    BANK_ENTRY_UNKNOWN,     /* a word that we do not know */
};

/* Whose spans: the reader's, while it hands the entry over. Text is UTF-8; none is an empty span.
 */
struct bank_entry {
    int64_t line;                 /* where it stands in the file, from 1 */
    int32_t booked_on, valued_on; /* days since 1970-01-01 */
    struct money amount;          /* not below zero: `direction` says which way */
    enum bank_direction direction;
    enum bank_entry_status status;
    bool is_reversal; /* takes an earlier one back; its direction is its own already */
    struct span bank_reference, end_to_end_id, transaction_id, return_reason;
    struct span payer_name;                           /* of what comes in, or goes back */
    char payer_account[IBAN_LEN_MAX + 1];             /* "": not told, or no account number */
    char paid_to[BANK_PAID_TO_MAX][IBAN_LEN_MAX + 1]; /* other than the statement's account */
    size_t paid_to_count;
    struct span collect_id; /* by which the bank knows a mass payment's target */
    struct span title;
    int32_t part_no, part_count; /* of a batch, from 1; what stands alone is 1 of 1 */
    bool is_unclear;             /* a batch whose parts are not told, or are not its sum */
    int32_t ordinal;             /* among the equal booked entries of its statement, from 1 */
};

/* What a statement says of a kind of its entries. */
struct bank_told {
    bool has_count, has_sum;
    int64_t count, sum_minor;
};

struct bank_statement {
    int64_t line;
    char id[BANK_ID_MAX + 1], number[BANK_ID_MAX + 1]; /* the number may be "" */
    char account[IBAN_LEN_MAX + 1];                    /* "": it is no IBAN */
    char account_text[BANK_ID_MAX + 1];                /* as written */
    char currency[4];
    bool is_copy; /* the bank says that it has sent it before */
    int32_t opened_on, closed_on;
    int64_t opening_minor, closing_minor; /* below zero: overdrawn */
    struct bank_told told_all, told_credits, told_debits;
    bool has_net;
    int64_t net_minor;
    /* Counted by the reader, of booked entries, a batch as one. */
    int64_t credit_count, credit_minor, debit_count, debit_minor;
};

enum bank_statement_mistake {
    BANK_STATEMENT_GOOD = 0,
    BANK_STATEMENT_BALANCE_WRONG, /* opening + credits - debits is not closing */
    BANK_STATEMENT_COUNT_WRONG,   /* another number of entries than it says */
    BANK_STATEMENT_SUM_WRONG,     /* another sum than it says */
    BANK_STATEMENT_NET_WRONG,
    BANK_STATEMENT_MISTAKE_COUNT,
};
/* What must agree in a statement that has been read to its end; the first mistake. */
enum bank_statement_mistake bank_statement_check(const struct bank_statement *);
/* A sentence for people. */
const char *bank_statement_mistake_text(enum bank_statement_mistake);
/* Counts a booked entry (a batch once). False when sums would overflow: nothing is counted then. */
bool bank_statement_count(struct bank_statement *, enum bank_direction, int64_t minor);

enum bank_amount_mistake {
    BANK_AMOUNT_GOOD = 0,
    BANK_AMOUNT_MALFORMED,
    BANK_AMOUNT_TOO_PRECISE,
    BANK_AMOUNT_TOO_LARGE,
};
/* Digits, `mark`, at most `exponent` digits: "1230,00", "3,5", also "1230,". */
enum bank_amount_mistake bank_amount_read(struct span text, int exponent, char mark,
                                          int64_t *minor);
const char *bank_amount_mistake_text(enum bank_amount_mistake);

/* What an entry is known by when another file tells it again, but for its ordinal: the account, the
 * booking day, the bank's reference, direction, amount and currency. Without a reference, or as
 * part of a batch, which share one, all that it tells. */
void bank_entry_key(const struct bank_statement *, const struct bank_entry *,
                    uint8_t out[BANK_ENTRY_KEY_LEN]);

#endif
