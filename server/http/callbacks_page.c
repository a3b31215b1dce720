#include "http/callbacks_page.h"

#include "base/crypto.h"
#include "http/reply.h"
#include "provider/provider.h"
#include "provider/scrub.h"

#include <stdio.h>
#include <stdlib.h>

enum { LIMIT_DEFAULT = 50, LIMIT_MAX = 100 };

/* "<microseconds>.<key>" in base64url. */
json_t *callbacks_page_cursor(struct instant at, struct span key)
{
    char place[CALLBACKS_KEY_MAX], text[2 * CALLBACKS_KEY_MAX];
    int len = snprintf(place, sizeof(place), "%lld.%.*s", (long long)at.us, SPAN_ARG(key));
    base64url_print(span_of(place, (size_t)len), text);
    return json_string(text);
}

static bool read_cursor(struct span text, struct callbacks_page *page)
{
    char place[CALLBACKS_KEY_MAX];
    if (text.base == NULL)
        return true;
    long len = base64url_parse(text, (uint8_t *)place, sizeof(place) - 1);
    if (len <= 0)
        return false;
    place[len] = 0;
    char *dot;
    page->at.us = strtoll(place, &dot, 10);
    if (dot == place || *dot != '.' || strlen(place) != (size_t)len)
        return false;
    snprintf(page->key, sizeof(page->key), "%s", dot + 1);
    page->has_cursor = true;
    return page->at.us >= 0;
}

static bool read_limit(struct span text, int64_t *limit)
{
    *limit = LIMIT_DEFAULT;
    if (text.base == NULL)
        return true;
    *limit = 0;
    for (size_t i = 0; i < text.len; ++i) {
        if (text.base[i] < '0' || text.base[i] > '9' || *limit > LIMIT_MAX)
            return false;
        *limit = *limit * 10 + (text.base[i] - '0');
    }
    return *limit >= 1 && *limit <= LIMIT_MAX;
}

bool callbacks_page_read(struct request *r, struct callbacks_page *page)
{
    *page = (struct callbacks_page){0};
    return read_limit(request_query(r, "limit"), &page->limit) &&
           read_cursor(request_query(r, "cursor"), page);
}

void callbacks_page_reply(struct request *r, json_t *items, json_t *next)
{
    json_t *root = json_object();
    json_object_set_new(root, "items", items);
    json_object_set_new(root, "next", next);
    reply_object(r, 200, root);
}

json_t *callbacks_time(struct instant at)
{
    char text[21];
    instant_print(at, text);
    return json_string(text);
}

/* Text as text; other bytes in base64. */
static void set_body(json_t *item, struct span body)
{
    json_t *text = json_stringn(body.base, body.len);
    if (text != NULL) {
        json_object_set_new(item, "body", text);
        return;
    }
    char *encoded = malloc(4 * ((body.len + 2) / 3) + 1);
    if (encoded == NULL)
        abort();
    base64_print(body, encoded);
    json_object_set_new(item, "body_base64", json_string(encoded));
    free(encoded);
}

void callbacks_set_message(json_t *item, struct span provider_name, struct span headers,
                           struct span body)
{
    const struct provider *provider = provider_find(provider_name);
    json_t *object = json_loadb(headers.base, headers.len, 0, NULL);
    json_object_set_new(item, "headers", object == NULL ? json_null() : object);
    struct buf shown;
    buf_init(&shown, SCRUB_LEN_MAX(body.len));
    if (provider != NULL) /* of one that is not built in any more nobody knows what to mask */
        scrub_print(body, provider->scrub, &shown);
    set_body(item, buf_span(&shown));
    buf_release(&shown);
}
