/* Lists go on behind a cursor, the place of the last item shown; in a CSV the next one stands in
 * the Link header. A hand-over file marks nothing: what it held is marked by a call of its own that
 * names each case, so that a lost download loses nothing. */
#include "http/work_items.h"

#include "base/crypto.h"
#include "base/json.h"
#include "flow/work_list.h"
#include "http/reply.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    LIMIT_DEFAULT = 100,
    LIMIT_MAX = 500,
    CSV_ROWS = 2000,
    CSV_MAX = 16 * 1024 * 1024,
    PLACE_MAX = 160,
    EXPORT_MAX = 5000,
    BODY_MAX = 1024 * 1024,
    WORD_MAX = 100,
    NOTE_MAX = 1000,
};

static const int64_t AT_MAX = INT64_C(253402300800) * 1000000; /* the end of 9999 */

enum work_form { WORK_JSON = 1, WORK_CALLS_CSV, WORK_HANDOVERS_CSV };

struct work_job {
    struct request *request; /* null when gone */
    struct world *world;
    struct pg_query query;
    struct pg_tx tx;
    enum work_form form;
    int64_t limit, count;
    bool is_known;
};

static void on_gone(void *owner)
{
    ((struct work_job *)owner)->request = NULL;
}

static struct work_job *job_new(struct request *r)
{
    struct work_job *job = calloc(1, sizeof(*job));
    if (job == NULL)
        abort();
    job->request = r;
    job->world = r->world;
    request_on_gone(r, on_gone, job);
    return job;
}

static void job_check(struct work_job *job, int rc)
{
    if (rc == 0)
        return;
    reply_database_away(job->request);
    free(job);
}

/* ---- lists ---- */

static void print_cursor(const struct work_item *item, char out[2 * PLACE_MAX])
{
    char id[WORK_ITEM_ID_MAX], place[PLACE_MAX];
    work_item_print_id(&item->key, id);
    int len = snprintf(place, sizeof(place), "%lld-%s", (long long)item->created_at.us, id);
    base64url_print(span_of(place, (size_t)len), out);
}

static bool read_cursor(struct span text, struct work_item_search *search)
{
    char place[PLACE_MAX];
    if (text.base == NULL)
        return true;
    long len =
        text.len > 2 * PLACE_MAX / 2 ? -1 : base64url_parse(text, (uint8_t *)place, PLACE_MAX - 1);
    if (len <= 0)
        return false;
    place[len] = 0;
    char *dash;
    search->after_at.us = strtoll(place, &dash, 10);
    return dash != place && search->after_at.us >= 0 && search->after_at.us < AT_MAX &&
           *dash == '-' &&
           work_item_read_id(span_of(dash + 1, (size_t)(place + len - dash - 1)), &search->after);
}

static bool read_limit(struct span text, int64_t *limit)
{
    if (text.base == NULL)
        return true;
    *limit = 0;
    for (size_t i = 0; i < text.len; ++i) {
        if (text.base[i] < '0' || text.base[i] > '9' || *limit > LIMIT_MAX)
            return false;
        *limit = *limit * 10 + (text.base[i] - '0');
    }
    return *limit >= 1 && *limit <= LIMIT_MAX;
}

static struct date today_of(const struct world *world)
{
    return date_from_days((int32_t)(instant_seconds(world->now()) / 86400));
}

static void reply_json_list(struct work_job *job, const PGresult *result)
{
    json_t *items = json_array(), *next = json_null();
    char cursor[2 * PLACE_MAX];
    int count = PQntuples(result);
    for (int row = 0; row < count && row < job->limit; ++row) {
        struct work_item item;
        work_item_read(result, row, &item);
        json_array_append_new(items, work_list_call_json(&item));
        if (row + 1 == job->limit && count > job->limit) {
            print_cursor(&item, cursor);
            next = json_string(cursor);
        }
    }
    reply_object(job->request, 200, json_pack("{s:o, s:o}", "items", items, "next_cursor", next));
}

static void reply_csv(struct work_job *job, const PGresult *result)
{
    struct request *r = job->request;
    bool is_calls = job->form == WORK_CALLS_CSV;
    char cursor[2 * PLACE_MAX], link[3 * PLACE_MAX];
    int count = PQntuples(result);
    struct buf out;
    buf_init(&out, CSV_MAX);
    if (is_calls)
        work_list_calls_head(&out);
    else
        work_list_handovers_head(&out);
    for (int row = 0; row < count && row < job->limit; ++row) {
        struct work_item item;
        work_item_read(result, row, &item);
        if (is_calls)
            work_list_calls_row(&item, &out);
        else
            work_list_handovers_row(&item, today_of(job->world), &out);
        if (row + 1 != job->limit || count <= job->limit)
            continue;
        print_cursor(&item, cursor);
        snprintf(link, sizeof(link), "</api/v1/%s?cursor=%s>; rel=\"next\"",
                 is_calls ? "calls.csv" : "handovers.csv", cursor);
        reply_header(r, "link", span_str(link));
    }
    reply_header(r, "content-disposition",
                 is_calls ? SPAN_LIT("attachment; filename=\"calls.csv\"")
                          : SPAN_LIT("attachment; filename=\"handovers.csv\""));
    if (buf_is_overflowed(&out))
        reply_problem(r, 500, "too-large", "The list is too large", NULL);
    else
        reply_bytes(r, 200, "text/csv; charset=utf-8", buf_span(&out));
    buf_release(&out);
}

static void on_listed(void *owner, const PGresult *result, const struct err *err)
{
    struct work_job *job = owner;
    if (job->request != NULL && err->code != 0)
        reply_database_away(job->request);
    else if (job->request != NULL && job->form == WORK_JSON)
        reply_json_list(job, result);
    else if (job->request != NULL)
        reply_csv(job, result);
    free(job);
}

