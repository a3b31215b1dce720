/* The preview asks for what is in force, then for the invoice, if one is named; each step goes on
 * to the next when it has its answer. */
#include "http/templates.h"

#include "base/json.h"
#include "domain/mustache.h"
#include "domain/paylink.h"
#include "flow/message_sample.h"
#include "flow/message_texts.h"
#include "flow/template_check.h"
#include "flow/template_preview.h"
#include "http/auth.h"
#include "http/reply.h"
#include "store/invoice_store.h"
#include "store/template_store.h"

#include <stdio.h>
#include <stdlib.h>

enum { BODY_MAX = 128 * 1024, DEPTH_MAX = 4, WORD_MAX = 64, LINK_MAX = 512, PATH_MAX_ = 3 };

struct template_job {
    struct request *request; /* null when gone: a change goes on */
    struct pg_query query;
    struct pg_tx tx;
    char path[PATH_MAX_][WORD_MAX]; /* name, tone, language */
    struct template_report report;
    int32_t version, now_version;
    bool is_known;

    /* of a preview */
    json_t *body;
    struct message_wish wish;
    struct span text; /* of the body, or of what is in force */
    char *kept_text;
    int32_t text_version;
    bool is_plain;
    struct invoice_key invoice;
    int64_t part_price_micro;
};

static void on_gone(void *owner)
{
    ((struct template_job *)owner)->request = NULL;
}

static struct template_job *job_new(struct request *request)
{
    struct template_job *job = calloc(1, sizeof(*job));
    if (job == NULL)
        abort();
    job->request = request;
    request_on_gone(request, on_gone, job);
    return job;
}

static void job_free(struct template_job *job)
{
    json_decref(job->body);
    free(job->kept_text);
    free(job);
}

/* The call was not begun, or is refused. */
static void job_drop(struct template_job *job)
{
    request_on_gone(job->request, NULL, NULL);
    job_free(job);
}

static void drop_down(struct template_job *job)
{
    struct request *request = job->request;
    job_drop(job);
    reply_database_away(request);
}

static void reply_unreadable(struct request *request, const char *detail)
{
    reply_problem(request, 400, "malformed-template", "The template cannot be read", detail);
}

static void reply_unknown(struct request *request)
{
    reply_problem(request, 404, "unknown-template", "There is no such template", NULL);
}

static json_t *instant_json(struct instant at)
{
    char text[21];
    instant_print(at, text);
    return json_string(text);
}

static void keep_path(struct template_job *job)
{
    for (int i = 0; i < PATH_MAX_; ++i)
        snprintf(job->path[i], WORD_MAX, "%.*s", SPAN_ARG(job->request->params[i]));
}

static struct template_key key_of(const struct template_job *job)
{
    return (struct template_key){span_str(job->path[0]), span_str(job->path[1]),
                                 span_str(job->path[2])};
}

/* ---- the list ---- */

static json_t *head_json(struct span name, const char *tone, const char *language, int32_t version)
{
    return json_pack("{s:o, s:s, s:s, s:s, s:i}", "name", reply_text_json(name), "tone", tone,
                     "language", language, "source", version > 0 ? "saved" : "shipped", "version",
                     version);
}

static bool is_same(json_t *item, const struct message_stored *shipped)
{
    return span_is_str(shipped->name, json_string_value(json_object_get(item, "name"))) &&
           strcmp(message_tone_name(shipped->tone),
                  json_string_value(json_object_get(item, "tone"))) == 0 &&
           strcmp(language_code(shipped->language),
                  json_string_value(json_object_get(item, "language"))) == 0;
}

static void add_shipped(void *owner, const struct message_stored *shipped)
{
    json_t *items = owner, *item;
    size_t i;
    json_array_foreach(items, i, item)
    {
        if (is_same(item, shipped))
            return;
    }
    json_array_append_new(items, head_json(shipped->name, message_tone_name(shipped->tone),
                                           language_code(shipped->language), 0));
}

