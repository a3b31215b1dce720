/* Which debts a transfer pays: judged from what its entry says and from the debts that may be
 * meant, with a confidence and a reason. Amount alone never decides. */
#ifndef DUNLIN_DOMAIN_BANK_MATCH_H
#define DUNLIN_DOMAIN_BANK_MATCH_H

#include "domain/bank_statement.h"
#include "domain/ksef_number.h"

enum {
    BANK_MATCH_CANDIDATES_MAX = 256, /* debts that one entry is judged with */
    BANK_MATCH_DEBTS_MAX = 16,       /* that a verdict tells */
};

enum bank_decision {
    BANK_UNMATCHED = 0, /* a person looks, with nothing to go by */
    BANK_SUGGESTED,     /* a person chooses among the debts that are told */
    BANK_BOOKED,        /* sure */
};

/* In the order of proof, the strongest first. */
enum bank_reason {
    BANK_REASON_NONE = 0,
    BANK_REASON_NOT_MONEY_IN,    /* goes out, takes back, is not booked, or is nothing */
    BANK_REASON_PARTS_UNCLEAR,   /* a batch whose parts are not known */
    BANK_REASON_KSEF_COLLECTIVE, /* a number for several invoices, which only KSeF knows */
    BANK_REASON_VIRTUAL_ACCOUNT,
    BANK_REASON_KSEF_NUMBER,
    BANK_REASON_REFERENCE,     /* our own, with its check */
    BANK_REASON_NUMBER,        /* the whole number of one invoice */
    BANK_REASON_NUMBERS,       /* of several */
    BANK_REASON_NUMBER_LOOSE,  /* without its prefix, run together, or one that says little */
    BANK_REASON_PAYER_ACCOUNT, /* known, and the exact amount */
    BANK_REASON_NAME,          /* and the exact amount */
    BANK_REASON_COUNT,
};
/* "virtual_account", …: for programs. */
const char *bank_decision_name(enum bank_decision);
const char *bank_reason_name(enum bank_reason);
/* A sentence's part for people. */
const char *bank_reason_text(enum bank_reason);

/* An open debt that may be meant. Empty spans are not told. */
struct bank_debt {
    struct span number; /* of the invoice, as it is written */
    struct span ksef_number;
    struct span virtual_account; /* IBAN */
    struct span reference;       /* ours for it, whose check the caller has made to hold */
    struct span name;            /* of the customer */
    bool is_payer_known;         /* the entry's account has paid this customer's debts before */
    struct money due;
};

struct bank_verdict {
    enum bank_decision decision;
    enum bank_reason reason;
    int confidence;                     /* percent */
    size_t debts[BANK_MATCH_DEBTS_MAX]; /* places in the caller's list, in its order */
    size_t debt_count;
    bool is_split_payment; /* the title is that of a split payment: VAT goes to another account */
    int64_t vat_minor;     /* as that title says */
};

/* Booked: the entry pays exactly the debts told, the amount to the one, or to each its due. Several
 * are booked only when their dues are the amount. */
void bank_match(const struct bank_entry *, const struct bank_debt *debts, size_t count,
                struct bank_verdict *out);

/* A split payment's title: /VAT/10,00/IDC/5265877635/INV/FV 1/2026/TXT/rata. False when it is none.
 * Spans into `title`. */
struct split_title {
    struct span vat, tax_id, invoice, text;
};
bool bank_split_title_read(struct span title, struct split_title *out);

#endif
