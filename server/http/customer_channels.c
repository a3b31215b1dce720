#include "http/customer_channels.h"

#include "base/json.h"
#include "domain/contact_terms.h"
#include "http/customers.h"
#include "http/reply.h"
#include "store/contact_store.h"

#include <stdlib.h>

enum { BODY_MAX = 1024, DEPTH_MAX = 3 };

struct channels_job {
    struct request *request; /* null when gone: the change itself is finished */
    struct pg_query query;
    struct pg_tx tx;
    struct contact_changed changed;
};

static void on_gone(void *owner)
{
    ((struct channels_job *)owner)->request = NULL;
}

static struct channels_job *job_new(struct request *request)
{
    struct channels_job *job = calloc(1, sizeof(*job));
    if (job == NULL)
        abort();
    job->request = request;
    request_on_gone(request, on_gone, job);
    return job;
}

static void drop(struct channels_job *job)
{
    request_on_gone(job->request, NULL, NULL);
    reply_database_away(job->request);
    free(job);
}

static void reply_unknown(struct request *request)
{
    reply_problem(request, 404, "unknown-customer", "There is no such customer", NULL);
}

/* ---- showing ---- */

static bool has(const json_t *list, const char *channel)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i,
                       item) if (strcmp(json_string_value(item), channel) == 0) return true;
    return false;
}

static json_t *parse(struct span text)
{
    json_t *value = json_loadb(text.base, text.len, JSON_DECODE_ANY, NULL);
    if (value == NULL)
        abort(); /* PostgreSQL wrote it */
    return value;
}

static void reply_row(struct request *r, const PGresult *result)
{
    json_t *out = parse(pg_get_text(result, 0, 1)), *notices = parse(pg_get_text(result, 0, 2)),
           *consented = parse(pg_get_text(result, 0, 3));
    json_t *answer = json_object();
    for (int i = 0; i < CONTACT_CHANNEL_COUNT; ++i) {
        const char *channel = contact_channel_name((enum contact_channel)i);
        json_object_set_new(answer, channel,
                            json_string(has(out, channel)         ? "opted_out"
                                        : has(notices, channel)   ? "notices_only"
                                        : has(consented, channel) ? "consented"
                                                                  : "opted_in"));
    }
    struct span preferred = pg_get_text(result, 0, 0);
    json_object_set_new(answer, "preferred",
                        preferred.base == NULL || preferred.len == 0
                            ? json_null()
                            : json_stringn(preferred.base, preferred.len));
    json_object_set_new(answer, "faults", parse(pg_get_text(result, 0, 4)));
    char *text = json_dumps(answer, JSON_COMPACT);
    if (text == NULL)
        abort();
    reply_json(r, 200, span_str(text));
    free(text);
    json_decref(answer);
    json_decref(out);
    json_decref(notices);
    json_decref(consented);
}

static void on_read(void *owner, const PGresult *result, const struct err *err)
{
    struct channels_job *job = owner;
    struct request *r = job->request;
    free(job);
    if (r == NULL)
        return;
    if (err->code != 0)
        reply_database_away(r);
    else if (PQntuples(result) == 0)
        reply_unknown(r);
    else
        reply_row(r, result);
}

void customer_channels_show(struct request *r)
{
    struct span reference = customers_reference(r);
    if (reference.base == NULL) {
        reply_unknown(r);
        return;
    }
    struct channels_job *job = job_new(r);
    struct err err;
    if (contact_read(r->world->store, &job->query, reference, on_read, job, &err) != 0)
        drop(job);
}

/* ---- changing ---- */

enum { OPTED_OUT, OPTED_IN, CONSENTED, NOTICES_ONLY, LIST_COUNT };

struct wishes {
    struct span lists[LIST_COUNT][CONTACT_CHANNEL_COUNT];
    size_t counts[LIST_COUNT];
    bool has_preferred;
    struct span preferred;
};

static bool is_channel(const char *name)
{
    return contact_channel_find(span_str(name)) != CONTACT_NONE;
}

static void add(struct wishes *wishes, int list, const char *channel)
{
    wishes->lists[list][wishes->counts[list]++] = span_str(channel);
}

static bool read_wish(struct wishes *wishes, const char *name, const json_t *value)
{
    static const char *const words[] = {"opted_out", "opted_in", "consented", "notices_only"};
    const char *text = json_string_value(value);
    if (strcmp(name, "preferred") == 0) {
        wishes->has_preferred = true;
        wishes->preferred = span_str(text);
        return json_is_null(value) || (text != NULL && is_channel(text));
    }
    for (int i = 0; i < LIST_COUNT && text != NULL && is_channel(name); ++i)
        if (strcmp(text, words[i]) == 0) {
            add(wishes, i, name);
            if (i == NOTICES_ONLY)
                add(wishes, OPTED_IN, name); /* it says more than an opt-out before it */
            return true;
        }
    return false;
}

static bool read_wishes(struct wishes *wishes, json_t *body)
{
    const char *name;
    json_t *value;
    if (!json_is_object(body))
        return false;
    json_object_foreach(body, name, value) if (!read_wish(wishes, name, value)) return false;
    return true;
}

static void on_changed(void *owner, const PGresult *result, const struct err *err)
{
    struct channels_job *job = owner;
    if (err->code == 0)
        contact_read_changed(result, &job->changed);
}

static void on_saved(void *owner, const struct err *err)
{
    struct channels_job *job = owner;
    struct request *r = job->request;
    if (r != NULL && err->code != 0)
        reply_database_away(r);
    else if (r != NULL && !job->changed.is_known)
        reply_unknown(r);
    else if (r != NULL)
        reply_empty(r, 204);
    free(job);
}

static void change(struct request *r, const struct wishes *wishes)
{
    struct span reference = customers_reference(r);
    if (reference.base == NULL) {
        reply_unknown(r);
        return;
    }
    const struct contact_change order = {.reference = reference,
                                         .opted_out = wishes->lists[OPTED_OUT],
                                         .opted_out_count = wishes->counts[OPTED_OUT],
                                         .opted_in = wishes->lists[OPTED_IN],
                                         .opted_in_count = wishes->counts[OPTED_IN],
                                         .consented = wishes->lists[CONSENTED],
                                         .consented_count = wishes->counts[CONSENTED],
                                         .notices_only = wishes->lists[NOTICES_ONLY],
                                         .notices_only_count = wishes->counts[NOTICES_ONLY],
                                         .has_preferred = wishes->has_preferred,
                                         .preferred = wishes->preferred,
                                         .by = SPAN_LIT("api"),
                                         .now = r->world->now()};
    struct channels_job *job = job_new(r);
    struct err err;
    if (contact_change(r->world->store, &job->tx, &order, on_changed, on_saved, job, &err) != 0)
        drop(job);
}

void customer_channels_change(struct request *r)
{
    const struct json_limits limits = {.bytes_max = BODY_MAX, .depth_max = DEPTH_MAX};
    struct err err = {0};
    struct wishes wishes = {.has_preferred = false};
    json_t *body = json_load(request_body(r), limits, &err);
    if (body == NULL)
        reply_problem(r, 400, "malformed-json", "The body cannot be read", err.text);
    else if (!read_wishes(&wishes, body))
        reply_problem(r, 400, "malformed-channels", "The channels cannot be read",
                      "push, sms, email, voice and call are opted_out, notices_only, opted_in or "
                      "consented; "
                      "preferred names one of them or is null");
    else
        change(r, &wishes);
    json_decref(body);
}
