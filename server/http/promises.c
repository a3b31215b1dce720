#include "http/promises.h"

#include "flow/debt_change.h"
#include "http/page_form.h"
#include "http/pages.h"
#include "http/sheet.h"
#include "store/promise_store.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- showing ---- */

static void set_day_value(json_t *object, const char *name, struct date day)
{
    char text[11];
    date_print(day, text);
    json_object_set_new(object, name, json_string(text));
}

static json_t *choice_json(const struct sheet *s, const struct promise_choice *choice)
{
    struct span label =
        page_word(s->request, s->language, "promise_choice_", promise_choice_name(choice->kind));
    json_t *item = json_pack("{s:o, s:s%}", "date", sheet_date(s, choice->day), "label",
                             label.base == NULL ? "" : label.base, label.len);
    set_day_value(item, "day", choice->day);
    return item;
}

/* The cards, and the field for any other day. */
static void set_form(struct sheet *s, const struct debt *debt)
{
    const struct promise_policy *policy = &s->request->world->promises;
    struct promise_choice choices[PROMISE_CHOICES_MAX];
    struct date last = promise_last_day(policy, debt->due, debt->today);
    int count = promise_choices(debt->today, last, choices);
    json_t *items = json_array();
    for (int i = 0; i < count; ++i)
        json_array_append_new(items, choice_json(s, &choices[i]));
    json_object_set_new(s->values, "choices", items);
    sheet_set_true(s, "is_form");
    set_day_value(s->values, "first_day", debt->today);
    set_day_value(s->values, "last_day", last);
    sheet_set_date(s, "last", last);
    sheet_set_token(s, "token", FORM_PROMISE);
    sheet_set_version(s, debt);
}

/* One is open: until when, and when reminding goes on. */
static void set_given(struct sheet *s, const struct promise_look *look)
{
    sheet_set_true(s, "is_given");
    sheet_set_date(s, "day", look->day);
    if (span_is_str(request_query(s->request, "done"), "1"))
        sheet_set_true(s, "is_done");
}

/* Where else to go. */
static const char *next_of(const struct world *world, enum promise_verdict verdict)
{
    if (verdict == PROMISE_DISPUTED)
        return "dispute";
    if (verdict == PROMISE_IN_PLAN)
        return world->help.has_plans ? "plan" : NULL;
    return world->help.has_contact ? "contact" : NULL;
}

static void reply_refused(struct sheet *s, int status, enum promise_verdict verdict)
{
    char name[32];
    if (verdict == PROMISE_SETTLED) {
        sheet_reply_answer(s, status, "settled", "good", NULL);
        return;
    }
    snprintf(name, sizeof(name), "promise_%s", promise_verdict_name(verdict));
    sheet_reply_answer(s, status, name, "info", next_of(s->request->world, verdict));
}

/* `note`: why a form was not taken, as in the words promise_note_<note>; null: none was sent. */
static void reply_sheet(struct request *r, const struct debt *debt, const struct promise_look *look,
                        const char *note)
{
    const struct promise_case c = promise_case_of(debt, look);
    enum promise_verdict verdict = promise_judge(&r->world->promises, &c);
    struct sheet s = sheet_new(r, debt, "promise");
    int status = note == NULL ? 200 : 409;
    if (verdict != PROMISE_GOOD && verdict != PROMISE_GIVEN) {
        reply_refused(&s, status, verdict);
        return;
    }
    if (verdict == PROMISE_GIVEN)
        set_given(&s, look);
    else
        set_form(&s, debt);
    if (note != NULL)
        sheet_set_word(&s, "note", "promise_note_", note);
    sheet_reply(&s, status, SHEET_promise);
}

static void on_shown(struct request *r, const struct debt *debt, const PGresult *more)
{
    struct promise_look look;
    promise_look_read(more, &look);
    reply_sheet(r, debt, &look, NULL);
}

