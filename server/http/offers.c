#include "http/offers.h"

#include "base/json.h"
#include "flow/world.h"
#include "http/auth.h"
#include "http/page_form.h"
#include "http/reply.h"
#include "store/offer_store.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    REASON_MAX = 200,
    KEY_MAX = 100,
    LIMIT_DEFAULT = 50,
    LIMIT_MAX = 200,
    GRACE_DAYS = 3, /* of an offer that says nothing else */
    MISSED_MAX = 1,
};

/* One question or order under way. */
struct offers_job {
    struct request *request; /* null when gone */
    struct world *world;
    struct pg_query query;
    struct pg_tx tx;
    struct offer_key key;
    char by[KEY_MAX + 1], idempotency_key[KEY_MAX + 1], reason[REASON_MAX + 1];
    struct offer_terms terms;
    bool replaces;
    struct offer offer;
    /* What the row said, copied: the transaction may still fail. */
    char verdict[16], state[16];
    int64_t limit;
};

static void on_gone(void *owner)
{
    ((struct offers_job *)owner)->request = NULL;
}

static struct offers_job *job_new(struct request *request)
{
    struct offers_job *job = calloc(1, sizeof(*job));
    if (job == NULL)
        abort();
    job->request = request;
    job->world = request->world;
    snprintf(job->by, sizeof(job->by), "%s", ((const struct api_caller *)request->caller)->key.id);
    request_on_gone(request, on_gone, job);
    return job;
}

/* Ends the request with a problem of what was asked. */
static void job_refuse(struct offers_job *job, int status, const char *type, const char *title,
                       const char *detail)
{
    if (job->request != NULL)
        reply_problem(job->request, status, type, title, detail);
    job->request = NULL;
    free(job);
}

static void job_check(struct offers_job *job, int code)
{
    if (code == 0)
        return;
    if (job->request != NULL)
        reply_database_away(job->request);
    free(job);
}

static void keep_word(struct span word, char *out, size_t room)
{
    snprintf(out, room, "%.*s", SPAN_ARG(word));
}

/* ---- making ---- */

/* "12-34". */
static bool read_debt_id(struct span id, struct offer_key *key)
{
    char whole[OFFER_ID_MAX];
    int len = snprintf(whole, sizeof(whole), "%.*s-1", SPAN_ARG(id));
    return len < (int)sizeof(whole) && offer_key_read(span_str(whole), key);
}

/* Neither quotes nor backslashes: it goes into JSON as it is. */
static bool key_is_ok(struct span key)
{
    if (key.len == 0 || key.len > KEY_MAX)
        return false;
    for (size_t i = 0; i < key.len; ++i)
        if (key.base[i] <= ' ' || key.base[i] > '~' || key.base[i] == '"' || key.base[i] == '\\')
            return false;
    return true;
}

static struct date get_day(struct json_reader *reader, const char *name)
{
    struct date day = {0};
    struct span text = json_get_text(reader, name, 10);
    if (reader->err->code == 0 && !page_form_date(text, &day))
        err_set(reader->err, ERR_INPUT, "%s is not a date as YYYY-MM-DD", name);
    return day;
}

static bool read_body(struct request *request, struct offers_job *job, struct err *err)
{
    static const char *const kinds[] = {"longer_term", "deferral", "lower_rate", "forgiveness",
                                        NULL};
    static const char *const spacings[] = {"month", "two_weeks", "week", NULL};
    const struct json_limits limits = {.bytes_max = 4096, .depth_max = 4};
    json_t *body = json_load(request_body(request), limits, err);
    if (body == NULL)
        return false;
    struct json_reader reader = json_read(body, "", err);
    struct offer_terms *terms = &job->terms;
    terms->kind = (enum offer_kind)(OFFER_LONGER_TERM + json_get_word(&reader, "kind", kinds));
    terms->part_count = (int32_t)json_find_int(&reader, "parts", 1, INSTALMENTS_MAX, 1);
    terms->spacing = PLAN_MONTHLY;
    if (json_object_get(body, "spacing") != NULL)
        terms->spacing =
            (enum plan_spacing)(PLAN_MONTHLY + json_get_word(&reader, "spacing", spacings));
    terms->first = get_day(&reader, "first");
    terms->valid_until = get_day(&reader, "valid_until");
    terms->interest_hundredths =
        (int32_t)json_find_int(&reader, "interest_hundredths", 0, 10000, 0);
    terms->forgiven_minor = json_find_int(&reader, "forgiven_minor", 0, PLAN_DEBT_MAX_MINOR, 0);
    terms->grace_days = (int32_t)json_find_int(&reader, "grace_days", 0, 60, GRACE_DAYS);
    terms->missed_max =
        (int32_t)json_find_int(&reader, "missed_max", 0, INSTALMENTS_MAX, MISSED_MAX);
    terms->keeps_working_days = !json_is_false(json_object_get(body, "working_days"));
    job->replaces = json_is_true(json_object_get(body, "replaces"));
    json_decref(body);
    return err->code == 0;
}

