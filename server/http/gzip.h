/* An answer's body made smaller, for clients that take gzip. Never for bytes that mix a secret with
 * what somebody else may choose in a request: their size would tell of the secret (BREACH). */
#ifndef DUNLIN_HTTP_GZIP_H
#define DUNLIN_HTTP_GZIP_H

#include "base/span.h"

#include <h2o.h>

/* Whether Accept-Encoding names gzip. One with a weight is taken for no: a larger answer is never
 * wrong. */
bool gzip_is_taken(const h2o_req_t *);
/* The result lives in the pool. */
struct span gzip_of(h2o_mem_pool_t *, struct span bytes);

#endif
