#include "http/pages.h"

#include "base/host.h"
#include "base/log.h"
#include "base/metrics.h"
#include "flow/paylink_open.h"
#include "http/identity.h"
#include "http/listener.h"
#include "http/page_language.h"
#include "http/page_transfer.h"
#include "http/page_words.h"
#include "http/qr_svg.h"
#include "http/reply.h"
#include "http/seen.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* Compiled at the first page of the process and kept. */
static struct page_view *view;
static const struct page_policy *policy, *sheet_policy, *settled_policy;

static void prepare(struct world *world)
{
    if (view != NULL)
        return;
    struct err err = {0};
    view = page_view_new(world, &err);
    if (view == NULL) {
        /* The templates are part of the executable and its tests. */
        log_line(LOG_ERROR, "page templates refused", "why=%s", err.text);
        abort();
    }
    policy = page_policy_new(page_view_style(view), page_view_script(view), world->form_hosts);
    settled_policy =
        page_policy_new(page_view_settled_style(view), span_of(NULL, 0), world->form_hosts);
    sheet_policy =
        page_policy_new(page_view_sheet_style(view), span_of(NULL, 0), world->form_hosts);
}

static void count(struct request *r, enum metric_id id)
{
    if (r->world->metrics != NULL)
        ++r->world->metrics->values[id];
}

/* ---- who visits ---- */

static struct span asked(struct request *r, const char *name)
{
    struct span value = request_query(r, name);
    return value.base == NULL && span_is_str(request_method(r), "POST") ? request_form(r, name)
                                                                        : value;
}

enum language page_language_of(struct request *r, struct span of_customer, bool *is_chosen)
{
    enum language language;
    *is_chosen = language_find(asked(r, "lang"), &language);
    if (*is_chosen || language_find(of_customer, &language))
        return language;
    return page_language_accepted(request_header(r, "accept-language"));
}

static void choose_language(struct request *r, struct span of_customer, struct page_visit *visit)
{
    visit->language = page_language_of(r, of_customer, &visit->is_language_chosen);
}

static bool is_at_app_host(const struct request *r)
{
    struct span origin = r->world->app_links.origin;
    return origin.len != 0 && host_is(request_host(r), host_of(origin));
}

static struct page_wishes wishes_of(struct request *r)
{
    struct span e = request_query(r, "e");
    return (struct page_wishes){
        .is_back = span_is_str(request_query(r, "back"), "1"),
        .is_again = span_is_str(request_query(r, "again"), "1"),
        .is_still = span_is_str(request_query(r, "wait"), "off"),
        .is_blik_wrong = span_is_str(e, "blik"),
        .is_changed = span_is_str(e, "changed"),
    };
}

/* ---- notices ---- */

static const int notice_statuses[PAGE_NOTICE_COUNT] = {
    [PAGE_NOTICE_NOWHERE] = 404,      [PAGE_NOTICE_REVOKED] = 410,
    [PAGE_NOTICE_TOO_MANY] = 429,     [PAGE_NOTICE_DOWN] = 503,
    [PAGE_NOTICE_FORM] = 403,         [PAGE_NOTICE_PROVIDER] = 502,
    [PAGE_NOTICE_UNSUBSCRIBE] = 200,  [PAGE_NOTICE_UNSUBSCRIBED] = 200,
    [PAGE_NOTICE_PROOF_KEPT] = 200,   [PAGE_NOTICE_PROOF_USED] = 409,
    [PAGE_NOTICE_PROOF_OLD] = 403,    [PAGE_NOTICE_PROOF_BROKEN] = 400,
    [PAGE_NOTICE_PROOF_LARGE] = 413,  [PAGE_NOTICE_PROOF_KIND] = 415,
    [PAGE_NOTICE_PROOF_EMPTY] = 422,  [PAGE_NOTICE_PROOF_FULL] = 409,
    [PAGE_NOTICE_PROOF_CLOSED] = 409, [PAGE_NOTICE_PROOF_BUSY] = 503,
    [PAGE_NOTICE_PROOF_DOWN] = 503,
};

/* The upload listener has no page of a debt. */
static struct span origin_of(const struct request *r)
{
    return http_listener_door(r) == NULL ? span_of(NULL, 0) : r->world->public_url;
}

void page_reply_notice(struct request *r, enum page_notice notice, struct span code)
{
    page_reply_notice_in(r, notice, code, span_of(NULL, 0));
}

