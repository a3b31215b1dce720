#include "http/scenarios.h"

#include "base/json.h"
#include "domain/instant_text.h"
#include "flow/scenario_json.h"
#include "http/auth.h"
#include "http/reply.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { VERSION_MAX = 1000000, PLACE_MAX = 100000 };

/* One question or order under way. */
struct scenario_job {
    struct request *request; /* null when gone: what was ordered is finished */
    struct pg_query query;
    char name[48];
    struct instant now;
    json_t *shown;
};

static void on_gone(void *owner)
{
    ((struct scenario_job *)owner)->request = NULL;
}

static struct scenario_job *job_new(struct request *request)
{
    struct scenario_job *job = calloc(1, sizeof(*job));
    if (job == NULL)
        abort();
    job->request = request;
    job->now = request->world->now();
    snprintf(job->name, sizeof(job->name), "%.*s", SPAN_ARG(request->params[0]));
    request_on_gone(request, on_gone, job);
    return job;
}

static void job_free(struct scenario_job *job)
{
    json_decref(job->shown);
    free(job);
}

static void reply_unknown(struct request *request)
{
    reply_problem(request, 404, "unknown-scenario", "There is no such scenario, or version of it",
                  NULL);
}

/* False: answered. No name that is none reaches the database. */
static bool has_name(struct request *request)
{
    struct span name = request->params[0];
    bool is_good = name.len <= 40;
    for (size_t i = 0; i < name.len && is_good; ++i) {
        char c = name.base[i];
        is_good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    }
    if (!is_good)
        reply_unknown(request);
    return is_good;
}

/* The call was begun, or is answered here. */
static void job_check(struct scenario_job *job, int code)
{
    if (code == 0)
        return;
    request_on_gone(job->request, NULL, NULL);
    reply_database_away(job->request);
    job_free(job);
}

/* ---- Looking ---- */

static void on_listed(void *owner, const PGresult *result, const struct err *err)
{
    struct scenario_job *job = owner;
    json_t *items = json_array();
    (void)err;
    for (int row = 0; result != NULL && row < PQntuples(result); ++row) {
        struct scenario_listed listed;
        scenario_read_listed(result, row, &listed);
        json_array_append_new(items, scenario_json_listed(&listed));
    }
    if (job->request != NULL && result != NULL)
        reply_object(job->request, 200, json_pack("{s:O}", "items", items));
    else if (job->request != NULL)
        reply_database_away(job->request);
    json_decref(items);
    job_free(job);
}

void scenarios_list(struct request *request)
{
    struct scenario_job *job = job_new(request);
    struct err err;
    job_check(job,
              scenario_list(request->world->store, &job->query, job->now, on_listed, job, &err));
}

static void on_versions_listed(void *owner, const PGresult *result, const struct err *err)
{
    struct scenario_job *job = owner;
    json_t *versions = json_array();
    (void)err;
    for (int row = 0; result != NULL && row < PQntuples(result); ++row) {
        struct scenario_version version;
        scenario_read_version(result, row, &version);
        json_array_append_new(versions, scenario_json_version(&version, job->now));
    }
    json_object_set_new(job->shown, "versions", versions);
    if (job->request != NULL && result != NULL)
        reply_object(job->request, 200, json_incref(job->shown));
    else if (job->request != NULL)
        reply_database_away(job->request);
    job_free(job);
}

/* What was kept is read without asking for templates, which may have been withdrawn since. */
static json_t *shown_json(const struct scenario_job *job, const struct scenario_version *version)
{
    json_t *shown = scenario_json_version(version, job->now);
    struct scenario_mistakes *mistakes = malloc(sizeof(*mistakes));
    if (mistakes == NULL)
        abort();
    struct scenario *scenario = scenario_yaml_read(version->source, NULL, mistakes);
    json_object_set_new(shown, "name", json_string(job->name));
    json_object_set_new(shown, "source", json_stringn(version->source.base, version->source.len));
    json_object_set_new(shown, "content", scenario == NULL ? json_null() : scenario_json(scenario));
    free(scenario);
    free(mistakes);
    return shown;
}

static bool wants_yaml(const struct request *request)
{
    struct span accept = request_header(request, "accept");
    return accept.base != NULL && (memmem(accept.base, accept.len, "text/yaml", 9) != NULL ||
                                   memmem(accept.base, accept.len, "application/yaml", 16) != NULL);
}

