#include "http/refunds.h"

#include "base/json.h"
#include "domain/payment.h"
#include "flow/world.h"
#include "http/auth.h"
#include "http/reply.h"
#include "provider/provider.h"
#include "store/refund_store.h"

#include <stdio.h>
#include <stdlib.h>

enum { REASON_MAX = 200, KEY_MAX = 100, LIST_MAX = 500, GIVERS_MAX = 32, GIVER_TEXT_MAX = 80 };

/* One question or order under way. */
struct refund_job {
    struct request *request; /* null when gone */
    struct pg_query query;
    struct pg_tx tx;
    struct refund_key key;
    int64_t wanted_minor; /* PG_NULL_INT: all that is left */
    char reason[REASON_MAX + 1];
    /* What the row said, copied: the transaction may still fail. */
    struct refund_made made;
    bool is_same;
    char state[16];
    struct refund_decided decided;
};

static void on_gone(void *owner)
{
    struct refund_job *job = owner;
    job->request = NULL;
}

static struct refund_job *job_new(struct request *request)
{
    struct refund_job *job = calloc(1, sizeof(*job));
    if (job == NULL)
        abort();
    job->request = request;
    request_on_gone(request, on_gone, job);
    return job;
}

static void job_check(struct refund_job *job, int code)
{
    if (code == 0)
        return;
    reply_database_away(job->request);
    free(job);
}

static json_t *id_json(const struct refund_key *key)
{
    char id[REFUND_ID_TEXT_MAX];
    refund_key_print(key, id);
    return json_string(id);
}

static void keep_word(struct span word, char *out, size_t room)
{
    snprintf(out, room, "%.*s", SPAN_ARG(word));
}

/* ---- asking ---- */

static bool read_number(struct span text, int64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < text.len; ++i) {
        if (text.base[i] < '0' || text.base[i] > '9' || i == 12)
            return false;
        *value = *value * 10 + (text.base[i] - '0');
    }
    return text.len > 0;
}

/* "12-34" is the debt, "1" the payment. */
static bool read_payment(const struct request *request, struct refund_order *order)
{
    struct span id = request->params[0];
    const char *dash = id.len == 0 ? NULL : memchr(id.base, '-', id.len);
    if (dash == NULL)
        return false;
    size_t len = (size_t)(dash - id.base);
    return read_number(span_of(id.base, len), &order->customer_id) &&
           read_number(span_from(id, len + 1), &order->invoice_id) &&
           read_number(request->params[1], &order->payment_no);
}

static bool key_is_ok(struct span key)
{
    if (key.len == 0 || key.len > KEY_MAX)
        return false;
    for (size_t i = 0; i < key.len; ++i)
        if (key.base[i] <= ' ' || key.base[i] > '~')
            return false;
    return true;
}

static bool read_body(struct request *request, struct refund_job *job, struct err *err)
{
    const struct json_limits limits = {.bytes_max = 4096, .depth_max = 4};
    json_t *body = json_load(request_body(request), limits, err);
    if (body == NULL)
        return false;
    struct json_reader reader = json_read(body, "", err);
    job->wanted_minor =
        json_find_int(&reader, "amount_minor", 1, PAYMENT_AMOUNT_MAX_MINOR, PG_NULL_INT);
    keep_word(json_get_text(&reader, "reason", REASON_MAX), job->reason, sizeof(job->reason));
    json_decref(body);
    return err->code == 0;
}

static void on_made(void *owner, const PGresult *result, const struct err *err)
{
    struct refund_job *job = owner;
    if (err->code != 0)
        return;
    refund_read_made(result, &job->made);
    job->key.refund_no = job->made.refund_no;
    keep_word(job->made.state, job->state, sizeof(job->state));
    bool is_same_amount =
        job->wanted_minor == PG_NULL_INT || job->wanted_minor == job->made.amount_minor;
    job->is_same = is_same_amount && span_is_str(job->made.reason, job->reason);
}

