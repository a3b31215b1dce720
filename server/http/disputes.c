#include "http/disputes.h"

#include "base/crypto.h"
#include "domain/event.h"
#include "flow/debt_change.h"
#include "http/page_form.h"
#include "http/page_proof.h"
#include "http/pages.h"
#include "http/sheet.h"
#include "store/dispute_store.h"

#include <stdio.h>
#include <stdlib.h>

enum { FORM_TEXT_MAX = 64 * 1024, VERSION_MAX = 64 }; /* a form is no longer */

/* ---- what was written ---- */

/* The text in a personal part; null when there is none, or it was erased. A new reference. */
static json_t *text_of(struct span personal)
{
    json_t *all = personal.base == NULL ? NULL : json_loadb(personal.base, personal.len, 0, NULL);
    json_t *text = json_incref(json_object_get(all, "text"));
    json_decref(all);
    return text;
}

static void set_text_of(struct sheet *s, const char *name, struct span personal)
{
    json_t *text = text_of(personal);
    if (text != NULL)
        json_object_set_new(s->values, name, text);
}

/* ---- showing ---- */

/* Why a form was not taken, as in the words dispute_note_<note>; null: none was sent. */
struct refusal {
    const char *note;
    int status;
    struct span reason, text; /* as they were sent */
};

static json_t *reason_json(const struct sheet *s, enum dispute_reason reason, bool is_chosen)
{
    const char *name = dispute_reason_name(reason);
    struct span title = page_word(s->request, s->language, "dispute_reason_", name);
    struct span hint = page_word(s->request, s->language, "dispute_hint_", name);
    return json_pack("{s:s, s:s%, s:s%, s:b}", "name", name, "title", title.base, title.len, "hint",
                     hint.base, hint.len, "is_chosen", is_chosen);
}

static void set_form(struct sheet *s, const struct debt *debt, const struct refusal *refusal)
{
    json_t *reasons = json_array();
    enum dispute_reason chosen = 0;
    (void)dispute_reason_find(refusal->reason, &chosen);
    for (int r = DISPUTE_ALREADY_PAID; r <= DISPUTE_OTHER; ++r)
        json_array_append_new(reasons, reason_json(s, (enum dispute_reason)r, (int)chosen == r));
    json_object_set_new(s->values, "reasons", reasons);
    sheet_set_true(s, "is_form");
    sheet_set(s, "text", refusal->text);
    sheet_set_date(s, "answer_by", dispute_answer_by(&s->request->world->disputes, debt->today));
}

/* The newest one, and its answer. */
static void set_dispute(struct sheet *s, const struct debt *debt, const struct dispute_look *look)
{
    char is_state[32];
    snprintf(is_state, sizeof(is_state), "is_%s", dispute_state_name(look->state));
    sheet_set_true(s, "is_there");
    sheet_set_true(s, is_state);
    sheet_set_word(s, "reason", "dispute_reason_", dispute_reason_name(look->reason));
    sheet_set_date(s, "opened", look->opened);
    set_text_of(s, "written", look->written);
    if (look->state == DISPUTE_STATE_OPEN) {
        sheet_set_date(s, "answer_by", look->answer_by);
        if (date_compare(look->answer_by, debt->today) < 0)
            sheet_set_true(s, "is_overdue");
        sheet_set_proof(s, &(struct page_proof){.invoice_id = debt->invoice_id,
                                                .dispute_no = look->dispute_no,
                                                .proof_count = look->proof_count});
        return;
    }
    if (look->state == DISPUTE_STATE_WITHDRAWN)
        return;
    sheet_set_true(s, "is_answered");
    sheet_set_date(s, "answered", look->answered);
    set_text_of(s, "answer", look->answer);
}

static const char *next_of(const struct world *world)
{
    return world->help.has_contact ? "contact" : NULL;
}

