/* A certificate authority of the demo's own and a certificate for localhost, made at the first
 * start and kept under the demo's folder. The authority may vouch for this machine's loopback names
 * only (name constraints), so that trusting it opens nothing else. The demo has two: browsers may
 * be told to trust the one of the pages; the one of the push services is for the gateway's client
 * alone. */
#ifndef DUNLIN_APP_DEMO_CERTS_H
#define DUNLIN_APP_DEMO_CERTS_H

#include "base/err.h"

struct demo_certs {
    char ca[512], certificate[512], key[512]; /* PEM files */
};

/* Makes what is missing or about to expire. The folder must exist. `title` names the authority. */
MUST_CHECK int demo_certs_make(const char *folder, const char *title, struct demo_certs *,
                               struct err *);

#endif
