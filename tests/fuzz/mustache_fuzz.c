/* Templates, which admins will edit: compiling and rendering any bytes ends, within its bounds. */
#include "domain/mustache.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void render(const struct mustache *m, enum mustache_mode mode)
{
    static const struct mustache_member inner[] = {
        {{"x", 1}, {.kind = MUSTACHE_TEXT, .text = {"<&>", 3}}},
        {{"n", 1}, {.kind = MUSTACHE_NONE}},
    };
    static const struct mustache_object object = {.members = inner, .count = 2};
    static const struct mustache_value items[] = {
        {.kind = MUSTACHE_TEXT, .text = {"1", 1}},
        {.kind = MUSTACHE_OBJECT, .object = &object},
        {.kind = MUSTACHE_LIST, .list = {items, 2}},
    };
    static const struct mustache_member members[] = {
        {{"a", 1}, {.kind = MUSTACHE_OBJECT, .object = &object}},
        {{"b", 1}, {.kind = MUSTACHE_BOOL, .is_true = true}},
        {{"l", 1}, {.kind = MUSTACHE_LIST, .list = {items, 3}}},
        {{"t", 1}, {.kind = MUSTACHE_TEXT, .text = {"text", 4}}},
    };
    static const struct mustache_object root = {
        .members = members, .count = 4, .is_sorted = true, .fallback = &object};
    struct buf out;
    buf_init(&out, 4096);
    int rc = mustache_render(m, mustache_object(&root), mode, &out);
    assert(rc == 0 || rc == ERR_BUSY);
    buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct err e = {0};
    struct mustache *m = mustache_new(span_of((const char *)data, len), &e);
    assert((m == NULL) == (e.code == ERR_INPUT));
    if (m == NULL)
        return 0;
    render(m, MUSTACHE_HTML);
    render(m, MUSTACHE_PLAIN);
    mustache_free(m);
    return 0;
}
