/* API keys: "dk_<id>_<secret>". The id finds the row; of the secret, which is random, the row holds
 * the SHA-256. Scopes are words separated by blanks here: "imports invoices paylinks". */
#ifndef DUNLIN_STORE_API_KEY_STORE_H
#define DUNLIN_STORE_API_KEY_STORE_H

#include "base/crypto.h"
#include "store/store.h"

enum {
    API_KEY_ID_MAX = 32,
    API_KEY_SCOPES_MAX = 400,
    API_KEY_NAME_MAX = 100,
    API_KEY_TEXT_MAX = 96
};

struct api_key {
    char id[API_KEY_ID_MAX + 1];
    uint8_t secret_hash[SHA256_LEN];
    char scopes[API_KEY_SCOPES_MAX + 1];
    char name[API_KEY_NAME_MAX + 1]; /* whose it is, cut; of those that are found */
};

/* Takes a key's text apart; false when it is none. The id is [0-9a-z], the secret [0-9A-Za-z]. */
bool api_key_parse(struct span text, struct span *id, struct span *secret);
/* Makes a new one: its text, shown once, and its row. */
void api_key_make(const char *scopes, char text[API_KEY_TEXT_MAX], struct api_key *key);
bool api_key_has_scope(const struct api_key *, const char *scope);

/* Reads the row of a live key: api_key_of(result) is false when there is none. */
MUST_CHECK int api_key_find(struct store *, struct pg_query *, struct span id,
                            pg_result_cb on_found, void *owner, struct err *);
bool api_key_of(const PGresult *, struct api_key *);
/* Adds statements to a transaction. */
void api_key_add(struct pg_tx *, const struct api_key *, struct span name, struct instant now);
/* `on_revoked`'s result has a row when there was a live key to revoke. */
void api_key_revoke(struct pg_tx *, struct span id, struct instant now, pg_result_cb on_revoked);

/* Every key there ever was, the oldest first: api_key_read_listed for each row. */
struct api_key_listed {
    struct span id, name, scopes;
    struct instant created_at;
    bool is_revoked;
};
MUST_CHECK int api_key_list(struct store *, struct pg_query *, pg_result_cb on_listed, void *owner,
                            struct err *);
void api_key_read_listed(const PGresult *, int row, struct api_key_listed *);

#endif
