/* Bank account numbers: ISO 13616, with the Polish habit of leaving the country out. */
#ifndef DUNLIN_DOMAIN_IBAN_H
#define DUNLIN_DOMAIN_IBAN_H

#include "base/span.h"

enum { IBAN_LEN_MAX = 34 };

enum iban_refusal {
    IBAN_GOOD = 0,
    IBAN_MALFORMED,       /* something else than letters and digits, or no country in front */
    IBAN_COUNTRY_UNKNOWN, /* not in the registry */
    IBAN_LENGTH_WRONG,    /* for its country */
    IBAN_CHECK_WRONG,     /* a digit is mistyped */
};

/* Takes blanks and hyphens out, makes letters capitals, puts PL before 26 digits, then checks
 * country, length and check digits. `out` is filled only when it is good. */
enum iban_refusal iban_normalise(struct span text, char out[IBAN_LEN_MAX + 1]);

#endif
