#include "http/tus_headers.h"

#include "http/reply.h"
#include "http/tus.h"

#include <stdio.h>

void tus_add_version(h2o_req_t *req)
{
    h2o_add_header_by_str(&req->pool, &req->res.headers, H2O_STRLIT("tus-resumable"), 0, NULL,
                          H2O_STRLIT("1.0.0"));
}

void tus_add_number(struct request *r, const char *name, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)value);
    reply_header(r, name, span_str(text));
}

bool tus_is_spoken(struct request *r)
{
    if (span_is_str(request_header(r, "tus-resumable"), "1.0.0"))
        return true;
    reply_header(r, "tus-version", SPAN_LIT("1.0.0"));
    reply_problem(r, 412, "tus-version", "Tus-Resumable must be 1.0.0", NULL);
    return false;
}

bool tus_read_number(struct request *r, const char *name, int64_t *out)
{
    return request_header_count(r, name) == 1 && tus_number(request_header(r, name), out);
}
