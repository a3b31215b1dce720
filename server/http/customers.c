#include "http/customers.h"

#include "domain/segment.h"
#include "flow/csv_text.h"
#include "http/reply.h"
#include "store/customer_store.h"

#include <jansson.h>
#include <stdlib.h>

struct customer_job {
    struct request *request;
    struct pg_query query;
};

/* ---- the reference ---- */

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

struct span customers_reference(struct request *request)
{
    struct span raw = request->params[0];
    char *text = request_alloc(request, raw.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < raw.len; ++i) {
        if (raw.base[i] != '%') {
            text[len++] = raw.base[i];
            continue;
        }
        if (i + 2 >= raw.len)
            return (struct span){NULL, 0};
        int upper = hex_value(raw.base[i + 1]), lower = hex_value(raw.base[i + 2]);
        if (upper < 0 || lower < 0 || upper + lower == 0)
            return (struct span){NULL, 0};
        text[len++] = (char)(upper * 16 + lower);
        i += 2;
    }
    struct span reference = span_of(text, len);
    return utf8_is_valid(reference) ? reference : (struct span){NULL, 0};
}

void customers_reply_unknown(struct request *request)
{
    reply_problem(request, 404, "unknown-customer", "There is no such customer", NULL);
}

/* ---- what is shown ---- */

static json_t *raw_json(struct span text)
{
    json_t *value = text.base == NULL ? NULL : json_loadb(text.base, text.len, 0, NULL);
    return value == NULL ? json_null() : value;
}

static json_t *segment_json(const struct customer_shown *shown)
{
    char at[21];
    if (shown->segment.base == NULL)
        return json_pack("{s:s, s:n, s:n}", "name", segment_name(SEGMENT_ON_TIME), "facts", "at");
    instant_print(shown->segment_at, at);
    return json_pack("{s:o, s:o, s:s}", "name", reply_text_json(shown->segment), "facts",
                     raw_json(shown->segment_facts), "at", at);
}

static json_t *channels_json(const struct customer_shown *shown)
{
    return json_pack("{s:o, s:o, s:o, s:o}", "opted_out", raw_json(shown->opted_out),
                     "notices_only", raw_json(shown->notices_only), "consented",
                     raw_json(shown->consented), "faults", raw_json(shown->faults));
}

static void reply_shown(struct request *request, const PGresult *result)
{
    struct customer_shown shown;
    customer_read_shown(result, &shown);
    json_t *all = json_object();
    json_object_set_new(all, "reference", reply_text_json(shown.reference));
    json_object_set_new(all, "name", reply_text_json(shown.name));
    json_object_set_new(all, "language", reply_text_json(shown.language));
    json_object_set_new(all, "time_zone", reply_text_json(shown.time_zone));
    json_object_set_new(all, "has_phone", json_boolean(shown.has_phone));
    json_object_set_new(all, "has_email", json_boolean(shown.has_email));
    json_object_set_new(all, "preferred_channel", reply_text_json(shown.preferred_channel));
    json_object_set_new(all, "segment", segment_json(&shown));
    json_object_set_new(all, "channels", channels_json(&shown));
    json_object_set_new(all, "debts", raw_json(shown.debts));
    char *text = json_dumps(all, JSON_COMPACT);
    if (text == NULL)
        abort();
    reply_json(request, 200, span_str(text));
    free(text);
    json_decref(all);
}

static void on_shown(void *owner, const PGresult *result, const struct err *err)
{
    struct customer_job *job = owner;
    if (err->code != 0)
        reply_database_away(job->request);
    else if (PQntuples(result) == 0)
        customers_reply_unknown(job->request);
    else
        reply_shown(job->request, result);
}

static void on_gone(void *owner)
{
    struct customer_job *job = owner;
    pg_query_cancel(&job->query);
}

void customers_show(struct request *request)
{
    struct span reference = customers_reference(request);
    struct err err;
    if (reference.base == NULL) {
        customers_reply_unknown(request);
        return;
    }
    struct customer_job *job = request_alloc(request, sizeof(*job));
    job->request = request;
    if (customer_show(request->world->store, &job->query, reference, on_shown, job, &err) != 0) {
        reply_database_away(request);
        return;
    }
    request_on_gone(request, on_gone, job);
}
