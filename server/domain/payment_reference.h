/* Our name for a payment, given to the provider and used in /back/{payment}: sealed as a paylink's
 * code is, for another purpose, so neither opens what the other opens. It leads to the customer
 * without a look-up. */
#ifndef DUNLIN_DOMAIN_PAYMENT_REFERENCE_H
#define DUNLIN_DOMAIN_PAYMENT_REFERENCE_H

#include "domain/sealed.h"

enum { PAYMENT_REFERENCE_LEN = SEALED_LEN };

struct payment_id {
    int64_t customer_id;
    int32_t payment_no;
};

/* PAYMENT_REFERENCE_LEN characters of [0-9A-Za-z] and a NUL. */
void payment_reference_print(const struct keyring *k, struct payment_id id,
                             char out[PAYMENT_REFERENCE_LEN + 1]);
/* As sealed_print_as(). */
MUST_CHECK bool payment_reference_print_as(const struct keyring *k, int64_t key_no,
                                           struct payment_id id,
                                           char out[PAYMENT_REFERENCE_LEN + 1]);
/* As sealed_check(). */
bool payment_reference_check(const struct keyring *k, struct span reference, struct payment_id *id);

#endif
