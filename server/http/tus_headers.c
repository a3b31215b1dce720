#include "http/tus_headers.h"

#include "http/reply.h"
#include "http/tus.h"

#include <stdio.h>

void tus_add_version(struct request *r)
{
    reply_header(r, "tus-resumable", SPAN_LIT("1.0.0"));
}

void tus_add_number(struct request *r, const char *name, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)value);
    reply_header(r, name, span_str(text));
}

bool tus_is_spoken(struct request *r)
{
    tus_add_version(r);
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
