/* Private keys of the demo's own as PEM files (PKCS#8) that their owner alone may read. */
#ifndef DUNLIN_APP_DEMO_KEY_H
#define DUNLIN_APP_DEMO_KEY_H

#include "base/err.h"

#include <openssl/evp.h>

/* Null when there is none, or no key in it. Given back with EVP_PKEY_free. */
EVP_PKEY *demo_key_read(const char *path);
/* In place of what stands there. */
MUST_CHECK int demo_key_write(const char *path, EVP_PKEY *, struct err *);
/* The key in the file; made by `make` and kept there at the first time. Null and the error. */
EVP_PKEY *demo_key_take(const char *path, EVP_PKEY *(*make)(void), struct err *);

#endif