static json_t *id_json(const struct offer_key *key)
{
    char id[OFFER_ID_MAX];
    offer_key_print(key, id);
    return json_string(id);
}

static void reply_made(struct offers_job *job, int status, const char *state)
{
    reply_object(job->request, status,
                 json_pack("{s:o, s:s}", "id", id_json(&job->key), "state", state));
}

static void on_made(void *owner, const PGresult *result, const struct err *err)
{
    struct offers_job *job = owner;
    struct span verdict;
    int32_t offer_no;
    if (err->code != 0)
        return;
    offer_read_made(result, 0, &verdict, &offer_no);
    keep_word(verdict, job->verdict, sizeof(job->verdict));
    job->key.offer_no = offer_no;
}

static void tell_made(struct offers_job *job)
{
    struct span verdict = span_str(job->verdict);
    if (span_is_str(verdict, "made") || span_is_str(verdict, "waits"))
        reply_made(job, 201, span_is_str(verdict, "made") ? "open" : "waits");
    else if (span_is_str(verdict, "same"))
        reply_made(job, 200, "open");
    else if (span_is_str(verdict, "offer"))
        reply_problem(job->request, 409, "offer-refused", "This offer cannot be made",
                      "has_offer: there is one; \"replaces\": true takes its place.");
    else
        reply_problem(job->request, 409, "offer-refused", "This offer cannot be made",
                      span_is_str(verdict, "plan") ? "has_plan" : "The debt has just changed.");
}

static void on_saved(void *owner, const struct err *err)
{
    struct offers_job *job = owner;
    if (job->request != NULL && err->code != 0)
        reply_database_away(job->request);
    else if (job->request != NULL)
        tell_made(job);
    free(job);
}

static void save(struct offers_job *job, int64_t money_version)
{
    struct err err;
    const struct offer_new new = {
        .customer_id = job->key.customer_id,
        .invoice_id = job->key.invoice_id,
        .money_version = money_version,
        .offer = &job->offer,
        .rule = span_of(NULL, 0),
        .made_by = span_str(job->by),
        .idempotency_key = span_str(job->idempotency_key),
        .replaces = job->replaces,
        .is_allowed = job->terms.forgiven_minor <= job->world->offers.forgive_alone_max_minor,
    };
    job_check(job, offer_add_all(job->world->store, &job->tx, &new, 1, job->world->now(), on_made,
                                 on_saved, job, &err));
}

static void on_debt_read(void *owner, const PGresult *result, const struct err *err)
{
    struct offers_job *job = owner;
    struct offer_facts facts;
    struct span state;
    int64_t money_version;
    if (err->code != 0) {
        job_check(job, err->code);
        return;
    }
    if (!offer_take_debt(result, &facts, &money_version)) {
        job_refuse(job, 404, "unknown-invoice", "There is no such invoice", NULL);
        return;
    }
    job->key.offer_no = offer_take_same(result, &state);
    if (job->key.offer_no != 0) {
        keep_word(state, job->state, sizeof(job->state));
        if (job->request != NULL)
            reply_made(job, 200, job->state);
        free(job);
        return;
    }
    const struct plan_policies *plans = &job->world->plans;
    const struct plan_policy *policy =
        plan_policy_of(plans->policies, plans->policy_count, &facts.debt);
    if (policy != NULL)
        facts.usual_hundredths = policy->interest_hundredths;
    if (job->replaces)
        facts.has_offer = false;
    enum offer_refusal refusal = offer_make(&job->terms, &facts, &job->offer);
    if (refusal != OFFER_GOOD)
        job_refuse(job, 409, "offer-refused", "This offer cannot be made",
                   offer_refusal_name(refusal));
    else
        save(job, money_version);
}