static void on_shown(void *owner, const PGresult *result, const struct err *err)
{
    struct scenario_job *job = owner;
    struct scenario_version version;
    struct request *request = job->request;
    struct err failed;
    if (request == NULL) {
        job_free(job);
        return;
    }
    if (err->code == 0 && scenario_read_shown(result, &version) && !wants_yaml(request)) {
        job->shown = shown_json(job, &version);
        job_check(job, scenario_versions(request->world->store, &job->query, span_str(job->name),
                                         on_versions_listed, job, &failed));
        return;
    }
    if (err->code != 0)
        reply_database_away(request);
    else if (PQntuples(result) == 0)
        reply_unknown(request);
    else
        reply_bytes(request, 200, "text/yaml; charset=utf-8", version.source);
    job_free(job);
}

static bool read_version(struct request *request, int32_t *version)
{
    struct span text = request_query(request, "version");
    *version = 0;
    if (text.base == NULL)
        return true;
    for (size_t i = 0; i < text.len && i < 8; ++i) {
        if (text.base[i] < '0' || text.base[i] > '9')
            return false;
        *version = *version * 10 + (text.base[i] - '0');
    }
    return *version >= 1 && *version <= VERSION_MAX;
}

void scenarios_show(struct request *request)
{
    int32_t version;
    struct err err;
    if (!has_name(request))
        return;
    if (!read_version(request, &version)) {
        reply_problem(request, 400, "bad-query", "The query cannot be read",
                      "version is a number from 1");
        return;
    }
    struct scenario_job *job = job_new(request);
    job_check(job, scenario_show(request->world->store, &job->query, span_str(job->name), version,
                                 job->now, on_shown, job, &err));
}

/* ---- Changing ---- */

static void reply_wrong(struct request *request, const struct scenario_managed *managed)
{
    json_t *problem =
        json_pack("{s:s, s:s, s:i, s:o}", "type", "urn:dunlin:problem:scenario-mistakes", "title",
                  "The scenario has mistakes", "status", 422, "mistakes",
                  scenario_json_mistakes(managed->mistakes));
    char *text = json_dumps(problem, JSON_COMPACT);
    if (text == NULL)
        abort();
    json_decref(problem);
    reply_bytes(request, 422, "application/problem+json", span_str(text));
    free(text);
}

static void reply_managed(struct request *request, const struct scenario_managed *managed)
{
    const char *text = scenario_result_text(managed->result);
    switch (managed->result) {
    case SCENARIO_DONE:
        reply_object(request, 200, scenario_json_managed(managed));
        return;
    case SCENARIO_WRONG:
        reply_wrong(request, managed);
        return;
    case SCENARIO_NOT_KNOWN:
        reply_unknown(request);
        return;
    case SCENARIO_OVER:
        reply_problem(request, 409, "version-over", "The version takes over only once", text);
        return;
    case SCENARIO_PAST:
        reply_problem(request, 409, "in-the-past", "That moment has passed", text);
        return;
    case SCENARIO_NOT_IN_FORCE:
        reply_problem(request, 409, "not-in-force", "The scenario is not in force", text);
        return;
    case SCENARIO_THERE_ALREADY:
        break;
    }
    assert(!"nobody orders the first scenario here");
}

static void on_managed(void *owner, const struct scenario_managed *managed, const struct err *err)
{
    struct scenario_job *job = owner;
    (void)err;
    if (job->request != NULL && managed == NULL)
        reply_database_away(job->request);
    else if (job->request != NULL)
        reply_managed(job->request, managed);
    job_free(job);
}

static void on_saved(void *owner, const struct scenario_managed *managed, const struct err *err)
{
    struct scenario_job *job = owner;
    bool is_new = managed != NULL && managed->result == SCENARIO_DONE && managed->is_changed;
    if (job->request == NULL || !is_new) {
        on_managed(owner, managed, err);
        return;
    }
    reply_object(job->request, 201, scenario_json_managed(managed));
    job_free(job);
}

static void begin(struct request *request, const struct scenario_order *order,
                  scenario_manage_cb on_done)
{
    struct scenario_job *job = job_new(request);
    struct err err;
    job_check(job, scenario_manage_begin(request->world, order, on_done, job, &err));
}

