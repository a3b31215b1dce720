#include "http/identity.h"

#include "base/crash_point.h"
#include "base/crypto.h"
#include "flow/debt_change.h"
#include "http/page_form.h"
#include "http/pages.h"
#include "http/reply.h"
#include "http/sheet.h"
#include "store/identity_store.h"

#include <stdio.h>
#include <stdlib.h>

#define COOKIE "__Host-dunlin-identity"

enum { WHERE_MAX = 16 };

/* ---- the proof in the cookie ---- */

static struct span trim_left(struct span s)
{
    while (s.len > 0 && s.base[0] == ' ')
        s = span_from(s, 1);
    return s;
}

/* "a=1; b=2"; empty when there is none of the name. */
static struct span cookie_of(struct span all, struct span name)
{
    while (all.len > 0) {
        const char *end = memchr(all.base, ';', all.len);
        size_t len = end == NULL ? all.len : (size_t)(end - all.base);
        struct span pair = trim_left(span_of(all.base, len));
        all = span_from(all, end == NULL ? len : len + 1);
        if (span_starts(pair, name) && pair.len > name.len && pair.base[name.len] == '=')
            return span_from(pair, name.len + 1);
    }
    return SPAN_LIT("");
}

static bool is_confirmed(const struct request *r, int64_t customer_id)
{
    struct span all = request_header(r, "cookie");
    return all.len > 0 &&
           identity_proof_check(r->world->keys, customer_id, cookie_of(all, SPAN_LIT(COOKIE)),
                                r->world->now(), r->world->identity.valid_seconds);
}

static void set_cookie(struct request *r, int64_t customer_id)
{
    char proof[IDENTITY_PROOF_LEN + 1], header[160];
    identity_proof_print(r->world->keys, customer_id, r->world->now(), proof);
    int len = snprintf(header, sizeof(header),
                       COOKIE "=%s; Path=/; Max-Age=%d; Secure; HttpOnly; SameSite=Strict", proof,
                       r->world->identity.valid_seconds);
    reply_header(r, "set-cookie", span_of(header, (size_t)len));
}

/* ---- asking for it ---- */

static bool asks_for(const struct request *r, enum identity_purpose purpose)
{
    return (r->world->identity.purposes >> purpose & 1) != 0;
}

bool identity_opens_details(struct request *r, int64_t customer_id)
{
    return !asks_for(r, IDENTITY_DETAILS) || is_confirmed(r, customer_id);
}

/* Sheets of a link, what they are asked for beside the details, and where a right answer leads.
 * Whatever else was wanted leads to the main page. */
static const struct {
    const char *name;
    enum identity_purpose purpose;
    const char *leads_to;
} sheets[] = {
    {"contact", IDENTITY_DETAILS, "contact"},
    {"plan", IDENTITY_PLAN, "plan"},
    {"parts", IDENTITY_PLAN, "parts"},
    {"promise", IDENTITY_PROMISE, "promise"},
    {"dispute", IDENTITY_DISPUTE, "dispute"},
    {"offer", IDENTITY_OFFER, "offer"},
    {"restructuring", IDENTITY_OFFER, "restructuring"},
    {"documents", IDENTITY_OFFER, "restructuring"}, /* which names them all */
    {"all", IDENTITY_DEBTS, "all"},
};

/* Its place in `sheets`, or -1. */
static int sheet_find(struct span name)
{
    for (size_t i = 0; i < sizeof(sheets) / sizeof(sheets[0]); ++i)
        if (span_is_str(name, sheets[i].name))
            return (int)i;
    return -1;
}

static void read_where(struct span name, char out[WHERE_MAX])
{
    int sheet = sheet_find(name);
    snprintf(out, WHERE_MAX, "%s", sheet < 0 ? "" : sheets[sheet].leads_to);
}

/* What stands behind the code in the address: "plan" of "/{code}/plan" and of "/{code}/plan/…". */
static struct span sheet_of_path(const struct request *r)
{
    struct span path = request_path(r);
    size_t before = r->params[0].len + 2;
    path = span_from(path, path.len < before ? path.len : before);
    const char *end = path.len == 0 ? NULL : memchr(path.base, '/', path.len);
    return end == NULL ? path : span_of(path.base, (size_t)(end - path.base));
}

bool sheet_requires_identity(struct request *r, int64_t customer_id)
{
    struct span name = sheet_of_path(r);
    int sheet = sheet_find(name);
    bool is_asked =
        asks_for(r, IDENTITY_DETAILS) || (sheet >= 0 && asks_for(r, sheets[sheet].purpose));
    char where[WHERE_MAX], query[WHERE_MAX + 4];
    if (!is_asked || is_confirmed(r, customer_id))
        return false;
    read_where(name, where);
    snprintf(query, sizeof(query), "to=%s", where);
    sheet_lead_to(r, "identity", where[0] == '\0' ? "" : query);
    return true;
}

/* ---- showing ---- */

static struct sheet new_sheet(struct request *r, const struct debt *debt)
{
    struct sheet s = sheet_new(r, debt, "identity");
    if (!identity_opens_details(r, debt->customer_id))
        sheet_hide_debt(&s);
    return s;
}

