#include "http/imports.h"

#include "base/crypto.h"
#include "flow/import_bad_csv.h"
#include "http/reply.h"
#include "http/tus.h"
#include "store/import_store.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

enum { LIMIT_DEFAULT = 50, LIMIT_MAX = 100, CURSOR_MAX = 80 };
/* One answer with bad rows: as many pages from the database as fit. */
enum { BAD_PAGE = 500, BAD_BYTES = 4 * 1024 * 1024, BAD_BYTES_MAX = 64 * 1024 * 1024 };

struct import_job {
    struct request *request;
    struct pg_query query;
    struct pg_tx tx;
    char id[IMPORT_ID_LEN + 1];
    int64_t offset, limit; /* of a PATCH; of a list */
    bool is_found;
    int64_t received_bytes;
    struct import_bad_csv csv;
    struct buf text;
};

static void reply_database_down(struct request *r)
{
    reply_header(r, "retry-after", SPAN_LIT("2"));
    reply_problem(r, 503, "database-down", "The database does not answer", NULL);
}

static void reply_not_found(struct request *r)
{
    reply_problem(r, 404, "import-unknown", "There is no such import", NULL);
}

static void on_request_gone(void *owner)
{
    struct import_job *job = owner;
    pg_query_cancel(&job->query);
    pg_tx_cancel(&job->tx);
    buf_release(&job->text);
}

static struct import_job *job_new(struct request *r)
{
    struct import_job *job = request_alloc(r, sizeof *job);
    *job = (struct import_job){.request = r};
    buf_init(&job->text, BAD_BYTES_MAX);
    return job;
}

/* The job of a request whose path names an import; null when it was answered: no such id. */
static struct import_job *job_of_path(struct request *r)
{
    if (!import_id_is_valid(r->params[0])) {
        reply_not_found(r);
        return NULL;
    }
    struct import_job *job = job_new(r);
    snprintf(job->id, sizeof job->id, "%.*s", SPAN_ARG(r->params[0]));
    return job;
}

/* ---- tus ---- */

static void add_tus_headers(struct request *r)
{
    reply_header(r, "tus-resumable", SPAN_LIT("1.0.0"));
}

static void add_number_header(struct request *r, const char *name, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)value);
    reply_header(r, name, span_str(text));
}

/* Every request of the protocol says which version it speaks. */
static bool speaks_tus(struct request *r)
{
    add_tus_headers(r);
    if (span_is_str(request_header(r, "tus-resumable"), "1.0.0"))
        return true;
    reply_header(r, "tus-version", SPAN_LIT("1.0.0"));
    reply_problem(r, 412, "tus-version", "Tus-Resumable must be 1.0.0", NULL);
    return false;
}

static bool number_header(struct request *r, const char *name, int64_t *out)
{
    return request_header_count(r, name) == 1 && tus_number(request_header(r, name), out);
}

void imports_options(struct request *r)
{
    add_tus_headers(r);
    reply_header(r, "tus-version", SPAN_LIT("1.0.0"));
    reply_header(r, "tus-extension", SPAN_LIT("creation,termination"));
    add_number_header(r, "tus-max-size", r->world->import_bytes_max);
    reply_empty(r, 204);
}

static void on_created(void *owner, const struct err *err)
{
    struct import_job *job = owner;
    struct request *r = job->request;
    char location[64];
    if (err->code != 0) {
        reply_database_down(r);
        return;
    }
    snprintf(location, sizeof location, "/api/v1/imports/%s", job->id);
    reply_header(r, "location", span_str(location));
    reply_empty(r, 201);
}

void imports_create(struct request *r)
{
    struct err err;
    int64_t size;
    char name[TUS_NAME_MAX + 1];
    if (!speaks_tus(r))
        return;
    if (!number_header(r, "upload-length", &size) || size == 0) {
        reply_problem(r, 400, "upload-length", "Upload-Length must say how many bytes will come",
                      "Upload-Defer-Length is not offered; an empty file is no import.");
        return;
    }
    if (size > r->world->import_bytes_max) {
        reply_problem(r, 413, "import-too-large", "The file is too large",
                      "Tus-Max-Size says how large it may be.");
        return;
    }
    if (request_header_count(r, "upload-metadata") > 1 ||
        !tus_file_name(request_header(r, "upload-metadata"), name)) {
        reply_problem(r, 400, "upload-metadata", "Upload-Metadata cannot be read", NULL);
        return;
    }
    struct import_job *job = job_new(r);
    import_id_make(job->id);
    if (pg_tx_begin(r->world->store->writes, &job->tx, on_created, job, &err) != 0) {
        reply_database_down(r);
        return;
    }
    import_add_create(&job->tx,
                      &(struct import_new){.id = job->id,
                                           .source = "upload",
                                           .name = span_str(name),
                                           .size_bytes = size,
                                           .state = "receiving",
                                           .now = r->world->now()},
                      NULL);
    pg_tx_commit(&job->tx);
    request_on_gone(r, on_request_gone, job);
}

