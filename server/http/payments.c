#include "http/payments.h"

#include "base/crypto.h"
#include "http/page_form.h"
#include "http/pages.h"
#include "http/parts_field.h"
#include "http/reply.h"
#include "http/sheet.h"

#include <stdio.h>

/* A start on its way. The flow never sees the request; whichever goes first cuts the other off. */
struct start_job {
    struct request *request;
    struct payment_start *flow;
    struct span code;
    struct payment_form_place place;
};

/* Six digits, perhaps with a blank in the middle as banks' apps show it. */
static bool read_blik(struct span text, char code[BLIK_CODE_LEN + 1])
{
    size_t len = 0;
    for (size_t i = 0; i < text.len; ++i) {
        if (text.base[i] == ' ' && i == 3)
            continue;
        if (text.base[i] < '0' || text.base[i] > '9' || len == BLIK_CODE_LEN)
            return false;
        code[len++] = text.base[i];
    }
    code[len] = 0;
    return len == BLIK_CODE_LEN;
}

static void go_to_payment(struct request *r, const char *reference)
{
    char path[64];
    int len = snprintf(path, sizeof(path), "/back/%s", reference);
    reply_see_other(r, span_of(path, (size_t)len));
}

static void lead_back(struct request *r, const struct payment_form_place *place, const char *word)
{
    struct buf query;
    buf_init(&query, PAYMENT_KEPT_MAX + 16);
    buf_printf(&query, "%s%s", word, place->kept);
    buf_add_char(&query, 0);
    sheet_lead_to(r, place->path, buf_span(&query).base);
    buf_release(&query);
}

static void on_started(void *owner, const struct payment_start_outcome *outcome,
                       const struct err *err)
{
    struct start_job *job = owner;
    struct request *r = job->request;
    if (err->code != 0) {
        page_reply_notice(r, PAGE_NOTICE_DOWN, job->code);
        return;
    }
    switch (outcome->result) {
    case PAYMENT_START_NOWHERE:
        page_reply_notice(r, PAGE_NOTICE_NOWHERE, SPAN_LIT(""));
        return;
    case PAYMENT_START_REVOKED:
        page_reply_notice(r, PAGE_NOTICE_REVOKED, SPAN_LIT(""));
        return;
    case PAYMENT_START_SETTLED:
    case PAYMENT_START_IN_HAND:
        sheet_lead_to(r, job->place.path, "");
        return;
    case PAYMENT_START_ELSEWHERE:
        lead_back(r, &job->place, "again=1");
        return;
    case PAYMENT_START_CHANGED:
        sheet_lead_to(r, job->place.path, "e=changed");
        return;
    case PAYMENT_START_TOO_MANY:
        page_reply_notice(r, PAGE_NOTICE_TOO_MANY, job->code);
        return;
    case PAYMENT_START_NO_PROVIDER:
    case PAYMENT_START_UNANSWERED:
        page_reply_notice(r, PAGE_NOTICE_PROVIDER, job->code);
        return;
    case PAYMENT_START_REDIRECT:
        reply_see_other(r, span_str(outcome->redirect_url));
        return;
    case PAYMENT_START_WAIT:
        go_to_payment(r, outcome->reference);
        return;
    }
}

static void on_request_gone(void *owner)
{
    struct start_job *job = owner;
    payment_start_forget(job->flow);
}

static void begin(struct request *r, const struct payment_start_options *options,
                  const struct payment_form_place *place)
{
    struct start_job *job = request_alloc(r, sizeof(*job));
    struct err err = {0};
    *job = (struct start_job){.request = r, .code = r->params[0], .place = *place};
    if (payment_start_begin(r->world, options, on_started, job, &job->flow, &err) != 0) {
        page_reply_notice(r, PAGE_NOTICE_DOWN, job->code);
        return;
    }
    request_on_gone(r, on_request_gone, job);
}

bool payments_read_form(struct request *r, enum form_kind kind, struct payment_form *form)
{
    struct payment_start_options *options = &form->options;
    bool has_code = read_blik(request_form(r, "blik"), form->blik_code);
    request_wipe_form(r, "blik");
    if (!page_form_take(r, kind, &options->link, &form->token))
        return false;
    struct span method = request_form(r, "method");
    options->is_blik = span_is_str(method, "blik");
    if (!options->is_blik && !span_is_str(method, "redirect")) {
        page_reply_notice(r, PAGE_NOTICE_FORM, r->params[0]);
        return false;
    }
    form->is_blik_wrong = options->is_blik && !has_code;
    options->form_nonce = span_str(form->token.nonce);
    options->blik_code = options->is_blik ? span_str(form->blik_code) : SPAN_LIT("");
    options->language = page_form_language(r);
    options->page = page_form_page(r);
    options->pays_again = span_is_str(request_form(r, "again"), "1");
    options->payer_ip = request_address(r);
    options->user_agent = request_header(r, "user-agent");
    return true;
}

/* The amount in all, or a part of it by a plan. */
static bool read_amount(struct request *r, struct payment_form *form, struct payment_part *part)
{
    if (!page_form_amount(request_form(r, "amount"), &form->options.amount_minor))
        return false;
    struct span text = request_form(r, "part");
    if (text.len == 0)
        return true;
    form->options.parts = part;
    form->options.part_count = 1;
    return part_field_read(text, part);
}

void payments_take(struct request *r, const struct payment_form *form,
                   const struct payment_form_place *place)
{
    if (form->is_blik_wrong)
        lead_back(r, place, "e=blik");
    else
        begin(r, &form->options, place);
}

void payments_start(struct request *r)
{
    static const struct payment_form_place main_page = {.path = "", .kept = ""};
    struct payment_form form = {0};
    struct payment_part part;
    if (payments_read_form(r, FORM_PAYMENT, &form)) {
        if (read_amount(r, &form, &part))
            payments_take(r, &form, &main_page);
        else
            page_reply_notice(r, PAGE_NOTICE_FORM, r->params[0]);
    }
    secret_wipe(&form, sizeof(form));
}