static void on_listed(void *owner, const PGresult *result, const struct err *err)
{
    struct template_job *job = owner;
    json_t *items = json_array();
    for (int row = 0; err->code == 0 && row < PQntuples(result); ++row) {
        struct template_row read;
        char tone[WORD_MAX], language[WORD_MAX];
        template_read_row(result, row, &read);
        snprintf(tone, sizeof(tone), "%.*s", SPAN_ARG(read.key.tone));
        snprintf(language, sizeof(language), "%.*s", SPAN_ARG(read.key.language));
        json_t *item = head_json(read.key.name, tone, language, read.version);
        json_object_set_new(item, "is_plain", json_boolean(read.is_plain));
        json_object_set_new(item, "created_at", instant_json(read.created_at));
        json_object_set_new(item, "created_by", reply_text_json(read.created_by));
        json_array_append_new(items, item);
    }
    if (job->request != NULL && err->code != 0) {
        reply_database_away(job->request);
    } else if (job->request != NULL) {
        message_shipped_list(add_shipped, items);
        reply_object(job->request, 200, json_pack("{s:O}", "items", items));
    }
    json_decref(items);
    job_free(job);
}

void templates_list(struct request *request)
{
    struct err err;
    struct template_job *job = job_new(request);
    if (template_load(request->world->store, &job->query, on_listed, job, &err) != 0)
        drop_down(job);
}

/* ---- one of them ---- */

static struct span shipped_of(const struct template_key *key)
{
    enum message_tone tone;
    enum language language;
    return message_tone_find(key->tone, &tone) && language_find(key->language, &language)
               ? message_shipped_text(key->name, tone, language)
               : (struct span){NULL, 0};
}

static json_t *version_json(const struct template_version *v)
{
    return json_pack("{s:i, s:o, s:b, s:o, s:o, s:o}", "version", v->version, "text",
                     reply_text_json(v->text), "is_plain", v->is_plain, "created_at",
                     instant_json(v->created_at), "created_by", reply_text_json(v->created_by),
                     "withdrawn_at", v->is_withdrawn ? instant_json(v->withdrawn_at) : json_null());
}

static void on_shown(void *owner, const PGresult *result, const struct err *err)
{
    struct template_job *job = owner;
    const struct template_key key = key_of(job);
    struct span shipped = shipped_of(&key);
    json_t *versions = json_array();
    for (int row = 0; err->code == 0 && row < PQntuples(result); ++row) {
        struct template_version version;
        template_read_version(result, row, &version);
        json_array_append_new(versions, version_json(&version));
    }
    if (job->request != NULL && err->code != 0)
        reply_database_away(job->request);
    else if (job->request != NULL && shipped.base == NULL && json_array_size(versions) == 0)
        reply_unknown(job->request);
    else if (job->request != NULL)
        reply_object(job->request, 200,
                     json_pack("{s:s, s:s, s:s, s:o, s:O}", "name", job->path[0], "tone",
                               job->path[1], "language", job->path[2], "shipped",
                               reply_text_json(shipped), "versions", versions));
    json_decref(versions);
    job_free(job);
}

void templates_show(struct request *request)
{
    struct err err;
    struct template_job *job = job_new(request);
    keep_path(job);
    const struct template_key key = key_of(job);
    if (template_versions(request->world->store, &job->query, &key, on_shown, job, &err) != 0)
        drop_down(job);
}

/* ---- saving ---- */

static json_t *report_json(const struct template_report *report)
{
    json_t *all = json_array();
    for (size_t i = 0; i < report->count; ++i) {
        const struct template_mistake *m = &report->mistakes[i];
        json_array_append_new(all,
                              json_pack("{s:o, s:s, s:s}", "line",
                                        m->line > 0 ? json_integer(m->line) : json_null(), "kind",
                                        m->is_warning ? "warning" : "mistake", "text", m->text));
    }
    return all;
}

static unsigned read_channels(struct json_reader *reader, const json_t *body)
{
    unsigned channels = 0;
    const json_t *list = json_object_get(body, "channels");
    if (list == NULL)
        return 0;
    list = json_get_array(reader, "channels", MESSAGE_CHANNEL_COUNT);
    for (size_t i = 0; list != NULL && i < json_array_size(list); ++i) {
        enum message_channel channel;
        const char *word = json_string_value(json_array_get(list, i));
        if (word != NULL && message_channel_find(span_str(word), &channel))
            channels |= 1u << channel;
        else
            err_set(reader->err, ERR_INPUT, "channels are sms, push, email, voice, call, handover");
    }
    return channels;
}

