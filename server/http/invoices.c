#include "http/invoices.h"

#include "base/json.h"
#include "domain/calendar.h"
#include "domain/match_code.h"
#include "http/reply.h"
#include "store/invoice_store.h"

#include <stdio.h>
#include <stdlib.h>

enum { LIMIT_DEFAULT = 50, LIMIT_MAX = 200, ID_MAX = 48, REASON_MAX = 200 };

/* One question or hold under way. */
struct invoice_job {
    struct request *request; /* null when gone */
    struct pg_query query;
    struct pg_tx tx;
    int64_t limit;
    struct invoice_key key;
    int64_t hold_no; /* 0: nothing was done */
};

static void on_gone(void *owner)
{
    struct invoice_job *job = owner;
    job->request = NULL;
}

static struct invoice_job *job_new(struct request *request)
{
    struct invoice_job *job = calloc(1, sizeof(*job));
    if (job == NULL)
        abort();
    job->request = request;
    request_on_gone(request, on_gone, job);
    return job;
}

static void job_check(struct invoice_job *job, int rc)
{
    if (rc == 0)
        return;
    reply_database_away(job->request);
    free(job);
}

static bool read_number(struct span text, int64_t *value)
{
    *value = 0;
    if (text.len == 0 || text.len > 18)
        return false;
    for (size_t i = 0; i < text.len; ++i) {
        if (text.base[i] < '0' || text.base[i] > '9')
            return false;
        *value = *value * 10 + (text.base[i] - '0');
    }
    return true;
}

bool invoices_read_key(struct span text, struct invoice_key *key)
{
    const char *dash = text.len == 0 ? NULL : memchr(text.base, '-', text.len);
    if (dash == NULL)
        return false;
    size_t len = (size_t)(dash - text.base);
    return read_number(span_of(text.base, len), &key->customer_id) &&
           read_number(span_from(text, len + 1), &key->invoice_id);
}

static json_t *key_json(struct invoice_key key)
{
    char text[ID_MAX];
    snprintf(text, sizeof(text), "%lld-%lld", (long long)key.customer_id,
             (long long)key.invoice_id);
    return json_string(text);
}

static json_t *date_json(int32_t days)
{
    char text[11];
    date_print(date_from_days(days), text);
    return json_string(text);
}

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

static const char *state_of(const struct invoice_listed *listed)
{
    if (listed->due_minor < 0)
        return "overpaid";
    if (listed->due_minor == 0)
        return "paid";
    return listed->due_minor < listed->amount_minor ? "part_paid" : "due";
}

static json_t *listed_json(const struct world *world, const struct invoice_listed *listed)
{
    json_t *item = json_object();
    json_object_set_new(item, "id", key_json(listed->key));
    json_object_set_new(item, "number", reply_text_json(listed->number));
    json_object_set_new(item, "customer", reply_text_json(listed->customer));
    json_object_set_new(item, "kind", reply_text_json(listed->kind));
    json_object_set_new(item, "product", reply_text_json(listed->product));
    json_object_set_new(item, "state", json_string(state_of(listed)));
    json_object_set_new(item, "currency", reply_text_json(listed->currency));
    json_object_set_new(item, "amount_minor", json_integer(listed->amount_minor));
    json_object_set_new(item, "due_minor", json_integer(listed->due_minor));
    json_object_set_new(item, "issue_date", date_json(listed->issue_date));
    json_object_set_new(item, "due_date", date_json(listed->due_date));
    json_t *paid_at = json_null();
    if (listed->is_paid) {
        char text[21];
        instant_print(listed->paid_at, text);
        paid_at = json_string(text);
    }
    json_object_set_new(item, "paid_at", paid_at);
    json_object_set_new(item, "link", link_json(world, listed));
    json_object_set_new(item, "match_code", match_code_json(world, listed));
    return item;
}

