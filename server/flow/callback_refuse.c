#include "flow/callback_refuse.h"

#include "base/log.h"
#include "base/metrics.h"
#include "io/timer.h"
#include "store/refused_callback_store.h"

#include <assert.h>
#include <stdlib.h>

enum { WRITE_EVERY_MS = 1000 };

static const struct {
    const char *word;
    enum metric_id metric;
} verdicts[] = {
    [CALLBACK_FORGED] = {"forged", METRIC_callbacks_forged},
    [CALLBACK_STALE] = {"stale", METRIC_callbacks_stale},
    [CALLBACK_MALFORMED] = {"malformed", METRIC_callbacks_malformed},
    [CALLBACK_FOREIGN] = {"foreign", METRIC_callbacks_foreign},
};
enum { VERDICT_COUNT = sizeof(verdicts) / sizeof(verdicts[0]) };
static_assert(4 * CALLBACK_REFUSALS_A_SECOND <= REFUSED_CALLBACK_WRITE_MAX,
              "one statement takes a second's refusals");

struct callback_refusals {
    struct world *world;
    struct timer timer; /* runs from the first refusal of a second to its end */
    struct pg_tx tx;
    bool is_writing;
    size_t counts[VERDICT_COUNT]; /* of those that wait, by verdict */
    size_t count;
    struct refused_callback waiting[REFUSED_CALLBACK_WRITE_MAX];
    char *bytes[REFUSED_CALLBACK_WRITE_MAX]; /* headers and body of each */
};

static void drop_waiting(struct callback_refusals *refusals)
{
    for (size_t i = 0; i < refusals->count; ++i)
        free(refusals->bytes[i]);
    refusals->count = 0;
    memset(refusals->counts, 0, sizeof(refusals->counts));
}

static void on_written(void *owner, const struct err *err)
{
    struct callback_refusals *refusals = owner;
    refusals->is_writing = false;
    if (err->code != 0 && err->code != ERR_CLOSED)
        log_line(LOG_WARN, "refused callbacks not kept", "error=\"%s\"", err->text);
}

/* Those of a second in which the database is away are only counted. */
static void write_waiting(struct callback_refusals *refusals)
{
    struct err err = {0};
    if (refusals->count == 0)
        return;
    refusals->is_writing =
        refused_callback_keep(refusals->world->store, &refusals->tx, refusals->waiting,
                              refusals->count, on_written, refusals, &err) == 0;
    if (!refusals->is_writing)
        log_line(LOG_WARN, "refused callbacks not kept", "error=\"%s\"", err.text);
    drop_waiting(refusals);
}

static void on_second_over(void *owner)
{
    struct callback_refusals *refusals = owner;
    if (refusals->is_writing)
        timer_start(&refusals->timer, WRITE_EVERY_MS);
    else
        write_waiting(refusals);
}

struct callback_refusals *callback_refusals_new(struct world *world)
{
    struct callback_refusals *refusals = calloc(1, sizeof(*refusals));
    if (refusals == NULL)
        abort();
    refusals->world = world;
    timer_init(&refusals->timer, world->loop, "refused callbacks", on_second_over, refusals);
    return refusals;
}

void callback_refusals_free(struct callback_refusals *refusals)
{
    if (refusals == NULL)
        return;
    timer_stop(&refusals->timer);
    pg_tx_cancel(&refusals->tx);
    drop_waiting(refusals);
    free(refusals);
}

/* Headers first, then the body. Those that are longer than the bound are left out; the body is
 * cut. */
static void copy_message(struct refused_callback *row, char **bytes, struct span headers,
                         struct span body)
{
    size_t body_len = body.len < REFUSED_CALLBACK_BODY_MAX ? body.len : REFUSED_CALLBACK_BODY_MAX;
    *bytes = malloc(headers.len + body_len + 1);
    if (*bytes == NULL)
        abort();
    if (headers.base != NULL)
        memcpy(*bytes, headers.base, headers.len);
    if (body_len > 0)
        memcpy(*bytes + headers.len, body.base, body_len);
    row->headers = headers.base == NULL ? headers : span_of(*bytes, headers.len);
    row->body = span_of(*bytes + headers.len, body_len);
    row->body_bytes = (int64_t)body.len;
}

static void copy(struct callback_refusals *refusals, const struct provider_account *account,
                 enum callback_verdict verdict, const struct callback_headers *headers,
                 struct span body)
{
    size_t i = refusals->count++;
    struct buf kept;
    buf_init(&kept, REFUSED_CALLBACK_HEADERS_MAX);
    account->provider->keep_headers(headers, &kept);
    refusals->waiting[i] = (struct refused_callback){
        .verdict = span_str(verdicts[verdict].word),
        .provider = span_str(account->provider->name),
        .received_at = refusals->world->now(),
    };
    if (verdict != CALLBACK_FORGED)
        refusals->waiting[i].account = account->account;
    copy_message(&refusals->waiting[i], &refusals->bytes[i],
                 buf_is_overflowed(&kept) ? (struct span){NULL, 0} : buf_span(&kept), body);
    buf_release(&kept);
}

void callback_refuse(struct callback_refusals *refusals, const struct provider_account *account,
                     enum callback_verdict verdict, const struct callback_headers *headers,
                     struct span body)
{
    assert((int)verdict > 0 && (int)verdict < VERDICT_COUNT && verdicts[verdict].word != NULL);
    metrics_add(refusals->world->metrics, verdicts[verdict].metric, 1);
    if (refusals->counts[verdict] == CALLBACK_REFUSALS_A_SECOND)
        return;
    ++refusals->counts[verdict];
    copy(refusals, account, verdict, headers, body);
    if (!timer_is_running(&refusals->timer))
        timer_start(&refusals->timer, WRITE_EVERY_MS);
}

void callback_refusals_flush(struct callback_refusals *refusals)
{
    timer_stop(&refusals->timer);
    if (refusals->is_writing)
        timer_start(&refusals->timer, WRITE_EVERY_MS);
    else
        write_waiting(refusals);
}

bool callback_refusals_is_idle(const struct callback_refusals *refusals)
{
    return refusals->count == 0 && !refusals->is_writing;
}
