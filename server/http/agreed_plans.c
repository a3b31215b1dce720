#include "http/agreed_plans.h"

#include "base/json.h"
#include "http/auth.h"
#include "http/reply.h"
#include "store/agreed_plan_store.h"

#include <stdio.h>
#include <stdlib.h>

enum { LIMIT_DEFAULT = 50, LIMIT_MAX = 200, REASON_MAX = 200 };

/* One question or decision under way. */
struct plans_job {
    struct request *request; /* null when gone */
    struct pg_query query;
    struct pg_tx tx;
    int64_t limit;
    struct agreed_plan_key key;
    char reason[REASON_MAX + 1];
    char verdict[16], state[16]; /* copied: the transaction may still fail */
};

static void on_gone(void *owner)
{
    ((struct plans_job *)owner)->request = NULL;
}

static struct plans_job *job_new(struct request *request)
{
    struct plans_job *job = calloc(1, sizeof(*job));
    if (job == NULL)
        abort();
    job->request = request;
    request_on_gone(request, on_gone, job);
    return job;
}

static void job_check(struct plans_job *job, int code)
{
    if (code == 0)
        return;
    reply_database_away(job->request);
    free(job);
}

static json_t *id_json(const struct agreed_plan_key *key)
{
    char id[AGREED_PLAN_ID_MAX];
    agreed_plan_key_print(key, id);
    return json_string(id);
}

/* ---- listing ---- */

static json_t *instant_json(bool is_there, struct instant at)
{
    char text[21];
    if (!is_there)
        return json_null();
    instant_print(at, text);
    return json_string(text);
}

static json_t *parts_json(struct span text)
{
    json_t *parts = text.len == 0 ? NULL : json_loadb(text.base, text.len, 0, NULL);
    return parts == NULL ? json_array() : parts;
}

static json_t *listed_json(const struct agreed_plan_listed *l)
{
    char invoice[AGREED_PLAN_ID_MAX];
    snprintf(invoice, sizeof(invoice), "%lld-%lld", (long long)l->key.customer_id,
             (long long)l->key.invoice_id);
    json_t *item = json_object();
    json_object_set_new(item, "id", id_json(&l->key));
    json_object_set_new(item, "invoice", json_string(invoice));
    json_object_set_new(item, "number", reply_text_json(l->number));
    json_object_set_new(item, "customer", reply_text_json(l->customer));
    json_object_set_new(item, "state", reply_text_json(l->state));
    json_object_set_new(item, "policy", reply_text_json(l->policy));
    json_object_set_new(item, "currency", reply_text_json(l->currency));
    json_object_set_new(item, "debt_minor", json_integer(l->debt_minor));
    json_object_set_new(item, "fee_minor", json_integer(l->fee_minor));
    json_object_set_new(item, "interest_minor", json_integer(l->interest_minor));
    json_object_set_new(item, "parts", parts_json(l->parts));
    json_object_set_new(item, "terms", reply_text_json(l->terms));
    json_object_set_new(item, "language", reply_text_json(l->language));
    json_object_set_new(item, "page", reply_text_json(l->page));
    json_object_set_new(item, "asked_at", instant_json(true, l->asked_at));
    json_object_set_new(item, "answer_before", instant_json(l->has_answer_by, l->answer_by));
    json_object_set_new(item, "decided_at", instant_json(l->is_decided, l->decided_at));
    json_object_set_new(item, "decided_by", reply_text_json(l->decided_by));
    json_object_set_new(item, "reason", reply_text_json(l->reason));
    json_object_set_new(item, "ended_at", instant_json(l->is_ended, l->ended_at));
    return item;
}

static void reply_list(struct plans_job *job, const PGresult *result)
{
    json_t *items = json_array(), *next = json_null();
    int count = PQntuples(result);
    for (int row = 0; row < count && row < job->limit; ++row) {
        struct agreed_plan_listed listed;
        agreed_plan_read_listed(result, row, &listed);
        json_array_append_new(items, listed_json(&listed));
        if (row + 1 == job->limit && count > job->limit)
            next = id_json(&listed.key);
    }
    reply_object(job->request, 200, json_pack("{s:o, s:o}", "items", items, "next_cursor", next));
}

static void on_listed(void *owner, const PGresult *result, const struct err *err)
{
    struct plans_job *job = owner;
    if (job->request != NULL && err->code != 0)
        reply_database_away(job->request);
    else if (job->request != NULL)
        reply_list(job, result);
    free(job);
}

static void list(struct request *request, struct agreed_plan_search *search, int64_t limit)
{
    struct plans_job *job = job_new(request);
    struct err err;
    job->limit = limit;
    search->at_most = limit + 1; /* one more tells whether there is a next page */
    job_check(job,
              agreed_plan_list(request->world->store, &job->query, search, on_listed, job, &err));
}

static bool read_limit(struct span text, int64_t *limit)
{
    *limit = text.base == NULL ? LIMIT_DEFAULT : 0;
    for (size_t i = 0; i < text.len; ++i) {
        if (text.base[i] < '0' || text.base[i] > '9' || i == 3)
            return false;
        *limit = *limit * 10 + (text.base[i] - '0');
    }
    return *limit >= 1 && *limit <= LIMIT_MAX;
}

