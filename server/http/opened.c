#include "http/opened.h"

#include "base/json.h"
#include "base/metrics.h"
#include "http/reply.h"
#include "store/opening_store.h"

#include <ctype.h>
#include <stdlib.h>

enum { BODY_MAX = 1024, DEPTH_MAX = 4, TEXT_MAX = 100, UUID_LEN = 36 };

struct opened_job {
    struct request *request; /* null when gone: what was told is kept */
    struct world *world;
    struct pg_tx tx;
    struct opening opening;
};

static void on_gone(void *owner)
{
    struct opened_job *job = owner;
    job->request = NULL;
}

static void reply_unknown(struct request *request)
{
    reply_problem(request, 404, "unknown-push", "There is no such push", NULL);
}

static void on_marked(void *owner, const PGresult *result, const struct err *err)
{
    struct opened_job *job = owner;
    if (err->code == 0)
        opening_read(result, &job->opening);
}

static void on_saved(void *owner, const struct err *err)
{
    struct opened_job *job = owner;
    if (err->code == 0 && job->opening.is_first)
        metrics_add(job->world->metrics, METRIC_reminders_opened, 1);
    if (job->request != NULL && err->code != 0)
        reply_database_away(job->request);
    else if (job->request != NULL && !job->opening.is_known)
        reply_unknown(job->request);
    else if (job->request != NULL)
        reply_empty(job->request, 204);
    free(job);
}

static void begin(struct request *request, struct span push_id)
{
    const struct opening_new opening = {
        .customer = request->customer, .push_id = push_id, .now = request->world->now()};
    struct opened_job *job = calloc(1, sizeof(*job));
    struct err err = {0};
    if (job == NULL)
        abort();
    *job = (struct opened_job){.request = request, .world = request->world};
    request_on_gone(request, on_gone, job);
    if (opening_mark(request->world->store, &job->tx, &opening, on_marked, on_saved, job, &err) ==
        0)
        return;
    request_on_gone(request, NULL, NULL);
    free(job);
    reply_database_away(request);
}

/* 8-4-4-4-12 hex digits. */
static bool is_uuid(struct span s)
{
    for (size_t i = 0; s.len == UUID_LEN && i < UUID_LEN; ++i) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (is_dash ? s.base[i] != '-' : !isxdigit((unsigned char)s.base[i]))
            return false;
    }
    return s.len == UUID_LEN;
}

void opened_take(struct request *request)
{
    const struct json_limits limits = {.bytes_max = BODY_MAX, .depth_max = DEPTH_MAX};
    struct err err = {0};
    json_t *body = json_load(request_body(request), limits, &err);
    struct json_reader reader = json_read(body, "", &err);
    struct span push_id = json_get_text(&reader, "push", TEXT_MAX);
    if (err.code != 0)
        reply_problem(request, 400, "malformed-json", "The body cannot be read", err.text);
    else if (!is_uuid(push_id))
        reply_unknown(request);
    else
        begin(request, push_id);
    json_decref(body);
}
