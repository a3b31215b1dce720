#include "http/campaign_job.h"

#include "http/auth.h"
#include "http/reply.h"
#include "http/tus.h"

#include <stdio.h>
#include <stdlib.h>

enum { TEXT_MAX = 64 * 1024 * 1024 };

void campaign_reply_down(struct request *r)
{
    reply_header(r, "retry-after", SPAN_LIT("2"));
    reply_database_away(r);
}

void campaign_reply_unknown(struct request *r)
{
    reply_problem(r, 404, "campaign-unknown", "There is no such campaign", NULL);
}

void campaign_reply_json(struct request *r, int status, json_t *taken)
{
    char *text = json_dumps(taken, JSON_COMPACT | JSON_REAL_PRECISION(6));
    if (text == NULL)
        abort();
    json_decref(taken);
    reply_json(r, status, span_str(text));
    free(text);
}

struct span campaign_caller(const struct request *r, char *room, size_t room_len)
{
    snprintf(room, room_len, "key:%s", r->caller->key.name);
    return span_str(room);
}

static void on_gone(void *owner)
{
    struct campaign_job *job = owner;
    job->request = NULL;
}

struct campaign_job *campaign_job_new(struct request *r)
{
    struct campaign_job *job = calloc(1, sizeof *job);
    if (job == NULL)
        abort();
    job->request = r;
    buf_init(&job->text, TEXT_MAX);
    request_on_gone(r, on_gone, job);
    return job;
}

struct campaign_job *campaign_job_of_path(struct request *r)
{
    int64_t id;
    if (!tus_number(r->params[0], &id) || id == 0) {
        campaign_reply_unknown(r);
        return NULL;
    }
    struct campaign_job *job = campaign_job_new(r);
    job->id = id;
    return job;
}

void campaign_job_free(struct campaign_job *job)
{
    buf_release(&job->text);
    json_decref(job->json);
    free(job);
}

void campaign_job_check(struct campaign_job *job, int rc)
{
    if (rc == 0)
        return;
    if (job->request != NULL)
        campaign_reply_down(job->request);
    campaign_job_free(job);
}
