#include "http/demands.h"

#include "base/json.h"
#include "flow/world.h"
#include "http/auth.h"
#include "http/page_form.h"
#include "http/reply.h"
#include "store/demand_store.h"
#include "store/offer_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_MAX = 100, REASONS_MAX = 4000, LIMIT = 100 };

struct demands_job {
    struct request *request; /* null when gone */
    struct world *world;
    struct pg_query query;
    struct pg_tx tx;
    struct offer_key key; /* of the debt, or of the request */
    char by[WORD_MAX + 1], verdict[16], state[16];
    bool is_sent, has_received;
    struct date sent_on, received_on;
    int64_t demand_no;
};

static void on_gone(void *owner)
{
    ((struct demands_job *)owner)->request = NULL;
}

static struct demands_job *job_new(struct request *request)
{
    struct demands_job *job = calloc(1, sizeof(*job));
    if (job == NULL)
        abort();
    job->request = request;
    job->world = request->world;
    snprintf(job->by, sizeof(job->by), "%s", ((const struct api_caller *)request->caller)->key.id);
    request_on_gone(request, on_gone, job);
    return job;
}

static void job_refuse(struct demands_job *job, int status, const char *type, const char *title,
                       const char *detail)
{
    if (job->request != NULL)
        reply_problem(job->request, status, type, title, detail);
    job->request = NULL;
    free(job);
}

static void job_check(struct demands_job *job, int code)
{
    if (code == 0)
        return;
    if (job->request != NULL)
        reply_database_away(job->request);
    free(job);
}

static json_t *load_body(struct request *request, struct err *err)
{
    const struct json_limits limits = {.bytes_max = 16384, .depth_max = 4};
    return json_load(request_body(request), limits, err);
}

/* ---- a demand ---- */

static bool read_days(struct request *request, struct demands_job *job, struct err *err)
{
    json_t *body = load_body(request, err);
    if (body == NULL)
        return false;
    struct json_reader reader = json_read(body, "", err);
    struct span sent = json_find_text(&reader, "sent_on", 10);
    struct span received = json_find_text(&reader, "received_on", 10);
    job->is_sent = sent.base != NULL;
    job->has_received = received.base != NULL;
    if (err->code == 0 && ((job->is_sent && !page_form_date(sent, &job->sent_on)) ||
                           (job->has_received && !page_form_date(received, &job->received_on))))
        err_set(err, ERR_INPUT, "sent_on and received_on are dates as YYYY-MM-DD");
    if (err->code == 0 && job->has_received && !job->is_sent)
        err_set(err, ERR_INPUT, "received_on is of a demand that was sent: sent_on is missing");
    json_decref(body);
    return err->code == 0;
}

static void on_ordered(void *owner, const PGresult *result, const struct err *err)
{
    struct demands_job *job = owner;
    struct span verdict;
    if (err->code != 0)
        return;
    demand_read_ordered(result, &verdict, &job->demand_no);
    snprintf(job->verdict, sizeof(job->verdict), "%.*s", SPAN_ARG(verdict));
}

static void on_order_saved(void *owner, const struct err *err)
{
    struct demands_job *job = owner;
    bool is_new = strcmp(job->verdict, "made") == 0 || strcmp(job->verdict, "scheduled") == 0;
    if (job->request == NULL)
        ;
    else if (err->code != 0)
        reply_database_away(job->request);
    else if (strcmp(job->verdict, "unknown") == 0)
        reply_problem(job->request, 404, "unknown-invoice", "There is no such invoice", NULL);
    else if (strcmp(job->verdict, "paid") == 0)
        reply_problem(job->request, 409, "nothing-due", "Nothing is due", NULL);
    else
        reply_object(job->request, is_new ? 201 : 200,
                     json_pack("{s:s, s:o}", "state", job->demand_no == 0 ? "scheduled" : "running",
                               "demand",
                               job->demand_no == 0 ? json_null() : json_integer(job->demand_no)));
    free(job);
}

