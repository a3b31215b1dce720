/* The file of link keys (its form is domain/keyring.h's): made with one random key at first start,
 * 0600, read by every process. */
#ifndef DUNLIN_APP_KEYS_H
#define DUNLIN_APP_KEYS_H

#include "base/err.h"

struct keyring;

/* Leaves a file that is there alone. Two starting at once make one file. */
MUST_CHECK int keys_make_if_missing(const char *file, struct err *);
/* *keys is the caller's: keyring_free. ERR_SETTINGS when the file says nonsense or others may read
 * it. */
MUST_CHECK int keys_load(const char *file, struct keyring **keys, struct err *);

#endif