/* ---- PATCH ---- */

static void on_offset_known(void *owner, const PGresult *result, const struct err *err)
{
    struct import_job *job = owner;
    struct request *r = job->request;
    if (err->code != 0) {
        reply_database_down(r);
        return;
    }
    if (PQntuples(result) == 0) {
        reply_not_found(r);
        return;
    }
    struct import_state state = import_state_read(result, 0);
    add_number_header(r, "upload-offset", state.received_bytes);
    if (state.received_bytes != job->offset)
        reply_problem(r, 409, "upload-offset", "The upload stands at another offset",
                      "HEAD says where it goes on.");
    else if (state.received_bytes == state.size_bytes)
        reply_problem(r, 409, "upload-complete", "The upload is complete", NULL);
    else
        reply_problem(r, 413, "upload-too-long", "More bytes than Upload-Length announced", NULL);
}

static void on_received_row(void *owner, const PGresult *result, const struct err *err)
{
    struct import_job *job = owner;
    if (err->code != 0 || PQntuples(result) == 0)
        return;
    job->is_found = true;
    job->received_bytes = pg_get_int(result, 0, 0);
}

static void on_received(void *owner, const struct err *err)
{
    struct import_job *job = owner;
    struct request *r = job->request;
    struct err refusal;
    if (err->code == 0 && job->is_found) {
        add_number_header(r, "upload-offset", job->received_bytes);
        reply_empty(r, 204);
    } else if (err->code != 0 || import_get(r->world->store->writes, &job->query, job->id,
                                            on_offset_known, job, &refusal) != 0) {
        reply_database_down(r);
    }
}

void imports_receive(struct request *r)
{
    struct err err;
    struct span bytes = request_body(r);
    if (!speaks_tus(r))
        return;
    if (!span_is_str(request_header(r, "content-type"), "application/offset+octet-stream")) {
        reply_problem(r, 415, "upload-type",
                      "The content type must be application/offset+octet-stream", NULL);
        return;
    }
    if (bytes.len > IMPORT_PART_BYTES_MAX) {
        reply_problem(r, 413, "upload-part-too-large", "A part holds at most 1 MiB", NULL);
        return;
    }
    struct import_job *job = job_of_path(r);
    if (job == NULL)
        return;
    if (!number_header(r, "upload-offset", &job->offset)) {
        reply_problem(r, 400, "upload-offset", "Upload-Offset must be a number", NULL);
        return;
    }
    if (pg_tx_begin(r->world->store->writes, &job->tx, on_received, job, &err) != 0) {
        reply_database_down(r);
        return;
    }
    import_add_receive(&job->tx, job->id, job->offset, bytes, on_received_row);
    pg_tx_commit(&job->tx);
    request_on_gone(r, on_request_gone, job);
}

/* ---- DELETE ---- */

static void on_blocker_known(void *owner, const PGresult *result, const struct err *err)
{
    struct import_job *job = owner;
    if (err->code != 0)
        reply_database_down(job->request);
    else if (PQntuples(result) == 0)
        reply_not_found(job->request);
    else
        reply_problem(job->request, 409, "import-begun", "The import has begun",
                      "What it has brought in stays.");
}

static void on_terminated_row(void *owner, const PGresult *result, const struct err *err)
{
    struct import_job *job = owner;
    job->is_found = err->code == 0 && PQntuples(result) > 0;
}

static void on_terminated(void *owner, const struct err *err)
{
    struct import_job *job = owner;
    struct request *r = job->request;
    struct err refusal;
    if (err->code == 0 && job->is_found)
        reply_empty(r, 204);
    else if (err->code != 0 || import_get(r->world->store->writes, &job->query, job->id,
                                          on_blocker_known, job, &refusal) != 0)
        reply_database_down(r);
}