static void on_today(void *owner, const PGresult *result, const struct err *err)
{
    struct demands_job *job = owner;
    struct demand_order order = {.customer_id = job->key.customer_id,
                                 .invoice_id = job->key.invoice_id,
                                 .by = span_str(job->by),
                                 .is_sent = job->is_sent,
                                 .sent_on = job->sent_on,
                                 .is_assumed = !job->has_received,
                                 .now = job->world->now()};
    const struct demand_terms *terms = &job->world->demands.terms;
    struct date today;
    struct err failed;
    if (err->code != 0) {
        job_check(job, err->code);
        return;
    }
    if (!demand_take_today(result, &today)) {
        job_refuse(job, 404, "unknown-invoice", "There is no such invoice", NULL);
        return;
    }
    if (job->is_sent &&
        (date_compare(job->sent_on, today) > 0 ||
         (job->has_received && (date_compare(job->received_on, today) > 0 ||
                                date_compare(job->received_on, job->sent_on) < 0)))) {
        job_refuse(job, 400, "bad-date", "The days are not right",
                   "A demand is sent today or before, and received then or between.");
        return;
    }
    if (job->is_sent)
        order.dates = job->has_received ? demand_dates_from(terms, job->received_on)
                                        : demand_dates(terms, job->sent_on);
    job_check(job, demand_order(job->world->store, &job->tx, &order, on_ordered, on_order_saved,
                                job, &failed));
}

/* "12-34" of a debt. */
static bool read_debt_id(struct span id, struct offer_key *key)
{
    char whole[OFFER_ID_MAX];
    int len = snprintf(whole, sizeof(whole), "%.*s-1", SPAN_ARG(id));
    return len < (int)sizeof(whole) && offer_key_read(span_str(whole), key);
}

void demands_order(struct request *request)
{
    struct err err = {0};
    struct demands_job *job = job_new(request);
    if (!read_debt_id(request->params[0], &job->key))
        job_refuse(job, 404, "unknown-invoice", "There is no such invoice", NULL);
    else if (!read_days(request, job, &err))
        job_refuse(job, 400, "malformed-json", "The body cannot be read", err.text);
    else
        job_check(job, demand_read_today(job->world->store, &job->query, job->key.customer_id,
                                         job->world->now(), on_today, job, &err));
}

/* ---- deciding a request ---- */

static void on_decision(void *owner, const PGresult *result, const struct err *err)
{
    struct demands_job *job = owner;
    struct span verdict, state;
    if (err->code != 0)
        return;
    demand_read_decided(result, &verdict, &state);
    snprintf(job->verdict, sizeof(job->verdict), "%.*s", SPAN_ARG(verdict));
    snprintf(job->state, sizeof(job->state), "%.*s", SPAN_ARG(state));
}

static json_t *key_json(const struct offer_key *key)
{
    char id[OFFER_ID_MAX];
    offer_key_print(key, id);
    return json_string(id);
}

static void on_decided(void *owner, const struct err *err)
{
    struct demands_job *job = owner;
    if (job->request == NULL)
        ;
    else if (err->code != 0)
        reply_database_away(job->request);
    else if (strcmp(job->verdict, "unknown") == 0)
        reply_problem(job->request, 404, "unknown-request", "There is no such request", NULL);
    else if (strcmp(job->verdict, "decided") == 0)
        reply_problem(job->request, 409, "request-decided", "It was decided otherwise", job->state);
    else
        reply_object(job->request, 200,
                     json_pack("{s:o, s:s}", "id", key_json(&job->key), "state", job->state));
    free(job);
}

/* The reasons as they are kept: {"text": …}; null when the body is not right. */
static char *read_decision(struct request *request, bool *is_granted, struct err *err)
{
    static const char *const words[] = {"granted", "refused", NULL};
    json_t *body = load_body(request, err);
    if (body == NULL)
        return NULL;
    struct json_reader reader = json_read(body, "", err);
    *is_granted = json_get_word(&reader, "decision", words) == 0;
    struct span reasons = json_get_text(&reader, "reasons", REASONS_MAX);
    char *printed = NULL;
    if (err->code == 0) {
        json_t *kept = json_pack("{s:s%}", "text", reasons.base, reasons.len);
        printed = json_dumps(kept, JSON_COMPACT);
        json_decref(kept);
    }
    json_decref(body);
    return printed;
}

