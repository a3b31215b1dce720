#include "http/gzip.h"

enum { QUALITY = 6 };

bool gzip_is_taken(const h2o_req_t *req)
{
    return (h2o_get_compressible_types(&req->headers) & H2O_COMPRESSIBLE_GZIP) != 0;
}

struct span gzip_of(h2o_mem_pool_t *pool, struct span bytes)
{
    h2o_compress_context_t *gzip = h2o_compress_gzip_open(pool, QUALITY);
    h2o_iovec_t in = h2o_iovec_init(bytes.base, bytes.len), *parts;
    size_t count;
    gzip->transform(gzip, &in, 1, H2O_SEND_STATE_FINAL, &parts, &count);
    h2o_iovec_t all = h2o_concat_list(pool, parts, count);
    return span_of(all.base, all.len);
}
