/* The headers of tus 1.0 on a request and its answer. */
#ifndef DUNLIN_HTTP_TUS_HEADERS_H
#define DUNLIN_HTTP_TUS_HEADERS_H

#include "http/request.h"

/* For the listener: every answer to an upload says which version is spoken, whoever gives it. */
void tus_add_version(h2o_req_t *);
void tus_add_number(struct request *, const char *name, int64_t value);
/* Every request of the protocol says which version it speaks; false: answered with 412. */
bool tus_is_spoken(struct request *);
/* False when the header is absent, twice there or no number. */
bool tus_read_number(struct request *, const char *name, int64_t *out);

#endif