void demands_decide(struct request *request)
{
    struct err err = {0};
    struct demands_job *job = job_new(request);
    bool is_granted = false;
    if (!offer_key_read(request->params[0], &job->key)) {
        job_refuse(job, 404, "unknown-request", "There is no such request", NULL);
        return;
    }
    char *reasons = read_decision(request, &is_granted, &err);
    if (reasons == NULL) {
        job_refuse(job, 400, "malformed-json", "The body cannot be read", err.text);
        return;
    }
    const struct request_decision decision = {.customer_id = job->key.customer_id,
                                              .invoice_id = job->key.invoice_id,
                                              .request_no = job->key.offer_no,
                                              .is_granted = is_granted,
                                              .by = span_str(job->by),
                                              .reasons = span_str(reasons),
                                              .now = job->world->now()};
    int code =
        demand_decide(job->world->store, &job->tx, &decision, on_decision, on_decided, job, &err);
    free(reasons);
    job_check(job, code);
}

/* ---- listing ---- */

static json_t *words_json(struct span json)
{
    json_t *read = json.len == 0 ? NULL : json_loadb(json.base, json.len, 0, NULL);
    json_t *text = read == NULL ? json_null() : json_incref(json_object_get(read, "text"));
    json_decref(read);
    return text;
}

static json_t *listed_json(const struct request_listed *r)
{
    const struct offer_key key = {r->customer_id, r->invoice_id, r->request_no};
    char invoice[OFFER_ID_MAX], requested[21], decided[21], by[11];
    snprintf(invoice, sizeof(invoice), "%lld-%lld", (long long)r->customer_id,
             (long long)r->invoice_id);
    instant_print(r->requested_at, requested);
    instant_print(r->decided_at, decided);
    date_print(r->decide_by, by);
    return json_pack("{s:o, s:s, s:o, s:o, s:o, s:I, s:o, s:I, s:s, s:s, s:b, s:o, s:o, s:o, s:o}",
                     "id", key_json(&key), "invoice", invoice, "number", reply_text_json(r->number),
                     "customer", reply_text_json(r->customer), "state", reply_text_json(r->state),
                     "due_minor", (json_int_t)r->due_minor, "currency",
                     reply_text_json(r->currency), "demand", (json_int_t)r->demand_no,
                     "requested_at", requested, "decide_by", by, "is_overdue", (int)r->is_overdue,
                     "decided_at", r->is_decided ? json_string(decided) : json_null(), "decided_by",
                     reply_text_json(r->decided_by), "text", words_json(r->written), "reasons",
                     words_json(r->reasons));
}

static void on_listed(void *owner, const PGresult *result, const struct err *err)
{
    struct demands_job *job = owner;
    if (job->request != NULL && err->code != 0) {
        reply_database_away(job->request);
    } else if (job->request != NULL) {
        json_t *items = json_array(), *cursor = json_null();
        for (int row = 0; row < PQntuples(result); ++row) {
            struct request_listed listed;
            demand_read_listed(result, row, &listed);
            json_array_append_new(items, listed_json(&listed));
            const struct offer_key key = {listed.customer_id, listed.invoice_id, listed.request_no};
            if (row + 1 == LIMIT)
                cursor = key_json(&key);
        }
        reply_object(job->request, 200, json_pack("{s:o, s:o}", "items", items, "cursor", cursor));
    }
    free(job);
}

void demands_list_requests(struct request *request)
{
    struct span cursor = request_query(request, "cursor"), state = request_query(request, "state");
    struct offer_key after = {0};
    struct err err;
    struct demands_job *job = job_new(request);
    bool is_state = state.base == NULL || span_is_str(state, "open") ||
                    span_is_str(state, "granted") || span_is_str(state, "refused");
    if (!is_state || (cursor.base != NULL && !offer_key_read(cursor, &after))) {
        job_refuse(job, 400, "bad-query", "The query cannot be read",
                   "state is open, granted or refused; cursor is of an answer before");
        return;
    }
    const struct request_search search = {.state = state,
                                          .after_customer_id = after.customer_id,
                                          .after_invoice_id = after.invoice_id,
                                          .after_no = after.offer_no,
                                          .at_most = LIMIT,
                                          .now = job->world->now()};
    job_check(job,
              demand_list_requests(job->world->store, &job->query, &search, on_listed, job, &err));
}
