/* The text inside the QR code of an ordinary transfer: the Polish Bank Association's "2D" code for
 * PLN, EPC069-12 for EUR. Where a code could mislead (too large an amount, an account it cannot
 * name), there is none, and the page shows the transfer's data to copy. */
#ifndef DUNLIN_DOMAIN_TRANSFER_QR_H
#define DUNLIN_DOMAIN_TRANSFER_QR_H

#include "base/buf.h"
#include "domain/money.h"

struct transfer {
    struct span recipient;
    struct span nip;           /* the recipient's tax number; may be empty */
    struct span account;       /* IBAN */
    struct span title;         /* what the creditor will know the payment by */
    struct money amount;       /* what is left to pay */
    bool is_split_payment;     /* VAT goes to an account of its own: no code has room for it */
    bool takes_euro_transfers; /* the account takes SEPA credit transfers */
};

enum transfer_qr_refusal {
    TRANSFER_QR_GOOD = 0,
    TRANSFER_QR_NOTHING_TO_PAY,
    TRANSFER_QR_NO_ACCOUNT,
    TRANSFER_QR_ACCOUNT_WRONG,   /* no IBAN, or its check digits are wrong */
    TRANSFER_QR_CURRENCY,        /* neither PLN nor EUR, or the account takes no EUR */
    TRANSFER_QR_ACCOUNT_FOREIGN, /* the Polish code names only Polish accounts */
    TRANSFER_QR_SPLIT_PAYMENT,
    TRANSFER_QR_AMOUNT_TOO_LARGE, /* above 9,999.99 PLN not every app reads the code */
    TRANSFER_QR_NO_RECIPIENT,     /* nothing is left of the name in the code's characters */
    TRANSFER_QR_NO_TITLE,
    TRANSFER_QR_TOO_LONG, /* more bytes than the standard allows */
};

/* How much of the code may be damaged: the standards differ. */
enum transfer_qr_level {
    TRANSFER_QR_LEVEL_L = 1, /* ZBP */
    TRANSFER_QR_LEVEL_M,     /* EPC */
};

/* Appends the text and says the error correction level. On a refusal nothing is appended. */
enum transfer_qr_refusal transfer_qr_print(const struct transfer *t, struct buf *text,
                                           enum transfer_qr_level *level);

#endif