void page_reply_notice_in(struct request *r, enum page_notice notice, struct span code,
                          struct span language)
{
    prepare(r->world);
    struct page_visit visit = {.code = code, .origin = origin_of(r)};
    choose_language(r, language, &visit);
    if (notice == PAGE_NOTICE_TOO_MANY)
        reply_header(r, "retry-after", SPAN_LIT("600"));
    reply_page(r, notice_statuses[notice], policy, page_view_notice(view, notice, &visit));
}

void page_reply_sheet(struct request *r, int status, enum sheet_id id,
                      const struct page_about *about, const struct mustache_object *own,
                      const struct page_visit *visit)
{
    prepare(r->world);
    reply_page(r, status, sheet_policy, page_view_sheet(view, id, about, own, visit));
}

struct span page_word(struct request *r, enum language language, const char *before,
                      const char *name)
{
    prepare(r->world);
    return page_view_word(view, language, before, span_str(name));
}

/* `behind` is "" or begins with a slash. */
static void reply_to(struct request *r, struct span code, const char *behind, const char *query)
{
    struct page_visit visit = {.code = code};
    choose_language(r, span_of(NULL, 0), &visit);
    struct buf url;
    buf_init(&url, 1024);
    buf_add(&url, origin_of(r));
    buf_printf(&url, "/%.*s%s%s%s", SPAN_ARG(code), behind, query[0] == '\0' ? "" : "?", query);
    if (visit.is_language_chosen)
        buf_printf(&url, "%slang=%s", query[0] == '\0' ? "?" : "&", language_code(visit.language));
    reply_see_other(r, buf_span(&url));
    buf_release(&url);
}

void page_reply_to_link(struct request *r, struct span code, const char *query)
{
    reply_to(r, code, "", query);
}

void page_reply_to_proof(struct request *r, struct span code)
{
    reply_to(r, code, "/proof", "");
}

/* ---- opening a link ---- */

struct page_job {
    struct request *request;
    struct paylink_id link;
    struct paylink_open open;
};

static void on_visitor_gone(void *owner)
{
    struct page_job *job = owner;
    paylink_open_cancel(&job->open);
}

/* The code is checked first: what fails gets one answer and costs no query. `is_open`: it shows
 * nothing of the debt, so no identity is asked for. */
static void open_link(struct request *r, struct page_wishes wishes, bool is_open,
                      paylink_open_cb on_opened)
{
    struct paylink_id link;
    if (!paylink_check_code(r->world->keys, r->params[0], &link)) {
        count(r, METRIC_codes_forged);
        page_reply_notice(r, PAGE_NOTICE_NOWHERE, span_of(NULL, 0));
        return;
    }
    if (!is_open && sheet_requires_identity(r, link.customer_id))
        return;
    struct page_job *job = request_alloc(r, sizeof(*job));
    job->request = r;
    job->link = link;
    struct err err = {0};
    if (paylink_open_begin(&job->open, r->world, link, wishes, on_opened, job, &err) != 0) {
        page_reply_notice(r, PAGE_NOTICE_DOWN, r->params[0]);
        return;
    }
    request_on_gone(r, on_visitor_gone, job);
}

/* True when the request is ended: there is no page of a debt to show. */
static bool reply_without_debt(struct request *r, const struct page_model *m, const struct err *err)
{
    if (m == NULL) {
        log_line(LOG_WARN, "page not shown", "request=%s why=%s", r->id, err_name(err->code));
        page_reply_notice(r, PAGE_NOTICE_DOWN, r->params[0]);
        return true;
    }
    if (m->kind != PAGE_NOWHERE && m->kind != PAGE_REVOKED)
        return false;
    enum page_notice notice = m->kind == PAGE_REVOKED ? PAGE_NOTICE_REVOKED : PAGE_NOTICE_NOWHERE;
    page_reply_notice(r, notice, span_of(NULL, 0));
    return true;
}

static void on_page_opened(void *owner, const struct page_model *m, const struct err *err)
{
    struct page_job *job = owner;
    struct request *r = job->request;
    if (reply_without_debt(r, m, err))
        return;
    prepare(r->world);
    struct page_visit visit = {.code = r->params[0],
                               .link = job->link,
                               .wall = clock_wall(),
                               .is_at_app_host = is_at_app_host(r)};
    choose_language(r, m->row->language, &visit);
    random_bytes(visit.nonces, sizeof(visit.nonces));
    if (m->kind == PAGE_WAITING && m->refresh_seconds != 0) {
        char seconds[12];
        int len = snprintf(seconds, sizeof(seconds), "%d", m->refresh_seconds);
        reply_header(r, "refresh", span_of(seconds, (size_t)len));
    }
    count(r, METRIC_pages_shown);
    if (seen_is_robot(request_header(r, "user-agent")))
        count(r, METRIC_pages_robots);
    const struct page_policy *styled = m->kind == PAGE_SETTLED ? settled_policy : policy;
    reply_page(r, 200, styled, page_view_link(view, m, &visit));
}

