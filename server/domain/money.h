/* Amounts: whole minor units (grosze, cents) beside their ISO 4217 currency. Never floats. Printing
 * for people is text_format.h, reading a person's writing is csv_value.h. */
#ifndef DUNLIN_DOMAIN_MONEY_H
#define DUNLIN_DOMAIN_MONEY_H

#include "base/err.h"
#include "base/span.h"

/* The largest amount of one thing that is taken in: a thousandth of what would overflow, so that
 * sums of many stay far from it. */
#define MONEY_MINOR_MAX INT64_C(999999999999999)

struct money {
    int64_t minor;
    char currency[4]; /* three capitals and a NUL */
};

/* How many digits the minor unit has (2 for PLN, 0 for JPY), or -1 when `code` is no currency in
 * use. Capitals only. */
int currency_exponent(struct span code);
/* `currency` must be a currency. */
struct money money_of(int64_t minor, const char *currency);
bool money_has_currency(struct money m, struct span currency);
/* minor * numerator / denominator, rounded half up: to the nearest whole minor unit, and what lies
 * just between two of them to the larger one, as Polish tax law rounds to the grosz (art. 106e(11)
 * of the VAT Act of 11 March 2004). None below zero, and the denominator above it; numerator times
 * denominator must stay below 2^62, and the share below 2^63. */
int64_t money_share(int64_t minor, int64_t numerator, int64_t denominator);

#endif
