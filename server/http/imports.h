/* Imports over the API: uploads by tus 1.0 (core, creation, termination, checksum), their status,
 * and the list of bad rows. The file is stored in parts of at most 1 MiB; the work process imports
 * it when it is complete. */
#ifndef DUNLIN_HTTP_IMPORTS_H
#define DUNLIN_HTTP_IMPORTS_H

#include "http/request.h"

void imports_options(struct request *);   /* OPTIONS /api/v1/imports, /api/v1/imports/{id} */
void imports_create(struct request *);    /* POST /api/v1/imports */
void imports_list(struct request *);      /* GET /api/v1/imports?limit=…&cursor=… */
void imports_show(struct request *);      /* GET and HEAD /api/v1/imports/{id} */
void imports_receive(struct request *);   /* PATCH /api/v1/imports/{id} */
void imports_terminate(struct request *); /* DELETE /api/v1/imports/{id} */
void imports_bad_rows(struct request *);  /* GET /api/v1/imports/{id}/bad-rows.csv?after=LINE */

/* The same list for whoever knows the import by other means. */
void imports_bad_rows_of(struct request *, struct span id, int64_t after);

#endif
