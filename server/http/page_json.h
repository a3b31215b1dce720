/* A JSON object as the values of a template, for pages that are rare enough to be made of one. A
 * number prints as it is written, true and false print nothing, null is not there. */
#ifndef DUNLIN_HTTP_PAGE_JSON_H
#define DUNLIN_HTTP_PAGE_JSON_H

#include "domain/mustache.h"

#include <jansson.h>

struct page_json;

/* `object` is borrowed, and lives as long. */
struct page_json *page_json_new(const json_t *object);
void page_json_free(struct page_json *);
const struct mustache_object *page_json_object(const struct page_json *);

#endif
