#include "http/sheet.h"

#include "base/crypto.h"
#include "base/log.h"
#include "base/metrics.h"
#include "http/identity.h"
#include "http/page_json.h"
#include "http/pages.h"
#include "http/reply.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- opening ---- */

struct sheet_job {
    struct request *request;
    struct debt_look look;
    sheet_show_fn show;
};

static void on_visitor_gone(void *owner)
{
    debt_look_cancel(&((struct sheet_job *)owner)->look);
}

static void on_looked(void *owner, const struct debt *debt, const PGresult *more,
                      const struct err *err)
{
    struct sheet_job *job = owner;
    struct request *r = job->request;
    static const struct err good = {0};
    if (sheet_reply_failed(r, err == NULL ? &good : err, debt == NULL,
                           debt != NULL && debt->is_revoked))
        return;
    if (r->world->metrics != NULL)
        metrics_add(r->world->metrics, METRIC_pages_shown, 1);
    job->show(r, debt, more);
}

static void open_link(struct request *r, debt_more_fn more, sheet_show_fn show, bool is_open)
{
    struct paylink_id link;
    if (!paylink_check_code(r->world->keys, r->params[0], &link)) {
        if (r->world->metrics != NULL)
            metrics_add(r->world->metrics, METRIC_codes_forged, 1);
        page_reply_notice(r, PAGE_NOTICE_NOWHERE, SPAN_LIT(""));
        return;
    }
    if (!is_open && sheet_requires_identity(r, link.customer_id))
        return;
    struct sheet_job *job = request_alloc(r, sizeof(*job));
    struct err err = {0};
    job->request = r;
    job->show = show;
    if (debt_look_begin(&job->look, r->world, link, more, on_looked, job, &err) != 0) {
        page_reply_notice(r, PAGE_NOTICE_DOWN, r->params[0]);
        return;
    }
    request_on_gone(r, on_visitor_gone, job);
}

void sheet_open(struct request *r, debt_more_fn more, sheet_show_fn show)
{
    open_link(r, more, show, false);
}

void sheet_open_unconfirmed(struct request *r, debt_more_fn more, sheet_show_fn show)
{
    open_link(r, more, show, true);
}

bool sheet_reply_failed(struct request *r, const struct err *err, bool is_nowhere, bool is_revoked)
{
    if (err->code != 0) {
        log_line(LOG_WARN, "page not shown", "request=%s why=%s", r->id, err_name(err->code));
        page_reply_notice(r, PAGE_NOTICE_DOWN, r->params[0]);
    } else if (is_nowhere || is_revoked) {
        page_reply_notice(r, is_revoked ? PAGE_NOTICE_REVOKED : PAGE_NOTICE_NOWHERE, SPAN_LIT(""));
    }
    return err->code != 0 || is_nowhere || is_revoked;
}

/* ---- its values ---- */

struct sheet sheet_new(struct request *r, const struct debt *debt, const char *path)
{
    struct sheet s = {
        .request = r,
        .code = r->params[0],
        .link = {.customer_id = debt->customer_id, .link_no = debt->link_no},
        .values = json_object(),
        .about = {.kind = debt->kind,
                  .product = debt->product,
                  .number = debt->number,
                  .name = debt->name},
    };
    s.language = page_language_of(r, debt->language, &s.is_language_chosen);
    sheet_set_true(&s, "is_sheet");
    json_object_set_new(
        s.values, "home",
        json_sprintf("/%.*s%s%s", SPAN_ARG(s.code), path[0] == '\0' ? "" : "/", path));
    if (debt->due_minor > 0)
        sheet_set_amount(&s, "amount", debt->due_minor, debt->currency);
    return s;
}

static json_t *text_json(struct span text)
{
    return text.len == 0 ? json_string("") : json_stringn(text.base, text.len);
}

void sheet_set(struct sheet *s, const char *name, struct span text)
{
    json_object_set_new(s->values, name, text_json(text));
}

void sheet_set_true(struct sheet *s, const char *name)
{
    json_object_set_new(s->values, name, json_true());
}

void sheet_hide_debt(struct sheet *s)
{
    s->about = (struct page_about){0};
    json_object_del(s->values, "amount");
}

static struct text_style style_of(const struct sheet *s)
{
    return (struct text_style){.language = s->language, .place = TEXT_PAGE};
}

