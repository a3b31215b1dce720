#include "http/import_job.h"
#include "http/imports.h"
#include "http/reply.h"
#include "http/tus.h"

#include <stdio.h>

/* One answer: as many pages from the database as fit. */
enum { BAD_PAGE = 500, BAD_BYTES = 4 * 1024 * 1024 };

/* The one way out without the list: what was collected goes with it. */
static void drop_bad_rows(struct import_job *job)
{
    buf_release(&job->text);
    import_reply_database_down(job->request);
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
        import_reply_database_down(job->request);
        return;
    }
    if (PQntuples(result) == 0) {
        import_reply_unknown(job->request);
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

static void list_bad_rows(struct request *r, struct import_job *job)
{
    struct err err;
    if (import_get(r->world->store->reads, &job->query, job->id, on_bad_survey, job, &err) != 0) {
        import_reply_database_down(r);
        return;
    }
    request_on_gone(r, import_job_drop, job);
}

void imports_bad_rows(struct request *r)
{
    struct span after = request_query(r, "after");
    struct import_job *job = import_job_of_path(r);
    if (job == NULL)
        return;
    if (after.base != NULL && !tus_number(after, &job->offset)) {
        reply_problem(r, 400, "query-malformed", "The query cannot be read",
                      "after is a line of the file.");
        return;
    }
    list_bad_rows(r, job);
}

void imports_bad_rows_of(struct request *r, struct span id, int64_t after)
{
    struct import_job *job = import_job_new(r);
    snprintf(job->id, sizeof job->id, "%.*s", SPAN_ARG(id));
    job->offset = after;
    list_bad_rows(r, job);
}
