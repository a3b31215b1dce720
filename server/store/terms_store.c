#include "store/terms_store.h"

#include "io/pg.h"
#include "sql.h"

void terms_keep(struct pg_tx *tx, const struct terms *terms, struct instant now,
                char version[TEXT_VERSION_LEN + 1])
{
    struct pg_args args;
    text_version_print(terms->language, terms->text, version);
    pg_args_init(&args);
    pg_arg_text(&args, span_of(version, TEXT_VERSION_LEN));
    pg_arg_text(&args, terms->language);
    pg_arg_text(&args, terms->text);
    pg_arg_instant(&args, now);
    pg_tx_add(tx, SQL_TERMS_KEEP, &args, NULL);
    pg_args_release(&args);
}
