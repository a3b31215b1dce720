#include "store/event_store.h"

#include "base/crypto.h"
#include "sql.h"

#include <stdlib.h>

enum { SALT_LEN = 16 };

/* The columns of the rows, as the statement takes them. */
struct columns {
    int64_t *customer_ids, *invoice_ids;
    struct instant *ats;
    struct span *kinds, *facts, *personals, *salts;
    char (*salt_bytes)[SALT_LEN];
};

static void *array_new(size_t count, size_t size)
{
    void *array = calloc(count + 1, size);
    if (array == NULL)
        abort();
    return array;
}

static struct columns columns_new(const struct event_new *events, size_t count)
{
    struct columns columns = {
        .customer_ids = array_new(count, sizeof(int64_t)),
        .invoice_ids = array_new(count, sizeof(int64_t)),
        .ats = array_new(count, sizeof(struct instant)),
        .kinds = array_new(count, sizeof(struct span)),
        .facts = array_new(count, sizeof(struct span)),
        .personals = array_new(count, sizeof(struct span)),
        .salts = array_new(count, sizeof(struct span)),
        .salt_bytes = array_new(count, SALT_LEN),
    };
    for (size_t i = 0; i < count; ++i) {
        columns.customer_ids[i] = events[i].customer_id;
        columns.invoice_ids[i] = events[i].invoice_id;
        columns.ats[i] = events[i].at;
        columns.kinds[i] = events[i].kind;
        columns.facts[i] = events[i].facts;
        columns.personals[i] = events[i].personal;
        if (events[i].personal.base == NULL)
            continue;
        random_bytes(columns.salt_bytes[i], SALT_LEN);
        columns.salts[i] = span_of(columns.salt_bytes[i], SALT_LEN);
    }
    return columns;
}

static void columns_release(struct columns *columns)
{
    free(columns->customer_ids);
    free(columns->invoice_ids);
    free(columns->ats);
    free(columns->kinds);
    free(columns->facts);
    free(columns->personals);
    free(columns->salts);
    free(columns->salt_bytes);
}

void event_append(struct pg_tx *tx, const struct event_new *events, size_t count,
                  pg_result_cb on_result)
{
    struct pg_args args;
    struct columns columns = columns_new(events, count);
    pg_args_init(&args);
    pg_arg_ints(&args, columns.customer_ids, count);
    pg_arg_ints(&args, columns.invoice_ids, count);
    pg_arg_instants(&args, columns.ats, count);
    pg_arg_texts(&args, columns.kinds, count);
    pg_arg_texts(&args, columns.facts, count);
    pg_arg_texts(&args, columns.personals, count);
    pg_arg_bytes_array(&args, columns.salts, count);
    pg_tx_add(tx, SQL_EVENT_APPEND, &args, on_result);
    pg_args_release(&args);
    columns_release(&columns);
}

static void on_verified(void *owner, const PGresult *result, const struct err *err)
{
    struct event_verify *op = owner;
    struct event_chain chain = {.verdict = EVENT_CHAIN_UNKNOWN};
    if (result != NULL && PQntuples(result) > 0) {
        bool is_whole = pg_is_null(result, 0, 1) && pg_get_bool(result, 0, 2);
        chain.verdict = is_whole ? EVENT_CHAIN_WHOLE : EVENT_CHAIN_BROKEN;
        chain.event_count = pg_get_int(result, 0, 0);
        chain.first_bad = pg_get_int(result, 0, 1);
    }
    op->on_done_(op->owner_, result == NULL ? NULL : &chain, err);
}

int event_verify_begin(struct event_verify *op, struct store *store, int64_t customer_id,
                       int64_t invoice_id, event_verified_cb on_done, void *owner, struct err *err)
{
    struct pg_args args;
    op->on_done_ = on_done;
    op->owner_ = owner;
    pg_args_init(&args);
    pg_arg_int(&args, customer_id);
    pg_arg_int(&args, invoice_id);
    int failed = pg_read(store->reads, &op->query, SQL_EVENT_VERIFY, &args, on_verified, op, err);
    pg_args_release(&args);
    return failed;
}
