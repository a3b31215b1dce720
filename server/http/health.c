#include "http/health.h"

#include "base/log.h"
#include "base/metrics.h"
#include "http/reply.h"
#include "store/schema_store.h"

enum { METRICS_BYTES_MAX = 4 << 20 };

struct readiness {
    struct request *request;
    struct pg_query query;
};

static void on_version_read(void *owner, const PGresult *result, const struct err *err);

void health_live(struct request *r)
{
    reply_text(r, 200, "ok\n");
}

static void reply_not_ready(struct request *r, const char *why)
{
    reply_problem(r, 503, "not-ready", "Not ready.", why);
}

static void on_gone(void *job)
{
    struct readiness *q = job;
    pg_query_cancel(&q->query);
}

void health_ready(struct request *r)
{
    const struct health *h = r->world->health;
    struct err e = {0};
    if (!h->is_alive(h->owner)) {
        reply_not_ready(r, "A process gives no sign of life.");
        return;
    }
    struct readiness *q = request_alloc(r, sizeof(*q));
    *q = (struct readiness){.request = r};
    if (schema_version_read(r->world->store, &q->query, on_version_read, q, &e) != 0)
        reply_not_ready(r, "The database is not connected.");
    else
        request_on_gone(r, on_gone, q);
}

static void on_version_read(void *owner, const PGresult *result, const struct err *err)
{
    struct request *r = ((struct readiness *)owner)->request;
    if (err != NULL && err->code != 0)
        reply_not_ready(r, "The database does not answer.");
    else if (schema_version_of(result) != schema_version_known())
        reply_not_ready(r, "The database has another schema than this program.");
    else
        reply_text(r, 200, "ready\n");
}

void health_metrics(struct request *r)
{
    const struct health *h = r->world->health;
    struct buf text;
    buf_init(&text, METRICS_BYTES_MAX);
    metrics_print(h->metrics, &text);
    if (h->print_more != NULL)
        h->print_more(h->owner, &text);
    reply_bytes(r, 200, "text/plain; version=0.0.4; charset=utf-8", buf_span(&text));
    buf_release(&text);
}
