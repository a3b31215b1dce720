/* The token by which an app on a phone shows whose it is: a JWT (RFC 7519) that the bank's own
 * server signed for its customer, checked as RFC 8725 advises. What it must be is said by the
 * settings; nothing that the token says of itself chooses how it is checked, and no address or key
 * in its header is looked at. */
#ifndef DUNLIN_HTTP_BANK_TOKEN_H
#define DUNLIN_HTTP_BANK_TOKEN_H

#include "base/clock.h"
#include "base/key_set.h"
#include "domain/device.h"

enum { BANK_TOKEN_MAX = 8192 }; /* octets */

struct bank_token_rules {
    enum signature_algorithm algorithm;
    struct span issuer, audience;
    struct span customer_claim; /* whose value is the creditor's reference of the customer */
    int64_t leeway_s;           /* by which clocks may differ */
};

/* In order of precedence. For ourselves: whoever sent the token gets one answer for all. */
enum bank_token_verdict {
    BANK_TOKEN_GOOD = 0,
    BANK_TOKEN_MALFORMED, /* no three parts of base64url, no JSON objects, a name twice, too long */
    BANK_TOKEN_ALGORITHM, /* not the one of the settings, or an extension we do not know */
    BANK_TOKEN_ISSUER,
    BANK_TOKEN_AUDIENCE,
    BANK_TOKEN_EXPIRED, /* or without an end */
    BANK_TOKEN_NOT_YET, /* from the future */
    BANK_TOKEN_CUSTOMER,
    BANK_TOKEN_KEY_UNKNOWN, /* the only one that newer keys may change */
    BANK_TOKEN_FORGED,
};

struct bank_customer {
    char reference[DEVICE_CUSTOMER_MAX];
    size_t len;
};

/* `now` is the wall clock. `customer` is set when the verdict is BANK_TOKEN_GOOD. */
enum bank_token_verdict bank_token_check(const struct bank_token_rules *, const struct key_set *,
                                         struct span token, struct instant now,
                                         struct bank_customer *customer);
/* A word for debug lines. */
const char *bank_token_verdict_word(enum bank_token_verdict);

#endif
