#include "http/debts.h"

#include "base/json.h"
#include "domain/calendar.h"
#include "domain/match_code.h"
#include "http/reply.h"
#include "store/invoice_store.h"

#include <stdio.h>
#include <stdlib.h>

enum { LISTED_MAX = 100 };

struct debts_job {
    struct request *request; /* null when gone */
    struct pg_query query;
};

static void on_gone(void *owner)
{
    struct debts_job *job = owner;
    job->request = NULL;
}

static json_t *date_json(int32_t days)
{
    char text[11];
    date_print(date_from_days(days), text);
    return json_string(text);
}

/* Null when the debt has no active link. */
static json_t *link_json(const struct world *world, const struct invoice_listed *listed)
{
    char code[PAYLINK_CODE_LEN + 1], url[512];
    if (listed->link_no == 0)
        return json_null();
    paylink_print_code(world->keys, (struct paylink_id){listed->key.customer_id, listed->link_no},
                       code);
    snprintf(url, sizeof(url), "%.*s/%s", SPAN_ARG(world->public_url), code);
    return json_string(url);
}

/* Of a debt in a plan what is to be paid next. */
static json_t *plan_json(struct span plan)
{
    json_t *json = plan.base == NULL ? NULL : json_loadb(plan.base, plan.len, 0, NULL);
    return json == NULL ? json_null() : json;
}

/* Of that link. */
static json_t *match_code_json(const struct world *world, const struct invoice_listed *listed)
{
    char code[MATCH_CODE_LEN + 1];
    if (listed->link_no == 0)
        return json_null();
    match_code_print(world->keys, (struct paylink_id){listed->key.customer_id, listed->link_no},
                     keyring_signer(world->keys), code);
    return json_string(code);
}

static json_t *debt_json(const struct world *world, const struct invoice_listed *listed,
                         struct span plan)
{
    return json_pack("{s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o}", "number",
                     reply_text_json(listed->number), "product", reply_text_json(listed->product),
                     "currency", reply_text_json(listed->currency), "due_minor",
                     (json_int_t)listed->due_minor, "due_date", date_json(listed->due_date), "link",
                     link_json(world, listed), "match_code", match_code_json(world, listed), "plan",
                     plan_json(plan));
}

static void reply_debts(struct request *request, const PGresult *result)
{
    json_t *items = json_array();
    int count = PQntuples(result);
    for (int row = 0; row < count && row < LISTED_MAX; ++row) {
        struct invoice_listed listed;
        invoice_read_listed(result, row, &listed);
        json_array_append_new(items,
                              debt_json(request->world, &listed, invoice_read_plan(result, row)));
    }
    json_t *answer = json_pack("{s:o, s:b}", "items", items, "more", count > LISTED_MAX);
    char *text = json_dumps(answer, JSON_COMPACT);
    if (text == NULL)
        abort();
    json_decref(answer);
    reply_json(request, 200, span_str(text));
    free(text);
}

static void on_listed(void *owner, const PGresult *result, const struct err *err)
{
    struct debts_job *job = owner;
    if (job->request != NULL && err->code != 0)
        reply_database_away(job->request);
    else if (job->request != NULL)
        reply_debts(job->request, result);
    free(job);
}

void debts_list_own(struct request *request)
{
    struct debts_job *job = calloc(1, sizeof(*job));
    struct err err = {0};
    if (job == NULL)
        abort();
    job->request = request;
    request_on_gone(request, on_gone, job);
    /* one more tells whether there are more */
    if (invoice_list_open(request->world->store, &job->query, request->customer, LISTED_MAX + 1,
                          request->world->now(), on_listed, job, &err) == 0)
        return;
    request_on_gone(request, NULL, NULL);
    free(job);
    reply_database_away(request);
}