static bool read_state(struct span text, const char *states[3])
{
    static const char *const all[] = {"open", "taken", "done"};
    if (text.base == NULL) {
        states[0] = "open";
        states[1] = "taken";
        return true;
    }
    for (size_t i = 0; i < 3; ++i)
        if (span_is_str(text, all[i]))
            states[0] = all[i];
    return states[0] != NULL;
}

static void list(struct request *r, const char *which, enum work_form form)
{
    struct instant now = r->world->now();
    struct work_item_search search = {
        .list = which,
        .queue = request_query(r, "queue"),
        .now = now,
        .in_flight_since = {now.us - (int64_t)r->world->payment_in_flight_seconds * 1000000}};
    int64_t limit = form == WORK_JSON ? LIMIT_DEFAULT : CSV_ROWS;
    if (!read_state(request_query(r, "state"), search.states) ||
        !read_cursor(request_query(r, "cursor"), &search) ||
        (form == WORK_JSON && !read_limit(request_query(r, "limit"), &limit))) {
        reply_problem(r, 400, "bad-query", "The query cannot be read",
                      "state is open, taken or done; limit is 1 to 500; cursor is a next_cursor");
        return;
    }
    struct work_job *job = job_new(r);
    struct err err;
    job->form = form;
    job->limit = limit;
    search.at_most = limit + 1; /* one more tells whether there is a next page */
    job_check(job, work_item_list(r->world->store, &job->query, &search, on_listed, job, &err));
}

void work_items_calls(struct request *r)
{
    list(r, "call", WORK_JSON);
}

void work_items_calls_csv(struct request *r)
{
    list(r, "call", WORK_CALLS_CSV);
}

void work_items_handovers_csv(struct request *r)
{
    list(r, "handover", WORK_HANDOVERS_CSV);
}

/* ---- what came of them ---- */

static void reply_unknown(struct request *r)
{
    reply_problem(r, 404, "unknown-call", "There is no such call", NULL);
}

static void on_settled_row(void *owner, const PGresult *result, const struct err *err)
{
    struct work_job *job = owner;
    if (err->code == 0)
        job->is_known = PQntuples(result) == 1;
}

static void on_settled(void *owner, const struct err *err)
{
    struct work_job *job = owner;
    if (job->request != NULL && err->code != 0)
        reply_database_away(job->request);
    else if (job->request != NULL && !job->is_known)
        reply_unknown(job->request);
    else if (job->request != NULL)
        reply_empty(job->request, 204);
    free(job);
}

static void reply_malformed(struct request *r, const struct err *err)
{
    reply_problem(r, 400, "malformed-json", "The body cannot be read", err->text);
}

void work_items_call_settle(struct request *r)
{
    struct work_item_outcome outcome = {.state = {NULL, 0}};
    struct err err = {0};
    if (!work_item_read_id(r->params[0], &outcome.key)) {
        reply_unknown(r);
        return;
    }
    json_t *body =
        json_load(request_body(r), (struct json_limits){.bytes_max = 8192, .depth_max = 3}, &err);
    struct json_reader reader = json_read(body, "", &err);
    const struct work_call call = {.outcome = json_find_text(&reader, "outcome", WORD_MAX),
                                   .taken_by = json_find_text(&reader, "taken_by", WORD_MAX),
                                   .note = json_find_text(&reader, "note", NOTE_MAX),
                                   .until = json_find_text(&reader, "until", 10)};
    if (err.code != 0 || work_list_judge(&call, &r->world->promises, r->world->now(), &outcome, &err) != 0) {
        reply_malformed(r, &err);
        json_decref(body);
        return;
    }
    struct work_job *job = job_new(r);
    job_check(job, work_item_settle(r->world->store, &job->tx, &outcome, on_settled_row, on_settled,
                                    job, &err));
    json_decref(body);
}

static void on_exported_row(void *owner, const PGresult *result, const struct err *err)
{
    struct work_job *job = owner;
    if (err->code == 0)
        job->count = pg_get_int(result, 0, 0);
}

static void on_exported(void *owner, const struct err *err)
{
    struct work_job *job = owner;
    if (job->request != NULL && err->code != 0)
        reply_database_away(job->request);
    else if (job->request != NULL)
        reply_object(job->request, 200, json_pack("{s:I}", "marked", (json_int_t)job->count));
    free(job);
}

static bool read_ids(const json_t *ids, struct work_item_key *keys, struct err *err)
{
    for (size_t i = 0; i < json_array_size(ids); ++i) {
        const json_t *id = json_array_get(ids, i);
        if (!work_item_read_id(span_of(json_string_value(id), json_string_length(id)), &keys[i])) {
            err_set(err, ERR_INPUT, "ids[%zu]: is no id of the hand-over file", i);
            return false;
        }
    }
    return true;
}

void work_items_handovers_export(struct request *r)
{
    struct err err = {0};
    json_t *body = json_load(request_body(r),
                             (struct json_limits){.bytes_max = BODY_MAX, .depth_max = 3}, &err);
    struct json_reader reader = json_read(body, "", &err);
    const json_t *ids = json_get_array(&reader, "ids", EXPORT_MAX);
    struct work_item_key *keys =
        request_alloc(r, (json_array_size(ids) + 1) * sizeof(struct work_item_key));
    if (err.code != 0 || !read_ids(ids, keys, &err)) {
        reply_malformed(r, &err);
        json_decref(body);
        return;
    }
    struct work_job *job = job_new(r);
    job_check(job, work_item_export(r->world->store, &job->tx, keys, json_array_size(ids),
                                    r->world->now(), on_exported_row, on_exported, job, &err));
    json_decref(body);
}
