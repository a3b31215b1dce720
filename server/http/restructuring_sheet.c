#include "http/restructuring_sheet.h"

#include "domain/text_format.h"
#include "flow/csv_text.h"
#include "flow/restructuring_ask.h"
#include "http/page_form.h"
#include "http/pages.h"
#include "http/sheet.h"

#include <jansson.h>
#include <stdio.h>

enum { DOCUMENT_DIGITS_MAX = 6 };

/* ---- values ---- */

/* What somebody wrote; where it was erased a word says so. */
static void set_words(struct sheet *s, const char *name, struct span json)
{
    json_t *read = json.len == 0 ? NULL : json_loadb(json.base, json.len, 0, NULL);
    const char *text = json_string_value(json_object_get(read, "text"));
    if (text == NULL)
        sheet_set_word(s, name, "restructuring_", "erased");
    else
        sheet_set(s, name, span_str(text));
    json_decref(read);
}

static void set_document(struct sheet *s, const char *name, int32_t number)
{
    if (number != 0)
        json_object_set_new(s->values, name, json_integer(number));
}

static void set_demand(struct sheet *s, const struct debt *debt, const struct demand_kept *demand)
{
    sheet_set_amount(s, "demanded", demand->due_minor, debt->currency);
    sheet_set_date(s, "sent_on", demand->sent_on);
    sheet_set_date(s, "received_on", demand->dates.received_on);
    sheet_set_date(s, "pay_by", demand->dates.pay_by);
    sheet_set_date(s, "request_by", demand->dates.request_by);
    if (demand->is_assumed)
        sheet_set_true(s, "is_assumed");
    set_document(s, "demand_document", demand->document_no);
}

/* ---- the request there is ---- */

static void show_request(struct sheet *s, const struct request_kept *request)
{
    char word[32];
    snprintf(word, sizeof(word), "is_%.*s", SPAN_ARG(request->state));
    sheet_set_true(s, word);
    snprintf(word, sizeof(word), "%.*s_title", SPAN_ARG(request->state));
    sheet_set_word(s, "state_title", "restructuring_", word);
    sheet_set_date(s, "requested_on", request->requested_on);
    sheet_set_date(s, "decide_by", request->decide_by);
    if (!span_is_str(request->state, "open")) {
        sheet_set_date(s, "decided_on", request->decided_on);
        set_words(s, "reasons", request->reasons);
    }
    set_words(s, "written", request->written);
    set_document(s, "request_document", request->document_no);
    set_document(s, "decision_document", request->decision_no);
    sheet_reply(s, 200, SHEET_restructuring_state);
}

/* ---- the demand, and the form ---- */

static void show_form(struct sheet *s, const struct debt *debt, const struct demand_kept *demand)
{
    set_demand(s, debt, demand);
    if (span_is_str(request_query(s->request, "e"), "text"))
        sheet_set_true(s, "is_empty");
    sheet_set_date(s, "answer_by",
                   date_add_days(debt->today, s->request->world->demands.decide_days));
    sheet_set_token(s, "token", FORM_RESTRUCTURING);
    sheet_reply(s, 200, SHEET_restructuring);
}

static void show(struct request *r, const struct debt *debt, const PGresult *more)
{
    struct sheet s = sheet_new(r, debt, "restructuring");
    struct demand_kept demand;
    struct request_kept request;
    demand_take(more, &demand, &request);
    const struct request_standing standing = request_standing_of(debt, &demand, &request);
    switch (request_hindered(&standing)) {
    case REQUEST_MAY:
        show_form(&s, debt, &demand);
        return;
    case REQUEST_OPEN:
    case REQUEST_MADE:
        show_request(&s, &request);
        return;
    case REQUEST_PAID:
        sheet_reply_answer(&s, 200, "settled", "good", NULL);
        return;
    case REQUEST_LATE:
    case REQUEST_NONE:
        break;
    }
    sheet_reply_answer(&s, 200, demand.demand_no == 0 ? "restructuring_none" : "restructuring_late",
                       "info", r->world->help.has_plans ? "plan" : NULL);
}

void restructuring_sheet_show(struct request *r)
{
    sheet_open(r, demand_read_of, show);
}

