/* The identity under which a later push of an invoice replaces the earlier one on the screen. It
 * leaves the house, so nothing of the invoice can be read from it. */
#ifndef DUNLIN_DOMAIN_COLLAPSE_ID_H
#define DUNLIN_DOMAIN_COLLAPSE_ID_H

#include "domain/keyring.h"

enum { COLLAPSE_ID_LEN = 22 }; /* 128 bits in base64url; APNs takes at most 64 octets */

/* COLLAPSE_ID_LEN characters and a NUL. The same as long as the oldest active key stays: a new key
 * must not part a thank-you from what it is to replace. */
void collapse_id_print(const struct keyring *, int64_t customer_id, int64_t invoice_id,
                       char out[COLLAPSE_ID_LEN + 1]);

#endif