static void reply_too_large(struct refund_job *job)
{
    char detail[120];
    snprintf(detail, sizeof(detail), "%lld can still be given back, in minor units.",
             (long long)(job->made.left_minor < 0 ? 0 : job->made.left_minor));
    reply_problem(job->request, 409, "refund-too-large", "More is asked for than is left", detail);
}

static void reply_made(struct refund_job *job)
{
    if (!job->made.has_payment)
        reply_problem(job->request, 404, "unknown-payment", "There is no such payment", NULL);
    else if (job->made.refund_no == 0 && !job->made.gives_back)
        reply_problem(job->request, 409, "refund-elsewhere",
                      "This provider takes no refund from us",
                      "Give it back in the provider's own panel; it is booked when it calls back.");
    else if (job->made.refund_no == 0)
        reply_too_large(job);
    else if (!job->made.is_new && !job->is_same)
        reply_problem(job->request, 409, "idempotency-key-reused",
                      "This Idempotency-Key was used for another refund of this payment", NULL);
    else
        reply_object(job->request, job->made.is_new ? 201 : 200,
                     json_pack("{s:o, s:I, s:s}", "id", id_json(&job->key), "amount_minor",
                               (json_int_t)job->made.amount_minor, "state", job->state));
}

static void on_asked(void *owner, const struct err *err)
{
    struct refund_job *job = owner;
    if (job->request != NULL && err->code != 0)
        reply_database_away(job->request);
    else if (job->request != NULL)
        reply_made(job);
    free(job);
}

/* "provider/account" of all that give back when they are asked. */
static size_t list_givers(const struct world *world, char texts[][GIVER_TEXT_MAX],
                          struct span givers[GIVERS_MAX])
{
    size_t count = 0;
    for (const struct provider_account *a = world->providers; a->provider != NULL; ++a) {
        if ((a->provider->tasks & PROVIDER_TASK(PROVIDER_REFUND)) == 0 || count == GIVERS_MAX)
            continue;
        snprintf(texts[count], GIVER_TEXT_MAX, "%s/%.*s", a->provider->name, SPAN_ARG(a->account));
        givers[count] = span_str(texts[count]);
        ++count;
    }
    return count;
}

void refunds_ask(struct request *request)
{
    struct refund_order order = {
        .asked_by = span_str(((const struct api_caller *)request->caller)->key.id),
        .idempotency_key = request_header(request, "idempotency-key"),
        .alone_max_minor = request->world->refund_alone_max_minor,
        .now = request->world->now(),
        .wall = clock_wall(),
    };
    struct err err = {0};
    if (!read_payment(request, &order)) {
        reply_problem(request, 404, "unknown-payment", "There is no such payment", NULL);
        return;
    }
    if (!key_is_ok(order.idempotency_key)) {
        reply_problem(request, 400, "idempotency-key-missing", "An Idempotency-Key is needed",
                      "1 to 100 printable characters, the same when the request is repeated.");
        return;
    }
    struct refund_job *job = job_new(request);
    if (!read_body(request, job, &err)) {
        reply_problem(request, 400, "malformed-json", "The body cannot be read", err.text);
        job->request = NULL;
        free(job);
        return;
    }
    char texts[GIVERS_MAX][GIVER_TEXT_MAX];
    struct span givers[GIVERS_MAX];
    order.amount_minor = job->wanted_minor;
    order.reason = span_str(job->reason);
    order.givers = givers;
    order.giver_count = list_givers(request->world, texts, givers);
    job->key = (struct refund_key){order.customer_id, order.payment_no, 0};
    job_check(job,
              refund_make(request->world->store, &job->tx, &order, on_made, on_asked, job, &err));
}

/* ---- allowing ---- */

static void on_decision(void *owner, const PGresult *result, const struct err *err)
{
    struct refund_job *job = owner;
    if (err->code != 0)
        return;
    refund_read_decided(result, &job->decided);
    keep_word(job->decided.state_now.base == NULL ? job->decided.state : job->decided.state_now,
              job->state, sizeof(job->state));
    job->is_same = job->decided.state_now.base != NULL;
}

