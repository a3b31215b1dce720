#include "app/pane_office.h"

#include "app/pane_files.h"
#include "app/pane_http.h"
#include "app/pane_input.h"
#include "app/panes.h"
#include "base/crypto.h"
#include "domain/event.h"
#include "flow/world.h"
#include "store/agreed_plan_store.h"
#include "store/debtor_store.h"
#include "store/demand_store.h"
#include "store/dispute_store.h"

#include <stdio.h>
#include <stdlib.h>

enum { ITEMS_MAX = 100, TEXT_MAX = 4000, VERDICT_MAX = 16 };

static const struct span office_name = SPAN_LIT("the demo's office");

/* One question or answer under way. */
struct office_job {
    struct pane_request *request; /* null when gone */
    struct pg_query query;
    struct pg_tx tx;
    char verdict[VERDICT_MAX]; /* copied: the transaction may still fail */
};

static struct office_job *job_new(struct pane_request *request)
{
    struct office_job *job = calloc(1, sizeof(*job));
    if (job == NULL)
        abort();
    pane_hold(request, &job->request);
    return job;
}

static void job_check(struct office_job *job, int rc)
{
    if (rc == 0)
        return;
    pane_reply_problem(job->request, 503, "busy");
    free(job);
}

/* ---- what waits ---- */

static json_t *text_json(struct span text)
{
    return text.base == NULL ? json_null() : json_stringn(text.base, text.len);
}

static json_t *waiting_json(const struct debtor_waiting *w)
{
    char id[AGREED_PLAN_ID_MAX], asked[21];
    const struct agreed_plan_key key = {w->customer_id, w->invoice_id, w->no};
    agreed_plan_key_print(&key, id);
    instant_print(w->asked_at, asked);
    json_t *detail = json_loadb(w->detail.base, w->detail.len, 0, NULL);
    return json_pack("{s:o, s:s, s:I, s:I, s:o, s:o, s:o, s:o, s:I, s:s, s:o, s:o}", "what",
                     text_json(w->what), "id", id, "customer", (json_int_t)w->customer_id,
                     "invoice", (json_int_t)w->invoice_id, "name", text_json(w->name), "number",
                     text_json(w->number), "language", text_json(w->language), "currency",
                     text_json(w->currency), "due_minor", (json_int_t)w->due_minor, "asked_at",
                     asked, "answer_by", text_json(w->answer_by), "detail",
                     detail == NULL ? json_null() : detail);
}

static void on_waiting(void *owner, const PGresult *result, const struct err *err)
{
    struct office_job *job = owner;
    if (job->request != NULL && err->code != 0) {
        pane_reply_problem(job->request, 503, "database");
    } else if (job->request != NULL) {
        json_t *list = json_array();
        for (int row = 0; row < PQntuples(result); ++row) {
            struct debtor_waiting waiting;
            debtor_read_waiting(result, row, &waiting);
            json_array_append_new(list, waiting_json(&waiting));
        }
        pane_reply_json(job->request, 200, list);
    }
    free(job);
}

void pane_list_office(struct pane_request *request)
{
    struct panes *panes = request->owner;
    struct err err;
    struct office_job *job = job_new(request);
    job_check(job, debtor_list_waiting(panes->world->store, &job->query, ITEMS_MAX, on_waiting, job,
                                       &err));
}

void pane_show_office(struct pane_request *request)
{
    if (pane_wants_html(request))
        pane_send_page(request, "office.html");
    else
        pane_list_office(request);
}

/* ---- an answer ---- */

static void keep_verdict(struct office_job *job, struct span verdict)
{
    snprintf(job->verdict, sizeof(job->verdict), "%.*s", SPAN_ARG(verdict));
}

static void on_plan_decided(void *owner, const PGresult *result, const struct err *err)
{
    struct span verdict, state;
    if (err->code != 0)
        return;
    agreed_plan_read_decided(result, &verdict, &state);
    keep_verdict(owner, verdict);
}

static void on_request_decided(void *owner, const PGresult *result, const struct err *err)
{
    struct span verdict, state;
    if (err->code != 0)
        return;
    demand_read_decided(result, &verdict, &state);
    keep_verdict(owner, verdict);
}

static void on_dispute_answered(void *owner, const PGresult *result, const struct err *err)
{
    if (err->code != 0)
        return;
    enum dispute_answer_result answered = dispute_read_answer_result(result);
    keep_verdict(owner, answered == DISPUTE_UNKNOWN          ? SPAN_LIT("unknown")
                        : answered == DISPUTE_ANSWERED_OTHER ? SPAN_LIT("decided")
                                                             : SPAN_LIT("answered"));
}

