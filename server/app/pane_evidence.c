/* Collected in one statement; for paper a process of our own draws it. Whoever goes meanwhile is
 * not answered, and the rest ends by itself. */
#include "app/pane_evidence.h"

#include "app/pane_http.h"
#include "app/panes.h"
#include "flow/evidence_export.h"
#include "flow/world.h"
#include "io/helper.h"
#include "store/evidence_store.h"

#include <stdlib.h>

enum { PDF_MAX = 64 * 1024 * 1024, DRAW_MS = 20 * 1000, DIGITS_MAX = 12 };

struct evidence_job {
    struct pane_request *request; /* null when gone */
    struct panes *panes;
    struct pg_query query;
    struct helper *helper;
    const char *language; /* of the PDF; null: JSON */
};

static void on_drawn(void *owner, struct span pdf, const struct err *err)
{
    struct evidence_job *job = owner;
    if (job->request != NULL && err->code != 0)
        pane_reply_problem(job->request, 503, "not_drawn");
    else if (job->request != NULL)
        pane_reply(job->request, 200, "application/pdf", pdf);
    free(job);
}

/* True: on_drawn will free the job. */
static bool draw(struct evidence_job *job, struct span document)
{
    const char *const argv[] = {"dunlin", "evidence", "print", "--lang", job->language, NULL};
    const struct helper_order order = {
        .argv = argv, .input = document, .output_max = PDF_MAX, .timeout_ms = DRAW_MS};
    struct err err;
    if (helper_start(job->panes->world->loop, &order, on_drawn, job, &job->helper, &err) == 0)
        return true;
    pane_reply_problem(job->request, 503, "busy");
    return false;
}

static bool show(struct evidence_job *job, const PGresult *result)
{
    struct buf document;
    bool is_drawn_later = false;
    buf_init(&document, EVIDENCE_MAX);
    evidence_export_write(&job->panes->world->creditor, result, &document);
    if (buf_is_overflowed(&document))
        pane_reply_problem(job->request, 503, "too_large");
    else if (job->language != NULL)
        is_drawn_later = draw(job, buf_span(&document));
    else
        pane_reply(job->request, 200, "application/json; charset=utf-8", buf_span(&document));
    buf_release(&document);
    return is_drawn_later;
}

static void on_collected(void *owner, const PGresult *result, const struct err *err)
{
    struct evidence_job *job = owner;
    bool is_drawn_later = false;
    if (job->request != NULL && err->code != 0)
        pane_reply_problem(job->request, 503, "database");
    else if (job->request != NULL && PQntuples(result) == 0)
        pane_reply_problem(job->request, 404, "no_such_debt");
    else if (job->request != NULL)
        is_drawn_later = show(job, result);
    if (!is_drawn_later)
        free(job);
}

static int64_t read_number(struct span text)
{
    int64_t value = 0;
    if (text.len > DIGITS_MAX)
        return 0;
    for (size_t i = 0; i < text.len; ++i) {
        if (text.base[i] < '0' || text.base[i] > '9')
            return 0;
        value = value * 10 + (text.base[i] - '0');
    }
    return value;
}

static void begin(struct pane_request *request, const char *language)
{
    struct panes *panes = request->owner;
    const struct evidence_wish wish = {.customer_id = read_number(pane_query(request, "customer")),
                                       .invoice_id = read_number(pane_query(request, "invoice")),
                                       .now = panes->world->now()};
    struct err err;
    if (wish.customer_id == 0 || wish.invoice_id == 0) {
        pane_reply_problem(request, 404, "no_such_debt");
        return;
    }
    struct evidence_job *job = calloc(1, sizeof(*job));
    if (job == NULL)
        abort();
    job->panes = panes;
    job->language = language;
    pane_hold(request, &job->request);
    if (evidence_collect(store_reports(panes->world->store), &job->query, &wish, on_collected, job,
                         &err) == 0)
        return;
    pane_reply_problem(job->request, 503, "busy");
    free(job);
}

void pane_show_evidence_pdf(struct pane_request *request)
{
    begin(request, span_is_str(pane_query(request, "lang"), "pl") ? "pl" : "en");
}

void pane_show_evidence_json(struct pane_request *request)
{
    begin(request, NULL);
}
