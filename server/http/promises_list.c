#include "http/promises.h"

#include "http/agreement_id.h"
#include "http/reply.h"
#include "store/promise_store.h"

#include <stdlib.h>

struct list_job {
    struct request *request; /* null when gone */
    struct pg_query query;
    int64_t limit;
};

static void on_gone(void *owner)
{
    ((struct list_job *)owner)->request = NULL;
}

static json_t *item_json(const struct promise_listed *p)
{
    const struct agreement_id id = {p->key.customer_id, p->key.invoice_id, p->key.promise_no};
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:o}", "id",
                     agreement_id_json(id), "invoice", agreement_id_debt_json(id), "number",
                     reply_text_json(p->number), "customer", reply_text_json(p->customer), "state",
                     reply_text_json(p->state), "promised_on", agreement_day_json(p->day), "until",
                     agreement_instant_json(true, p->until), "by", reply_text_json(p->given_by),
                     "amount_minor", (json_int_t)p->amount_minor, "due_minor",
                     (json_int_t)p->due_minor, "currency", reply_text_json(p->currency), "given_at",
                     agreement_instant_json(true, p->given_at), "decided_at",
                     agreement_instant_json(p->is_decided, p->decided_at));
}

static void reply_list(struct list_job *job, const PGresult *result)
{
    json_t *items = json_array(), *next = json_null();
    int count = PQntuples(result);
    for (int row = 0; row < count && row < job->limit; ++row) {
        struct promise_listed p;
        promise_read_listed(result, row, &p);
        json_array_append_new(items, item_json(&p));
        if (row + 1 == job->limit && count > job->limit)
            next = agreement_cursor_json(
                p.day,
                (struct agreement_id){p.key.customer_id, p.key.invoice_id, p.key.promise_no});
    }
    reply_object(job->request, 200, json_pack("{s:o, s:o}", "items", items, "next_cursor", next));
}

static void on_listed(void *owner, const PGresult *result, const struct err *err)
{
    struct list_job *job = owner;
    if (job->request != NULL && err->code != 0)
        reply_database_away(job->request);
    else if (job->request != NULL)
        reply_list(job, result);
    free(job);
}

/* None named: all. */
static bool read_states(struct span text, const char *states[PROMISE_STATE_COUNT])
{
    int count = 0;
    for (int s = PROMISE_STATE_OPEN; s < PROMISE_STATE_COUNT; ++s) {
        const char *name = promise_state_name((enum promise_state)s);
        if (text.base == NULL || span_is_str(text, name))
            states[count++] = name;
    }
    return count > 0;
}

void promises_list(struct request *r)
{
    struct promise_search search = {.after_day = AGREEMENT_DAY_MIN};
    struct agreement_id after = {0};
    struct err err = {0};
    int64_t limit;
    if (!read_states(request_query(r, "state"), search.states) ||
        !agreement_read_cursor(request_query(r, "cursor"), &search.after_day, &after) ||
        !agreement_read_limit(request_query(r, "limit"), &limit)) {
        reply_problem(r, 400, "bad-query", "The query cannot be read",
                      "state is open, kept, broken or replaced; limit is 1 to 200; cursor is a "
                      "next_cursor");
        return;
    }
    struct list_job *job = calloc(1, sizeof(*job));
    if (job == NULL)
        abort();
    job->request = r;
    job->limit = limit;
    search.after = (struct promise_key){after.customer_id, after.invoice_id, after.no};
    search.at_most = limit + 1; /* one more tells whether there is a next page */
    if (promise_list(r->world->store, &job->query, &search, on_listed, job, &err) != 0) {
        free(job);
        reply_database_away(r);
        return;
    }
    request_on_gone(r, on_gone, job);
}
