#include "http/plan.h"

#include "domain/calendar.h"
#include "flow/reminder_explain.h"
#include "http/reply.h"

#include <stdio.h>
#include <stdlib.h>

enum { DAYS_MAX = 10 };

struct plan_job {
    struct request *request; /* null when gone */
};

static void on_gone(void *owner)
{
    struct plan_job *job = owner;
    job->request = NULL;
}

static struct plan_job *job_new(struct request *request)
{
    struct plan_job *job = calloc(1, sizeof(*job));
    if (job == NULL)
        abort();
    job->request = request;
    request_on_gone(request, on_gone, job);
    return job;
}

static void on_explained(void *owner, struct span json, const struct err *err)
{
    struct plan_job *job = owner;
    if (job->request != NULL && err->code != 0)
        reply_database_away(job->request);
    else if (job->request != NULL && json.base == NULL)
        reply_problem(job->request, 404, "unknown-invoice", "There is no such invoice", NULL);
    else if (job->request != NULL)
        reply_json(job->request, 200, json);
    free(job);
}

static void job_check(struct plan_job *job, int rc)
{
    if (rc == 0)
        return;
    reply_database_away(job->request);
    free(job);
}

static bool read_day(struct span text, int32_t *days)
{
    char copy[DAYS_MAX + 1] = "", again[DAYS_MAX + 1];
    struct date day;
    if (text.len != DAYS_MAX)
        return false;
    memcpy(copy, text.base, DAYS_MAX);
    if (sscanf(copy, "%4d-%2d-%2d", &day.year, &day.month, &day.day) != 3 || !date_is_valid(day))
        return false;
    date_print(day, again);
    *days = date_to_days(day);
    return strcmp(copy, again) == 0;
}

static void reply_bad_date(struct request *request)
{
    reply_problem(request, 400, "bad-query", "The query cannot be read",
                  "date is a day such as 2026-12-01");
}

void plan_of_day(struct request *request)
{
    int32_t day;
    struct err err;
    if (!read_day(request_query(request, "date"), &day)) {
        reply_bad_date(request);
        return;
    }
    struct plan_job *job = job_new(request);
    job_check(job, reminder_forecast(request->world, day, on_explained, job, &err));
}

/* "17-23"; anything else is no invoice of ours. */
static bool read_key(struct span text, struct plan_debt_name *name)
{
    int64_t *parts[] = {&name->customer_id, &name->invoice_id};
    size_t part = 0, digits = 0;
    for (size_t i = 0; i < text.len; ++i) {
        char c = text.base[i];
        if (c == '-' && part == 0 && digits > 0) {
            part = 1;
            digits = 0;
        } else if (c < '0' || c > '9' || ++digits > 18) {
            return false;
        } else {
            *parts[part] = *parts[part] * 10 + (c - '0');
        }
    }
    return part == 1 && digits > 0;
}

void plan_of_invoice(struct request *request)
{
    struct plan_debt_name name = {.number = {NULL, 0}};
    struct err err;
    int32_t day;
    struct span date = request_query(request, "date");
    if (!read_key(request->params[0], &name)) {
        reply_problem(request, 404, "unknown-invoice", "There is no such invoice", NULL);
        return;
    }
    if (date.base != NULL && !read_day(date, &day)) {
        reply_bad_date(request);
        return;
    }
    struct plan_job *job = job_new(request);
    job_check(job, reminder_explain(request->world, &name, date.base == NULL ? NULL : &day,
                                    on_explained, job, &err));
}
