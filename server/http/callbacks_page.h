/* What the lists of callbacks share: a page of items by cursor, and a provider's raw message
 * without what it says of people. */
#ifndef DUNLIN_HTTP_CALLBACKS_PAGE_H
#define DUNLIN_HTTP_CALLBACKS_PAGE_H

#include "base/clock.h"
#include "http/request.h"

#include <jansson.h>

enum { CALLBACKS_KEY_MAX = 256 };

/* What the query asks for. The cursor is the place of the last item shown: its time, and a key
 * among those of the same time. */
struct callbacks_page {
    int64_t limit; /* 1 to 100; 50 where the query does not say */
    bool has_cursor;
    struct instant at;
    char key[CALLBACKS_KEY_MAX];
};
/* False when the query cannot be read. */
bool callbacks_page_read(struct request *, struct callbacks_page *);
json_t *callbacks_page_cursor(struct instant at, struct span key);
/* {"items":…,"next":…}; takes both. */
void callbacks_page_reply(struct request *, json_t *items, json_t *next);

json_t *callbacks_time(struct instant);
/* Sets "headers", an object or null, and "body", or "body_base64" of what is no UTF-8, with what
 * the provider names in `scrub` masked. */
void callbacks_set_message(json_t *item, struct span provider, struct span headers,
                           struct span body);

#endif
