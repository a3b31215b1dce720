/* The file of link keys (its form is domain/keyring.h's): made with one random key at first start,
 * 0600, read by every process. */
#ifndef DUNLIN_APP_KEYS_H
#define DUNLIN_APP_KEYS_H

#include "base/err.h"

#include <stdbool.h>

struct keyring;

/* Leaves a file that is there alone. Two starting at once make one file. */
MUST_CHECK int keys_make_if_missing(const char *file, struct err *);
/* *keys is the caller's: keyring_free. ERR_SETTINGS when the file says nonsense or others may read
 * it. */
MUST_CHECK int keys_load(const char *file, struct keyring **keys, struct err *);

/* How many keys of each kind there are after a change, and which number it was about. */
struct keys_change {
    int number, active_count;
};

/* Adds a new active key, the next to sign; those before it stay good. ERR_INPUT when all sixteen
 * numbers are taken. Each change writes the file anew beside the old one and renames it, 0600,
 * under a lock; lines that are comments stay. */
MUST_CHECK int keys_rotate(const char *file, struct keys_change *, struct err *);
/* Links of that key alone are dead from then on. ERR_INPUT for an unknown or retired number and for
 * the last active one. */
MUST_CHECK int keys_retire(const char *file, int number, struct keys_change *, struct err *);
/* `on_key` for each, in order; `is_signer` for the one that signs. */
MUST_CHECK int keys_list(const char *file,
                         void (*on_key)(void *owner, int number, bool is_active, bool is_signer),
                         void *owner, struct err *);

#endif
