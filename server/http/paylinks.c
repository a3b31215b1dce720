#include "http/paylinks.h"

#include "base/json.h"
#include "flow/paylink_manage.h"
#include "http/reply.h"

#include <stdio.h>
#include <stdlib.h>

struct paylink_job {
    struct request *request; /* null when gone: the change itself is finished */
};

static void on_gone(void *owner)
{
    struct paylink_job *job = owner;
    job->request = NULL;
}

static void reply_managed(const struct paylink_job *job, const struct paylink_managed *managed)
{
    struct request *request = job->request;
    char url[512];
    snprintf(url, sizeof(url), "%.*s/%s", SPAN_ARG(request->world->public_url), managed->code);
    json_t *answer =
        json_pack("{s:s, s:s, s:s, s:s}", "number", managed->number, "code", managed->code, "url",
                  url, "state", managed->is_active ? "active" : "revoked");
    char *text = json_dumps(answer, JSON_COMPACT);
    if (text == NULL)
        abort();
    json_decref(answer);
    reply_json(request, managed->is_changed && managed->is_active ? 201 : 200, span_str(text));
    free(text);
}

static void on_managed(void *owner, const struct paylink_managed *managed, const struct err *err)
{
    struct paylink_job *job = owner;
    if (job->request != NULL && err->code != 0)
        reply_database_away(job->request);
    else if (job->request != NULL && managed->result == PAYLINK_NO_INVOICE)
        reply_problem(job->request, 404, "unknown-invoice", "There is no such invoice or link",
                      NULL);
    else if (job->request != NULL && managed->result == PAYLINK_NO_LINK)
        reply_problem(job->request, 409, "no-active-link", "The invoice has no active link", NULL);
    else if (job->request != NULL)
        reply_managed(job, managed);
    free(job);
}

static bool read_order(const json_t *body, struct paylink_manage_options *options, struct err *err)
{
    static const char *const actions[] = {"show", "issue", "revoke", "replace", NULL};
    static const enum paylink_action values[] = {PAYLINK_SHOW, PAYLINK_ISSUE, PAYLINK_REVOKE,
                                                 PAYLINK_REPLACE};
    struct json_reader reader = json_read(body, "", err);
    int action = json_get_word(&reader, "action", actions);
    options->number = json_find_text(&reader, "number", PAYLINK_NUMBER_MAX);
    options->code = json_find_text(&reader, "code", PAYLINK_CODE_LEN);
    if (err->code == 0 && (options->number.len == 0) == (options->code.len == 0))
        err_set(err, ERR_INPUT, "either number or code names the invoice");
    if (err->code != 0)
        return false;
    options->action = values[action];
    return true;
}

static void begin(struct request *request, const struct paylink_manage_options *options)
{
    struct paylink_job *job = calloc(1, sizeof(*job));
    struct err err = {0};
    if (job == NULL)
        abort();
    *job = (struct paylink_job){.request = request};
    request_on_gone(request, on_gone, job);
    int rc = paylink_manage_begin(request->world, options, on_managed, job, NULL, &err);
    if (rc == 0)
        return;
    if (rc == ERR_INPUT)
        reply_problem(request, 404, "unknown-invoice", "There is no such invoice or link", NULL);
    else
        reply_database_away(request);
    free(job);
}

void paylinks_manage(struct request *request)
{
    const struct json_limits limits = {.bytes_max = 4096, .depth_max = 4};
    struct paylink_manage_options options = {.action = PAYLINK_SHOW};
    struct err err = {0};
    json_t *body = json_load(request_body(request), limits, &err);
    if (body != NULL && read_order(body, &options, &err))
        begin(request, &options);
    else
        reply_problem(request, 400, "malformed-json", "The body cannot be read", err.text);
    json_decref(body);
}