static void reply_list(struct invoice_job *job, const PGresult *result)
{
    json_t *items = json_array(), *next = json_null();
    int count = PQntuples(result);
    for (int row = 0; row < count && row < job->limit; ++row) {
        struct invoice_listed listed;
        invoice_read_listed(result, row, &listed);
        json_array_append_new(items, listed_json(job->request->world, &listed));
        if (row + 1 == job->limit && count > job->limit)
            next = key_json(listed.key);
    }
    reply_object(job->request, 200, json_pack("{s:o, s:o}", "items", items, "next_cursor", next));
}

static void on_listed(void *owner, const PGresult *result, const struct err *err)
{
    struct invoice_job *job = owner;
    if (job->request != NULL && err->code != 0)
        reply_database_away(job->request);
    else if (job->request != NULL)
        reply_list(job, result);
    free(job);
}

void invoices_list(struct request *request)
{
    struct span limit = request_query(request, "limit"), cursor = request_query(request, "cursor");
    int64_t at_most = LIMIT_DEFAULT;
    struct invoice_search search = {.number = request_query(request, "number"),
                                    .customer = request_query(request, "customer")};
    if ((limit.base != NULL && (!read_number(limit, &at_most) || at_most < 1)) ||
        at_most > LIMIT_MAX || (cursor.base != NULL && !invoices_read_key(cursor, &search.after))) {
        reply_problem(request, 400, "bad-query", "The query cannot be read",
                      "limit is 1 to 200, cursor is a next_cursor");
        return;
    }
    struct invoice_job *job = job_new(request);
    struct err err;
    job->limit = at_most;
    search.at_most = at_most + 1; /* one more tells whether there is a next page */
    job_check(job, invoice_list(request->world->store, &job->query, &search, on_listed, job, &err));
}

static json_t *raw_json(struct span text)
{
    json_t *value = json_loadb(text.base, text.len, 0, NULL);
    return value == NULL ? json_array() : value;
}

static void reply_shown(struct request *request, const PGresult *result)
{
    struct invoice_shown shown;
    invoice_read_shown(result, &shown);
    json_t *all = listed_json(request->world, &shown.listed);
    json_object_set_new(
        all, "customer",
        json_pack("{s:o, s:o, s:o}", "reference", reply_text_json(shown.listed.customer), "name",
                  reply_text_json(shown.name), "language", reply_text_json(shown.language)));
    json_object_set_new(all, "account", reply_text_json(shown.account));
    json_object_set_new(all, "ledger", raw_json(shown.ledger));
    json_object_set_new(all, "payments", raw_json(shown.payments));
    json_object_set_new(all, "reminders", raw_json(shown.reminders));
    json_object_set_new(all, "holds", raw_json(shown.holds));
    json_object_set_new(all, "timeline", raw_json(shown.timeline));
    json_object_set_new(all, "plan", shown.plan.base == NULL ? json_null() : raw_json(shown.plan));
    reply_object(request, 200, all);
}

static void reply_unknown(struct request *request)
{
    reply_problem(request, 404, "unknown-invoice", "There is no such invoice", NULL);
}

static void on_shown(void *owner, const PGresult *result, const struct err *err)
{
    struct invoice_job *job = owner;
    if (job->request != NULL && err->code != 0)
        reply_database_away(job->request);
    else if (job->request != NULL && PQntuples(result) == 0)
        reply_unknown(job->request);
    else if (job->request != NULL)
        reply_shown(job->request, result);
    free(job);
}

void invoices_show(struct request *request)
{
    struct invoice_key key;
    if (!invoices_read_key(request->params[0], &key)) {
        reply_unknown(request);
        return;
    }
    struct invoice_job *job = job_new(request);
    struct err err;
    job_check(job, invoice_show(request->world->store, &job->query, key, request->world->now(),
                                on_shown, job, &err));
}

/* "2026-12-01": held back until that day begins, in UTC. */
static bool read_day(struct span text, struct instant *at)
{
    char copy[11] = "", again[11];
    struct date day;
    if (text.len != 10)
        return false;
    memcpy(copy, text.base, 10);
    if (sscanf(copy, "%4d-%2d-%2d", &day.year, &day.month, &day.day) != 3 || !date_is_valid(day))
        return false;
    date_print(day, again);
    at->us = (int64_t)date_to_days(day) * 86400 * 1000000;
    return strcmp(copy, again) == 0;
}

