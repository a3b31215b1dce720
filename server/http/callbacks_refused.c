/* What was refused, for people: of each verdict the last 250, newest first. */
#include "http/callbacks.h"
#include "http/callbacks_page.h"
#include "http/reply.h"
#include "store/refused_callback_store.h"

#include <stdio.h>
#include <stdlib.h>

struct refused_job {
    struct request *request;
    struct pg_query query;
    struct callbacks_page page;
};

static json_t *item_of(const struct refused_callback *refused)
{
    json_t *item = json_object();
    json_object_set_new(item, "verdict", reply_text_json(refused->verdict));
    json_object_set_new(item, "provider", reply_text_json(refused->provider));
    json_object_set_new(item, "account", reply_text_json(refused->account));
    json_object_set_new(item, "received_at", callbacks_time(refused->received_at));
    json_object_set_new(item, "body_bytes", json_integer(refused->body_bytes));
    json_object_set_new(item, "is_cut",
                        json_boolean(refused->body_bytes > (int64_t)refused->body.len));
    callbacks_set_message(item, refused->provider, refused->headers, refused->body);
    return item;
}

static json_t *cursor_of(const struct refused_callback *refused)
{
    char place[24];
    snprintf(place, sizeof(place), "%lld", (long long)refused->place);
    return callbacks_page_cursor(refused->received_at, span_str(place));
}

static void reply_list(struct request *r, const PGresult *result, int64_t limit)
{
    json_t *items = json_array(), *next = json_null();
    int count = PQntuples(result);
    for (int row = 0; row < count && row < limit; ++row) {
        struct refused_callback refused;
        refused_callback_read(result, row, &refused);
        json_array_append_new(items, item_of(&refused));
        if (row == limit - 1 && count > limit)
            next = cursor_of(&refused);
    }
    callbacks_page_reply(r, items, next);
}

static void on_listed(void *owner, const PGresult *result, const struct err *err)
{
    struct refused_job *job = owner;
    if (err->code != 0)
        reply_database_away(job->request);
    else
        reply_list(job->request, result, job->page.limit);
}

static void on_request_gone(void *owner)
{
    struct refused_job *job = owner;
    pg_query_cancel(&job->query);
}

static bool read_place(const struct callbacks_page *page, struct refused_callback *behind)
{
    char *end;
    behind->received_at = page->at;
    behind->place = strtoll(page->key, &end, 10);
    return !page->has_cursor || (end != page->key && *end == 0);
}

void callbacks_list_refused(struct request *r)
{
    struct refused_job *job = request_alloc(r, sizeof(*job));
    struct refused_callback behind = {0};
    struct err err = {0};
    *job = (struct refused_job){.request = r};
    if (!callbacks_page_read(r, &job->page) || !read_place(&job->page, &behind)) {
        reply_problem(r, 400, "query-malformed", "The query cannot be read",
                      "limit is 1 to 100; cursor is what `next` gave.");
        return;
    }
    if (refused_callback_list(r->world->store, &job->query, job->page.has_cursor ? &behind : NULL,
                              job->page.limit + 1, on_listed, job, &err) != 0) {
        reply_database_away(r);
        return;
    }
    request_on_gone(r, on_request_gone, job);
}