json_t *sheet_amount(const struct sheet *s, int64_t minor, struct span currency)
{
    char code[4] = "";
    memcpy(code, currency.base, currency.len < 3 ? currency.len : 3);
    struct buf text;
    buf_init(&text, 256);
    text_format_amount(&text, money_of(minor, code), style_of(s));
    json_t *json = text_json(buf_span(&text));
    buf_release(&text);
    return json;
}

json_t *sheet_date(const struct sheet *s, struct date date)
{
    struct buf text;
    buf_init(&text, 256);
    text_format_date(&text, date, style_of(s));
    json_t *json = text_json(buf_span(&text));
    buf_release(&text);
    return json;
}

void sheet_set_amount(struct sheet *s, const char *name, int64_t minor, struct span currency)
{
    json_object_set_new(s->values, name, sheet_amount(s, minor, currency));
}

void sheet_set_date(struct sheet *s, const char *name, struct date date)
{
    json_object_set_new(s->values, name, sheet_date(s, date));
}

void sheet_set_word(struct sheet *s, const char *name, const char *before, const char *word)
{
    sheet_set(s, name, page_word(s->request, s->language, before, word));
}

void sheet_set_token(struct sheet *s, const char *name, enum form_kind kind)
{
    char token[FORM_TOKEN_LEN + 1];
    uint8_t nonce[FORM_NONCE_LEN];
    random_bytes(nonce, sizeof(nonce));
    form_token_print(s->request->world->keys, kind, s->link, clock_wall(), nonce, token);
    sheet_set(s, name, span_str(token));
}

enum { VERSION_MAX = 64 };

static void print_version(const struct debt *debt, char out[VERSION_MAX])
{
    snprintf(out, VERSION_MAX, "%" PRId64 ".%" PRId32 ".%" PRId32 ".%" PRId32, debt->due_minor,
             debt->entry_count, debt->hold_count, debt->help_count);
}

void sheet_set_version(struct sheet *s, const struct debt *debt)
{
    char version[VERSION_MAX];
    print_version(debt, version);
    sheet_set(s, "version", span_str(version));
}

bool sheet_is_current(struct span version, const struct debt *debt)
{
    char now[VERSION_MAX];
    print_version(debt, now);
    return span_is_str(version, now);
}

void sheet_reply(struct sheet *s, int status, enum sheet_id id)
{
    const struct page_visit visit = {.language = s->language,
                                     .is_language_chosen = s->is_language_chosen,
                                     .code = s->code,
                                     .link = s->link};
    struct page_json *own = page_json_new(s->values);
    page_reply_sheet(s->request, status, id, &s->about, page_json_object(own), &visit);
    page_json_free(own);
    json_decref(s->values);
    s->values = NULL;
}

void sheet_reply_answer(struct sheet *s, int status, const char *name, const char *tone,
                        const char *next)
{
    char word[64];
    sheet_set(s, "tone", span_str(tone));
    json_object_set_new(s->values, tone, json_true());
    snprintf(word, sizeof(word), "%s_title", name);
    sheet_set_word(s, "answer_title", "answer_", word);
    snprintf(word, sizeof(word), "%s_text", name);
    sheet_set_word(s, "answer_text", "answer_", word);
    if (next != NULL) {
        snprintf(word, sizeof(word), "%s_next", name);
        sheet_set_word(s, "next_text", "answer_", word);
        json_object_set_new(s->values, "next", json_sprintf("/%.*s/%s", SPAN_ARG(s->code), next));
    }
    sheet_reply(s, status, SHEET_answer);
}

/* ---- behind a form ---- */

void sheet_lead_to(struct request *r, const char *path, const char *query)
{
    bool is_chosen;
    enum language language = page_language_of(r, span_of(NULL, 0), &is_chosen);
    struct buf url;
    buf_init(&url, 256);
    buf_printf(&url, "/%.*s%s%s%s%s", SPAN_ARG(r->params[0]), path[0] == '\0' ? "" : "/", path,
               query[0] == '\0' ? "" : "?", query);
    if (is_chosen)
        buf_printf(&url, "%slang=%s", query[0] == '\0' ? "?" : "&", language_code(language));
    reply_see_other(r, buf_span(&url));
    buf_release(&url);
}
