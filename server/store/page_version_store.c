#include "store/page_version_store.h"

#include "io/pg.h"
#include "sql.h"

void page_version_keep(struct pg_tx *tx, const struct page_shown *page, struct instant now)
{
    struct pg_args args;
    if (page->text.base == NULL)
        return;
    pg_args_init(&args);
    pg_arg_text(&args, page->version);
    pg_arg_text(&args, page->language);
    pg_arg_text(&args, page->text);
    pg_arg_instant(&args, now);
    pg_tx_add(tx, SQL_PAGE_VERSION_KEEP, &args, NULL);
    pg_args_release(&args);
}
