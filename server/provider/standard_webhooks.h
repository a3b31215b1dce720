/* Standard Webhooks (standardwebhooks.com, 1.0): who sent these bytes, and when.
 *
 * Stricter than the published libraries where they differ among themselves: the time is digits
 * only, an id holds no dot (it would move the border between id and time in the signed text), each
 * header stands there once, base64 has its padding. A signature is tried as what its version says
 * and as nothing else: v1 (HMAC-SHA-256) with the secrets, v1a (Ed25519) with the public keys. */
#ifndef DUNLIN_PROVIDER_STANDARD_WEBHOOKS_H
#define DUNLIN_PROVIDER_STANDARD_WEBHOOKS_H

#include "provider/provider.h"

enum {
    STANDARD_WEBHOOKS_ID_MAX = 100,
    STANDARD_WEBHOOKS_WINDOW_SECONDS = 300, /* both ways, as in the published libraries */
    STANDARD_WEBHOOKS_KEY_MIN = 24,
    STANDARD_WEBHOOKS_KEY_MAX = 64,
    STANDARD_WEBHOOKS_V1A_MAX = 4, /* signatures tried of one message: each costs what 50 MACs do */
};

/* Whether a secret of the settings can be used: "whsec_" (may be left out) and base64 of 24 to 64
 * bytes. */
bool standard_webhooks_secret_is_ok(struct span secret);
/* The same of a public key: "whpk_" and base64 of 32 bytes. */
bool standard_webhooks_public_key_is_ok(struct span public_key);

/* GENUINE, FORGED or STALE. *id is the verified webhook-id: it points into the headers. Any secret
 * or public key of the account is enough; one that is empty or not usable verifies nothing. */
enum callback_verdict standard_webhooks_verify(const struct provider_account *account,
                                               const struct callback_headers *headers,
                                               struct span body, struct instant now,
                                               struct span *id);

/* The three headers as one JSON object, for keeping beside the body. */
void standard_webhooks_keep(const struct callback_headers *headers, struct buf *json);
/* The id in what standard_webhooks_keep wrote, into `id`; false when it is not there. */
bool standard_webhooks_kept_id(struct span json, char id[STANDARD_WEBHOOKS_ID_MAX + 1]);

#endif
