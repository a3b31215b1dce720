#include "store/refused_callback_store.h"

#include "sql.h"
#include "store/store.h"

#include <assert.h>

static void add_columns(struct pg_args *args, const struct refused_callback *rows, size_t count)
{
    struct span verdicts[REFUSED_CALLBACK_WRITE_MAX], providers[REFUSED_CALLBACK_WRITE_MAX],
        accounts[REFUSED_CALLBACK_WRITE_MAX], headers[REFUSED_CALLBACK_WRITE_MAX],
        bodies[REFUSED_CALLBACK_WRITE_MAX];
    struct instant times[REFUSED_CALLBACK_WRITE_MAX];
    int64_t lengths[REFUSED_CALLBACK_WRITE_MAX];
    for (size_t i = 0; i < count; ++i) {
        verdicts[i] = rows[i].verdict;
        providers[i] = rows[i].provider;
        accounts[i] = rows[i].account;
        times[i] = rows[i].received_at;
        headers[i] = rows[i].headers;
        bodies[i] = rows[i].body;
        lengths[i] = rows[i].body_bytes;
    }
    pg_arg_texts(args, verdicts, count);
    pg_arg_texts(args, providers, count);
    pg_arg_texts(args, accounts, count);
    pg_arg_instants(args, times, count);
    pg_arg_bytes_array(args, headers, count);
    pg_arg_bytes_array(args, bodies, count);
    pg_arg_ints(args, lengths, count);
}

int refused_callback_keep(struct store *store, struct pg_tx *tx,
                          const struct refused_callback *rows, size_t count, pg_done_cb on_done,
                          void *owner, struct err *err)
{
    assert(count > 0 && count <= REFUSED_CALLBACK_WRITE_MAX);
    int code = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (code != 0)
        return code;
    struct pg_args args;
    pg_args_init(&args);
    add_columns(&args, rows, count);
    pg_tx_add(tx, SQL_REFUSED_CALLBACK_KEEP, &args, NULL);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}

int refused_callback_list(struct store *store, struct pg_query *query,
                          const struct refused_callback *behind, int64_t count_max,
                          pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    if (behind == NULL) {
        pg_arg_null(&args);
        pg_arg_null(&args);
    } else {
        pg_arg_instant(&args, behind->received_at);
        pg_arg_int(&args, behind->place);
    }
    pg_arg_int(&args, count_max);
    int code =
        pg_read(store->reads, query, SQL_REFUSED_CALLBACK_LIST, &args, on_result, owner, err);
    pg_args_release(&args);
    return code;
}

void refused_callback_read(const PGresult *result, int row, struct refused_callback *refused)
{
    *refused = (struct refused_callback){
        .place = pg_get_int(result, row, 0),
        .verdict = pg_get_text(result, row, 1),
        .provider = pg_get_text(result, row, 2),
        .account = pg_get_text(result, row, 3),
        .received_at = pg_get_instant(result, row, 4),
        .headers = pg_get_text(result, row, 5),
        .body = pg_get_text(result, row, 6),
        .body_bytes = pg_get_int(result, row, 7),
    };
}

int refused_callback_forget(struct store *store, struct pg_tx *tx, struct instant before,
                            pg_done_cb on_done, void *owner, struct err *err)
{
    int code = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (code != 0)
        return code;
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_instant(&args, before);
    pg_tx_add(tx, SQL_REFUSED_CALLBACK_FORGET, &args, NULL);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}
