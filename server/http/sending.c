#include "http/sending.h"

#include "base/json.h"
#include "domain/volume.h"
#include "flow/sending_tell.h"
#include "http/auth.h"
#include "http/reply.h"

#include <stdlib.h>

enum { BODY_MAX = 4096, DEPTH_MAX = 4, REASON_MAX = 200, TIME_MAX = 40, AHEAD_MAX_S = 300 };

/* One call under way. */
struct sending_job {
    struct request *request; /* null when gone: what was said is in force */
    struct pg_query query;
};

static void on_gone(void *owner)
{
    struct sending_job *job = owner;
    job->request = NULL;
}

static struct sending_job *job_new(struct request *request)
{
    struct sending_job *job = calloc(1, sizeof(*job));
    if (job == NULL)
        abort();
    job->request = request;
    request_on_gone(request, on_gone, job);
    return job;
}

/* The call was not begun. */
static void job_drop(struct sending_job *job)
{
    request_on_gone(job->request, NULL, NULL);
    free(job);
}

static json_t *time_json(struct instant at)
{
    char text[21];
    instant_print(at, text);
    return at.us == 0 ? json_null() : json_string(text);
}

static json_t *state_json(const struct world *world, const struct sending_state *state)
{
    const struct sending_volume *volume = &state->volume;
    int64_t allowed = volume_allowed(&world->reminders, volume->usual_max, volume->allowance);
    json_t *json =
        json_pack("{s:b, s:I, s:o, s:I, s:o, s:I}", "stopped", (int)volume->is_stopped,
                  "messages_today", (json_int_t)volume->message_count, "allowed_today",
                  allowed == VOLUME_UNLIMITED ? json_null() : json_integer(allowed), "usual_max",
                  (json_int_t)volume->usual_max, "feed_as_of", time_json(state->feed_at),
                  "uncertain_7_days", (json_int_t)state->uncertain_count);
    if (!volume->is_stopped)
        return json;
    json_object_set_new(json, "stopped_at", time_json(state->stopped_at));
    json_object_set_new(json, "stopped_by",
                        json_stringn(state->stopped_by.base, state->stopped_by.len));
    json_object_set_new(json, "reason",
                        json_stringn(state->stop_reason.base, state->stop_reason.len));
    return json;
}

static void on_state(void *owner, const PGresult *result, const struct err *err)
{
    struct sending_job *job = owner;
    if (job->request != NULL && err->code != 0) {
        reply_database_away(job->request);
    } else if (job->request != NULL) {
        struct sending_state state;
        sending_read_state(result, &state);
        json_t *json = state_json(job->request->world, &state);
        char *text = json_dumps(json, JSON_COMPACT);
        if (text == NULL)
            abort();
        reply_json(job->request, 200, span_str(text));
        json_decref(json);
        free(text);
    }
    free(job);
}

void sending_show_state(struct request *request)
{
    struct sending_job *job = job_new(request);
    struct err err;
    if (sending_show(request->world->store, &job->query, request->world->now(), on_state, job,
                     &err) == 0)
        return;
    job_drop(job);
    reply_database_away(request);
}

static void on_said(void *owner, const struct err *err)
{
    struct sending_job *job = owner;
    if (job->request != NULL && err->code != 0)
        reply_database_away(job->request);
    else if (job->request != NULL)
        reply_empty(job->request, 204);
    free(job);
}

static void say(struct request *request, const struct sending_order *order)
{
    struct sending_job *job = job_new(request);
    struct err err;
    if (sending_tell(request->world, order, on_said, job, &err) == 0)
        return;
    job_drop(job);
    reply_database_away(request);
}

static json_t *load(struct request *request, struct json_reader *reader, struct err *err)
{
    const struct json_limits limits = {.bytes_max = BODY_MAX, .depth_max = DEPTH_MAX};
    json_t *body = json_load(request_body(request), limits, err);
    *reader = json_read(body, "", err);
    return body;
}

static void reply_unreadable(struct request *request, const struct err *err)
{
    reply_problem(request, 400, "malformed-json", "The body cannot be read", err->text);
}

void sending_switch(struct request *request)
{
    struct err err = {0};
    struct json_reader reader;
    json_t *body = load(request, &reader, &err);
    bool is_stop = json_get_bool(&reader, "stopped");
    struct span why =
        is_stop ? json_get_text(&reader, "reason", REASON_MAX) : (struct span){NULL, 0};
    const struct sending_order order = {.word = is_stop ? SENDING_STOP : SENDING_GO,
                                        .who = span_str(request->caller->key.id),
                                        .why = why,
                                        .now = request->world->now()};
    if (err.code != 0)
        reply_unreadable(request, &err);
    else
        say(request, &order);
    json_decref(body);
}

void sending_allow_more(struct request *request)
{
    struct err err = {0};
    struct json_reader reader;
    json_t *body = load(request, &reader, &err);
    const struct sending_order order = {.word = SENDING_ALLOW,
                                        .who = span_str(request->caller->key.id),
                                        .message_count =
                                            json_get_int(&reader, "messages", 1, INT64_C(1) << 40),
                                        .now = request->world->now()};
    if (err.code != 0)
        reply_unreadable(request, &err);
    else
        say(request, &order);
    json_decref(body);
}

void sending_take_feed(struct request *request)
{
    struct err err = {0};
    struct json_reader reader;
    json_t *body = load(request, &reader, &err);
    struct span text = json_get_text(&reader, "as_of", TIME_MAX);
    struct sending_order order = {.word = SENDING_FEED, .now = request->world->now()};
    if (err.code == 0 && !instant_scan(text.base, text.len, &order.feed_at))
        err_set(&err, ERR_INPUT, "as_of must be a time with its zone, as 2026-11-25T08:00:00Z");
    else if (err.code == 0 && order.feed_at.us > instant_plus_seconds(order.now, AHEAD_MAX_S).us)
        err_set(&err, ERR_INPUT, "as_of must not be in the future");
    if (err.code != 0)
        reply_unreadable(request, &err);
    else
        say(request, &order);
    json_decref(body);
}
