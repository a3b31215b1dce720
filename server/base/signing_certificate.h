/* The certificate of somebody who signs messages (RS256: RSASSA-PKCS1-v1_5 with SHA-256), believed
 * because a root that we were given vouches for it. */
#ifndef DUNLIN_BASE_SIGNING_CERTIFICATE_H
#define DUNLIN_BASE_SIGNING_CERTIFICATE_H

#include "base/clock.h"
#include "base/err.h"
#include "base/span.h"

enum { SIGNING_CERTIFICATE_PEM_MAX = 64 * 1024, SIGNING_CERTIFICATE_CHAIN_MAX = 4 };

struct signing_certificate;

/* `pem` is the certificate, and behind it those between it and the root, if any; `root_pem` is the
 * root alone. Who issued whom is checked here, once; the dates are left to
 * signing_certificate_is_in_date. Null with ERR_INPUT otherwise; the words quote nothing of it. */
struct signing_certificate *signing_certificate_new(struct span pem, struct span root_pem,
                                                    struct err *);
/* Whether it is one certificate in PEM, as `root_pem` must be. */
bool signing_root_is_ok(struct span root_pem);
void signing_certificate_free(struct signing_certificate *); /* null is fine */

/* Whether it and all that vouch for it are in date. */
bool signing_certificate_is_in_date(const struct signing_certificate *, struct instant now);
/* Whether it signed the message. Its dates are the caller's to check. */
bool signing_certificate_signed(const struct signing_certificate *, struct span message,
                                struct span signature);

#endif