void offers_make(struct request *request)
{
    struct span key = request_header(request, "idempotency-key");
    struct err err = {0};
    struct offers_job *job = job_new(request);
    if (!read_debt_id(request->params[0], &job->key))
        job_refuse(job, 404, "unknown-invoice", "There is no such invoice", NULL);
    else if (!key_is_ok(key))
        job_refuse(job, 400, "idempotency-key-missing", "An Idempotency-Key is needed",
                   "1 to 100 printable characters without quotes, the same when it is repeated.");
    else if (!read_body(request, job, &err))
        job_refuse(job, 400, "malformed-json", "The body cannot be read", err.text);
    else if (job->world->offers.terms[LANGUAGE_POLISH].base == NULL)
        job_refuse(job, 409, "offers-off", "No offers are made here",
                   "The setting offers.terms_pl_file names no terms to accept.");
    else {
        keep_word(key, job->idempotency_key, sizeof(job->idempotency_key));
        struct instant now = job->world->now();
        job_check(job, offer_read_debt(job->world->store, &job->query, job->key.customer_id,
                                       job->key.invoice_id, key, now,
                                       instant_plus_seconds(
                                           now, -(int64_t)job->world->payment_in_flight_seconds),
                                       on_debt_read, job, &err));
    }
}

/* ---- deciding ---- */

static void on_decision(void *owner, const PGresult *result, const struct err *err)
{
    struct offers_job *job = owner;
    struct span verdict, state;
    if (err->code != 0)
        return;
    offer_read_decided(result, &verdict, &state);
    keep_word(verdict, job->verdict, sizeof(job->verdict));
    keep_word(state, job->state, sizeof(job->state));
}

static void tell_decided(struct offers_job *job)
{
    struct span verdict = span_str(job->verdict);
    if (span_is_str(verdict, "done"))
        reply_made(job, 200, job->state);
    else if (span_is_str(verdict, "unknown"))
        reply_problem(job->request, 404, "unknown-offer", "There is no such offer", NULL);
    else if (span_is_str(verdict, "own"))
        reply_problem(job->request, 403, "offer-own", "Whoever proposed an offer does not allow it",
                      NULL);
    else
        reply_problem(job->request, 409, "offer-decided", "It does not wait for that any more",
                      job->verdict[0] == 'n' ? job->state : job->verdict);
}

static void on_decided(void *owner, const struct err *err)
{
    struct offers_job *job = owner;
    if (job->request != NULL && err->code != 0)
        reply_database_away(job->request);
    else if (job->request != NULL)
        tell_decided(job);
    free(job);
}

static void read_reason(struct request *request, struct offers_job *job)
{
    const struct json_limits limits = {.bytes_max = 4096, .depth_max = 4};
    struct err err = {0};
    json_t *body = json_load(request_body(request), limits, &err);
    struct json_reader reader = json_read(body, "", &err);
    if (body != NULL)
        keep_word(json_find_text(&reader, "reason", REASON_MAX), job->reason, sizeof(job->reason));
    json_decref(body);
}

static void decide(struct request *request, enum offer_deed deed)
{
    struct err err;
    struct offers_job *job = job_new(request);
    if (!offer_key_read(request->params[0], &job->key)) {
        job_refuse(job, 404, "unknown-offer", "There is no such offer", NULL);
        return;
    }
    read_reason(request, job);
    const struct offer_decision decision = {
        .key = job->key,
        .deed = deed,
        .by = span_str(job->by),
        .reason = job->reason[0] == '\0' ? span_of(NULL, 0) : span_str(job->reason),
        .now = job->world->now()};
    job_check(job, offer_decide(job->world->store, &job->tx, &decision, on_decision, on_decided,
                                job, &err));
}

void offers_withdraw(struct request *request)
{
    decide(request, OFFER_WITHDRAW);
}

void offers_approve(struct request *request)
{
    decide(request, OFFER_APPROVE);
}

/* ---- listing ---- */

static json_t *instant_json(bool is_there, struct instant at)
{
    char text[21];
    instant_print(at, text);
    return is_there ? json_string(text) : json_null();
}

