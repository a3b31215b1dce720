/* Stripe-Signature: "t=<unix seconds>,v1=<hex>[,v1=<hex>]…", an HMAC-SHA-256 of t, a dot and the
 * raw body, keyed with the whole text of the endpoint's secret ("whsec_" stays on it).
 *
 * Stricter than Stripe's libraries: the time is digits that stand there once, it may lie no further
 * in the future than in the past, and the header stands there once. Schemes other than v1 are
 * passed over; an entry that is none of "name=value" makes the header unreadable. */
#ifndef DUNLIN_PROVIDER_STRIPE_SIGNATURE_H
#define DUNLIN_PROVIDER_STRIPE_SIGNATURE_H

#include "provider/provider.h"

enum { STRIPE_WINDOW_SECONDS = 300 /* both ways; Stripe's own default for the past */ };

/* GENUINE, FORGED or STALE. While a secret is rolled Stripe signs with both, and either of ours is
 * enough. An empty secret verifies nothing. */
enum callback_verdict stripe_signature_verify(const struct span secrets[2],
                                              const struct callback_headers *headers,
                                              struct span body, struct instant now);

/* The header as a JSON object, for keeping beside the body. */
void stripe_signature_keep(const struct callback_headers *headers, struct buf *json);

#endif