void promises_show(struct request *r)
{
    sheet_open(r, promise_look_begin, on_shown);
}

/* ---- taking ---- */

struct promise_job {
    struct request *request; /* null when gone */
    const struct world *world;
    char nonce[FORM_NONCE_TEXT_LEN + 1], version[64];
    struct date day;
    bool is_repeated; /* the same form was taken before */
};

static void on_gone(void *owner)
{
    ((struct promise_job *)owner)->request = NULL;
}

/* Why a form was refused, told from what the debt is like now. */
static void on_refused(struct request *r, const struct debt *debt, const PGresult *more)
{
    struct promise_look look;
    struct date day = {0};
    promise_look_read(more, &look);
    const struct promise_case c = promise_case_of(debt, &look);
    const char *note = "no_day";
    if (page_form_date(request_form(r, "day"), &day)) {
        enum promise_verdict verdict = promise_judge_day(&r->world->promises, &c, day);
        note = verdict == PROMISE_GOOD ? "changed" : promise_verdict_name(verdict);
    }
    reply_sheet(r, debt, &look, note);
}

static bool decide(void *owner, const struct debt *debt, const PGresult *more, struct pg_tx *tx,
                   pg_result_cb on_result)
{
    struct promise_job *job = owner;
    struct promise_look look;
    (void)on_result;
    promise_look_read(more, &look);
    job->is_repeated = span_is_str(look.form_nonce, job->nonce);
    if (job->is_repeated || !sheet_is_current(span_str(job->version), debt))
        return false;
    const struct promise_policy *policy = &job->world->promises;
    const struct promise_case c = promise_case_of(debt, &look);
    if (promise_judge_day(policy, &c, job->day) != PROMISE_GOOD)
        return false;
    const struct promise_new new = {.day = job->day,
                                    .over = promise_over(policy, job->day),
                                    .form_nonce = span_str(job->nonce),
                                    .now = job->world->now()};
    promise_add(tx, debt, &new);
    return true;
}

static void reply_done(struct promise_job *job, enum debt_change_result result,
                       const struct err *err)
{
    struct request *r = job->request;
    if (sheet_reply_failed(r, err, result == DEBT_CHANGE_NOWHERE, result == DEBT_CHANGE_REVOKED))
        return;
    if (result == DEBT_CHANGE_SAVED || job->is_repeated)
        sheet_lead_to(r, "promise", "done=1");
    else
        sheet_open(r, promise_look_begin, on_refused);
}

static void on_done(void *owner, enum debt_change_result result, const struct err *err)
{
    struct promise_job *job = owner;
    if (job->request != NULL)
        reply_done(job, result, err);
    free(job);
}

static void begin(struct request *r, struct paylink_id link, const struct form_token *token,
                  struct date day)
{
    struct promise_job *job = calloc(1, sizeof(*job));
    struct err err = {0};
    if (job == NULL)
        abort();
    job->request = r;
    job->world = r->world;
    snprintf(job->nonce, sizeof(job->nonce), "%s", token->nonce);
    snprintf(job->version, sizeof(job->version), "%.*s", SPAN_ARG(request_form(r, "version")));
    job->day = day;
    const struct debt_change_options options = {.link = link,
                                                .page = page_form_page(r),
                                                .more = promise_look_begin,
                                                .decide = decide,
                                                .on_done = on_done,
                                                .owner = job};
    if (debt_change_begin(r->world, &options, &err) != 0) {
        free(job);
        page_reply_notice(r, PAGE_NOTICE_DOWN, r->params[0]);
        return;
    }
    request_on_gone(r, on_gone, job);
}

void promises_take(struct request *r)
{
    struct paylink_id link;
    struct form_token token;
    struct date day;
    if (!page_form_take(r, FORM_PROMISE, &link, &token))
        return;
    if (page_form_date(request_form(r, "day"), &day))
        begin(r, link, &token, day);
    else
        sheet_open(r, promise_look_begin, on_refused);
}