/* Absent is the default. */
static bool find_bool(struct json_reader *reader, const json_t *body, const char *name,
                      bool otherwise)
{
    return json_object_get(body, name) == NULL ? otherwise : json_get_bool(reader, name);
}

static void on_row_saved(void *owner, const PGresult *result, const struct err *err)
{
    struct template_job *job = owner;
    if (err->code == 0)
        job->version = template_read_saved(result);
}

static void on_saved(void *owner, const struct err *err)
{
    struct template_job *job = owner;
    if (job->request != NULL && err->code != 0)
        reply_database_away(job->request);
    else if (job->request != NULL)
        reply_object(job->request, 201,
                     json_pack("{s:i, s:o}", "version", job->version, "warnings",
                               report_json(&job->report)));
    job_free(job);
}

static void save(struct template_job *job, struct span text, bool is_plain)
{
    struct err err;
    char by[WORD_MAX];
    snprintf(by, sizeof(by), "api key %s", job->request->caller->key.id);
    const struct template_new new = {.key = key_of(job),
                                     .text = text,
                                     .is_plain = is_plain,
                                     .now = job->request->world->now(),
                                     .created_by = span_str(by)};
    if (template_save(job->request->world->store, &job->tx, &new, on_row_saved, on_saved, job,
                      &err) != 0)
        drop_down(job);
}

static void reply_report(struct template_job *job, int status)
{
    struct request *request = job->request;
    json_t *answer = json_pack("{s:s, s:s, s:i, s:o}", "type", "urn:dunlin:problem:bad-template",
                               "title", "The template has mistakes", "status", status, "mistakes",
                               report_json(&job->report));
    job_drop(job);
    reply_object(request, status, answer);
}

static void take_draft(struct template_job *job, const json_t *body)
{
    struct err err = {0};
    struct json_reader reader = json_read(body, "", &err);
    struct template_draft draft = {.name = span_str(job->path[0]),
                                   .tone = span_str(job->path[1]),
                                   .language = span_str(job->path[2]),
                                   .text = json_get_text(&reader, "text", BODY_MAX),
                                   .is_plain = find_bool(&reader, body, "is_plain", true)};
    bool is_check = find_bool(&reader, body, "check_only", false);
    draft.channels = read_channels(&reader, body);
    if (err.code != 0) {
        struct request *request = job->request;
        job_drop(job);
        reply_unreadable(request, err.text);
        return;
    }
    template_check(&draft, &job->report);
    if (is_check || job->report.is_refused)
        reply_report(job, job->report.is_refused ? 422 : 200);
    else
        save(job, draft.text, draft.is_plain);
}

static json_t *load_body(struct request *request)
{
    const struct json_limits limits = {.bytes_max = BODY_MAX, .depth_max = DEPTH_MAX};
    struct err err = {0};
    json_t *body = json_load(request_body(request), limits, &err);
    if (body == NULL)
        reply_unreadable(request, err.text);
    return body;
}

void templates_save(struct request *request)
{
    json_t *body = load_body(request);
    if (body == NULL)
        return;
    struct template_job *job = job_new(request);
    keep_path(job);
    take_draft(job, body);
    json_decref(body);
}

/* ---- withdrawing ---- */

static void on_row_withdrawn(void *owner, const PGresult *result, const struct err *err)
{
    struct template_job *job = owner;
    job->is_known =
        err->code == 0 && template_read_withdrawn(result, &job->version, &job->now_version);
}

static void on_withdrawn(void *owner, const struct err *err)
{
    struct template_job *job = owner;
    if (job->request != NULL && err->code != 0)
        reply_database_away(job->request);
    else if (job->request != NULL && !job->is_known)
        reply_unknown(job->request);
    else if (job->request != NULL)
        reply_object(
            job->request, 200,
            json_pack("{s:i, s:i}", "withdrawn", job->version, "version", job->now_version));
    job_free(job);
}

