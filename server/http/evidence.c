/* The happy path:
 *   collect      one statement, on the connection for what takes seconds
 *   as JSON      answered
 *   as PDF       a process of our own draws it, as drawing takes longer than the loop may stand
 *                still; on_drawn answers
 * What can fail: the visitor goes, and the statement or the process with them; too many at a time,
 * or the process dies or takes too long: 503. */
#include "http/evidence.h"

#include "flow/evidence_export.h"
#include "http/invoices.h"
#include "http/reply.h"
#include "io/helper.h"
#include "store/evidence_store.h"
#include "store/invoice_store.h"

#include <stdio.h>

enum { PDF_MAX = 64 * 1024 * 1024, DRAW_MS = 20 * 1000 };

struct evidence_job {
    struct request *request;
    struct pg_query query;
    struct helper *helper; /* null: none is at work */
    const char *language;  /* of the PDF; null: JSON */
    struct evidence_wish wish;
};

static void reply_failure(struct request *request, const struct err *err)
{
    if (err->code == ERR_BUSY)
        reply_problem(request, 503, "busy", "Too many such questions at a time", NULL);
    else if (err->code == ERR_DATABASE || err->code == ERR_CLOSED)
        reply_database_away(request);
    else
        reply_problem(request, 503, "not-drawn", "The document could not be made", NULL);
}

/* "evidence-12-34.pdf" */
static void reply_file(struct evidence_job *job, const char *type, const char *extension,
                       struct span bytes)
{
    char disposition[96];
    int len =
        snprintf(disposition, sizeof(disposition), "attachment; filename=\"evidence-%lld-%lld.%s\"",
                 (long long)job->wish.customer_id, (long long)job->wish.invoice_id, extension);
    reply_header(job->request, "content-disposition", span_of(disposition, (size_t)len));
    reply_bytes(job->request, 200, type, bytes);
}

static void on_drawn(void *owner, struct span pdf, const struct err *err)
{
    struct evidence_job *job = owner;
    job->helper = NULL;
    if (err->code != 0)
        reply_failure(job->request, err);
    else
        reply_file(job, "application/pdf", "pdf", pdf);
}

static void draw(struct evidence_job *job, struct span document)
{
    const char *const argv[] = {"dunlin", "evidence", "print", "--lang", job->language, NULL};
    const struct helper_order order = {
        .argv = argv, .input = document, .output_max = PDF_MAX, .timeout_ms = DRAW_MS};
    struct err err;
    if (helper_start(job->request->world->loop, &order, on_drawn, job, &job->helper, &err) != 0)
        reply_failure(job->request, &err);
}

static void on_collected(void *owner, const PGresult *result, const struct err *err)
{
    struct evidence_job *job = owner;
    struct buf document;
    if (err->code != 0) {
        reply_failure(job->request, err);
        return;
    }
    if (PQntuples(result) == 0) {
        reply_problem(job->request, 404, "unknown-invoice", "There is no such invoice", NULL);
        return;
    }
    buf_init(&document, EVIDENCE_MAX);
    evidence_export_write(&job->request->world->creditor, result, &document);
    if (buf_is_overflowed(&document))
        reply_problem(job->request, 503, "not-drawn", "The document is too large",
                      "dunlin evidence writes it to a file.");
    else if (job->language == NULL)
        reply_file(job, "application/json", "json", buf_span(&document));
    else
        draw(job, buf_span(&document));
    buf_release(&document);
}

static void on_gone(void *owner)
{
    struct evidence_job *job = owner;
    pg_query_cancel(&job->query);
    if (job->helper != NULL)
        helper_forget(job->helper);
}

static void begin(struct request *request, const char *language)
{
    struct evidence_job *job = request_alloc(request, sizeof(*job));
    struct invoice_key key;
    struct err err;
    job->request = request;
    job->language = language;
    if (!invoices_read_key(request->params[0], &key) || key.customer_id == 0) {
        reply_problem(request, 404, "unknown-invoice", "There is no such invoice", NULL);
        return;
    }
    job->wish = (struct evidence_wish){
        .customer_id = key.customer_id, .invoice_id = key.invoice_id, .now = request->world->now()};
    if (evidence_collect(store_reports(request->world->store), &job->query, &job->wish,
                         on_collected, job, &err) != 0) {
        reply_failure(request, &err);
        return;
    }
    request_on_gone(request, on_gone, job);
}

void evidence_show_json(struct request *request)
{
    begin(request, NULL);
}

void evidence_show_pdf(struct request *request)
{
    struct span language = request_query(request, "lang");
    if (language.base != NULL && !span_is_str(language, "pl") && !span_is_str(language, "en"))
        reply_problem(request, 400, "bad-query", "The query cannot be read", "lang is pl or en");
    else
        begin(request, span_is_str(language, "en") ? "en" : "pl");
}