static bool is_refusal(const char *verdict)
{
    static const char *const refusals[] = {"unknown", "not_asked", "late", "changed", "decided"};
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); ++i)
        if (strcmp(verdict, refusals[i]) == 0)
            return true;
    return false;
}

static void on_answered(void *owner, const struct err *err)
{
    struct office_job *job = owner;
    if (job->request != NULL && err->code != 0)
        pane_reply_problem(job->request, 503, "database");
    else if (job->request != NULL && is_refusal(job->verdict))
        pane_reply_problem(job->request, 409, job->verdict);
    else if (job->request != NULL)
        pane_reply_json(job->request, 200, json_pack("{s:s}", "answer", job->verdict));
    free(job);
}

/* What was read of the POST; its spans live as long as the request. */
struct office_answer {
    struct span what, text;
    struct agreed_plan_key key; /* plans, disputes and requests have the same three numbers */
    bool is_yes;
};

static int answer_plan(struct world *world, struct office_job *job,
                       const struct office_answer *answer, struct err *err)
{
    const struct agreed_plan_decision decision = {
        .key = answer->key,
        .deed = answer->is_yes ? "approve" : "refuse",
        .by = office_name,
        .reason = answer->text.len > 0 ? answer->text : SPAN_LIT("by hand"),
        .now = world->now()};
    return agreed_plan_decide(world->store, &job->tx, &decision, on_plan_decided, on_answered, job,
                              err);
}

/* `written` is JSON: {"text": …}. */
static int answer_dispute(struct world *world, struct office_job *job,
                          const struct office_answer *answer, struct span written, struct err *err)
{
    uint8_t salt[EVENT_SALT_LEN];
    random_bytes(salt, sizeof(salt));
    const struct dispute_answer given = {
        .key = {answer->key.customer_id, answer->key.invoice_id, answer->key.plan_no},
        .is_accepted = answer->is_yes,
        .by = office_name,
        .salt = span_of((const char *)salt, sizeof(salt)),
        .text = written,
        .now = world->now()};
    return dispute_answer(world->store, &job->tx, &given, on_dispute_answered, on_answered, job,
                          err);
}

static int decide_request(struct world *world, struct office_job *job,
                          const struct office_answer *answer, struct span written, struct err *err)
{
    const struct request_decision decision = {.customer_id = answer->key.customer_id,
                                              .invoice_id = answer->key.invoice_id,
                                              .request_no = answer->key.plan_no,
                                              .is_granted = answer->is_yes,
                                              .by = office_name,
                                              .reasons = written,
                                              .now = world->now()};
    return demand_decide(world->store, &job->tx, &decision, on_request_decided, on_answered, job,
                         err);
}

static void give(struct pane_request *request, const struct office_answer *answer)
{
    struct panes *panes = request->owner;
    struct office_job *job = job_new(request);
    struct err err;
    json_t *words = json_pack("{s:s%}", "text", answer->text.base == NULL ? "" : answer->text.base,
                              answer->text.len);
    char *written = words == NULL ? NULL : json_dumps(words, JSON_COMPACT);
    int rc = ERR_INPUT;
    if (written != NULL && span_is_str(answer->what, "plan"))
        rc = answer_plan(panes->world, job, answer, &err);
    else if (written != NULL && span_is_str(answer->what, "dispute"))
        rc = answer_dispute(panes->world, job, answer, span_str(written), &err);
    else if (written != NULL)
        rc = decide_request(panes->world, job, answer, span_str(written), &err);
    json_decref(words);
    free(written);
    job_check(job, rc);
}

void pane_answer_office(struct pane_request *request)
{
    struct pane_input input;
    struct office_answer answer;
    pane_input_init(&input, request);
    answer.what = pane_input_text(&input, "what");
    answer.text = pane_input_text(&input, "text");
    answer.is_yes = pane_input_bool(&input, "yes");
    bool is_plan = span_is_str(answer.what, "plan");
    bool is_known =
        is_plan || span_is_str(answer.what, "dispute") || span_is_str(answer.what, "request");
    if (!is_known || !agreed_plan_key_read(pane_input_text(&input, "id"), &answer.key))
        pane_reply_problem(request, 422, "no_such_thing");
    else if (answer.text.len > TEXT_MAX || (!is_plan && answer.text.len == 0))
        pane_reply_problem(request, 422, "needs_a_text");
    else
        give(request, &answer);
    pane_input_release(&input);
}
