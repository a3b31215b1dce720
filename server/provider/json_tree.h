/* JSON into jansson's tree, the way jansson reads it with JSON_REJECT_DUPLICATES, and in a third of
 * its time: jansson looks at each byte three times, and a provider's message is some kilobytes of
 * which a few words are wanted. Only what stands between the values is read here. Texts with
 * escapes and numbers are jansson's own to read, UTF-8 is its to check, keys its to keep: what is
 * refused is what it refuses (tests/fuzz/json_tree_fuzz.c), and a NUL behind a number or a word,
 * which it passes over. */
#ifndef DUNLIN_PROVIDER_JSON_TREE_H
#define DUNLIN_PROVIDER_JSON_TREE_H

#include "base/span.h"

#include <jansson.h>

/* One value with nothing but blanks around it, and at most `depth_max` objects and lists in each
 * other; null for anything else, and when there is no memory. The caller gives it back with
 * json_decref. */
json_t *json_tree_read(struct span text, int depth_max);

#endif
