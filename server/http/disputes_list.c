/* The creditor's side of disputes. Behind each is a person who waits, so the list begins with those
 * to be answered first. */
#include "http/disputes.h"

#include "base/crypto.h"
#include "base/json.h"
#include "domain/event.h"
#include "http/agreement_id.h"
#include "http/dispute_proofs.h"
#include "http/reply.h"
#include "store/dispute_store.h"

#include <stdlib.h>

enum { BODY_MAX = 16 * 1024, ANSWER_MAX = 4000, BY_MAX = 100 };

/* One question or answer under way. */
struct dispute_job {
    struct request *request; /* null when gone */
    struct pg_query query;
    struct pg_tx tx;
    struct proof_dispute dispute;
    json_t *shown; /* all of it but its files */
    int64_t limit;
    bool is_accepted;
    enum dispute_answer_result result;
};

static void on_gone(void *owner)
{
    ((struct dispute_job *)owner)->request = NULL;
}

static struct dispute_job *job_new(struct request *r)
{
    struct dispute_job *job = calloc(1, sizeof(*job));
    if (job == NULL)
        abort();
    job->request = r;
    request_on_gone(r, on_gone, job);
    return job;
}

static void job_check(struct dispute_job *job, int code)
{
    if (code == 0)
        return;
    reply_database_away(job->request);
    free(job);
}

static json_t *listed_json(const struct dispute_listed *d)
{
    const struct agreement_id id = {d->key.customer_id, d->key.invoice_id, d->key.dispute_no};
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:I, s:o}", "id",
                     agreement_id_json(id), "invoice", agreement_id_debt_json(id), "number",
                     reply_text_json(d->number), "customer", reply_text_json(d->customer), "reason",
                     reply_text_json(d->reason), "state", reply_text_json(d->state), "is_overdue",
                     d->is_overdue, "opened_at", agreement_instant_json(true, d->opened_at),
                     "answer_by", agreement_day_json(d->answer_by), "answered_at",
                     agreement_instant_json(d->is_answered, d->answered_at), "answered_by",
                     reply_text_json(d->answered_by), "ended_at",
                     agreement_instant_json(d->is_ended, d->ended_at), "due_minor",
                     (json_int_t)d->due_minor, "currency", reply_text_json(d->currency));
}

/* ---- the list ---- */

static void reply_list(struct dispute_job *job, const PGresult *result)
{
    json_t *items = json_array(), *next = json_null();
    int count = PQntuples(result);
    for (int row = 0; row < count && row < job->limit; ++row) {
        struct dispute_listed d;
        dispute_read_listed(result, row, &d);
        json_array_append_new(items, listed_json(&d));
        if (row + 1 == job->limit && count > job->limit)
            next = agreement_cursor_json(
                d.answer_by,
                (struct agreement_id){d.key.customer_id, d.key.invoice_id, d.key.dispute_no});
    }
    reply_object(job->request, 200, json_pack("{s:o, s:o}", "items", items, "next_cursor", next));
}

static void on_listed(void *owner, const PGresult *result, const struct err *err)
{
    struct dispute_job *job = owner;
    if (job->request != NULL && err->code != 0)
        reply_database_away(job->request);
    else if (job->request != NULL)
        reply_list(job, result);
    free(job);
}

/* None named: those that wait for an answer. */
static bool read_states(struct span text, const char *states[DISPUTE_STATE_COUNT])
{
    int count = 0;
    for (int s = DISPUTE_STATE_OPEN; s < DISPUTE_STATE_COUNT; ++s) {
        const char *name = dispute_state_name((enum dispute_state)s);
        if (text.base == NULL ? s == DISPUTE_STATE_OPEN
                              : span_is_str(text, "all") || span_is_str(text, name))
            states[count++] = name;
    }
    return count > 0;
}

void disputes_list(struct request *r)
{
    struct dispute_search search = {.after_day = AGREEMENT_DAY_MIN, .now = r->world->now()};
    struct agreement_id after = {0};
    struct err err = {0};
    int64_t limit;
    if (!read_states(request_query(r, "state"), search.states) ||
        !agreement_read_cursor(request_query(r, "cursor"), &search.after_day, &after) ||
        !agreement_read_limit(request_query(r, "limit"), &limit)) {
        reply_problem(r, 400, "bad-query", "The query cannot be read",
                      "state is open, accepted, rejected, withdrawn, ended or all; limit is 1 to "
                      "200; cursor is a next_cursor");
        return;
    }
    struct dispute_job *job = job_new(r);
    job->limit = limit;
    search.after = (struct dispute_key){after.customer_id, after.invoice_id, after.no};
    search.at_most = limit + 1; /* one more tells whether there is a next page */
    job_check(job, dispute_list(r->world->store, &job->query, &search, on_listed, job, &err));
}

/* ---- one ---- */

static void reply_unknown(struct request *r)
{
    reply_problem(r, 404, "unknown-dispute", "There is no such dispute", NULL);
}