void pages_show(struct request *r)
{
    open_link(r, wishes_of(r), false, on_page_opened);
}

static void on_unsubscribe_opened(void *owner, const struct page_model *m, const struct err *err)
{
    struct page_job *job = owner;
    struct request *r = job->request;
    bool is_there =
        m != NULL && m->kind != PAGE_NOWHERE; /* a revoked link still says whose it is */
    if (is_there)
        page_reply_notice_in(r, PAGE_NOTICE_UNSUBSCRIBE, r->params[0], m->row->language);
    else
        (void)reply_without_debt(r, m, err);
}

void pages_show_unsubscribe(struct request *r)
{
    open_link(r, (struct page_wishes){0}, true, on_unsubscribe_opened);
}

/* Where a form that brought a file leads back to. Nothing is looked up: the page says the same
 * about every debt. */
void pages_show_proof(struct request *r)
{
    struct paylink_id link;
    bool is_good = paylink_check_code(r->world->keys, r->params[0], &link);
    if (!is_good)
        count(r, METRIC_codes_forged);
    page_reply_notice(r, is_good ? PAGE_NOTICE_PROOF_KEPT : PAGE_NOTICE_NOWHERE,
                      is_good ? r->params[0] : span_of(NULL, 0));
}

/* ---- the QR code ---- */

static bool print_qr(const struct world *world, const struct page_row *row, struct buf *text,
                     struct buf *svg)
{
    struct page_transfer transfer;
    bool is_medium;
    return row->due_minor > 0 && page_transfer_of(&transfer, world, row) &&
           page_transfer_qr(&transfer, world, row, text, &is_medium) &&
           qr_svg_print(buf_span(text), is_medium, svg);
}

static void on_qr_opened(void *owner, const struct page_model *m, const struct err *err)
{
    struct page_job *job = owner;
    struct request *r = job->request;
    if (reply_without_debt(r, m, err))
        return;
    struct buf text, svg;
    buf_init(&text, 1024);
    buf_init(&svg, 64 * 1024);
    if (print_qr(r->world, m->row, &text, &svg))
        reply_svg_compressed(r, buf_span(&svg)); /* the invoice's data alone stands in it */
    else
        page_reply_notice(r, PAGE_NOTICE_NOWHERE, span_of(NULL, 0));
    buf_release(&text);
    buf_release(&svg);
}

void pages_show_qr(struct request *r)
{
    open_link(r, (struct page_wishes){0}, false, on_qr_opened);
}

/* ---- beside the page ---- */

void pages_show_check(struct request *r)
{
    struct page_visit visit = {.code = SPAN_LIT("")};
    prepare(r->world);
    choose_language(r, span_of(NULL, 0), &visit);
    reply_page(r, 200, policy, page_view_check(view, visit.language));
}

void pages_show_favicon(struct request *r)
{
    reply_svg(r, page_file(SPAN_LIT("favicon.svg")));
}

/* RFC 9116. Expires is wanted, and never near. */
void pages_show_security_txt(struct request *r)
{
    enum { VALID_SECONDS = 180 * 24 * 3600 };
    const struct world *world = r->world;
    char expires[21];
    instant_print(instant_plus_seconds(clock_wall(), VALID_SECONDS), expires);
    struct buf text;
    buf_init(&text, 4096);
    if (world->creditor.email.len != 0)
        buf_printf(&text, "Contact: mailto:%.*s\n", SPAN_ARG(world->creditor.email));
    else
        buf_printf(&text, "Contact: %.*s\n", SPAN_ARG(world->creditor.website));
    buf_printf(&text, "Expires: %s\nPreferred-Languages: pl, en, uk\n", expires);
    buf_printf(&text, "Canonical: %.*s/.well-known/security.txt\n", SPAN_ARG(world->public_url));
    reply_bytes(r, 200, "text/plain; charset=utf-8", buf_span(&text));
    buf_release(&text);
}
