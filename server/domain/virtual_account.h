/* Virtual accounts: a Polish account number of the creditor's own bank that stands for one debt.
 * Its first digits are the bank's and the creditor's (the prefix, a setting), the rest is ours: an
 * id with zeros in front and a check digit of its own. Money that comes to such a number says what
 * it is for, whatever its title says. */
#ifndef DUNLIN_DOMAIN_VIRTUAL_ACCOUNT_H
#define DUNLIN_DOMAIN_VIRTUAL_ACCOUNT_H

#include "base/span.h"

enum {
    VIRTUAL_ACCOUNT_LEN = 28,        /* PL and 26 digits */
    VIRTUAL_ACCOUNT_PREFIX_MIN = 12, /* the bank's 8, and at least 4 of the creditor's */
    VIRTUAL_ACCOUNT_PREFIX_MAX = 16, /* leaves 7 digits of an id and its check digit */
};

enum virtual_account_refusal {
    VIRTUAL_ACCOUNT_GOOD = 0,
    VIRTUAL_ACCOUNT_PREFIX_WRONG, /* not 12 to 16 digits, or the bank's own check digit fails */
    VIRTUAL_ACCOUNT_ID_TOO_LARGE, /* or not above zero */
    VIRTUAL_ACCOUNT_NO_ACCOUNT,   /* no Polish account number: a digit is mistyped */
    VIRTUAL_ACCOUNT_NOT_OURS,     /* another prefix */
    VIRTUAL_ACCOUNT_INNER_WRONG,  /* the check digit of the id fails: none that we have made */
};

/* Whether a setting can be a prefix: digits without blanks, those of the account number behind the
 * two check digits. */
bool virtual_account_prefix_is_good(struct span prefix);
/* Makes the number of `id`. */
enum virtual_account_refusal virtual_account_make(struct span prefix, int64_t id,
                                                  char out[VIRTUAL_ACCOUNT_LEN + 1]);
/* The id in an account number, written in any way that iban_normalise() takes. The first refusal
 * that applies. */
enum virtual_account_refusal virtual_account_read(struct span prefix, struct span account,
                                                  int64_t *id);
/* Our id in the digits behind the prefix, as some banks tell it alone. */
enum virtual_account_refusal virtual_account_read_tail(struct span prefix, struct span digits,
                                                       int64_t *id);
/* The account number of 24 digits (bank and account) with check digits in front: how a number that
 * a bank's file tells in two pieces becomes whole. False when they are not 24 digits. */
bool virtual_account_complete(struct span digits, char out[VIRTUAL_ACCOUNT_LEN + 1]);

#endif
