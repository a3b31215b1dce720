/* What is parked, for people: the reason, when it is tried again, and the message as it came. The
 * cursor is the place of the last item shown, so pages neither repeat nor miss what stays parked.
 */
#include "base/crypto.h"
#include "http/callbacks.h"
#include "http/reply.h"
#include "store/callback_store.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

enum { LIMIT_DEFAULT = 50, LIMIT_MAX = 100, CURSOR_MAX = 256 };

struct list_job {
    struct request *request;
    struct pg_query query;
    int64_t limit;
};

static json_t *text_or_null(struct span text)
{
    return text.base == NULL ? json_null() : json_stringn(text.base, text.len);
}

static json_t *time_or_null(struct instant at, bool is_known)
{
    char text[21];
    if (!is_known)
        return json_null();
    instant_print(at, text);
    return json_string(text);
}

/* Text as text; other bytes in base64. */
static void set_body(json_t *item, struct span body)
{
    json_t *text = json_stringn(body.base == NULL ? "" : body.base, body.len);
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

static json_t *item_of(const struct callback_listed *c)
{
    json_t *item = json_object();
    json_object_set_new(item, "provider", text_or_null(c->message.provider));
    json_object_set_new(item, "account", text_or_null(c->message.account));
    json_object_set_new(item, "dedup_key", text_or_null(c->message.dedup_key));
    json_object_set_new(item, "state", json_string("parked"));
    json_object_set_new(item, "reason", text_or_null(c->reason));
    json_object_set_new(item, "reference", text_or_null(c->reference));
    json_object_set_new(item, "provider_reference", text_or_null(c->provider_reference));
    json_object_set_new(item, "attempts", json_integer(c->attempts));
    json_object_set_new(item, "received_at", time_or_null(c->received_at, true));
    json_object_set_new(item, "next_try_at", time_or_null(c->next_try_at, c->has_next_try));
    json_t *headers = json_loadb(c->message.headers.base, c->message.headers.len, 0, NULL);
    json_object_set_new(item, "headers", headers == NULL ? json_null() : headers);
    set_body(item, c->message.body);
    return item;
}

/* "<microseconds>.<dedup key>" in base64url. */
static json_t *cursor_of(const struct callback_listed *c)
{
    char place[CURSOR_MAX], text[2 * CURSOR_MAX];
    int len = snprintf(place, sizeof(place), "%lld.%.*s", (long long)c->decided_at.us,
                       SPAN_ARG(c->message.dedup_key));
    base64url_print(span_of(place, (size_t)len), text);
    return json_string(text);
}

static bool read_cursor(struct span text, struct instant *from, char key[CURSOR_MAX])
{
    char place[CURSOR_MAX];
    *from = (struct instant){0};
    key[0] = 0;
    if (text.base == NULL)
        return true;
    long len = base64url_parse(text, (uint8_t *)place, sizeof(place) - 1);
    if (len <= 0)
        return false;
    place[len] = 0;
    char *dot;
    from->us = strtoll(place, &dot, 10);
    if (dot == place || *dot != '.' || strlen(place) != (size_t)len)
        return false;
    snprintf(key, CURSOR_MAX, "%s", dot + 1);
    return from->us >= 0;
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

static void reply_list(struct request *r, const PGresult *result, int64_t limit)
{
    json_t *items = json_array(), *next = json_null();
    int count = PQntuples(result);
    for (int row = 0; row < count && row < limit; ++row) {
        struct callback_listed listed;
        callback_read_listed(result, row, &listed);
        json_array_append_new(items, item_of(&listed));
        if (row == limit - 1 && count > limit)
            next = cursor_of(&listed);
    }
    json_t *root = json_object();
    json_object_set_new(root, "items", items);
    json_object_set_new(root, "next", next);
    char *text = json_dumps(root, JSON_COMPACT);
    if (text == NULL)
        abort();
    reply_json(r, 200, span_str(text));
    free(text);
    json_decref(root);
}

static void on_listed(void *owner, const PGresult *result, const struct err *err)
{
    struct list_job *job = owner;
    if (err->code != 0)
        reply_problem(job->request, 503, "database-down", "The database does not answer", NULL);
    else
        reply_list(job->request, result, job->limit);
}

static void on_request_gone(void *owner)
{
    struct list_job *job = owner;
    pg_query_cancel(&job->query);
}

void callbacks_list(struct request *r)
{
    struct list_job *job = request_alloc(r, sizeof(*job));
    struct instant from;
    char behind[CURSOR_MAX];
    struct err err = {0};
    *job = (struct list_job){.request = r};
    if (!span_is_str(request_query(r, "state"), "parked") ||
        !read_limit(request_query(r, "limit"), &job->limit) ||
        !read_cursor(request_query(r, "cursor"), &from, behind)) {
        reply_problem(r, 400, "query-malformed", "The query cannot be read",
                      "state is `parked`; limit is 1 to 100; cursor is what `next` gave.");
        return;
    }
    if (callback_parked_list(r->world->store, &job->query, from, span_str(behind), job->limit + 1,
                             on_listed, job, &err) != 0) {
        reply_problem(r, 503, "database-down", "The database does not answer", NULL);
        return;
    }
    request_on_gone(r, on_request_gone, job);
}