static bool read_hold(const json_t *body, const struct promise_policy *promises,
                      struct invoice_hold_new *hold, struct err *err)
{
    static const char *const kinds[] = {"admin", "dispute", "promise", "plan", NULL};
    struct json_reader reader = json_read(body, "", err);
    int kind = json_get_word(&reader, "kind", kinds);
    hold->reason = json_find_text(&reader, "reason", REASON_MAX);
    struct span until = json_find_text(&reader, "until", 10);
    if (err->code != 0)
        return false;
    hold->kind = span_str(kinds[kind]);
    hold->has_until = until.base != NULL;
    if (hold->has_until && !read_day(until, &hold->until)) {
        err_set(err, ERR_INPUT, "until: is no day such as 2026-12-01");
        return false;
    }
    if (hold->has_until && span_is_str(hold->kind, "promise")) {
        const struct promise_policy policy = promise_policy_of_calls(promises);
        hold->promised_on = (int32_t)(instant_seconds(hold->until) / 86400);
        /* Behind the last day of the calendar there is no grace. */
        if (hold->promised_on > date_to_days((struct date){9999, 12, 31}) - policy.grace_days - 1) {
            err_set(err, ERR_INPUT, "until: is too far ahead");
            return false;
        }
        hold->promise_over_on =
            date_to_days(promise_over(&policy, date_from_days(hold->promised_on)));
    }
    return true;
}

static void on_hold_row(void *owner, const PGresult *result, const struct err *err)
{
    struct invoice_job *job = owner;
    if (err->code == 0 && PQntuples(result) == 1)
        job->hold_no = pg_get_int(result, 0, 0);
}

static void on_held(void *owner, const struct err *err)
{
    struct invoice_job *job = owner;
    if (job->request != NULL && err->code != 0)
        reply_database_away(job->request);
    else if (job->request != NULL && job->hold_no == 0)
        reply_unknown(job->request);
    else if (job->request != NULL)
        reply_object(job->request, 201, json_pack("{s:I}", "hold", (json_int_t)job->hold_no));
    free(job);
}

void invoices_hold(struct request *request)
{
    struct invoice_hold_new hold = {.now = request->world->now()};
    struct err err = {0};
    if (!invoices_read_key(request->params[0], &hold.key)) {
        reply_unknown(request);
        return;
    }
    const struct json_limits limits = {.bytes_max = 4096, .depth_max = 4};
    json_t *body = json_load(request_body(request), limits, &err);
    if (body == NULL || !read_hold(body, &request->world->promises, &hold, &err)) {
        reply_problem(request, 400, "malformed-json", "The body cannot be read", err.text);
        json_decref(body);
        return;
    }
    struct invoice_job *job = job_new(request);
    job_check(
        job, invoice_hold(request->world->store, &job->tx, &hold, on_hold_row, on_held, job, &err));
    json_decref(body);
}

static void on_released(void *owner, const struct err *err)
{
    struct invoice_job *job = owner;
    if (job->request != NULL && err->code != 0)
        reply_database_away(job->request);
    else if (job->request != NULL && job->hold_no == 0)
        reply_problem(job->request, 404, "unknown-hold", "No such hold is in force", NULL);
    else if (job->request != NULL)
        reply_empty(job->request, 204);
    free(job);
}

void invoices_hold_release(struct request *request)
{
    struct invoice_key key;
    int64_t hold_no;
    if (!invoices_read_key(request->params[0], &key) ||
        !read_number(request->params[1], &hold_no)) {
        reply_unknown(request);
        return;
    }
    struct invoice_job *job = job_new(request);
    struct err err;
    job_check(job,
              invoice_hold_release(request->world->store, &job->tx, key, hold_no,
                                   request->world->now(), on_hold_row, on_released, job, &err));
}
