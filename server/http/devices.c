#include "http/devices.h"

#include "base/json.h"
#include "domain/text_format.h"
#include "flow/device_register.h"
#include "http/reply.h"
#include "store/device_store.h"

#include <stdlib.h>

enum { BODY_MAX = 4096, DEPTH_MAX = 4, WORD_MAX = 16, LANGUAGE_MAX = 35, LISTED_MAX = 100 };

/* One call under way. */
struct device_job {
    struct request *request; /* null when gone: the change itself is finished */
    struct pg_query query;
    struct pg_tx tx;
    bool is_known;
    char installation[DEVICE_INSTALLATION_MAX + 1];
};

static void on_gone(void *owner)
{
    struct device_job *job = owner;
    job->request = NULL;
}

static struct device_job *job_new(struct request *request)
{
    struct device_job *job = calloc(1, sizeof(*job));
    if (job == NULL)
        abort();
    job->request = request;
    request_on_gone(request, on_gone, job);
    return job;
}

static void reply_unreadable(struct request *request, const char *detail)
{
    reply_problem(request, 400, "malformed-device", "The device cannot be read", detail);
}

/* The call was not begun. */
static void job_drop(struct device_job *job)
{
    request_on_gone(job->request, NULL, NULL);
    free(job);
}

static json_t *instant_json(struct instant at)
{
    char text[21];
    instant_print(at, text);
    return json_string(text);
}

/* ---- Registering. ---- */

/* By the service, or by what it is called on the phone's side. */
static void read_service(struct json_reader *reader, struct device_claim *claim)
{
    static const char *const words[] = {"", "apns", "ios", "fcm", "android"};
    struct span service = json_find_text(reader, "service", WORD_MAX),
                platform = json_find_text(reader, "platform", WORD_MAX);
    int by_service = 0, by_platform = 0;
    for (int i = DEVICE_APNS; i <= DEVICE_FCM; ++i) {
        by_service = span_is_str(service, words[2 * i - 1]) ? i : by_service;
        by_platform = span_is_str(platform, words[2 * i]) ? i : by_platform;
    }
    bool is_odd = (service.base != NULL && by_service == 0) ||
                  (platform.base != NULL && by_platform == 0) ||
                  (by_service != 0 && by_platform != 0 && by_service != by_platform);
    if (reader->err->code == 0 && (is_odd || by_service + by_platform == 0))
        err_set(reader->err, ERR_INPUT,
                "service is apns or fcm, or platform is ios or android, which mean the same");
    claim->service =
        by_service != 0 ? (enum device_service)by_service : (enum device_service)by_platform;
}

/* Absent is the first word. */
static bool find_second_word(struct json_reader *reader, const char *name, const char *first,
                             const char *second)
{
    struct span word = json_find_text(reader, name, WORD_MAX);
    bool is_second = span_is_str(word, second);
    if (reader->err->code == 0 && word.base != NULL && !is_second && !span_is_str(word, first))
        err_set(reader->err, ERR_INPUT, "%s is %s or %s", name, first, second);
    return is_second;
}

static bool read_claim(const json_t *body, struct device_claim *claim, struct err *err)
{
    enum language language;
    struct json_reader reader = json_read(body, "", err);
    claim->app = json_get_text(&reader, "app", DEVICE_APP_MAX);
    claim->token = json_get_text(&reader, "token", DEVICE_FCM_TOKEN_MAX);
    read_service(&reader, claim);
    claim->is_sandbox = find_second_word(&reader, "environment", "production", "sandbox");
    claim->is_fid = find_second_word(&reader, "target_kind", "token", "fid");
    /* A phone in a language we do not write gets the customer's. */
    if (language_find(json_find_text(&reader, "language", LANGUAGE_MAX), &language))
        claim->language = language_code(language);
    return err->code == 0;
}

static void on_registered(void *owner, const struct device_registered *registered,
                          const struct err *err)
{
    struct device_job *job = owner;
    struct request *request = job->request;
    if (request != NULL && err->code != 0)
        reply_database_away(request);
    else if (request != NULL && registered->is_refused)
        reply_problem(request, 409, "too-many-devices", "This customer has too many devices", NULL);
    else if (request != NULL)
        reply_object(request, registered->saved.is_new ? 201 : 200,
                     json_pack("{s:s, s:o, s:o}", "installation", job->installation,
                               "registered_at", instant_json(registered->saved.registered_at),
                               "seen_at", instant_json(registered->saved.seen_at)));
    free(job);
}

static void begin_register(struct request *request, const struct device_claim *claim)
{
    struct err err = {0};
    struct device_job *job = job_new(request);
    if (claim->installation.len <= DEVICE_INSTALLATION_MAX)
        memcpy(job->installation, claim->installation.base, claim->installation.len);
    int code = device_register_begin(request->world, claim, on_registered, job, &err);
    if (code == 0)
        return;
    job_drop(job);
    if (code == ERR_INPUT)
        reply_unreadable(request, err.text);
    else
        reply_database_away(request);
}