static bool is_state(struct span text)
{
    static const char *const states[] = {"asked",  "active",  "completed",
                                         "broken", "refused", "ended"};
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); ++i)
        if (span_is_str(text, states[i]))
            return true;
    return text.base == NULL;
}

void agreed_plans_list(struct request *request)
{
    struct agreed_plan_search search = {.state = request_query(request, "state")};
    struct span cursor = request_query(request, "cursor");
    int64_t limit;
    if (!is_state(search.state) || !read_limit(request_query(request, "limit"), &limit) ||
        (cursor.base != NULL && !agreed_plan_key_read(cursor, &search.after))) {
        reply_problem(request, 400, "bad-query", "The query cannot be read",
                      "state is asked, active, completed, broken, refused or ended; limit is 1 to "
                      "200, cursor is a next_cursor");
        return;
    }
    list(request, &search, limit);
}

/* The id of an invoice is that of its first plan without the plan's number. */
void agreed_plans_of_invoice(struct request *request)
{
    char first[AGREED_PLAN_ID_MAX];
    struct agreed_plan_key key;
    struct span id = request->params[0];
    int len = snprintf(first, sizeof(first), "%.*s-1", SPAN_ARG(id));
    if (len >= (int)sizeof(first) || !agreed_plan_key_read(span_of(first, (size_t)len), &key)) {
        reply_problem(request, 404, "unknown-invoice", "There is no such invoice", NULL);
        return;
    }
    struct agreed_plan_search search = {
        .is_of_invoice = true, .customer_id = key.customer_id, .invoice_id = key.invoice_id};
    list(request, &search, LIMIT_MAX);
}

/* ---- deciding ---- */

static void on_decision(void *owner, const PGresult *result, const struct err *err)
{
    struct plans_job *job = owner;
    struct span verdict, state;
    if (err->code != 0)
        return;
    agreed_plan_read_decided(result, &verdict, &state);
    snprintf(job->verdict, sizeof(job->verdict), "%.*s", SPAN_ARG(verdict));
    snprintf(job->state, sizeof(job->state), "%.*s", SPAN_ARG(state));
}

static void reply_unknown(struct request *request)
{
    reply_problem(request, 404, "unknown-instalment-plan", "There is no such instalment plan",
                  NULL);
}

static void reply_decided(struct plans_job *job)
{
    static const struct {
        const char *verdict, *type, *title;
    } refusals[] = {
        {"not_asked", "instalment-plan-decided", "It does not wait for an answer"},
        {"not_active", "instalment-plan-not-active", "It is not in force"},
        {"late", "instalment-plan-late", "The time in which it could be approved is over"},
        {"changed", "instalment-plan-changed",
         "What is due is no longer what the customer wanted to split"},
    };
    char detail[64];
    if (strcmp(job->verdict, "unknown") == 0) {
        reply_unknown(job->request);
        return;
    }
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); ++i)
        if (strcmp(job->verdict, refusals[i].verdict) == 0) {
            snprintf(detail, sizeof(detail), "It is %s.", job->state);
            reply_problem(job->request, 409, refusals[i].type, refusals[i].title, detail);
            return;
        }
    reply_object(job->request, 200,
                 json_pack("{s:o, s:s}", "id", id_json(&job->key), "state", job->state));
}

static void on_decided(void *owner, const struct err *err)
{
    struct plans_job *job = owner;
    if (job->request != NULL && err->code != 0)
        reply_database_away(job->request);
    else if (job->request != NULL)
        reply_decided(job);
    free(job);
}

/* A yes may go without a reason, and without a body. */
static bool read_reason(struct request *request, bool needs_reason, struct plans_job *job,
                        struct err *err)
{
    const struct json_limits limits = {.bytes_max = 4096, .depth_max = 4};
    if (!needs_reason && request_body(request).len == 0)
        return true;
    json_t *body = json_load(request_body(request), limits, err);
    if (body == NULL)
        return false;
    struct json_reader reader = json_read(body, "", err);
    struct span reason = needs_reason ? json_get_text(&reader, "reason", REASON_MAX)
                                      : json_find_text(&reader, "reason", REASON_MAX);
    snprintf(job->reason, sizeof(job->reason), "%.*s", SPAN_ARG(reason));
    json_decref(body);
    return err->code == 0;
}

static void decide(struct request *request, const char *deed, bool needs_reason)
{
    struct agreed_plan_decision decision = {
        .deed = deed,
        .by = span_str(((const struct api_caller *)request->caller)->key.name),
        .now = request->world->now(),
    };
    struct err err = {0};
    if (!agreed_plan_key_read(request->params[0], &decision.key)) {
        reply_unknown(request);
        return;
    }
    struct plans_job *job = job_new(request);
    if (!read_reason(request, needs_reason, job, &err)) {
        reply_problem(request, 400, "malformed-json", "The body cannot be read", err.text);
        job->request = NULL;
        free(job);
        return;
    }
    job->key = decision.key;
    if (job->reason[0] != '\0')
        decision.reason = span_str(job->reason);
    job_check(job, agreed_plan_decide(request->world->store, &job->tx, &decision, on_decision,
                                      on_decided, job, &err));
}

void agreed_plans_approve(struct request *request)
{
    decide(request, "approve", false);
}

void agreed_plans_refuse(struct request *request)
{
    decide(request, "refuse", true);
}

void agreed_plans_end(struct request *request)
{
    decide(request, "end", true);
}