static void reply_form(struct request *r, const struct debt *debt, struct span where, bool is_wrong)
{
    struct sheet s = new_sheet(r, debt);
    char to[WHERE_MAX], keep[WHERE_MAX + 5];
    read_where(where, to);
    sheet_set(&s, "to", span_str(to));
    if (to[0] != '\0') { /* another language keeps it */
        snprintf(keep, sizeof(keep), "&to=%s", to);
        sheet_set(&s, "keep", span_str(keep));
    }
    sheet_set(&s, "fact", r->world->identity_facts[s.language]);
    json_object_set_new(s.values, "digits", json_integer(r->world->identity.digits));
    json_object_set_new(s.values, "minutes", json_integer(r->world->identity.valid_seconds / 60));
    if (is_wrong)
        sheet_set_true(&s, "is_wrong");
    sheet_set_token(&s, "token", FORM_IDENTITY);
    sheet_reply(&s, is_wrong ? 403 : 200, SHEET_identity);
}

static void on_shown(struct request *r, const struct debt *debt, const PGresult *more)
{
    char where[WHERE_MAX];
    (void)more;
    read_where(request_query(r, "to"), where);
    if (r->world->identity.purposes == 0 || is_confirmed(r, debt->customer_id))
        sheet_lead_to(r, where, "");
    else
        reply_form(r, debt, span_str(where), false);
}

void identity_show(struct request *r)
{
    sheet_open_unconfirmed(r, NULL, on_shown);
}

/* ---- taking ---- */

struct identity_job {
    struct request *request; /* null when gone: the guess counts all the same */
    struct world *world;
    struct paylink_id link;
    struct pg_tx tx;
    char digits[IDENTITY_DIGITS_MAX + 1]; /* empty: what was sent cannot be right */
    char where[WHERE_MAX];
    int64_t invoice_id, try_no;
    uint8_t fact[IDENTITY_FACT_LEN];
    size_t fact_len;
};

static void job_free(struct identity_job *job)
{
    secret_wipe(job, sizeof(*job));
    free(job);
}

static void on_gone(void *owner)
{
    ((struct identity_job *)owner)->request = NULL;
}

static bool decide(void *owner, const struct debt *debt, const PGresult *more, struct pg_tx *tx,
                   pg_result_cb on_result)
{
    struct identity_job *job = owner;
    (void)more;
    job->invoice_id = debt->invoice_id;
    identity_add_try(tx, debt, &job->world->identity, job->world->now(), on_result);
    return true;
}

static void on_row(void *owner, const PGresult *result)
{
    struct identity_job *job = owner;
    struct identity_try try;
    identity_read_try(result, &try);
    job->try_no = try.try_no;
    job->fact_len = try.fact.len > sizeof(job->fact) ? 0 : try.fact.len;
    if (job->fact_len > 0)
        memcpy(job->fact, try.fact.base, job->fact_len);
}

static void show_wrong(struct request *r, const struct debt *debt, const PGresult *more)
{
    (void)more;
    reply_form(r, debt, request_form(r, "to"), true);
}

static void show_too_many(struct request *r, const struct debt *debt, const PGresult *more)
{
    struct sheet s = new_sheet(r, debt);
    (void)more;
    sheet_reply_answer(&s, 429, "identity_many", "warn", NULL);
}

/* Whether the database has noted that it was right: if not, a try more counts as wrong, no more. */
static void on_confirmed(void *owner, const struct err *err)
{
    struct identity_job *job = owner;
    (void)err;
    if (job->request != NULL) {
        set_cookie(job->request, job->link.customer_id);
        sheet_lead_to(job->request, job->where, "");
    }
    job_free(job);
}

static void judge(struct identity_job *job)
{
    struct request *r = job->request;
    struct err err = {0};
    crash_point("identity_tried");
    bool is_right =
        identity_fact_check(job->world->keys, job->link.customer_id, span_str(job->digits),
                            span_of((const char *)job->fact, job->fact_len));
    bool is_too_many = job->try_no == 0;
    if (!is_too_many && is_right) {
        if (identity_confirm(job->world->store, &job->tx, job->link.customer_id, job->invoice_id,
                             job->try_no, job->world->now(), on_confirmed, job, &err) != 0)
            on_confirmed(job, &err);
        return;
    }
    job_free(job);
    if (r != NULL)
        sheet_open_unconfirmed(r, NULL, is_too_many ? show_too_many : show_wrong);
}

static void on_done(void *owner, enum debt_change_result result, const struct err *err)
{
    struct identity_job *job = owner;
    if (err->code == 0 && result == DEBT_CHANGE_SAVED) {
        judge(job);
        return;
    }
    if (job->request != NULL &&
        !sheet_reply_failed(job->request, err, result == DEBT_CHANGE_NOWHERE,
                            result == DEBT_CHANGE_REVOKED))
        page_reply_notice(job->request, PAGE_NOTICE_DOWN, job->request->params[0]);
    job_free(job);
}

void identity_take(struct request *r)
{
    struct paylink_id link;
    struct form_token token;
    struct err err = {0};
    if (!page_form_take(r, FORM_IDENTITY, &link, &token))
        return;
    if (r->world->identity.purposes == 0) {
        page_reply_notice(r, PAGE_NOTICE_FORM, r->params[0]);
        return;
    }
    struct identity_job *job = calloc(1, sizeof(*job));
    if (job == NULL)
        abort();
    job->request = r;
    job->world = r->world;
    job->link = link;
    read_where(request_form(r, "to"), job->where);
    (void)identity_digits(request_form(r, "digits"), r->world->identity.digits, job->digits);
    const struct debt_change_options options = {
        .link = link, .decide = decide, .on_row = on_row, .on_done = on_done, .owner = job};
    if (debt_change_begin(r->world, &options, &err) != 0) {
        job_free(job);
        page_reply_notice(r, PAGE_NOTICE_DOWN, r->params[0]);
        return;
    }
    request_on_gone(r, on_gone, job);
}
