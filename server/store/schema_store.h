/* Which schema the connected database has: for readiness. Migrating is migrate.h's. */
#ifndef DUNLIN_STORE_SCHEMA_STORE_H
#define DUNLIN_STORE_SCHEMA_STORE_H

#include "store/store.h"

/* The number of the newest migration compiled in. */
int64_t schema_version_known(void);
/* Reads the newest number applied: schema_version_of(result). */
MUST_CHECK int schema_version_read(struct store *, struct pg_query *, pg_result_cb on_read,
                                   void *owner, struct err *);
int64_t schema_version_of(const PGresult *);

#endif
