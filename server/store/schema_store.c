#include "store/schema_store.h"

#include "migrations.h"
#include "sql.h"

#include <stdlib.h>

int64_t schema_version_known(void)
{
    return strtoll(migrations_files[migrations_count - 1].name, NULL, 10);
}

int schema_version_read(struct store *store, struct pg_query *query, pg_result_cb on_read,
                        void *owner, struct err *e)
{
    return pg_read(store->reads, query, SQL_SCHEMA_VERSION, NULL, on_read, owner, e);
}

int64_t schema_version_of(const PGresult *result)
{
    return pg_get_int(result, 0, 0);
}