static json_t *day_json(bool is_there, struct date day)
{
    char text[11];
    if (!is_there)
        return json_null();
    date_print(day, text);
    return json_string(text);
}

static json_t *int_json(int64_t number)
{
    return number == 0 ? json_null() : json_integer(number);
}

static json_t *listed_json(const struct offer_listed *o)
{
    char invoice[OFFER_ID_MAX];
    snprintf(invoice, sizeof(invoice), "%lld-%lld", (long long)o->key.customer_id,
             (long long)o->key.invoice_id);
    json_t *json = json_pack(
        "{s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:o}", "id",
        id_json(&o->key), "invoice", invoice, "number", reply_text_json(o->number), "customer",
        reply_text_json(o->customer), "state", reply_text_json(o->state), "kind",
        reply_text_json(o->kind), "rule", reply_text_json(o->rule), "made_by",
        reply_text_json(o->made_by), "currency", reply_text_json(o->currency), "debt_minor",
        (json_int_t)o->debt_minor, "forgiven_minor", (json_int_t)o->forgiven_minor,
        "interest_minor", (json_int_t)o->interest_minor, "interest_hundredths",
        (json_int_t)o->interest_hundredths, "total_minor", (json_int_t)o->total_minor, "parts",
        json_loadb(o->parts.base, o->parts.len, 0, NULL));
    json_object_set_new(json, "made_at", instant_json(true, o->made_at));
    json_object_set_new(json, "valid_until", day_json(true, o->valid_until));
    json_object_set_new(json, "decided_by", reply_text_json(o->decided_by));
    json_object_set_new(json, "answered_at", instant_json(o->is_answered, o->answered_at));
    json_object_set_new(json, "terms", reply_text_json(o->terms));
    json_object_set_new(json, "decline_reason", reply_text_json(o->decline_reason));
    json_object_set_new(json, "counter_month_minor", int_json(o->counter_minor));
    json_object_set_new(json, "counter_from", day_json(o->has_counter_from, o->counter_from));
    json_object_set_new(json, "plan", int_json(o->plan_no));
    json_object_set_new(json, "ended_at", instant_json(o->is_ended, o->ended_at));
    json_object_set_new(json, "reason", reply_text_json(o->reason));
    return json;
}

static void on_listed(void *owner, const PGresult *result, const struct err *err)
{
    struct offers_job *job = owner;
    if (job->request != NULL && err->code != 0) {
        reply_database_away(job->request);
    } else if (job->request != NULL) {
        json_t *items = json_array(), *cursor = json_null();
        for (int row = 0; row < PQntuples(result); ++row) {
            struct offer_listed listed;
            offer_read_listed(result, row, &listed);
            json_array_append_new(items, listed_json(&listed));
            if (row + 1 == job->limit)
                cursor = id_json(&listed.key);
        }
        reply_object(job->request, 200, json_pack("{s:o, s:o}", "items", items, "cursor", cursor));
    }
    free(job);
}

static bool read_limit(struct span text, int64_t *limit)
{
    *limit = 0;
    for (size_t i = 0; i < text.len && i < 4; ++i) {
        if (text.base[i] < '0' || text.base[i] > '9')
            return false;
        *limit = *limit * 10 + (text.base[i] - '0');
    }
    if (text.base == NULL)
        *limit = LIMIT_DEFAULT;
    return *limit >= 1 && *limit <= LIMIT_MAX;
}

void offers_list(struct request *request)
{
    struct span cursor = request_query(request, "cursor");
    struct offer_search search = {.state = request_query(request, "state")};
    enum offer_state state;
    struct err err;
    struct offers_job *job = job_new(request);
    if ((search.state.base != NULL && !offer_state_find(search.state, &state)) ||
        (cursor.base != NULL && !offer_key_read(cursor, &search.after)) ||
        !read_limit(request_query(request, "limit"), &job->limit)) {
        job_refuse(job, 400, "bad-query", "The query cannot be read",
                   "state is waits, open, accepted, declined, countered, expired, withdrawn or "
                   "replaced; limit is 1 to 200; cursor is of an answer before");
        return;
    }
    search.at_most = job->limit;
    job_check(job, offer_list(job->world->store, &job->query, &search, on_listed, job, &err));
}
