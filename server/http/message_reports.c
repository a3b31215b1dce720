#include "http/message_reports.h"

#include "base/log.h"
#include "base/metrics.h"
#include "channel/http_report.h"
#include "flow/message_news.h"
#include "http/reply.h"

#include <stdio.h>
#include <stdlib.h>

enum { STATUS_SHOWN_MAX = 32 };

/* One request; lives until all its news are in. */
struct report_job {
    struct request *request; /* null when gone */
    struct world *world;
    const struct http_report *report;
    int waiting_count;
    bool is_to_come_again;
};

static const struct {
    enum message_news_kind kind;
    enum message_news_address address;
} news_of[] = {[HTTP_REPORT_SENT_ON] = {MESSAGE_NEWS_SENT_ON, MESSAGE_NEWS_ADDRESS_KEPT},
               [HTTP_REPORT_UNKNOWN] = {MESSAGE_NEWS_UNKNOWN, MESSAGE_NEWS_ADDRESS_KEPT},
               [HTTP_REPORT_UNDELIVERED] = {MESSAGE_NEWS_UNDELIVERED, MESSAGE_NEWS_ADDRESS_SOFT},
               [HTTP_REPORT_DEAD] = {MESSAGE_NEWS_UNDELIVERED, MESSAGE_NEWS_ADDRESS_DEAD},
               [HTTP_REPORT_DELIVERED] = {MESSAGE_NEWS_DELIVERED, MESSAGE_NEWS_ADDRESS_KEPT}};

static struct span get_field(void *owner, const char *name)
{
    struct request *r = owner;
    return span_is_str(request_method(r), "POST") ? request_form(r, name) : request_query(r, name);
}

static void on_gone(void *owner)
{
    ((struct report_job *)owner)->request = NULL;
}

static void reply(struct request *r, const struct http_report *report, bool is_to_come_again)
{
    if (is_to_come_again)
        reply_problem(r, 503, "report-not-kept", "The report could not be kept", "Send it again.");
    else
        reply_text(r, 200, report->reply);
}

static void end_one(struct report_job *job)
{
    if (--job->waiting_count > 0)
        return;
    if (job->request != NULL)
        reply(job->request, job->report, job->is_to_come_again);
    free(job);
}

static void count(const struct report_job *job, enum message_news_result result)
{
    if (result == MESSAGE_NEWS_EARLY)
        metrics_add(job->world->metrics, METRIC_reports_early, 1);
    else if (result == MESSAGE_NEWS_NO_SUCH)
        metrics_add(job->world->metrics, METRIC_reports_unknown, 1);
    else
        metrics_add(job->world->metrics, METRIC_reports_taken, 1);
}

static void on_taken(void *owner, enum message_news_result result, const struct err *err)
{
    struct report_job *job = owner;
    if (err->code != 0 || result == MESSAGE_NEWS_EARLY)
        job->is_to_come_again = true;
    if (err->code == 0)
        count(job, result);
    end_one(job);
}

/* Printable ASCII, as it came from outside. */
static void print_status(struct span status, char out[STATUS_SHOWN_MAX])
{
    size_t len = 0;
    for (; len < status.len && len < STATUS_SHOWN_MAX - 1; ++len) {
        char c = status.base[len];
        out[len] = '?';
        if (c > ' ' && c <= '~' && c != '"' && c != '\\')
            out[len] = c;
    }
    out[len] = 0;
}

static void tell(struct report_job *job, const char *channel, const struct http_report_item *item)
{
    char reason[STATUS_SHOWN_MAX + 16], status[STATUS_SHOWN_MAX];
    struct err err;
    print_status(item->status, status);
    if (!item->is_known)
        log_line(LOG_WARN, "report with an unknown status", "channel=%s status=\"%s\"", channel,
                 status);
    if (item->kind == HTTP_REPORT_WAITING)
        return;
    snprintf(reason, sizeof(reason), "report %s", status);
    struct message_news news = {.code = item->code,
                                .channel = span_str(channel),
                                .gateway_id = item->id,
                                .kind = news_of[item->kind].kind,
                                .address = news_of[item->kind].address,
                                .reason = span_str(reason),
                                .at = job->world->now()};
    /* Business time may be another than the gateway's own; a report from the future is not. */
    struct instant said = {item->at_s * 1000000};
    if (item->at_s > 0 && said.us < news.at.us && !job->world->is_demo)
        news.at = said;
    ++job->waiting_count;
    if (message_news_take(job->world, &news, on_taken, job, &err) != 0) {
        --job->waiting_count; /* the first one's own count keeps the job */
        job->is_to_come_again = true;
    }
}

static void take(struct request *r, const struct http_report *report, const char *channel)
{
    if (report == NULL || !http_report_is_secret(report, r->params[0])) {
        metrics_add(r->world->metrics, METRIC_reports_forged, 1);
        reply_problem(r, 404, "callback-unknown", "There is no such address", NULL);
        return;
    }
    request_prove(r);
    struct http_report_item *items =
        request_alloc(r, HTTP_REPORT_ITEMS_MAX * sizeof(struct http_report_item));
    bool is_head = span_is_str(request_method(r), "HEAD");
    int count = is_head ? 0 : http_report_read(report, get_field, r, items);
    if (count < 0) {
        log_line(LOG_WARN, "report cannot be read", "channel=%s", channel);
        reply_problem(r, 400, "report-malformed", "The report cannot be read", NULL);
        return;
    }
    struct report_job *job = calloc(1, sizeof(*job));
    if (job == NULL)
        abort();
    *job =
        (struct report_job){.request = r, .world = r->world, .report = report, .waiting_count = 1};
    request_on_gone(r, on_gone, job);
    for (int i = 0; i < count; ++i)
        tell(job, channel, &items[i]);
    end_one(job);
}

void message_reports_take_sms(struct request *r)
{
    take(r, r->world->sms_report, "sms");
}

void message_reports_take_voice(struct request *r)
{
    take(r, r->world->voice_report, "voice");
}
