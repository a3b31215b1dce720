/* The numbered keys that sign links, payment references, form tokens and upload tickets. Up to 16,
 * of which several may be active at once: the newest active one signs, every active one is
 * believed, a retired one is not. From each key a subkey per purpose is derived, so what is signed
 * for one purpose is worth nothing for another.
 *
 * The key file has one key a line, oldest first: `number hex64 active|retired`. Empty lines and
 * lines beginning with # are passed over. */
#ifndef DUNLIN_DOMAIN_KEYRING_H
#define DUNLIN_DOMAIN_KEYRING_H

#include "base/crypto.h"
#include "base/err.h"
#include "base/span.h"

enum {
    KEYRING_KEYS_MAX = 16, /* numbers 0 to 15: four bits of a code */
    KEYRING_KEY_LEN = 32,  /* bytes */
};

enum key_purpose {
    KEY_PAYLINK = 0,
    KEY_PAYMENT, /* the reference of a payment: given to providers, and /back/{payment} */
    KEY_FORM,
    KEY_COLLAPSE, /* what makes a later push of an invoice replace the earlier */
    KEY_MESSAGE,  /* what a message is called outside: message_code.h */
    KEY_UPLOAD,   /* tickets that let a file in: upload_ticket.h */
    KEY_MATCH,    /* what page and message recognise each other by: match_code.h */
    KEY_FACT,     /* hides the fact that a customer is known by: identity.h */
    KEY_PROOF,    /* that it was told right */
    KEY_PURPOSE_COUNT,
};

/* What one key gives for one purpose. */
struct key_pair {
    struct hmac_key mac, cover; /* cover: the pad that hides what is sealed */
};

struct keyring;

/* Reads the text of a key file. Null with ERR_SETTINGS and "line N: …" when it is wrong or has no
 * active key. The text's secrets are the caller's to wipe. */
struct keyring *keyring_new(struct span text, struct err *e);
/* Wipes and frees. */
void keyring_free(struct keyring *k);
/* The number of the key that signs. */
int keyring_signer(const struct keyring *k);
/* The subkeys of key `number` (0 to 15). For a number that is absent or retired, subkeys that
 * never signed anything, and *is_active false: so that refusing costs the same work. */
const struct key_pair *keyring_pair(const struct keyring *k, enum key_purpose purpose, int number,
                                    bool *is_active);

#endif
