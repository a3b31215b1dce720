#include "http/results.h"

#include "flow/results_report.h"
#include "http/reply.h"

#include <stdlib.h>

struct results_job {
    struct request *request;
    struct pg_query query;
    struct results_question question;
};

static json_t *day_json(int32_t days)
{
    char text[11];
    date_print(date_from_days(days), text);
    return json_string(text);
}

static void reply_results(const struct results_job *job, const PGresult *result)
{
    json_t *all = json_pack("{s:o, s:o, s:s, s:o}", "from", day_json(job->question.from), "to",
                            day_json(job->question.to), "by", results_by_names[job->question.by],
                            "items", results_json(result));
    char *text = json_dumps(all, JSON_COMPACT);
    if (text == NULL)
        abort();
    json_decref(all);
    reply_json(job->request, 200, span_str(text));
    free(text);
}

static void reply_failure(struct request *request, const struct err *err)
{
    if (err->code == ERR_BUSY)
        reply_problem(request, 503, "busy", "Too many such questions at a time", NULL);
    else
        reply_problem(request, 503, "database-away", "The database does not answer",
                      "A shorter period may be answered in time.");
}

static void on_result(void *owner, const PGresult *result, const struct err *err)
{
    struct results_job *job = owner;
    if (err->code != 0)
        reply_failure(job->request, err);
    else
        reply_results(job, result);
}

static void on_gone(void *owner)
{
    struct results_job *job = owner;
    pg_query_cancel(&job->query);
}

void results_show(struct request *request)
{
    struct results_job *job = request_alloc(request, sizeof(*job));
    const struct world *world = request->world;
    struct err err;
    job->request = request;
    const char *mistake =
        results_read_question(request_query(request, "from"), request_query(request, "to"),
                              request_query(request, "by"), &job->question);
    if (mistake != NULL) {
        reply_problem(request, 400, "bad-query", "The query cannot be read", mistake);
        return;
    }
    job->question.now = world->now();
    job->question.holdout_permille = world->reminders.holdout_permille;
    if (results_ask(store_reports(world->store), &job->query, &job->question, on_result, job,
                    &err) != 0) {
        reply_failure(request, &err);
        return;
    }
    request_on_gone(request, on_gone, job);
}
