/* A campaign's lists as files for spreadsheets. One answer: as many pages from the database as fit;
 * where there is more a link says so. */
#include "domain/calendar.h"
#include "flow/campaign_calls.h"
#include "http/campaign_job.h"
#include "http/campaigns.h"
#include "http/imports.h"
#include "http/reply.h"
#include "http/tus.h"

#include <stdio.h>

enum { PAGE = 500, ANSWER_BYTES = 4 * 1024 * 1024 };

static bool read_after(struct request *r, int64_t *after)
{
    struct span text = request_query(r, "after");
    *after = 0;
    if (text.base == NULL || tus_number(text, after))
        return true;
    reply_problem(r, 400, "query-malformed", "The query cannot be read",
                  "after is a line of the file.");
    return false;
}

/* ---- bad rows: the import's ---- */

static void on_found_for_bad_rows(void *owner, const PGresult *result, const struct err *err)
{
    struct campaign_job *job = owner;
    struct request *r = job->request;
    int64_t after = job->behind_line;
    struct span id = {NULL, 0};
    bool is_there = r != NULL && err->code == 0 && PQntuples(result) == 1;
    if (r != NULL && err->code != 0)
        campaign_reply_down(r);
    else if (r != NULL && !is_there)
        campaign_reply_unknown(r);
    if (is_there)
        id = campaign_read(result, 0).import_id;
    campaign_job_free(job);
    if (is_there && id.base == NULL)
        reply_problem(r, 409, "import-not-begun", "No row has been read yet", NULL);
    else if (is_there)
        imports_bad_rows_of(r, id, after);
}

void campaigns_bad_rows(struct request *r)
{
    struct err err;
    int64_t after;
    if (!read_after(r, &after))
        return;
    struct campaign_job *job = campaign_job_of_path(r);
    if (job == NULL)
        return;
    job->behind_line = after;
    campaign_job_check(job,
                       campaign_find(r->world->store->reads, &job->query, job->id,
                                     (struct span){NULL, 0}, on_found_for_bad_rows, job, &err));
}

/* ---- the call list ---- */

static void read_calls(struct campaign_job *);

static void reply_calls(struct campaign_job *job, bool is_complete)
{
    struct request *r = job->request;
    char link[160];
    if (!is_complete) {
        snprintf(link, sizeof link,
                 "</api/v1/campaigns/%lld/call-list.csv?after=%lld>; rel=\"next\"",
                 (long long)job->id, (long long)job->behind_line);
        reply_header(r, "link", span_str(link));
    }
    reply_header(r, "content-disposition", SPAN_LIT("attachment; filename=\"call-list.csv\""));
    reply_bytes(r, 200, "text/csv; charset=utf-8", buf_span(&job->text));
}

static void on_calls(void *owner, const PGresult *result, const struct err *err)
{
    struct campaign_job *job = owner;
    if (job->request != NULL && err->code != 0)
        campaign_reply_down(job->request);
    if (job->request == NULL || err->code != 0) {
        campaign_job_free(job);
        return;
    }
    int row = 0, count = PQntuples(result);
    for (; row < count && buf_span(&job->text).len < ANSWER_BYTES; ++row) {
        campaign_calls_row(result, row, &job->text);
        job->behind_line = pg_get_int(result, row, 0);
    }
    if (row == PAGE) {
        read_calls(job);
        return;
    }
    reply_calls(job, row == count);
    campaign_job_free(job);
}

static void read_calls(struct campaign_job *job)
{
    struct err err;
    campaign_job_check(job, campaign_calls(job->request->world->store->reads, &job->query, job->id,
                                           job->behind_line, PAGE, on_calls, job, &err));
}

static void on_found_for_calls(void *owner, const PGresult *result, const struct err *err)
{
    struct campaign_job *job = owner;
    if (job->request != NULL && err->code == 0 && PQntuples(result) == 1) {
        campaign_calls_begin(&job->text);
        read_calls(job);
        return;
    }
    if (job->request != NULL && err->code != 0)
        campaign_reply_down(job->request);
    else if (job->request != NULL)
        campaign_reply_unknown(job->request);
    campaign_job_free(job);
}

void campaigns_call_list(struct request *r)
{
    struct err err;
    int64_t after;
    if (!read_after(r, &after))
        return;
    struct campaign_job *job = campaign_job_of_path(r);
    if (job == NULL)
        return;
    job->behind_line = after;
    campaign_job_check(job, campaign_find(r->world->store->reads, &job->query, job->id,
                                          (struct span){NULL, 0}, on_found_for_calls, job, &err));
}
