#include "http/payouts.h"

#include "base/json.h"
#include "domain/calendar.h"
#include "domain/csv_value.h"
#include "domain/money.h"
#include "flow/payout_import.h"
#include "flow/payout_report.h"
#include "http/auth.h"
#include "http/reply.h"
#include "provider/provider.h"
#include "store/payout_day_store.h"

#include <stdlib.h>

enum { CSV_MAX = 64 * 1024 * 1024, NAME_MAX_LEN = 64, DAYS_PAGE = 7 };

/* False, and answered: a name that is mistyped would be another account for ever. */
static bool account_is_ours(struct request *request, const struct payout_account *of)
{
    for (const struct provider_account *a = request->world->providers; a->provider != NULL; ++a)
        if (span_is_str(of->provider, a->provider->name) && span_is(of->account, a->account))
            return true;
    reply_problem(request, 404, "unknown-account", "There is no such account at a provider",
                  "provider and account are those of the settings.");
    return false;
}

/* ---- a file ---- */

struct import_job {
    struct request *request; /* null when gone */
    struct payout_file file;
    struct payout_import import;
};

static void on_import_gone(void *owner)
{
    struct import_job *job = owner;
    job->request = NULL;
}

static void import_job_free(struct import_job *job)
{
    payout_file_release(&job->file);
    free(job);
}

static void reply_bad_lines(struct request *request, const struct payout_file *file)
{
    json_t *lines = json_array();
    for (size_t i = 0; i < file->bad_count && i < PAYOUT_FILE_BAD_MAX; ++i) {
        const struct payout_file_bad *bad = &file->bad[i];
        json_t *line =
            json_pack("{s:I, s:s}", "line", (json_int_t)bad->line, "reason", bad->reason);
        if (bad->column[0] != '\0')
            json_object_set_new(line, "column", json_string(bad->column));
        json_array_append_new(lines, line);
    }
    json_t *problem =
        json_pack("{s:s, s:s, s:i, s:I, s:o}", "type", "urn:dunlin:problem:bad-payout-file",
                  "title", "The file has bad lines, and nothing of it was taken", "status", 422,
                  "bad", (json_int_t)file->bad_count, "bad_lines", lines);
    char *text = json_dumps(problem, JSON_COMPACT);
    if (text == NULL)
        abort();
    json_decref(problem);
    reply_bytes(request, 422, "application/problem+json", span_str(text));
    free(text);
}

static void on_imported(void *owner, int64_t new_count, const struct err *err)
{
    struct import_job *job = owner;
    if (job->request != NULL && err->code != 0) {
        reply_database_away(job->request);
    } else if (job->request != NULL && job->file.bad_count > 0) {
        reply_bad_lines(job->request, &job->file);
    } else if (job->request != NULL) {
        reply_object(job->request, 200,
                     json_pack("{s:I, s:I}", "lines", (json_int_t)job->file.line_count, "new",
                               (json_int_t)new_count));
    }
    import_job_free(job);
}

void payouts_import(struct request *request)
{
    struct payout_account of = {request_query(request, "provider"),
                                request_query(request, "account")};
    struct err err;
    if (of.account.base == NULL)
        of.account = SPAN_LIT("default");
    if (!account_is_ours(request, &of))
        return;
    struct import_job *job = calloc(1, sizeof(*job));
    if (job == NULL)
        abort();
    job->request = request;
    if (!payout_file_read(&job->file, request_body(request), request->world->keys)) {
        reply_bad_lines(request, &job->file);
        import_job_free(job);
        return;
    }
    if (payout_import_begin(&job->import, request->world, &of, &job->file, on_imported, job,
                            &err) != 0) {
        reply_database_away(request);
        import_job_free(job);
        return;
    }
    request_on_gone(request, on_import_gone, job);
}

/* ---- what arrived ---- */

struct arrival_job {
    struct request *request; /* null when gone */
    struct pg_tx tx;
    bool has_payout, is_new;
};

static void on_arrival_gone(void *owner)
{
    struct arrival_job *job = owner;
    job->request = NULL;
}

static void on_told(void *owner, const PGresult *result, const struct err *err)
{
    struct arrival_job *job = owner;
    job->has_payout = err->code == 0 && PQntuples(result) == 1;
    job->is_new = job->has_payout && pg_get_bool(result, 0, 0);
}

static void on_arrived(void *owner, const struct err *err)
{
    struct arrival_job *job = owner;
    if (job->request != NULL && err->code != 0)
        reply_database_away(job->request);
    else if (job->request != NULL && !job->has_payout)
        reply_problem(job->request, 404, "unknown-payout", "There is no such payout", NULL);
    else if (job->request != NULL)
        reply_json(job->request, 200,
                   job->is_new ? SPAN_LIT("{\"new\":true}") : SPAN_LIT("{\"new\":false}"));
    free(job);
}

static void tell(struct request *request, const struct payout_arrival *arrival)
{
    struct err err;
    struct arrival_job *job = calloc(1, sizeof(*job));
    if (job == NULL)
        abort();
    job->request = request;
    if (payout_arrive(request->world->store, &job->tx, arrival, on_told, on_arrived, job, &err) !=
        0) {
        reply_database_away(request);
        free(job);
        return;
    }
    request_on_gone(request, on_arrival_gone, job);
}

