/* A message of a provider: what is read of it is what jansson reads, and what jansson refuses, for
 * whatever reason, is refused. By us alone are refused what goes too deep, and a NUL behind a
 * number or a word, which jansson passes over. */
#include "provider/json_tree.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

enum { DEPTH_MAX = 8, DEPTH_ASSERTED = 64 };

static int depth_of(const json_t *value, int above)
{
    int deepest = above;
    const char *key;
    json_t *inner;
    size_t i;
    if (json_is_object(value) || json_is_array(value))
        deepest = ++above;
    if (above == DEPTH_ASSERTED)
        return above;
    json_object_foreach((json_t *)value, key, inner)
    {
        int depth = depth_of(inner, above);
        deepest = depth > deepest ? depth : deepest;
    }
    json_array_foreach(value, i, inner)
    {
        int depth = depth_of(inner, above);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct span text = span_of((const char *)bytes, len);
    json_t *ours = json_tree_read(text, DEPTH_MAX);
    json_t *theirs =
        json_loadb(text.base, text.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    bool is_fine = theirs != NULL && depth_of(theirs, 0) <= DEPTH_MAX &&
                   memchr(text.base, 0, text.len) == NULL;
    assert((ours != NULL) == is_fine);
    assert(ours == NULL || json_equal(ours, theirs));
    json_decref(ours);
    json_decref(theirs);
    return 0;
}
