#include "http/campaigns.h"

#include "base/json.h"
#include "flow/campaign_decide.h"
#include "flow/campaign_status.h"
#include "flow/campaign_text.h"
#include "http/auth.h"
#include "http/campaign_job.h"
#include "http/reply.h"
#include "http/tus.h"

#include <stdio.h>

enum { LIMIT_DEFAULT = 50, LIMIT_MAX = 100, CALLER_MAX = API_KEY_NAME_MAX + 8 };

/* ---- making one ---- */

static void on_made_row(void *owner, const PGresult *result, const struct err *err)
{
    struct campaign_job *job = owner;
    job->is_found = err->code == 0 && PQntuples(result) == 1;
    if (job->is_found)
        job->id = pg_get_int(result, 0, 0);
}

static void reply_made(struct campaign_job *job)
{
    char location[64];
    struct request *r = job->request;
    if (!job->is_found) {
        reply_problem(r, 409, "campaign-name-taken", "There is a campaign of that name", NULL);
        return;
    }
    snprintf(location, sizeof location, "/api/v1/campaigns/%lld", (long long)job->id);
    reply_header(r, "location", span_str(location));
    campaign_reply_json(r, 201, json_pack("{s:I}", "id", (json_int_t)job->id));
}

static void on_made(void *owner, const struct err *err)
{
    struct campaign_job *job = owner;
    if (job->request != NULL && err->code != 0)
        campaign_reply_down(job->request);
    else if (job->request != NULL)
        reply_made(job);
    campaign_job_free(job);
}

static bool read_new(const json_t *body, struct campaign_new *new, struct err *err)
{
    struct json_reader reader = json_read(body, "", err);
    new->name = json_get_text(&reader, "name", CAMPAIGN_NAME_MAX);
    new->template = json_get_text(&reader, "template", CAMPAIGN_TEMPLATE_MAX);
    new->channel = json_find_text(&reader, "channel", 16);
    struct span send_at = json_get_text(&reader, "send_at", 40);
    new->queue = json_find_text(&reader, "queue", CAMPAIGN_QUEUE_MAX);
    new->call_after_hours = json_find_int(&reader, "call_after_hours", 1, 720, 48);
    const json_t *plain = json_object_get(body, "plain");
    if (err->code == 0 && plain != NULL && !json_is_boolean(plain))
        err_set(err, ERR_INPUT, "plain: must be true or false");
    new->is_plain = !json_is_false(plain);
    if (new->channel.base == NULL)
        new->channel = SPAN_LIT("sms");
    if (new->queue.base == NULL)
        new->queue = SPAN_LIT("calls");
    return err->code == 0 && campaign_new_check(new, send_at, err) == 0;
}

void campaigns_make(struct request *r)
{
    char caller[CALLER_MAX];
    struct err err = {0};
    const struct json_limits limits = {.bytes_max = 16384, .depth_max = 4};
    struct campaign_new new = {.created_by = campaign_caller(r, caller, sizeof caller),
                               .now = r->world->now()};
    json_t *body = json_load(request_body(r), limits, &err);
    if (body == NULL || !read_new(body, &new, &err)) {
        reply_problem(r, 400, "campaign-malformed", "There can be no such campaign", err.text);
        json_decref(body);
        return;
    }
    struct campaign_job *job = campaign_job_new(r);
    int rc = pg_tx_begin(r->world->store->writes, &job->tx, on_made, job, &err);
    if (rc == 0) {
        campaign_add_create(&job->tx, &new, on_made_row);
        pg_tx_commit(&job->tx);
    }
    json_decref(body);
    campaign_job_check(job, rc);
}

/* ---- showing them ---- */

static void on_listed(void *owner, const PGresult *result, const struct err *err)
{
    struct campaign_job *job = owner;
    if (job->request != NULL && err->code != 0)
        campaign_reply_down(job->request);
    if (job->request == NULL || err->code != 0) {
        campaign_job_free(job);
        return;
    }
    json_t *items = json_array(), *next = json_null();
    int count = PQntuples(result);
    for (int row = 0; row < count && row < job->limit; ++row) {
        struct campaign_row c = campaign_read(result, row);
        json_array_append_new(items, campaign_status_json(&c));
        if (row + 1 == job->limit && count > job->limit)
            next = json_sprintf("%lld", (long long)c.id);
    }
    campaign_reply_json(job->request, 200, json_pack("{s:o, s:o}", "items", items, "next", next));
    campaign_job_free(job);
}

