#include "http/import_job.h"

#include "http/reply.h"

#include <stdio.h>

void import_reply_database_down(struct request *r)
{
    reply_header(r, "retry-after", SPAN_LIT("2"));
    reply_database_away(r);
}

void import_reply_unknown(struct request *r)
{
    reply_problem(r, 404, "import-unknown", "There is no such import", NULL);
}

void import_job_drop(void *owner)
{
    struct import_job *job = owner;
    pg_query_cancel(&job->query);
    pg_tx_cancel(&job->tx);
    buf_release(&job->text);
}

struct import_job *import_job_new(struct request *r)
{
    struct import_job *job = request_alloc(r, sizeof *job);
    *job = (struct import_job){.request = r};
    buf_init(&job->text, IMPORT_JOB_TEXT_MAX);
    return job;
}

struct import_job *import_job_of_path(struct request *r)
{
    if (!import_id_is_valid(r->params[0])) {
        import_reply_unknown(r);
        return NULL;
    }
    struct import_job *job = import_job_new(r);
    snprintf(job->id, sizeof job->id, "%.*s", SPAN_ARG(r->params[0]));
    return job;
}
