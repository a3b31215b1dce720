/* What is parked, for people: the reason, when it is tried again, and the message as it came but
 * for what is masked. Pages neither repeat nor miss what stays parked. */
#include "http/callbacks.h"
#include "http/callbacks_page.h"
#include "http/reply.h"
#include "store/callback_store.h"

struct list_job {
    struct request *request;
    struct pg_query query;
    struct callbacks_page page;
};

static json_t *item_of(const struct callback_listed *c)
{
    json_t *item = json_object();
    json_object_set_new(item, "provider", reply_text_json(c->message.provider));
    json_object_set_new(item, "account", reply_text_json(c->message.account));
    json_object_set_new(item, "dedup_key", reply_text_json(c->message.dedup_key));
    json_object_set_new(item, "state", json_string("parked"));
    json_object_set_new(item, "reason", reply_text_json(c->reason));
    json_object_set_new(item, "reference", reply_text_json(c->reference));
    json_object_set_new(item, "provider_reference", reply_text_json(c->provider_reference));
    json_object_set_new(item, "attempts", json_integer(c->attempts));
    json_object_set_new(item, "received_at", callbacks_time(c->received_at));
    json_object_set_new(item, "next_try_at",
                        c->has_next_try ? callbacks_time(c->next_try_at) : json_null());
    callbacks_set_message(item, c->message.provider, c->message.headers, c->message.body);
    return item;
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
            next = callbacks_page_cursor(listed.decided_at, listed.message.dedup_key);
    }
    callbacks_page_reply(r, items, next);
}

static void on_listed(void *owner, const PGresult *result, const struct err *err)
{
    struct list_job *job = owner;
    if (err->code != 0)
        reply_database_away(job->request);
    else
        reply_list(job->request, result, job->page.limit);
}

static void on_request_gone(void *owner)
{
    struct list_job *job = owner;
    pg_query_cancel(&job->query);
}

void callbacks_list(struct request *r)
{
    struct list_job *job = request_alloc(r, sizeof(*job));
    struct err err = {0};
    *job = (struct list_job){.request = r};
    if (!span_is_str(request_query(r, "state"), "parked") || !callbacks_page_read(r, &job->page)) {
        reply_problem(r, 400, "query-malformed", "The query cannot be read",
                      "state is `parked`; limit is 1 to 100; cursor is what `next` gave.");
        return;
    }
    if (callback_parked_list(r->world->store, &job->query, job->page.at, span_str(job->page.key),
                             job->page.limit + 1, on_listed, job, &err) != 0) {
        reply_database_away(r);
        return;
    }
    request_on_gone(r, on_request_gone, job);
}
