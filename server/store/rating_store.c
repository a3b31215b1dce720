#include "store/rating_store.h"

#include "base/crypto.h"
#include "domain/event.h"
#include "sql.h"
#include "store/debt_store.h"

void rating_add(struct pg_tx *tx, const struct debt *debt, const struct rating_given *given,
                pg_result_cb on_kept)
{
    struct pg_args args;
    uint8_t salt[EVENT_SALT_LEN];
    random_bytes(salt, sizeof(salt));
    pg_args_init(&args);
    pg_arg_int(&args, debt->customer_id);
    pg_arg_int(&args, debt->invoice_id);
    pg_arg_int(&args, given->stars);
    pg_arg_text(&args, given->form_nonce);
    pg_arg_bytes(&args, span_of((const char *)salt, sizeof(salt)));
    pg_arg_text(&args, given->word.len == 0 ? SPAN_LIT("") : given->word);
    pg_arg_instant(&args, given->now);
    pg_arg_text(&args, debt->page);
    pg_tx_add(tx, SQL_RATING_KEEP, &args, on_kept);
    pg_args_release(&args);
}

bool rating_read_kept(const PGresult *result)
{
    return PQntuples(result) == 1 && pg_get_bool(result, 0, 0);
}