/* `customer` has a null base where the body is to name it. */
static void take_claim(struct request *request, struct span customer)
{
    const struct json_limits limits = {.bytes_max = BODY_MAX, .depth_max = DEPTH_MAX};
    struct device_claim claim = {.customer = customer, .installation = request->params[0]};
    struct err err = {0};
    json_t *body = json_load(request_body(request), limits, &err);
    bool is_fine = body != NULL && read_claim(body, &claim, &err);
    if (is_fine && customer.base == NULL) {
        struct json_reader reader = json_read(body, "", &err);
        claim.customer = json_get_text(&reader, "customer", DEVICE_CUSTOMER_MAX);
        is_fine = err.code == 0;
    }
    if (is_fine)
        begin_register(request, &claim);
    else
        reply_unreadable(request, err.text);
    json_decref(body);
}

void devices_register_own(struct request *request)
{
    take_claim(request, request->customer);
}

void devices_register(struct request *request)
{
    take_claim(request, (struct span){NULL, 0});
}

/* ---- The list. ---- */

static json_t *listed_json(const struct device_listed *d)
{
    json_t *item = json_object();
    json_object_set_new(item, "installation", reply_text_json(d->installation));
    json_object_set_new(item, "app", reply_text_json(d->app));
    json_object_set_new(item, "service", reply_text_json(d->service));
    json_object_set_new(item, "environment", reply_text_json(d->environment));
    json_object_set_new(item, "target_kind", reply_text_json(d->target_kind));
    json_object_set_new(item, "token_end", reply_text_json(d->token_end));
    json_object_set_new(item, "language", reply_text_json(d->language));
    json_object_set_new(item, "state", reply_text_json(d->state));
    json_object_set_new(item, "reason", reply_text_json(d->reason));
    json_object_set_new(item, "registered_at", instant_json(d->registered_at));
    json_object_set_new(item, "seen_at", instant_json(d->seen_at));
    json_object_set_new(item, "ended_at", d->is_ended ? instant_json(d->ended_at) : json_null());
    return item;
}

static void on_listed(void *owner, const PGresult *result, const struct err *err)
{
    struct device_job *job = owner;
    json_t *items = json_array();
    for (int row = 0; err->code == 0 && row < PQntuples(result); ++row) {
        struct device_listed listed;
        device_read_listed(result, row, &listed);
        json_array_append_new(items, listed_json(&listed));
    }
    json_t *answer = json_pack("{s:o}", "items", items);
    if (job->request != NULL && err->code == 0)
        reply_object(job->request, 200, json_incref(answer));
    else if (job->request != NULL)
        reply_database_away(job->request);
    json_decref(answer);
    free(job);
}

static void list(struct request *request, struct span customer)
{
    struct err err = {0};
    struct device_job *job = job_new(request);
    if (device_list(request->world->store, &job->query, customer, LISTED_MAX, on_listed, job,
                    &err) == 0)
        return;
    job_drop(job);
    reply_database_away(request);
}

/* Null base: answered. */
static struct span asked_customer(struct request *request)
{
    struct span customer = request_query(request, "customer");
    if (customer.base != NULL && device_customer_is_fine(customer))
        return customer;
    reply_problem(request, 400, "bad-query", "The query cannot be read",
                  device_refusal_text(DEVICE_BAD_CUSTOMER));
    return (struct span){NULL, 0};
}

void devices_list_own(struct request *request)
{
    list(request, request->customer);
}

void devices_list(struct request *request)
{
    struct span customer = asked_customer(request);
    if (customer.base != NULL)
        list(request, customer);
}

/* ---- Removing. ---- */

static void on_removed(void *owner, const PGresult *result, const struct err *err)
{
    struct device_job *job = owner;
    job->is_known = err->code == 0 && device_read_removed(result);
}

static void reply_unknown(struct request *request)
{
    reply_problem(request, 404, "unknown-device", "There is no such device", NULL);
}

static void on_remove_saved(void *owner, const struct err *err)
{
    struct device_job *job = owner;
    if (job->request != NULL && err->code != 0)
        reply_database_away(job->request);
    else if (job->request != NULL && !job->is_known)
        reply_unknown(job->request);
    else if (job->request != NULL)
        reply_empty(job->request, 204);
    free(job);
}

static void remove_device(struct request *request, struct span customer, struct span reason)
{
    struct err err = {0};
    const struct device_ending ending = {.customer = customer,
                                         .installation = request->params[0],
                                         .reason = reason,
                                         .now = request->world->now()};
    if (!device_installation_is_fine(ending.installation)) {
        reply_unknown(request);
        return;
    }
    struct device_job *job = job_new(request);
    if (device_remove(request->world->store, &job->tx, &ending, on_removed, on_remove_saved, job,
                      &err) == 0)
        return;
    job_drop(job);
    reply_database_away(request);
}

void devices_remove_own(struct request *request)
{
    remove_device(request, request->customer, SPAN_LIT("removed by the app"));
}

void devices_remove(struct request *request)
{
    struct span customer = asked_customer(request);
    if (customer.base != NULL)
        remove_device(request, customer, SPAN_LIT("removed by the creditor"));
}
