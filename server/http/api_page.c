#include "http/api_page.h"

#include "api_assets.h"
#include "http/reply.h"

#include <assert.h>

/* The bytes of the page's one <style>, whose hash the page's policy names. */
static struct span style_of(struct span html)
{
    struct span open = SPAN_LIT("<style>"), close = SPAN_LIT("</style>");
    const char *begin = memmem(html.base, html.len, open.base, open.len);
    const char *end = memmem(html.base, html.len, close.base, close.len);
    assert(begin != NULL && end != NULL && end > begin);
    return span_of(begin + open.len, (size_t)(end - begin) - open.len);
}

void api_page_show(struct request *request)
{
    static const struct page_policy *policy;
    assert(api_assets_count == 1);
    struct span html = span_of(api_assets_files[0].bytes, api_assets_files[0].len);
    if (policy == NULL)
        policy = page_policy_new(style_of(html), SPAN_LIT(""), SPAN_LIT(""));
    reply_page(request, 200, policy, html);
}