void campaigns_list(struct request *r)
{
    struct err err;
    int64_t at_most = LIMIT_DEFAULT, below = INT64_MAX;
    struct span limit = request_query(r, "limit"), cursor = request_query(r, "cursor");
    if ((limit.base != NULL && !tus_number(limit, &at_most)) || at_most < 1 ||
        at_most > LIMIT_MAX || (cursor.base != NULL && !tus_number(cursor, &below))) {
        reply_problem(r, 400, "query-malformed", "The query cannot be read",
                      "limit is 1 to 100; cursor is what `next` gave.");
        return;
    }
    struct campaign_job *job = campaign_job_new(r);
    job->limit = at_most;
    campaign_job_check(job, campaign_list(r->world->store->reads, &job->query, below, at_most + 1,
                                          on_listed, job, &err));
}

static void on_samples(void *owner, const PGresult *result, const struct err *err)
{
    struct campaign_job *job = owner;
    struct request *r = job->request;
    if (r != NULL && err->code != 0)
        campaign_reply_down(r);
    if (r != NULL && err->code == 0) {
        json_object_set_new(job->json, "samples", campaign_samples_json(r->world, result));
        campaign_reply_json(r, 200, json_incref(job->json));
    }
    campaign_job_free(job);
}

static void on_shown(void *owner, const PGresult *result, const struct err *err)
{
    struct campaign_job *job = owner;
    struct request *r = job->request;
    struct err failed;
    if (r != NULL && err->code != 0)
        campaign_reply_down(r);
    else if (r != NULL && PQntuples(result) == 0)
        campaign_reply_unknown(r);
    if (r == NULL || err->code != 0 || PQntuples(result) == 0) {
        campaign_job_free(job);
        return;
    }
    struct campaign_row row = campaign_read(result, 0);
    job->json = campaign_status_json(&row);
    if (row.state == CAMPAIGN_CHECKING) {
        json_object_set_new(job->json, "samples", json_array());
        campaign_reply_json(r, 200, json_incref(job->json));
        campaign_job_free(job);
        return;
    }
    campaign_job_check(job, campaign_samples(r->world->store->reads, &job->query, job->id,
                                             on_samples, job, &failed));
}

static void show(struct campaign_job *job)
{
    struct err err;
    campaign_job_check(job, campaign_find(job->request->world->store->writes, &job->query, job->id,
                                          (struct span){NULL, 0}, on_shown, job, &err));
}

void campaigns_show(struct request *r)
{
    struct campaign_job *job = campaign_job_of_path(r);
    if (job != NULL)
        show(job);
}

/* ---- deciding ---- */

static void on_decided(void *owner, const struct campaign_decision *decision, const struct err *err)
{
    struct campaign_job *job = owner;
    struct request *r = job->request;
    if (r == NULL) {
        campaign_job_free(job);
        return;
    }
    if (err->code == 0 && decision->is_known && decision->verdict == CAMPAIGN_MAY_GO) {
        show(job);
        return;
    }
    if (err->code != 0)
        campaign_reply_down(r);
    else if (!decision->is_known)
        campaign_reply_unknown(r);
    else
        reply_problem(r, 409, campaign_verdict_word(decision->verdict),
                      "This cannot be done to the campaign",
                      campaign_verdict_text(decision->verdict));
    campaign_job_free(job);
}

static void decide(struct request *r, bool is_stop)
{
    char caller[CALLER_MAX];
    struct err err;
    struct campaign_job *job = campaign_job_of_path(r);
    if (job == NULL)
        return;
    const struct campaign_order order = {
        .is_stop = is_stop, .id = job->id, .by = campaign_caller(r, caller, sizeof caller)};
    campaign_job_check(job, campaign_decide_begin(r->world, &order, on_decided, job, &err));
}

void campaigns_approve(struct request *r)
{
    decide(r, false);
}

void campaigns_stop_one(struct request *r)
{
    decide(r, true);
}

/* ---- what came of it ---- */

static void on_results(void *owner, const PGresult *result, const struct err *err)
{
    struct campaign_job *job = owner;
    if (job->request != NULL && err->code != 0)
        campaign_reply_down(job->request);
    else if (job->request != NULL)
        campaign_reply_json(job->request, 200, campaign_results_json(result));
    campaign_job_free(job);
}

static void on_found_for_results(void *owner, const PGresult *result, const struct err *err)
{
    struct campaign_job *job = owner;
    struct err failed;
    if (job->request != NULL && err->code == 0 && PQntuples(result) == 1) {
        campaign_job_check(job, campaign_results(job->request->world->store->reads, &job->query,
                                                 job->id, on_results, job, &failed));
        return;
    }
    if (job->request != NULL && err->code != 0)
        campaign_reply_down(job->request);
    else if (job->request != NULL)
        campaign_reply_unknown(job->request);
    campaign_job_free(job);
}

void campaigns_results(struct request *r)
{
    struct err err;
    struct campaign_job *job = campaign_job_of_path(r);
    if (job != NULL)
        campaign_job_check(job,
                           campaign_find(r->world->store->reads, &job->query, job->id,
                                         (struct span){NULL, 0}, on_found_for_results, job, &err));
}
