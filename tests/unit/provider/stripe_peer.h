/* Stripe as a sender of events for unit tests: the published vector of the signature, and events
 * signed in the same way. */
#ifndef DUNLIN_TESTS_STRIPE_PEER_H
#define DUNLIN_TESTS_STRIPE_PEER_H

#include "base/crypto.h"
#include "provider/provider.h"

#include <stdio.h>

#define STRIPE_SECRET "whsec_ref0Stripe1Secret2ForDocs3"
#define STRIPE_TIME "1767225600"
#define STRIPE_NOW INT64_C(1767225600)
#define STRIPE_MAC "597a45c3a8508895a002047c8944f853efb9a8817538892540108bb782ff15f4"
#define STRIPE_BODY                                                                                \
    "{\"id\":\"evt_ref_1\",\"object\":\"event\",\"api_version\":\"2026-10-28.endive\","            \
    "\"created\":1767225599,\"livemode\":false,\"type\":\"checkout.session.completed\","           \
    "\"data\":{\"object\":{\"id\":\"cs_test_ref_1\",\"object\":\"checkout.session\","              \
    "\"amount_total\":12345,\"currency\":\"pln\",\"client_reference_id\":\"INV-2026-0001\","       \
    "\"payment_status\":\"paid\",\"status\":\"complete\"}}}"

struct stripe_peer {
    struct span signature;
    int count;
};

static inline struct span stripe_peer_get(void *owner, const char *name, int *count)
{
    struct stripe_peer *peer = owner;
    bool is_ours = strcmp(name, "stripe-signature") == 0;
    *count = is_ours ? peer->count : 0;
    return *count > 0 ? peer->signature : (struct span){NULL, 0};
}

static inline struct stripe_peer stripe_peer_of(const char *signature)
{
    return (struct stripe_peer){span_str(signature), signature != NULL};
}

static inline struct callback_headers stripe_peer_headers(struct stripe_peer *peer)
{
    return (struct callback_headers){stripe_peer_get, peer};
}

/* "t=…,v1=…" with the vector's secret and time. */
static inline void stripe_peer_sign(struct span body, char out[128])
{
    struct buf text;
    uint8_t mac[SHA256_LEN];
    char hex[2 * SHA256_LEN + 1];
    buf_init(&text, 1 << 20);
    buf_add_str(&text, STRIPE_TIME ".");
    buf_add(&text, body);
    hmac_sha256(SPAN_LIT(STRIPE_SECRET), buf_span(&text), mac);
    buf_release(&text);
    hex_print(mac, sizeof(mac), hex);
    snprintf(out, 128, "t=" STRIPE_TIME ",v1=%s", hex);
}

#endif