void templates_withdraw(struct request *request)
{
    struct err err;
    struct template_job *job = job_new(request);
    keep_path(job);
    const struct template_key key = key_of(job);
    if (template_withdraw(request->world->store, &job->tx, &key, request->world->now(),
                          on_row_withdrawn, on_withdrawn, job, &err) != 0)
        drop_down(job);
}

/* ---- preview ---- */

static json_t *sms_json(const struct sms_measure *m)
{
    char culprit[16] = "";
    snprintf(culprit, sizeof(culprit), "U+%04X", (unsigned)m->culprit);
    return json_pack("{s:s, s:i, s:i, s:i, s:o}", "alphabet",
                     m->alphabet == SMS_UCS2 ? "UCS-2" : "GSM-7", "units", m->units, "parts",
                     m->parts, "left", m->left, "because_of",
                     m->culprit == 0 ? json_null() : json_string(culprit));
}

static json_t *preview_json(const struct template_job *job, const struct template_preview *p)
{
    if (p->err.code != 0)
        return json_pack("{s:s, s:i}", "problem", p->err.text, "version", job->text_version);
    json_t *answer =
        json_pack("{s:o, s:o, s:i}", "title", reply_text_json(buf_span(&p->title)), "body",
                  reply_text_json(buf_span(&p->body)), "version", job->text_version);
    if (job->wish.channel == MESSAGE_EMAIL)
        json_object_set_new(answer, "html", reply_text_json(buf_span(&p->html)));
    if (job->wish.channel == MESSAGE_SMS) {
        json_t *sms = sms_json(&p->sms);
        json_object_set_new(sms, "price_micro",
                            json_integer(sms_text_price(p->sms, job->part_price_micro)));
        json_object_set_new(answer, "sms", sms);
    }
    return answer;
}

static void show_preview(struct template_job *job, const struct message_facts *facts)
{
    struct template_preview preview;
    const struct message_way way = {
        .channel = job->wish.channel, .language = job->wish.language, .is_plain = job->is_plain};
    template_preview_write(&preview, job->text, facts, &way);
    reply_object(job->request, 200, preview_json(job, &preview));
    template_preview_release(&preview);
    job_free(job);
}

static void on_invoice(void *owner, const PGresult *result, const struct err *err)
{
    struct template_job *job = owner;
    if (job->request == NULL || err->code != 0 || PQntuples(result) != 1) {
        if (job->request != NULL && err->code != 0)
            reply_database_away(job->request);
        else if (job->request != NULL)
            reply_problem(job->request, 404, "unknown-invoice", "There is no such invoice", NULL);
        job_free(job);
        return;
    }
    const struct world *world = job->request->world;
    struct invoice_shown shown;
    char code[PAYLINK_CODE_LEN + 1], link[LINK_MAX] = "", currency[4] = {0};
    invoice_read_shown(result, &shown);
    const struct invoice_listed *listed = &shown.listed;
    if (listed->link_no != 0) {
        paylink_print_code(world->keys,
                           (struct paylink_id){listed->key.customer_id, listed->link_no}, code);
        snprintf(link, sizeof(link), "%.*s/%s", SPAN_ARG(world->public_url), code);
    }
    memcpy(currency, listed->currency.base, listed->currency.len < 4 ? listed->currency.len : 3);
    struct message_debt debt = {.number = listed->number,
                                .product = listed->product,
                                .account = shown.account,
                                .link = span_str(link),
                                .left = money_of(listed->due_minor, currency),
                                .due = date_from_days(listed->due_date)};
    if (listed->link_no != 0)
        match_code_print(world->keys, (struct paylink_id){listed->key.customer_id, listed->link_no},
                         keyring_signer(world->keys), debt.match_code);
    struct message_facts facts = message_sample(MESSAGE_SAMPLE_USUAL);
    facts.creditor = &world->creditor;
    facts.name = shown.name;
    facts.debts = &debt;
    facts.unsubscribe = (struct span){"", 0};
    facts.column_count = 0;
    facts.today = date_from_days((int32_t)(world->now().us / INT64_C(86400000000)));
    show_preview(job, &facts);
}

