#include "store/template_store.h"

#include "sql.h"

#include <stdio.h>

int template_load(struct store *store, struct pg_query *query, pg_result_cb on_loaded, void *owner,
                  struct err *err)
{
    return pg_read(store->reads, query, SQL_TEMPLATE_LOAD, NULL, on_loaded, owner, err);
}

void template_read_row(const PGresult *result, int row, struct template_row *out)
{
    *out = (struct template_row){.key = {pg_get_text(result, row, 0), pg_get_text(result, row, 1),
                                         pg_get_text(result, row, 2)},
                                 .version = (int32_t)pg_get_int(result, row, 3),
                                 .text = pg_get_text(result, row, 4),
                                 .is_plain = pg_get_bool(result, row, 5),
                                 .created_at = pg_get_instant(result, row, 6),
                                 .created_by = pg_get_text(result, row, 7)};
}

static void arg_key(struct pg_args *args, const struct template_key *key)
{
    pg_args_init(args);
    pg_arg_text(args, key->name);
    pg_arg_text(args, key->tone);
    pg_arg_text(args, key->language);
}

int template_versions(struct store *store, struct pg_query *query, const struct template_key *key,
                      pg_result_cb on_listed, void *owner, struct err *err)
{
    struct pg_args args;
    arg_key(&args, key);
    int rc = pg_read(store->reads, query, SQL_TEMPLATE_VERSIONS, &args, on_listed, owner, err);
    pg_args_release(&args);
    return rc;
}

void template_read_version(const PGresult *result, int row, struct template_version *out)
{
    *out = (struct template_version){.version = (int32_t)pg_get_int(result, row, 0),
                                     .text = pg_get_text(result, row, 1),
                                     .is_plain = pg_get_bool(result, row, 2),
                                     .created_at = pg_get_instant(result, row, 3),
                                     .created_by = pg_get_text(result, row, 4),
                                     .is_withdrawn = !pg_is_null(result, row, 5),
                                     .withdrawn_at = pg_get_instant(result, row, 5)};
}

/* By which saves and withdrawals of one text wait for each other. */
static void add_lock(struct pg_tx *tx, const struct template_key *key)
{
    char name[256];
    struct pg_args args;
    snprintf(name, sizeof(name), "%.*s/%.*s.%.*s", SPAN_ARG(key->language), SPAN_ARG(key->name),
             SPAN_ARG(key->tone));
    pg_args_init(&args);
    pg_arg_text(&args, span_str(name));
    pg_tx_add(tx, SQL_TEMPLATE_LOCK, &args, NULL);
    pg_args_release(&args);
}

int template_save(struct store *store, struct pg_tx *tx, const struct template_new *new,
                  pg_result_cb on_saved, pg_done_cb on_done, void *owner, struct err *err)
{
    struct pg_args args;
    if (pg_tx_begin(store->writes, tx, on_done, owner, err) != 0)
        return err->code;
    add_lock(tx, &new->key);
    arg_key(&args, &new->key);
    pg_arg_text(&args, new->text);
    pg_arg_bool(&args, new->is_plain);
    pg_arg_instant(&args, new->now);
    pg_arg_text(&args, new->created_by);
    pg_tx_add(tx, SQL_TEMPLATE_SAVE, &args, on_saved);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}

int32_t template_read_saved(const PGresult *result)
{
    return (int32_t)pg_get_int(result, 0, 0);
}

int template_withdraw(struct store *store, struct pg_tx *tx, const struct template_key *key,
                      struct instant now, pg_result_cb on_withdrawn, pg_done_cb on_done,
                      void *owner, struct err *err)
{
    struct pg_args args;
    if (pg_tx_begin(store->writes, tx, on_done, owner, err) != 0)
        return err->code;
    add_lock(tx, key);
    arg_key(&args, key);
    pg_arg_instant(&args, now);
    pg_tx_add(tx, SQL_TEMPLATE_WITHDRAW, &args, on_withdrawn);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}

bool template_read_withdrawn(const PGresult *result, int32_t *version, int32_t *now_version)
{
    if (PQntuples(result) != 1)
        return false;
    *version = (int32_t)pg_get_int(result, 0, 0);
    *now_version = (int32_t)pg_get_int(result, 0, 1);
    return true;
}
