#include "http/imports.h"

#include "base/crypto.h"
#include "http/import_job.h"
#include "http/reply.h"
#include "http/tus.h"
#include "http/tus_headers.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

enum { LIMIT_DEFAULT = 50, LIMIT_MAX = 100, CURSOR_MAX = 80 };

/* ---- status ---- */

static json_t *text_or_null(struct span text)
{
    return text.base == NULL ? json_null() : json_stringn(text.base, text.len);
}

static json_t *time_or_null(struct instant at, bool is_known)
{
    char text[21];
    if (!is_known)
        return json_null();
    instant_print(at, text);
    return json_string(text);
}

static double progress_of(const struct import_state *s)
{
    bool is_receiving = span_is_str(s->state, "receiving");
    if (s->size_bytes == 0)
        return 1;
    return (double)(is_receiving ? s->received_bytes : s->committed_bytes) / (double)s->size_bytes;
}

static json_t *json_of(const struct import_state *s)
{
    json_t *survey =
        s->survey.base == NULL ? NULL : json_loadb(s->survey.base, s->survey.len, 0, NULL);
    json_t *rows = survey == NULL ? NULL : json_object_get(survey, "rows");
    json_t *json = json_pack(
        "{s:s, s:o, s:o, s:o, s:I, s:I, s:I, s:f, s:O?, s:I, s:I, s:I, s:I}", "id", s->id, "name",
        text_or_null(s->name), "source", text_or_null(s->source), "state", text_or_null(s->state),
        "size_bytes", (json_int_t)s->size_bytes, "received_bytes", (json_int_t)s->received_bytes,
        "committed_bytes", (json_int_t)s->committed_bytes, "progress", progress_of(s), "rows", rows,
        "created", (json_int_t)s->created_count, "changed", (json_int_t)s->changed_count, "same",
        (json_int_t)s->same_count, "bad", (json_int_t)s->bad_count);
    if (json == NULL)
        abort();
    json_object_set_new(json, "problem", text_or_null(s->problem));
    json_object_set_new(json, "problem_detail", text_or_null(s->problem_detail));
    json_object_set_new(json, "survey", survey == NULL ? json_null() : survey);
    json_object_set_new(json, "created_at", time_or_null(s->created_at, true));
    json_object_set_new(json, "started_at", time_or_null(s->started_at, s->has_started));
    json_object_set_new(json, "finished_at", time_or_null(s->finished_at, s->has_finished));
    return json;
}

static void reply_json_value(struct request *r, json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(6));
    if (text == NULL)
        abort();
    reply_json(r, 200, span_str(text));
    free(text);
    json_decref(json);
}

/* What was given at creation and kept of it. */
static void add_metadata_header(struct request *r, struct span name)
{
    char text[sizeof("filename ") + 4 * ((TUS_NAME_MAX + 2) / 3) + 1] = "filename ";
    if (name.len == 0 || name.len > TUS_NAME_MAX)
        return;
    base64_print(name, text + strlen(text));
    reply_header(r, "upload-metadata", span_str(text));
}

static void on_shown(void *owner, const PGresult *result, const struct err *err)
{
    struct import_job *job = owner;
    struct request *r = job->request;
    if (err->code != 0) {
        import_reply_database_down(r);
        return;
    }
    if (PQntuples(result) == 0) {
        import_reply_unknown(r);
        return;
    }
    struct import_state state = import_state_read(result, 0);
    if (span_is_str(state.source, "upload")) {
        tus_add_number(r, "upload-offset", state.received_bytes);
        tus_add_number(r, "upload-length", state.size_bytes);
        add_metadata_header(r, state.name);
    }
    reply_json_value(r, json_of(&state));
}

/* HEAD is how a client finds out where its upload goes on, GET what became of it. Asked of the
 * writing connection: what was stored a moment ago counts. */
void imports_show(struct request *r)
{
    struct err err;
    if (span_is_str(request_method(r), "HEAD") && !tus_is_spoken(r))
        return;
    struct import_job *job = import_job_of_path(r);
    if (job == NULL)
        return;
    if (import_get(r->world->store->writes, &job->query, job->id, on_shown, job, &err) != 0) {
        import_reply_database_down(r);
        return;
    }
    request_on_gone(r, import_job_drop, job);
}

/* ---- the list ---- */

/* "<microseconds>.<id>" */
static json_t *cursor_of(const struct import_state *s)
{
    char text[CURSOR_MAX];
    snprintf(text, sizeof text, "%lld.%s", (long long)s->created_at.us, s->id);
    return json_string(text);
}

static bool read_cursor(struct span text, struct instant *before, char id[IMPORT_ID_LEN + 1])
{
    *before = (struct instant){INT64_C(253402300799000000)}; /* the end of 9999 */
    snprintf(id, IMPORT_ID_LEN + 1, "ffffffff-ffff-ffff-ffff-ffffffffffff");
    if (text.base == NULL)
        return true;
    const char *dot = memchr(text.base, '.', text.len);
    if (dot == NULL)
        return false;
    struct span behind = span_from(text, (size_t)(dot - text.base) + 1);
    if (!import_id_is_valid(behind) ||
        !tus_number(span_of(text.base, (size_t)(dot - text.base)), &before->us))
        return false;
    snprintf(id, IMPORT_ID_LEN + 1, "%.*s", SPAN_ARG(behind));
    return true;
}

static void on_listed(void *owner, const PGresult *result, const struct err *err)
{
    struct import_job *job = owner;
    if (err->code != 0) {
        import_reply_database_down(job->request);
        return;
    }
    json_t *items = json_array(), *next = json_null();
    int count = PQntuples(result);
    for (int row = 0; row < count && row < job->limit; ++row) {
        struct import_state state = import_state_read(result, row);
        json_array_append_new(items, json_of(&state));
        if (row == job->limit - 1 && count > job->limit)
            next = cursor_of(&state);
    }
    reply_json_value(job->request, json_pack("{s:o, s:o}", "items", items, "next", next));
}

void imports_list(struct request *r)
{
    struct err err;
    struct instant before;
    char before_id[IMPORT_ID_LEN + 1];
    struct import_job *job = import_job_new(r);
    struct span limit = request_query(r, "limit");
    job->limit = LIMIT_DEFAULT;
    if ((limit.base != NULL && !tus_number(limit, &job->limit)) || job->limit < 1 ||
        job->limit > LIMIT_MAX || !read_cursor(request_query(r, "cursor"), &before, before_id)) {
        reply_problem(r, 400, "query-malformed", "The query cannot be read",
                      "limit is 1 to 100; cursor is what `next` gave.");
        return;
    }
    if (import_list(r->world->store->reads, &job->query, before, before_id, job->limit + 1,
                    on_listed, job, &err) != 0) {
        import_reply_database_down(r);
        return;
    }
    request_on_gone(r, import_job_drop, job);
}