/* A new reference; null when nothing was written, or it was erased. */
static json_t *text_json(struct span personal)
{
    json_t *all = personal.base == NULL ? NULL : json_loadb(personal.base, personal.len, 0, NULL);
    json_t *text = json_incref(json_object_get(all, "text"));
    json_decref(all);
    return text == NULL ? json_null() : text;
}

static void on_proofs(void *owner, const PGresult *result, const struct err *err)
{
    struct dispute_job *job = owner;
    if (err->code != 0 || job->request == NULL) {
        json_decref(job->shown);
        if (job->request != NULL)
            reply_database_away(job->request);
    } else {
        json_object_set_new(job->shown, "proofs", dispute_proofs_json(result));
        reply_object(job->request, 200, job->shown);
    }
    free(job);
}

static void on_shown(void *owner, const PGresult *result, const struct err *err)
{
    struct dispute_job *job = owner;
    struct err failed = {0};
    if (job->request != NULL && err->code == 0 && PQntuples(result) != 0) {
        struct dispute_listed d;
        dispute_read_listed(result, 0, &d);
        job->shown = listed_json(&d);
        json_object_set_new(job->shown, "text", text_json(dispute_read_written(result)));
        json_object_set_new(job->shown, "answer", text_json(dispute_read_answer(result)));
        if (proof_list(job->request->world->store, &job->query, &job->dispute, on_proofs, job,
                       &failed) == 0)
            return;
        json_decref(job->shown);
        reply_database_away(job->request);
    } else if (job->request != NULL && err->code != 0) {
        reply_database_away(job->request);
    } else if (job->request != NULL) {
        reply_unknown(job->request);
    }
    free(job);
}

static bool read_key(struct request *r, struct dispute_key *key)
{
    struct agreement_id id;
    if (!agreement_read_id(r->params[0], &id)) {
        reply_unknown(r);
        return false;
    }
    *key = (struct dispute_key){id.customer_id, id.invoice_id, id.no};
    return true;
}

void disputes_show_one(struct request *r)
{
    struct dispute_key key;
    struct err err = {0};
    if (!read_key(r, &key))
        return;
    struct dispute_job *job = job_new(r);
    job->dispute = (struct proof_dispute){key.customer_id, key.invoice_id, key.dispute_no};
    job_check(
        job, dispute_show(r->world->store, &job->query, key, r->world->now(), on_shown, job, &err));
}

/* ---- the answer ---- */

static void on_answer_row(void *owner, const PGresult *result, const struct err *err)
{
    struct dispute_job *job = owner;
    if (err->code == 0)
        job->result = dispute_read_answer_result(result);
}

/* What follows is said, as it is not the same for both. */
static void reply_answered(struct dispute_job *job)
{
    const char *next =
        job->is_accepted
            ? "Reminders rest until the debt is corrected: write it off, or import it corrected."
            : "Reminders go on with the newest step that is due.";
    if (job->result == DISPUTE_UNKNOWN)
        reply_unknown(job->request);
    else if (job->result == DISPUTE_ANSWERED_OTHER)
        reply_problem(job->request, 409, "dispute-closed",
                      "This dispute was answered otherwise, or withdrawn", NULL);
    else
        reply_object(job->request, 200,
                     json_pack("{s:s, s:s}", "outcome", job->is_accepted ? "accepted" : "rejected",
                               "next", next));
}

static void on_answered(void *owner, const struct err *err)
{
    struct dispute_job *job = owner;
    if (job->request != NULL && err->code != 0)
        reply_database_away(job->request);
    else if (job->request != NULL)
        reply_answered(job);
    free(job);
}

static int answer(struct request *r, struct dispute_job *job, struct dispute_answer *answer,
                  struct span text)
{
    struct err err = {0};
    uint8_t salt[EVENT_SALT_LEN];
    json_t *personal = json_pack("{s:s%}", "text", text.base, text.len);
    char *kept = json_dumps(personal, JSON_COMPACT);
    random_bytes(salt, sizeof(salt));
    answer->salt = span_of((const char *)salt, sizeof(salt));
    answer->text = span_str(kept);
    int code =
        dispute_answer(r->world->store, &job->tx, answer, on_answer_row, on_answered, job, &err);
    json_decref(personal);
    free(kept);
    return code;
}

void disputes_answer(struct request *r)
{
    static const char *const outcomes[] = {"accepted", "rejected", NULL};
    struct dispute_answer given = {.now = r->world->now()};
    struct err err = {0};
    if (!read_key(r, &given.key))
        return;
    json_t *body = json_load(request_body(r),
                             (struct json_limits){.bytes_max = BODY_MAX, .depth_max = 2}, &err);
    struct json_reader reader = json_read(body, "", &err);
    int outcome = json_get_word(&reader, "outcome", outcomes);
    struct span text = json_get_text(&reader, "text", ANSWER_MAX);
    given.by = json_get_text(&reader, "by", BY_MAX);
    if (err.code != 0) {
        reply_problem(r, 400, "malformed-json", "The body cannot be read", err.text);
        json_decref(body);
        return;
    }
    struct dispute_job *job = job_new(r);
    given.is_accepted = job->is_accepted = outcome == 0;
    job_check(job, answer(r, job, &given, text));
    json_decref(body);
}
