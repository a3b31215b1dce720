#include "app/pane_work.h"

#include "app/pane_http.h"
#include "app/pane_input.h"
#include "app/panes.h"
#include "flow/reminder_explain.h"
#include "flow/sending_tell.h"
#include "flow/work_list.h"
#include "flow/world.h"

#include <stdlib.h>

enum { ITEMS_MAX = 200, DIGITS_MAX = 12 };

struct pane_job {
    struct pane_request *request; /* null when gone */
    struct pg_query query;
    bool is_stop;
};

static struct pane_job *job_new(struct pane_request *request)
{
    struct pane_job *job = calloc(1, sizeof(*job));
    if (job == NULL)
        abort();
    pane_hold(request, &job->request);
    return job;
}

static void job_check(struct pane_job *job, int rc)
{
    if (rc == 0)
        return;
    pane_reply_problem(job->request, 503, "busy");
    free(job);
}

/* ---- lists ---- */

static json_t *item_json(const struct work_item *item)
{
    json_t *json = work_list_call_json(item);
    json_object_set_new(json, "currency", json_stringn(item->currency.base, item->currency.len));
    json_object_set_new(json, "due_minor", json_integer((json_int_t)item->due_minor));
    json_object_set_new(json, "customer_id", json_integer((json_int_t)item->key.customer_id));
    json_object_set_new(json, "invoice_id", json_integer((json_int_t)item->key.invoice_id));
    return json;
}

static void on_items(void *owner, const PGresult *result, const struct err *err)
{
    struct pane_job *job = owner;
    json_t *list = json_array();
    for (int row = 0; err->code == 0 && row < PQntuples(result); ++row) {
        struct work_item item;
        work_item_read(result, row, &item);
        json_array_append_new(list, item_json(&item));
    }
    if (job->request != NULL && err->code == 0)
        pane_reply_json(job->request, 200, json_incref(list));
    else if (job->request != NULL)
        pane_reply_problem(job->request, 503, "database");
    json_decref(list);
    free(job);
}

static void list(struct pane_request *request, const char *name)
{
    struct panes *panes = request->owner;
    struct instant now = panes->world->now();
    struct err err;
    const struct work_item_search search = {
        .list = name,
        .states = {"open", "taken", NULL},
        .after_at = {0},
        .at_most = ITEMS_MAX,
        .now = now,
        .in_flight_since =
            instant_plus_seconds(now, -(int64_t)panes->world->payment_in_flight_seconds)};
    struct pane_job *job = job_new(request);
    job_check(job, work_item_list(panes->world->store, &job->query, &search, on_items, job, &err));
}

void pane_list_calls(struct pane_request *request)
{
    list(request, "call");
}

void pane_list_handovers(struct pane_request *request)
{
    list(request, "handover");
}

/* ---- the red switch ---- */

static void on_said(void *owner, const struct err *err)
{
    struct pane_job *job = owner;
    if (job->request != NULL && err->code == 0)
        pane_reply_json(job->request, 200, json_pack("{s:b}", "stopped", job->is_stop));
    else if (job->request != NULL)
        pane_reply_problem(job->request, 503, "database");
    free(job);
}

void pane_set_sending(struct pane_request *request)
{
    struct panes *panes = request->owner;
    struct pane_input input;
    struct err err;
    struct pane_job *job = job_new(request);
    pane_input_init(&input, request);
    job->is_stop = pane_input_bool(&input, "stop");
    pane_input_release(&input);
    const struct sending_order order = {.word = job->is_stop ? SENDING_STOP : SENDING_GO,
                                        .who = SPAN_LIT("the demo's overview"),
                                        .why = SPAN_LIT("stopped by hand"),
                                        .now = panes->world->now()};
    job_check(job, sending_tell(panes->world, &order, on_said, job, &err));
}

/* ---- why ---- */

static void on_explained(void *owner, struct span json, const struct err *err)
{
    struct pane_job *job = owner;
    if (job->request != NULL && err->code != 0)
        pane_reply_problem(job->request, 503, "database");
    else if (job->request != NULL && json.base == NULL)
        pane_reply_problem(job->request, 404, "no_such_debt");
    else if (job->request != NULL)
        pane_reply(job->request, 200, "application/json; charset=utf-8", json);
    free(job);
}

static int64_t read_number(struct span text)
{
    int64_t value = 0;
    if (text.len > DIGITS_MAX)
        return 0;
    for (size_t i = 0; i < text.len; ++i) {
        if (text.base[i] < '0' || text.base[i] > '9')
            return 0;
        value = value * 10 + (text.base[i] - '0');
    }
    return value;
}

void pane_show_why(struct pane_request *request)
{
    struct panes *panes = request->owner;
    struct err err;
    const struct plan_debt_name name = {.customer_id = read_number(pane_query(request, "customer")),
                                        .invoice_id = read_number(pane_query(request, "invoice"))};
    struct pane_job *job = job_new(request);
    job_check(job, reminder_explain(panes->world, &name, NULL, on_explained, job, &err));
}