/* ---- the form ---- */

struct ask_job {
    struct request *request;
    struct restructuring_ask *flow;
};

static void on_visitor_gone(void *owner)
{
    restructuring_ask_forget(((struct ask_job *)owner)->flow);
}

static void on_asked(void *owner, enum restructuring_ask_result result, const struct err *err)
{
    struct request *r = ((struct ask_job *)owner)->request;
    if (!sheet_reply_failed(r, err, result == RESTRUCTURING_ASK_NOWHERE,
                            result == RESTRUCTURING_ASK_REVOKED))
        sheet_lead_to(r, "restructuring", result == RESTRUCTURING_ASK_DONE ? "done=1" : "");
}

static bool is_blank(struct span text)
{
    for (size_t i = 0; i < text.len; ++i)
        if (strchr(" \t\r\n", text.base[i]) == NULL)
            return false;
    return true;
}

void restructuring_sheet_take(struct request *r)
{
    struct restructuring_ask_options options = {.text = request_form(r, "text"),
                                                .page = page_form_page(r)};
    struct form_token token;
    struct err err = {0};
    if (!page_form_take(r, FORM_RESTRUCTURING, &options.link, &token))
        return;
    if (is_blank(options.text) || options.text.len > RESTRUCTURING_TEXT_MAX ||
        !utf8_is_valid(options.text) || memchr(options.text.base, '\0', options.text.len) != NULL) {
        sheet_lead_to(r, "restructuring", "e=text");
        return;
    }
    struct ask_job *job = request_alloc(r, sizeof(*job));
    job->request = r;
    options.form_nonce = span_str(token.nonce);
    if (!language_find(request_form(r, "in"), &options.language))
        options.language = LANGUAGE_POLISH;
    if (restructuring_ask_begin(r->world, &options, on_asked, job, &job->flow, &err) != 0) {
        page_reply_notice(r, PAGE_NOTICE_DOWN, r->params[0]);
        return;
    }
    request_on_gone(r, on_visitor_gone, job);
}

/* ---- documents ---- */

static int32_t read_number(struct span text)
{
    int32_t number = 0;
    if (text.len == 0 || text.len > DOCUMENT_DIGITS_MAX)
        return 0;
    for (size_t i = 0; i < text.len; ++i) {
        if (text.base[i] < '0' || text.base[i] > '9')
            return 0;
        number = number * 10 + (text.base[i] - '0');
    }
    return number;
}

static void show_document(struct sheet *s, const struct debt *debt,
                          const struct document_kept *document)
{
    char word[48];
    bool is_decision = span_is_str(document->kind, "decision");
    snprintf(word, sizeof(word), "%.*s_title",
             SPAN_ARG(is_decision ? document->state : document->kind));
    sheet_set_word(s, "document_title", "document_", word);
    snprintf(word, sizeof(word), "is_%.*s", SPAN_ARG(document->kind));
    sheet_set_true(s, word);
    json_object_set_new(s->values, "document_no", json_integer(document->document_no));
    sheet_set_date(s, "made_on", document->made_on);
    if (span_is_str(document->kind, "demand")) {
        const struct demand_kept demand = {.due_minor = document->due_minor,
                                           .sent_on = document->made_on,
                                           .dates = document->dates,
                                           .is_assumed = document->is_assumed};
        set_demand(s, debt, &demand);
    } else {
        set_words(s, "words", document->words);
        sheet_set_date(s, "decide_by", document->decide_by);
    }
    sheet_reply(s, 200, SHEET_document);
}

static void find_document(struct request *r, const struct debt *debt, const PGresult *more)
{
    struct document_kept document;
    int32_t number = read_number(r->params[1]);
    char path[32];
    snprintf(path, sizeof(path), "documents/%d", (int)number);
    struct sheet s = sheet_new(r, debt, path);
    for (int row = 0; demand_take_document(more, row, &document); ++row)
        if (document.document_no == number) {
            show_document(&s, debt, &document);
            return;
        }
    sheet_reply_answer(&s, 404, "document_none", "info", NULL);
}

void restructuring_sheet_document(struct request *r)
{
    sheet_open(r, demand_read_documents, find_document);
}
