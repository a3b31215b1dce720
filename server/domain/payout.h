/* Payouts: what a provider says it has settled, what the ledger has, and what arrived at the bank.
 * Amounts are minor units from our side: what we get is above zero, what is taken below. */
#ifndef DUNLIN_DOMAIN_PAYOUT_H
#define DUNLIN_DOMAIN_PAYOUT_H

#include "base/span.h"

/* No single amount of a payout is larger: a hundred thousand of them are far from overflow. */
#define PAYOUT_AMOUNT_MAX_MINOR INT64_C(10000000000000)

enum payout_kind {
    PAYOUT_PAYMENT = 0,
    PAYOUT_REFUND,
    PAYOUT_REFUND_REVERSAL,
    PAYOUT_CHARGEBACK,
    PAYOUT_CHARGEBACK_REVERSAL,
    PAYOUT_FEE,   /* of no movement of ours: by the month, for a terminal */
    PAYOUT_OTHER, /* what we have no word for: reserves, taxes, advances */
    PAYOUT_KIND_COUNT,
};
/* "payment", …: where there is one, the ledger's own word. */
const char *payout_kind_name(enum payout_kind);
bool payout_kind_read(struct span word, enum payout_kind *);

/* ---- a line of the provider's file ---- */

enum payout_amount_mistake {
    PAYOUT_AMOUNT_GOOD = 0,
    PAYOUT_AMOUNT_MALFORMED,
    PAYOUT_AMOUNT_TOO_PRECISE,
    PAYOUT_AMOUNT_TOO_LARGE,
};
/* "1234.50", "-3", "0.00": digits, a point, at most `exponent` digits behind it, nothing else. */
enum payout_amount_mistake payout_amount_read(struct span text, int exponent, int64_t *minor);

struct payout_amounts {
    int64_t gross_minor, fee_minor, net_minor; /* a fee above zero is taken from us */
};
enum payout_line_mistake {
    PAYOUT_LINE_GOOD = 0,
    PAYOUT_LINE_NET_WRONG,  /* net is not gross less fee */
    PAYOUT_LINE_SIGN_WRONG, /* a payment that takes, a refund that gives */
    PAYOUT_LINE_EMPTY,      /* nothing moved */
};
/* The first that applies. */
enum payout_line_mistake payout_line_check(enum payout_kind, const struct payout_amounts *);

/* ---- what does not agree ---- */

enum payout_verdict {
    PAYOUT_AGREES = 0,
    PAYOUT_SETTLED_TWICE, /* one movement in two payouts, or by two names */
    PAYOUT_NOT_IN_LEDGER,
    PAYOUT_CURRENCY_DIFFERS, /* from the ledger's */
    PAYOUT_AMOUNT_DIFFERS,
    PAYOUT_NOT_SETTLED, /* in the ledger for longer than one waits, and in no payout */
    PAYOUT_NOT_ARRIVED, /* paid out for longer than one waits, and not at the bank */
    PAYOUT_ARRIVED_CURRENCY_DIFFERS,
    PAYOUT_ARRIVED_AMOUNT_DIFFERS, /* from the sum of its lines */
    PAYOUT_VERDICT_COUNT,
};
/* "not_in_ledger": for programs. */
const char *payout_verdict_name(enum payout_verdict);
/* "in the payout, not in the ledger": for people. */
const char *payout_verdict_text(enum payout_verdict);

/* One movement from both sides. */
struct payout_pair {
    enum payout_kind kind;
    int64_t settled_count; /* how often it stands in payouts; 0: in none */
    int64_t settled_minor; /* gross */
    struct span settled_currency;
    bool is_booked;
    int64_t booked_minor; /* from our side: a payment is above zero */
    struct span booked_currency;
    int64_t booked_days; /* ago */
};
/* The first that applies, in the order of the enum. */
enum payout_verdict payout_judge(const struct payout_pair *, int64_t wait_days);

/* A whole payout and the bank. */
struct payout_whole {
    int64_t net_minor; /* of all its lines */
    struct span currency;
    int64_t paid_out_days; /* ago */
    bool has_arrived;
    int64_t arrived_minor;
    struct span arrived_currency;
};
enum payout_verdict payout_judge_arrival(const struct payout_whole *, int64_t wait_days);

#endif