static void go_on_to_facts(struct template_job *job)
{
    struct err err;
    if (job->invoice.customer_id != 0) {
        if (invoice_show(job->request->world->store, &job->query, job->invoice,
                         job->request->world->now(), on_invoice, job, &err) != 0)
            drop_down(job);
        return;
    }
    struct message_facts facts = message_sample(MESSAGE_SAMPLE_USUAL);
    facts.creditor = &job->request->world->creditor;
    show_preview(job, &facts);
}

static void keep_text(struct template_job *job, const struct message_texts *texts)
{
    struct message_choice choice;
    if (!message_texts_find(texts, &job->wish, &choice))
        return;
    struct span text = mustache_source(choice.template);
    job->kept_text = malloc(text.len + 1);
    if (job->kept_text == NULL)
        abort();
    memcpy(job->kept_text, text.base, text.len);
    job->text = span_of(job->kept_text, text.len);
    job->text_version = choice.version;
    job->is_plain = choice.is_plain;
    job->wish.language = choice.language;
}

static void on_texts(void *owner, const PGresult *result, const struct err *err)
{
    struct template_job *job = owner;
    struct err broken;
    struct message_texts *texts = err->code == 0 ? message_texts_new(&broken) : NULL;
    if (texts != NULL) {
        message_texts_store_rows(texts, result);
        keep_text(job, texts);
        message_texts_free(texts);
    }
    if (job->request != NULL && job->text.base != NULL) {
        go_on_to_facts(job);
        return;
    }
    if (job->request != NULL && err->code != 0)
        reply_database_away(job->request);
    else if (job->request != NULL)
        reply_unknown(job->request);
    job_free(job);
}

/* "12-345", as the API calls invoices. */
static bool read_invoice(struct span text, struct invoice_key *key)
{
    char room[WORD_MAX], end;
    long long customer, invoice;
    if (text.base == NULL)
        return true;
    snprintf(room, sizeof(room), "%.*s", SPAN_ARG(text));
    if (sscanf(room, "%18lld-%18lld%c", &customer, &invoice, &end) != 2 || customer < 1 ||
        invoice < 1)
        return false;
    *key = (struct invoice_key){.customer_id = customer, .invoice_id = invoice};
    return true;
}

static bool read_preview(struct template_job *job, struct err *err)
{
    struct json_reader reader = json_read(job->body, "", err);
    job->text = json_find_text(&reader, "text", TEMPLATE_TEXT_MAX);
    struct span tone = json_find_text(&reader, "tone", WORD_MAX),
                language = json_find_text(&reader, "language", WORD_MAX);
    job->wish = (struct message_wish){.language = LANGUAGE_POLISH};
    job->wish.template = job->text.base != NULL
                             ? json_find_text(&reader, "template", MESSAGE_NAME_MAX)
                             : json_get_text(&reader, "template", MESSAGE_NAME_MAX);
    struct span channel = json_get_text(&reader, "channel", WORD_MAX);
    job->is_plain = find_bool(&reader, job->body, "is_plain", true);
    job->part_price_micro = json_find_int(&reader, "part_price_micro", 0, INT64_C(999999999999),
                                          job->request->world->campaigns.part_price_micro);
    if (err->code != 0)
        return false;
    if ((tone.base != NULL && !message_tone_find(tone, &job->wish.tone)) ||
        (language.base != NULL && !language_find(language, &job->wish.language)) ||
        !message_channel_find(channel, &job->wish.channel) ||
        !read_invoice(json_find_text(&reader, "invoice", WORD_MAX), &job->invoice))
        err_set(err, ERR_INPUT, "tone, language, channel or invoice is none that there is");
    return err->code == 0;
}

void templates_preview(struct request *request)
{
    struct err err = {0};
    json_t *body = load_body(request);
    if (body == NULL)
        return;
    struct template_job *job = job_new(request);
    job->body = body;
    if (!read_preview(job, &err)) {
        job_drop(job);
        reply_unreadable(request, err.text);
    } else if (job->text.base != NULL) {
        go_on_to_facts(job);
    } else if (template_load(request->world->store, &job->query, on_texts, job, &err) != 0) {
        drop_down(job);
    }
}
