#include "store/api_key_store.h"

#include "sql.h"

#include <stdio.h>

static bool is_word(struct span s, bool takes_capitals)
{
    for (size_t i = 0; i != s.len; ++i) {
        char c = s.base[i];
        bool is_fine = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                       (takes_capitals && c >= 'A' && c <= 'Z');
        if (!is_fine)
            return false;
    }
    return s.len != 0;
}

bool api_key_parse(struct span text, struct span *id, struct span *secret)
{
    if (!span_starts(text, SPAN_LIT("dk_")) || text.len >= API_KEY_TEXT_MAX)
        return false;
    text = span_from(text, 3);
    const char *mark = memchr(text.base, '_', text.len);
    if (mark == NULL)
        return false;
    *id = span_of(text.base, (size_t)(mark - text.base));
    *secret = span_from(text, id->len + 1);
    return id->len <= API_KEY_ID_MAX && is_word(*id, false) && is_word(*secret, true);
}

void api_key_make(const char *scopes, char text[API_KEY_TEXT_MAX], struct api_key *key)
{
    uint8_t id[6], secret[20];
    char secret_text[2 * sizeof(secret) + 1];
    random_bytes(id, sizeof(id));
    random_bytes(secret, sizeof(secret));
    hex_print(id, sizeof(id), key->id);
    hex_print(secret, sizeof(secret), secret_text);
    sha256(span_str(secret_text), key->secret_hash);
    snprintf(key->scopes, sizeof(key->scopes), "%s", scopes);
    snprintf(text, API_KEY_TEXT_MAX, "dk_%s_%s", key->id, secret_text);
    secret_wipe(secret, sizeof(secret));
    secret_wipe(secret_text, sizeof(secret_text));
}

bool api_key_has_scope(const struct api_key *key, const char *scope)
{
    size_t len = strlen(scope);
    for (const char *at = key->scopes; (at = strstr(at, scope)) != NULL; at += len)
        if ((at == key->scopes || at[-1] == ' ') && (at[len] == '\0' || at[len] == ' '))
            return true;
    return false;
}

int api_key_find(struct store *store, struct pg_query *query, struct span id, pg_result_cb on_found,
                 void *owner, struct err *e)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_text(&args, id);
    int bad = pg_read(store->reads, query, SQL_API_KEY_FIND, &args, on_found, owner, e);
    pg_args_release(&args);
    return bad;
}

bool api_key_of(const PGresult *result, struct api_key *key)
{
    if (PQntuples(result) != 1)
        return false;
    struct span hash = pg_get_text(result, 0, 0), scopes = pg_get_text(result, 0, 1);
    if (hash.len != sizeof(key->secret_hash))
        return false;
    memcpy(key->secret_hash, hash.base, hash.len);
    snprintf(key->scopes, sizeof(key->scopes), "%.*s", SPAN_ARG(scopes));
    snprintf(key->name, sizeof(key->name), "%.*s", SPAN_ARG(pg_get_text(result, 0, 2)));
    return true;
}

void api_key_add(struct pg_tx *tx, const struct api_key *key, struct span name, struct instant now)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_text(&args, span_str(key->id));
    pg_arg_text(&args, name);
    pg_arg_bytes(&args, span_of((const char *)key->secret_hash, sizeof(key->secret_hash)));
    pg_arg_text(&args, span_str(key->scopes));
    pg_arg_instant(&args, now);
    pg_tx_add(tx, SQL_API_KEY_ADD, &args, NULL);
    pg_args_release(&args);
}

void api_key_revoke(struct pg_tx *tx, struct span id, struct instant now, pg_result_cb on_revoked)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_text(&args, id);
    pg_arg_instant(&args, now);
    pg_tx_add(tx, SQL_API_KEY_REVOKE, &args, on_revoked);
    pg_args_release(&args);
}

int api_key_list(struct store *store, struct pg_query *query, pg_result_cb on_listed, void *owner,
                 struct err *e)
{
    return pg_read(store->reads, query, SQL_API_KEY_LIST, NULL, on_listed, owner, e);
}

void api_key_read_listed(const PGresult *result, int row, struct api_key_listed *key)
{
    *key = (struct api_key_listed){.id = pg_get_text(result, row, 0),
                                   .name = pg_get_text(result, row, 1),
                                   .scopes = pg_get_text(result, row, 2),
                                   .created_at = pg_get_instant(result, row, 3),
                                   .is_revoked = !pg_is_null(result, row, 4)};
}
