#include "http/page_json.h"

#include <assert.h>
#include <h2o.h>
#include <stdio.h>

struct page_json {
    h2o_mem_pool_t pool; /* all that the tree is made of */
    struct mustache_object root;
};

static struct mustache_value value_of(struct page_json *p, const json_t *json);

static struct mustache_object object_of(struct page_json *p, const json_t *json)
{
    size_t count = json_object_size(json);
    struct mustache_member *members = h2o_mem_alloc_pool(&p->pool, sizeof(*members) * (count + 1));
    const char *name;
    json_t *value;
    size_t at = 0;
    json_object_foreach((json_t *)json, name, value) members[at++] =
        (struct mustache_member){.name = span_str(name), .value = value_of(p, value)};
    return (struct mustache_object){.members = members, .count = count};
}

static struct mustache_value list_of(struct page_json *p, const json_t *json)
{
    size_t count = json_array_size(json);
    struct mustache_value *items = h2o_mem_alloc_pool(&p->pool, sizeof(*items) * (count + 1));
    for (size_t i = 0; i != count; ++i)
        items[i] = value_of(p, json_array_get(json, i));
    return mustache_list(items, count);
}

static struct mustache_value number_of(struct page_json *p, const json_t *json)
{
    enum { ROOM = 24 };
    char *text = h2o_mem_alloc_pool(&p->pool, ROOM);
    int len = snprintf(text, ROOM, "%lld", (long long)json_integer_value(json));
    return mustache_text(span_of(text, (size_t)len));
}

static struct mustache_value value_of(struct page_json *p, const json_t *json)
{
    switch (json_typeof(json)) {
    case JSON_OBJECT: {
        struct mustache_object *object = h2o_mem_alloc_pool(&p->pool, sizeof(*object));
        *object = object_of(p, json);
        return mustache_object(object);
    }
    case JSON_ARRAY:
        return list_of(p, json);
    case JSON_STRING:
        return mustache_text(span_of(json_string_value(json), json_string_length(json)));
    case JSON_INTEGER:
        return number_of(p, json);
    case JSON_TRUE:
    case JSON_FALSE:
        return mustache_bool(json_is_true(json));
    default:
        assert(json_is_null(json)); /* no floats near money */
        return (struct mustache_value){.kind = MUSTACHE_NONE};
    }
}

struct page_json *page_json_new(const json_t *object)
{
    struct page_json *p = h2o_mem_alloc(sizeof(*p));
    h2o_mem_init_pool(&p->pool);
    p->root = object_of(p, object);
    return p;
}

void page_json_free(struct page_json *p)
{
    h2o_mem_clear_pool(&p->pool);
    free(p);
}

const struct mustache_object *page_json_object(const struct page_json *p)
{
    return &p->root;
}