void payouts_arrive(struct request *request)
{
    const struct json_limits limits = {.bytes_max = 4096, .depth_max = 2};
    struct err err = {0};
    json_t *body = json_load(request_body(request), limits, &err);
    if (body == NULL) {
        reply_problem(request, 400, "malformed-json", "The body cannot be read", err.text);
        return;
    }
    struct json_reader reader = json_read(body, "", &err);
    struct payout_arrival arrival = {
        .of = {json_get_text(&reader, "provider", NAME_MAX_LEN),
               json_get_text(&reader, "account", NAME_MAX_LEN)},
        .payout_id = json_get_text(&reader, "payout", PAYOUT_ID_MAX),
        .amount_minor = json_get_int(&reader, "amount_minor", -PAYOUT_AMOUNT_MAX_MINOR,
                                     PAYOUT_AMOUNT_MAX_MINOR),
        .currency = json_get_text(&reader, "currency", 3),
        .by = span_str(((const struct api_caller *)request->caller)->key.id),
        .now = request->world->now(),
    };
    if (err.code == 0 && currency_exponent(arrival.currency) < 0)
        err_set(&err, ERR_INPUT, "currency: this is not a currency");
    if (err.code != 0)
        reply_problem(request, 400, "malformed-json", "The body cannot be read", err.text);
    else if (account_is_ours(request, &arrival.of))
        tell(request, &arrival);
    json_decref(body);
}

/* ---- the report ---- */

struct report_job {
    struct request *request;
    struct payout_report report;
    bool is_csv;
};

static void reply_failure(struct request *request, const struct err *err)
{
    if (err->code == ERR_BUSY)
        reply_problem(request, 503, "busy", "Too many such questions at a time", NULL);
    else
        reply_database_away(request);
}

static void on_reported(void *owner, json_t *answer, const struct err *err)
{
    struct report_job *job = owner;
    struct buf text;
    if (err->code != 0) {
        reply_failure(job->request, err);
        return;
    }
    if (!job->is_csv) {
        reply_object(job->request, 200, json_incref(answer));
        return;
    }
    buf_init(&text, CSV_MAX);
    payout_report_csv(answer, &text);
    reply_header(job->request, "content-disposition",
                 SPAN_LIT("attachment; filename=\"payouts.csv\""));
    reply_bytes(job->request, 200, "text/csv; charset=utf-8", buf_span(&text));
    buf_release(&text);
}

static void on_report_gone(void *owner)
{
    struct report_job *job = owner;
    payout_report_cancel(&job->report);
}

static void report(struct request *request, bool is_csv)
{
    struct payout_question question;
    struct err err;
    const char *mistake = payout_read_question(request_query(request, "date"),
                                               request_query(request, "wait_days"), &question);
    if (mistake != NULL) {
        reply_problem(request, 400, "bad-query", "The query cannot be read", mistake);
        return;
    }
    struct report_job *job = request_alloc(request, sizeof(*job));
    job->request = request;
    job->is_csv = is_csv;
    if (payout_report_begin(&job->report, store_reports(request->world->store), &question,
                            on_reported, job, &err) != 0) {
        reply_failure(request, &err);
        return;
    }
    request_on_gone(request, on_report_gone, job);
}

void payouts_report(struct request *request)
{
    report(request, false);
}

void payouts_report_csv(struct request *request)
{
    report(request, true);
}

/* ---- the reports that were kept ---- */

static json_t *kept_json(struct span text)
{
    json_t *kept = json_loadb(text.base, text.len, 0, NULL);
    return kept == NULL ? json_null() : kept;
}

static json_t *day_json(const struct payout_day_listed *d)
{
    char day[11], made_at[21];
    date_print(date_from_days(d->day), day);
    instant_print(d->made_at, made_at);
    return json_pack(
        "{s:s, s:o, s:o, s:I, s:I, s:o, s:I, s:o, s:b, s:s}", "date", day, "provider",
        reply_text_json(d->provider), "account", reply_text_json(d->account), "payouts",
        (json_int_t)d->payout_count, "lines", (json_int_t)d->line_count, "sums", kept_json(d->sums),
        "disagreement_count", (json_int_t)d->disagreement_count, "disagreements",
        kept_json(d->disagreements), "is_complete", (int)d->is_complete, "made_at", made_at);
}

struct days_job {
    struct request *request;
    struct pg_query query;
};

static void on_days(void *owner, const PGresult *result, const struct err *err)
{
    struct days_job *job = owner;
    if (err->code != 0) {
        reply_database_away(job->request);
        return;
    }
    json_t *items = json_array(), *next = json_null();
    int32_t day = 0;
    int days = 0;
    for (int row = 0; row < PQntuples(result); ++row) {
        struct payout_day_listed listed;
        payout_day_read_listed(result, row, &listed);
        days += row == 0 || listed.day != day;
        day = listed.day;
        json_array_append_new(items, day_json(&listed));
    }
    if (days == DAYS_PAGE) {
        char text[11];
        date_print(date_from_days(day), text);
        next = json_string(text);
    }
    reply_object(job->request, 200, json_pack("{s:o, s:o}", "items", items, "next_before", next));
}

static void on_days_gone(void *owner)
{
    struct days_job *job = owner;
    pg_query_cancel(&job->query);
}

void payouts_days(struct request *request)
{
    struct span before = request_query(request, "before");
    struct date date = {0};
    struct err err;
    if (before.base != NULL && csv_value_date(before, &date) != CSV_GOOD) {
        reply_problem(request, 400, "bad-query", "The query cannot be read",
                      "before is no day such as 2028-01-31");
        return;
    }
    struct days_job *job = request_alloc(request, sizeof(*job));
    job->request = request;
    int64_t day = before.base == NULL ? PG_NULL_INT : date_to_days(date);
    if (payout_day_list(request->world->store, &job->query, day, DAYS_PAGE, on_days, job, &err) !=
        0) {
        reply_database_away(request);
        return;
    }
    request_on_gone(request, on_days_gone, job);
}
