#include "http/payments.h"

#include "base/crypto.h"
#include "base/metrics.h"
#include "flow/payment_start.h"
#include "http/page_form.h"
#include "http/pages.h"
#include "http/reply.h"
#include "http/seen.h"

#include <stdio.h>

/* A start on its way. The flow never sees the request; whichever goes first cuts the other off. */
struct start_job {
    struct request *request;
    struct payment_start *flow;
    struct span code;
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
        page_reply_to_link(r, job->code, "");
        return;
    case PAYMENT_START_ELSEWHERE:
        page_reply_to_link(r, job->code, "again=1");
        return;
    case PAYMENT_START_CHANGED:
        page_reply_to_link(r, job->code, "e=changed");
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

static void begin(struct request *r, struct payment_start_options *options)
{
    struct start_job *job = request_alloc(r, sizeof(*job));
    struct err err = {0};
    *job = (struct start_job){.request = r, .code = r->params[0]};
    if (payment_start_begin(r->world, options, on_started, job, &job->flow, &err) != 0) {
        page_reply_notice(r, PAGE_NOTICE_DOWN, job->code);
        return;
    }
    request_on_gone(r, on_request_gone, job);
}

enum form_verdict {
    FORM_GOOD = 1,
    FORM_NOT_OURS, /* or broken */
    FORM_BLIK_WRONG,
};

/* What a form asks for. The spans of the options stay good when the form is wiped. */
struct payment_form {
    struct payment_start_options options;
    struct form_token token;
    char blik_code[BLIK_CODE_LEN + 1];
};

static enum form_verdict read_form(struct request *r, struct payment_form *form)
{
    struct payment_start_options *options = &form->options;
    struct span method = request_form(r, "method");
    options->is_blik = span_is_str(method, "blik");
    if (!page_form_check(r, FORM_PAYMENT, options->link, &form->token) ||
        !(options->is_blik || span_is_str(method, "redirect")) ||
        !page_form_amount(request_form(r, "amount"), &options->amount_minor))
        return FORM_NOT_OURS;
    if (options->is_blik && !read_blik(request_form(r, "blik"), form->blik_code))
        return FORM_BLIK_WRONG;
    options->form_nonce = span_str(form->token.nonce);
    options->blik_code = options->is_blik ? span_str(form->blik_code) : SPAN_LIT("");
    options->language = page_form_language(r);
    options->pays_again = span_is_str(request_form(r, "again"), "1");
    options->payer_ip = request_address(r);
    options->user_agent = request_header(r, "user-agent");
    return FORM_GOOD;
}

void payments_start(struct request *r)
{
    struct payment_form form = {0};
    if (!paylink_check_code(r->world->keys, r->params[0], &form.options.link)) {
        if (r->world->metrics != NULL)
            metrics_add(r->world->metrics, METRIC_codes_forged, 1);
        page_reply_notice(r, PAGE_NOTICE_NOWHERE, SPAN_LIT(""));
        return;
    }
    enum form_verdict verdict = read_form(r, &form);
    request_wipe_form(r); /* a BLIK code stands in it */
    if (verdict == FORM_NOT_OURS)
        page_reply_notice(r, PAGE_NOTICE_FORM, r->params[0]);
    else if (verdict == FORM_BLIK_WRONG)
        page_reply_to_link(r, r->params[0], "e=blik");
    else {
        seen_note(r->world, form.options.link);
        begin(r, &form.options);
    }
    secret_wipe(&form, sizeof(form));
}
