/* The demo's own certificate authority and the gateway's certificate for localhost, made at the
 * first start and kept under the demo's folder. The authority may vouch for this machine's loopback
 * names only (name constraints), so that trusting it opens nothing else. */
#ifndef DUNLIN_APP_DEMO_CERTS_H
#define DUNLIN_APP_DEMO_CERTS_H

#include "base/err.h"

struct demo_certs {
    char ca[512], certificate[512], key[512]; /* PEM files */
};

/* Makes what is missing or about to expire. The folder must exist. */
MUST_CHECK int demo_certs_make(const char *folder, struct demo_certs *, struct err *);

#endif
