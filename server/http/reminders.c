#include "http/reminders.h"

#include "base/buf.h"
#include "http/reply.h"
#include "store/trouble_store.h"

#include <stdio.h>
#include <stdlib.h>

enum { LIMIT_DEFAULT = 50, LIMIT_MAX = 200, ANSWER_MAX = 1024 * 1024 };

/* One question under way. */
struct list_job {
    struct request *request; /* null when gone */
    struct pg_query query;
    int64_t limit;
};

static void on_gone(void *owner)
{
    ((struct list_job *)owner)->request = NULL;
}

/* A full page may be the last one: then the next is empty. */
static void reply_items(struct request *request, const struct trouble_page *page, int64_t limit)
{
    struct buf out;
    buf_init(&out, ANSWER_MAX);
    buf_printf(&out, "{\"items\":%.*s,\"next_cursor\":", SPAN_ARG(page->items));
    if (page->count < limit)
        buf_add_str(&out, "null}");
    else
        buf_printf(&out, "\"%.*s\"}", SPAN_ARG(page->last_id)); /* digits, letters, - . _ + */
    reply_json(request, 200, buf_span(&out));
    buf_release(&out);
}

static void on_listed(void *owner, const PGresult *result, const struct err *err)
{
    struct list_job *job = owner;
    struct trouble_page page;
    if (job->request != NULL && err->code != 0) {
        reply_database_away(job->request);
    } else if (job->request != NULL) {
        trouble_read_page(result, &page);
        reply_items(job->request, &page, job->limit);
    }
    free(job);
}

/* "17-23-late_3" */
static bool read_cursor(struct span text, struct reminder_key *key)
{
    int64_t *parts[] = {&key->customer_id, &key->invoice_id};
    for (int part = 0; part < 2; ++part) {
        size_t digits = 0;
        for (; digits < text.len && text.base[digits] >= '0' && text.base[digits] <= '9'; ++digits)
            *parts[part] = *parts[part] * 10 + (text.base[digits] - '0');
        if (digits == 0 || digits > 18 || digits == text.len || text.base[digits] != '-')
            return false;
        text = span_from(text, digits + 1);
    }
    snprintf(key->step, sizeof(key->step), "%.*s", SPAN_ARG(text));
    return text.len > 0 && text.len < sizeof(key->step);
}

static bool read_limit(struct span text, int64_t *limit)
{
    *limit = 0;
    for (size_t i = 0; i < text.len && i < 4; ++i)
        *limit = text.base[i] < '0' || text.base[i] > '9' ? LIMIT_MAX + 1
                                                          : *limit * 10 + (text.base[i] - '0');
    return *limit >= 1 && *limit <= LIMIT_MAX;
}

void reminders_list(struct request *request)
{
    struct span limit = request_query(request, "limit"), cursor = request_query(request, "cursor");
    struct trouble_search search = {.state = request_query(request, "state"),
                                    .at_most = LIMIT_DEFAULT};
    bool has_state = span_is_str(search.state, "uncertain") || span_is_str(search.state, "failed");
    if (!has_state || (limit.base != NULL && !read_limit(limit, &search.at_most)) ||
        (cursor.base != NULL && !read_cursor(cursor, &search.after))) {
        reply_problem(request, 400, "bad-query", "The query cannot be read",
                      "state is uncertain or failed, limit is 1 to 200, cursor is a next_cursor");
        return;
    }
    struct list_job *job = calloc(1, sizeof(*job));
    struct err err;
    if (job == NULL)
        abort();
    *job = (struct list_job){.request = request, .limit = search.at_most};
    request_on_gone(request, on_gone, job);
    if (trouble_list(request->world->store, &job->query, &search, on_listed, job, &err) == 0)
        return;
    request_on_gone(request, NULL, NULL);
    free(job);
    reply_database_away(request);
}