/* The key that asks, by its public id. */
static struct span by(const struct request *request, char room[SCENARIO_BY_MAX])
{
    int len = snprintf(room, SCENARIO_BY_MAX, "API key %s", request->caller->key.id);
    return span_of(room, (size_t)len);
}

void scenarios_save(struct request *request)
{
    char room[SCENARIO_BY_MAX];
    const struct scenario_order order = {
        .action = SCENARIO_SAVE, .text = request_body(request), .by = by(request, room)};
    begin(request, &order, on_saved);
}

static void reply_unreadable(struct request *request, const char *detail)
{
    reply_problem(request, 400, "malformed-json", "The body cannot be read", detail);
}

/* An empty body says nothing, which is fine. Null: answered. */
static json_t *read_body(struct request *request)
{
    const struct json_limits limits = {.bytes_max = 4096, .depth_max = 4};
    struct err err = {0};
    if (request_body(request).len == 0)
        return json_object();
    json_t *body = json_load(request_body(request), limits, &err);
    if (body == NULL)
        reply_unreadable(request, err.text);
    return body;
}

static void read_from(struct json_reader *reader, struct maybe_instant *from, struct err *err)
{
    struct span text = json_find_text(reader, "from", 64);
    from->is_there = text.base != NULL;
    if (err->code == 0 && from->is_there && !instant_read(text, &from->at))
        err_set(err, ERR_INPUT, "from is no moment: 2026-12-01T10:00:00Z, for instance");
}

void scenarios_activate(struct request *request)
{
    struct scenario_order order = {.action = SCENARIO_ACTIVATE, .name = request->params[0]};
    struct err err = {0};
    json_t *body = has_name(request) ? read_body(request) : NULL;
    if (body == NULL)
        return;
    struct json_reader reader = json_read(body, "", &err);
    order.version = (int32_t)json_find_int(&reader, "version", 1, VERSION_MAX, 0);
    read_from(&reader, &order.from, &err);
    if (err.code == 0)
        begin(request, &order, on_managed);
    else
        reply_unreadable(request, err.text);
    json_decref(body);
}

void scenarios_switch_off(struct request *request)
{
    const struct scenario_order order = {.action = SCENARIO_OFF, .name = request->params[0]};
    if (has_name(request))
        begin(request, &order, on_managed);
}

void scenarios_move(struct request *request)
{
    struct scenario_order order = {.action = SCENARIO_MOVE, .name = request->params[0]};
    struct err err = {0};
    json_t *body = has_name(request) ? read_body(request) : NULL;
    if (body == NULL)
        return;
    struct json_reader reader = json_read(body, "", &err);
    order.place = json_get_int(&reader, "position", 1, PLACE_MAX);
    if (err.code == 0)
        begin(request, &order, on_managed);
    else
        reply_unreadable(request, err.text);
    json_decref(body);
}

/* ---- Presets ---- */

void scenarios_list_presets(struct request *request)
{
    json_t *items = json_array();
    for (size_t i = 0; i < scenario_preset_count(); ++i) {
        struct scenario_preset preset = scenario_preset_at(i);
        json_t *item = scenario_json_preset(&preset);
        json_object_set_new(item, "source", json_stringn(preset.text.base, preset.text.len));
        json_array_append_new(items, item);
    }
    reply_object(request, 200, json_pack("{s:o}", "items", items));
}

void scenarios_use_preset(struct request *request)
{
    char room[SCENARIO_BY_MAX];
    struct scenario_preset preset;
    struct err err = {0};
    if (!scenario_preset_find(request->params[0], &preset)) {
        reply_problem(request, 404, "unknown-preset", "There is no such preset", NULL);
        return;
    }
    struct scenario_order order = {
        .action = SCENARIO_USE, .text = preset.text, .is_preset = true, .by = by(request, room)};
    json_t *body = read_body(request);
    if (body == NULL)
        return;
    struct json_reader reader = json_read(body, "", &err);
    read_from(&reader, &order.from, &err);
    if (err.code == 0)
        begin(request, &order, on_saved);
    else
        reply_unreadable(request, err.text);
    json_decref(body);
}