void imports_terminate(struct request *r)
{
    struct err err;
    if (!speaks_tus(r))
        return;
    struct import_job *job = job_of_path(r);
    if (job == NULL)
        return;
    if (pg_tx_begin(r->world->store->writes, &job->tx, on_terminated, job, &err) != 0) {
        reply_database_down(r);
        return;
    }
    import_add_terminate(&job->tx, job->id, on_terminated_row);
    pg_tx_commit(&job->tx);
    request_on_gone(r, on_request_gone, job);
}

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
        reply_database_down(r);
        return;
    }
    if (PQntuples(result) == 0) {
        reply_not_found(r);
        return;
    }
    struct import_state state = import_state_read(result, 0);
    if (span_is_str(state.source, "upload")) {
        add_number_header(r, "upload-offset", state.received_bytes);
        add_number_header(r, "upload-length", state.size_bytes);
        add_metadata_header(r, state.name);
    }
    reply_json_value(r, json_of(&state));
}

/* HEAD is how a client finds out where its upload goes on, GET what became of it. Asked of the
 * writing connection: what was stored a moment ago counts. */
void imports_show(struct request *r)
{
    struct err err;
    if (!span_is_str(request_method(r), "HEAD"))
        add_tus_headers(r);
    else if (!speaks_tus(r))
        return;
    struct import_job *job = job_of_path(r);
    if (job == NULL)
        return;
    if (import_get(r->world->store->writes, &job->query, job->id, on_shown, job, &err) != 0) {
        reply_database_down(r);
        return;
    }
    request_on_gone(r, on_request_gone, job);
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
        reply_database_down(job->request);
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
    struct import_job *job = job_new(r);
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
        reply_database_down(r);
        return;
    }
    request_on_gone(r, on_request_gone, job);
}

/* ---- bad rows ---- */

/* The one way out without the list: what was collected goes with it. */
static void drop_bad_rows(struct import_job *job)
{
    buf_release(&job->text);
    reply_database_down(job->request);
}

static void read_bad_page(struct import_job *);

static void reply_bad_rows(struct import_job *job, bool is_complete)
{
    struct request *r = job->request;
    char link[160];
    if (!is_complete) {
        snprintf(link, sizeof link, "</api/v1/imports/%s/bad-rows.csv?after=%lld>; rel=\"next\"",
                 job->id, (long long)job->offset);
        reply_header(r, "link", span_str(link));
    }
    reply_header(r, "content-disposition", SPAN_LIT("attachment; filename=\"bad-rows.csv\""));
    struct buf text = job->text; /* the reply copies it, and may end the job */
    buf_init(&job->text, 1);
    reply_bytes(r, 200, "text/csv; charset=utf-8", buf_span(&text));
    buf_release(&text);
}

static void on_bad_page(void *owner, const PGresult *result, const struct err *err)
{
    struct import_job *job = owner;
    if (err->code != 0) {
        drop_bad_rows(job);
        return;
    }
    int row = 0, count = PQntuples(result);
    for (; row < count && buf_span(&job->text).len < BAD_BYTES; ++row) {
        job->offset = pg_get_int(result, row, 0);
        import_bad_csv_row(&job->csv, job->offset, pg_get_text(result, row, 1),
                           pg_get_text(result, row, 3), pg_get_text(result, row, 4), &job->text);
    }
    if (row == BAD_PAGE)
        read_bad_page(job);
    else
        reply_bad_rows(job, row == count);
}

static void read_bad_page(struct import_job *job)
{
    struct err err;
    struct request *r = job->request;
    if (import_bad_rows(r->world->store->reads, &job->query, job->id, job->offset, BAD_PAGE,
                        on_bad_page, job, &err) != 0)
        drop_bad_rows(job);
}

static void on_bad_survey(void *owner, const PGresult *result, const struct err *err)
{
    struct import_job *job = owner;
    struct err refusal;
    if (err->code != 0) {
        reply_database_down(job->request);
        return;
    }
    if (PQntuples(result) == 0) {
        reply_not_found(job->request);
        return;
    }
    struct import_state state = import_state_read(result, 0);
    if (state.survey.base == NULL ||
        import_bad_csv_begin(&job->csv, state.survey, &job->text, &refusal) != 0) {
        buf_release(&job->text);
        reply_problem(job->request, 409, "import-not-begun", "No row has been read yet", NULL);
        return;
    }
    read_bad_page(job);
}

void imports_bad_rows(struct request *r)
{
    struct err err;
    struct span after = request_query(r, "after");
    struct import_job *job = job_of_path(r);
    if (job == NULL)
        return;
    if (after.base != NULL && !tus_number(after, &job->offset)) {
        reply_problem(r, 400, "query-malformed", "The query cannot be read",
                      "after is a line of the file.");
        return;
    }
    if (import_get(r->world->store->reads, &job->query, job->id, on_bad_survey, job, &err) != 0) {
        reply_database_down(r);
        return;
    }
    request_on_gone(r, on_request_gone, job);
}