static void reply_sheet(struct request *r, const struct debt *debt, const struct dispute_look *look,
                        const struct refusal *refusal)
{
    const struct dispute_case c = dispute_case_of(debt, look);
    enum dispute_verdict verdict = dispute_judge(&r->world->disputes, &c);
    struct sheet s = sheet_new(r, debt, "dispute");
    /* Whoever once said something here reads what became of it, whatever else there is to say. */
    if (!look->is_there && verdict != DISPUTE_GOOD) {
        char name[32];
        snprintf(name, sizeof(name), "dispute_%s", dispute_verdict_name(verdict));
        if (verdict == DISPUTE_SETTLED)
            sheet_reply_answer(&s, refusal->status, "settled", "good", NULL);
        else
            sheet_reply_answer(&s, refusal->status, name, "info", next_of(r->world));
        return;
    }
    if (look->is_there)
        set_dispute(&s, debt, look);
    if (verdict == DISPUTE_GOOD)
        set_form(&s, debt, refusal);
    if (verdict == DISPUTE_TOO_MANY)
        sheet_set_true(&s, "is_too_many");
    if (refusal->note != NULL)
        sheet_set_word(&s, "note", "dispute_note_", refusal->note);
    if (span_is_str(request_query(r, "done"), "1"))
        sheet_set_true(&s, "is_done");
    sheet_set_token(&s, "token", FORM_DISPUTE);
    sheet_set_version(&s, debt);
    sheet_reply(&s, refusal->status, SHEET_dispute);
}

static void on_shown(struct request *r, const struct debt *debt, const PGresult *more)
{
    struct dispute_look look;
    dispute_look_read(more, &look);
    reply_sheet(r, debt, &look, &(struct refusal){.status = 200});
}

void disputes_show(struct request *r)
{
    sheet_open(r, dispute_look_begin, on_shown);
}

/* ---- taking ---- */

struct dispute_job {
    struct request *request; /* null when gone */
    const struct world *world;
    char nonce[FORM_NONCE_TEXT_LEN + 1], version[VERSION_MAX];
    enum dispute_reason reason; /* 0: withdraws */
    char *written;              /* JSON; null: nothing */
    uint8_t salt[EVENT_SALT_LEN];
    bool is_repeated; /* the same form was taken before */
};

static void job_free(struct dispute_job *job)
{
    free(job->written);
    free(job);
}

static void on_gone(void *owner)
{
    ((struct dispute_job *)owner)->request = NULL;
}

static enum dispute_reason reason_of(struct request *r)
{
    enum dispute_reason reason = 0;
    (void)dispute_reason_find(request_form(r, "reason"), &reason);
    return reason;
}

/* What was written, cleaned; it lives as long as the request. */
static struct span text_of_form(struct request *r)
{
    struct span raw = request_form(r, "text");
    struct buf text;
    buf_init(&text, FORM_TEXT_MAX);
    dispute_clean(raw, &text);
    size_t len = buf_span(&text).len;
    char *kept = request_alloc(r, len + 1);
    memcpy(kept, buf_span(&text).base == NULL ? "" : buf_span(&text).base, len);
    buf_release(&text);
    return span_of(kept, len);
}

/* Why a form was refused, told from what it says and what the debt is like now. */
static void on_refused(struct request *r, const struct debt *debt, const PGresult *more)
{
    struct dispute_look look;
    dispute_look_read(more, &look);
    struct refusal refusal = {.note = "changed",
                              .status = 409,
                              .reason = request_form(r, "reason"),
                              .text = text_of_form(r)};
    enum dispute_verdict words = dispute_judge_words(reason_of(r), refusal.text);
    bool withdraws = span_is_str(request_form(r, "withdraw"), "1");
    if (look.is_there && dispute_holds(look.state))
        refusal.note = withdraws ? "changed" : "given";
    else if (!withdraws && words != DISPUTE_GOOD) {
        refusal.note = dispute_verdict_name(words);
        refusal.status = 422;
    }
    reply_sheet(r, debt, &look, &refusal);
}

/* "Cannot pay now" has better ways out than a wait for an answer: they come first. */
static void on_other_ways(struct request *r, const struct debt *debt, const PGresult *more)
{
    struct dispute_look look;
    dispute_look_read(more, &look);
    const struct dispute_case c = dispute_case_of(debt, &look);
    if (dispute_judge(&r->world->disputes, &c) != DISPUTE_GOOD) {
        on_refused(r, debt, more);
        return;
    }
    struct sheet s = sheet_new(r, debt, "dispute");
    sheet_set(&s, "text", text_of_form(r));
    sheet_set_token(&s, "token", FORM_DISPUTE);
    sheet_set_version(&s, debt);
    sheet_reply(&s, 200, SHEET_dispute_ways);
}

static void withdraw(struct dispute_job *job, const struct debt *debt,
                     const struct dispute_look *look, struct pg_tx *tx)
{
    dispute_add_withdrawal(tx, debt, look->dispute_no, job->world->now());
}