static void reply_decided(struct refund_job *job)
{
    char detail[80];
    snprintf(detail, sizeof(detail), "It is %s.", job->state);
    if (!job->decided.has_refund)
        reply_problem(job->request, 404, "unknown-refund", "There is no such refund", NULL);
    else if (job->is_same)
        reply_object(job->request, 200,
                     json_pack("{s:o, s:s}", "id", id_json(&job->key), "state", job->state));
    else if (span_is_str(span_str(job->state), "waits") && job->decided.is_own)
        reply_problem(job->request, 403, "refund-own",
                      "Whoever asked for a refund does not allow it", NULL);
    else
        reply_problem(job->request, 409, "refund-decided", "It does not wait for anybody", detail);
}

static void on_decided(void *owner, const struct err *err)
{
    struct refund_job *job = owner;
    if (job->request != NULL && err->code != 0)
        reply_database_away(job->request);
    else if (job->request != NULL)
        reply_decided(job);
    free(job);
}

static void decide(struct request *request, bool is_allowed)
{
    struct refund_decision decision = {
        .by = span_str(((const struct api_caller *)request->caller)->key.id),
        .is_allowed = is_allowed,
        .now = request->world->now(),
        .wall = clock_wall(),
    };
    struct err err;
    if (!refund_key_read(request->params[0], &decision.key)) {
        reply_problem(request, 404, "unknown-refund", "There is no such refund", NULL);
        return;
    }
    struct refund_job *job = job_new(request);
    job->key = decision.key;
    job_check(job, refund_decide(request->world->store, &job->tx, &decision, on_decision,
                                 on_decided, job, &err));
}

void refunds_approve(struct request *request)
{
    decide(request, true);
}

void refunds_reject(struct request *request)
{
    decide(request, false);
}

/* ---- listing ---- */

static json_t *listed_json(const struct refund_listed *r)
{
    char created[21], changed[21], invoice[REFUND_ID_TEXT_MAX];
    instant_print(r->created_at, created);
    instant_print(r->changed_at, changed);
    snprintf(invoice, sizeof(invoice), "%lld-%lld", (long long)r->key.customer_id,
             (long long)r->invoice_id);
    return json_pack(
        "{s:o, s:s, s:I, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:s}", "id",
        id_json(&r->key), "invoice", invoice, "payment", (json_int_t)r->key.payment_no, "provider",
        reply_text_json(r->provider), "account", reply_text_json(r->account), "amount_minor",
        (json_int_t)r->amount_minor, "currency", reply_text_json(r->currency), "reason",
        reply_text_json(r->reason), "state", reply_text_json(r->state), "refused_because",
        reply_text_json(r->state_reason), "asked_by", reply_text_json(r->asked_by), "decided_by",
        reply_text_json(r->decided_by), "provider_refund", reply_text_json(r->refund_id),
        "created_at", created, "changed_at", changed);
}

static void on_listed(void *owner, const PGresult *result, const struct err *err)
{
    struct refund_job *job = owner;
    if (job->request != NULL && err->code != 0) {
        reply_database_away(job->request);
    } else if (job->request != NULL) {
        json_t *items = json_array();
        for (int row = 0; row < PQntuples(result); ++row) {
            struct refund_listed listed;
            refund_read_listed(result, row, &listed);
            json_array_append_new(items, listed_json(&listed));
        }
        reply_object(job->request, 200, json_pack("{s:o}", "items", items));
    }
    free(job);
}

void refunds_list(struct request *request)
{
    static const char *const states[] = {"waits", "approved", "asked",
                                         "done",  "refused",  "rejected"};
    struct span state = request_query(request, "state");
    bool is_known = state.base == NULL;
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); ++i)
        is_known |= span_is_str(state, states[i]);
    if (!is_known) {
        reply_problem(request, 400, "bad-query", "The query cannot be read",
                      "state is waits, approved, asked, done, refused or rejected");
        return;
    }
    struct refund_job *job = job_new(request);
    struct err err;
    job_check(job, refund_list(request->world->store, &job->query, state, LIST_MAX, on_listed, job,
                               &err));
}
