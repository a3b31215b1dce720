#include "base/host.h"

#include <strings.h>

static size_t until(struct span s, const char *ends)
{
    size_t len = 0;
    while (len < s.len && strchr(ends, s.base[len]) == NULL)
        ++len;
    return len;
}

struct span host_of(struct span url)
{
    const char *mark = url.len == 0 ? NULL : memmem(url.base, url.len, "://", 3);
    struct span rest = mark == NULL ? url : span_from(url, (size_t)(mark - url.base) + 3);
    if (rest.len == 0 || rest.base[0] != '[')
        return span_of(rest.base, until(rest, ":/"));
    size_t len = until(rest, "]");
    return span_of(rest.base, len + (len < rest.len));
}

bool host_is(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || strncasecmp(a.base, b.base, a.len) == 0);
}