static void open(struct dispute_job *job, const struct debt *debt, struct pg_tx *tx)
{
    const struct dispute_new new = {
        .reason = job->reason,
        .answer_by = dispute_answer_by(&job->world->disputes, debt->today),
        .form_nonce = span_str(job->nonce),
        .salt = job->written == NULL ? span_of(NULL, 0)
                                     : span_of((const char *)job->salt, sizeof(job->salt)),
        .written = span_str(job->written),
        .now = job->world->now()};
    dispute_add(tx, debt, &new);
}

static bool decide(void *owner, const struct debt *debt, const PGresult *more, struct pg_tx *tx,
                   pg_result_cb on_result)
{
    struct dispute_job *job = owner;
    struct dispute_look look;
    (void)on_result;
    dispute_look_read(more, &look);
    if (job->reason == 0) {
        /* Sent again it finds what it has done. */
        job->is_repeated = look.is_there && look.state == DISPUTE_STATE_WITHDRAWN;
        if (!look.is_there || look.state != DISPUTE_STATE_OPEN ||
            !sheet_is_current(span_str(job->version), debt))
            return false;
        withdraw(job, debt, &look, tx);
        return true;
    }
    const struct dispute_case c = dispute_case_of(debt, &look);
    job->is_repeated = look.is_there && span_is_str(look.form_nonce, job->nonce);
    if (job->is_repeated || !sheet_is_current(span_str(job->version), debt) ||
        dispute_judge(&job->world->disputes, &c) != DISPUTE_GOOD)
        return false;
    open(job, debt, tx);
    return true;
}

static void reply_done(struct dispute_job *job, enum debt_change_result result,
                       const struct err *err)
{
    struct request *r = job->request;
    if (sheet_reply_failed(r, err, result == DEBT_CHANGE_NOWHERE, result == DEBT_CHANGE_REVOKED))
        return;
    if (result == DEBT_CHANGE_SAVED || job->is_repeated)
        sheet_lead_to(r, "dispute", "done=1");
    else
        sheet_open(r, dispute_look_begin, on_refused);
}

static void on_done(void *owner, enum debt_change_result result, const struct err *err)
{
    struct dispute_job *job = owner;
    if (job->request != NULL)
        reply_done(job, result, err);
    job_free(job);
}

static void begin(struct request *r, struct paylink_id link, const struct form_token *token,
                  enum dispute_reason reason)
{
    struct dispute_job *job = calloc(1, sizeof(*job));
    struct err err = {0};
    if (job == NULL)
        abort();
    struct span text = text_of_form(r);
    *job = (struct dispute_job){.request = r, .world = r->world, .reason = reason};
    snprintf(job->nonce, sizeof(job->nonce), "%s", token->nonce);
    snprintf(job->version, sizeof(job->version), "%.*s", SPAN_ARG(request_form(r, "version")));
    if (reason != 0 && text.len != 0) {
        json_t *personal = json_pack("{s:s%}", "text", text.base, text.len);
        job->written = json_dumps(personal, JSON_COMPACT);
        json_decref(personal);
        random_bytes(job->salt, sizeof(job->salt));
    }
    const struct debt_change_options options = {.link = link,
                                                .page = page_form_page(r),
                                                .more = dispute_look_begin,
                                                .decide = decide,
                                                .on_done = on_done,
                                                .owner = job};
    if (debt_change_begin(r->world, &options, &err) != 0) {
        job_free(job);
        page_reply_notice(r, PAGE_NOTICE_DOWN, r->params[0]);
        return;
    }
    request_on_gone(r, on_gone, job);
}

static bool has_other_ways(const struct page_help *help)
{
    return help->has_plans || help->has_promises || help->has_contact;
}

void disputes_take(struct request *r)
{
    struct paylink_id link;
    struct form_token token;
    if (!page_form_take(r, FORM_DISPUTE, &link, &token))
        return;
    if (span_is_str(request_form(r, "withdraw"), "1")) {
        begin(r, link, &token, 0);
        return;
    }
    enum dispute_reason reason = reason_of(r);
    if (dispute_judge_words(reason, text_of_form(r)) != DISPUTE_GOOD)
        sheet_open(r, dispute_look_begin, on_refused);
    else if (reason == DISPUTE_CANNOT_PAY && has_other_ways(&r->world->help) &&
             !span_is_str(request_form(r, "anyway"), "1"))
        sheet_open(r, dispute_look_begin, on_other_ways);
    else
        begin(r, link, &token, reason);
}
