/* The happy path: the message's code is checked in memory, or the gateway's id looked up with the
 * rest; one transaction takes the news. What can fail: the code is none of ours: told at once, in
 * the next turn, without a query; the gateway's id is unknown while something is being sent through
 * it: it may be recorded in a moment, so the caller hears that the news came too early; the
 * transaction: the caller hears it. In both cases whoever told the news is asked to tell them
 * again. */
#include "flow/message_news.h"

#include "base/metrics.h"
#include "domain/message_code.h"
#include "flow/world.h"
#include "io/timer.h"
#include "store/message_store.h"

#include <assert.h>
#include <stdlib.h>

struct message_news_job {
    struct world *world;
    struct pg_tx tx;
    struct timer timer;
    struct message_reported reported;
    bool is_opened, is_early;
    message_news_cb on_done;
    void *owner;
};

static const struct {
    const char *delivery;
    bool is_opened;
} kinds[] = {
    [MESSAGE_NEWS_SENT_ON] = {"sent", false},
    [MESSAGE_NEWS_UNKNOWN] = {"unknown", false},
    [MESSAGE_NEWS_UNDELIVERED] = {"undelivered", false},
    [MESSAGE_NEWS_DELIVERED] = {"delivered", false},
    [MESSAGE_NEWS_OPENED] = {"delivered", true},
};

static const char *const addresses[] = {[MESSAGE_NEWS_ADDRESS_KEPT] = "kept",
                                        [MESSAGE_NEWS_ADDRESS_SOFT] = "soft",
                                        [MESSAGE_NEWS_ADDRESS_DEAD] = "dead"};

static void finish(struct message_news_job *job, enum message_news_result result,
                   const struct err *err)
{
    message_news_cb on_done = job->on_done;
    void *owner = job->owner;
    free(job);
    on_done(owner, result, err);
}

static void on_not_ours(void *owner)
{
    static const struct err good = {0};
    finish(owner, MESSAGE_NEWS_NO_SUCH, &good);
}

static void on_early(void *owner, const PGresult *result, const struct err *err)
{
    struct message_news_job *job = owner;
    job->is_early = err->code == 0 && PQntuples(result) > 0;
}

static void on_taken(void *owner, const PGresult *result, const struct err *err)
{
    struct message_news_job *job = owner;
    if (err->code == 0)
        job->reported = message_read_reported(result);
}

static void on_saved(void *owner, const struct err *err)
{
    struct message_news_job *job = owner;
    enum message_news_result result = MESSAGE_NEWS_TAKEN;
    if (job->reported.known_count == 0)
        result = job->is_early ? MESSAGE_NEWS_EARLY : MESSAGE_NEWS_NO_SUCH;
    else if (job->reported.new_count == 0)
        result = MESSAGE_NEWS_KNOWN;
    if (err->code == 0 && result == MESSAGE_NEWS_TAKEN && job->is_opened)
        metrics_add(job->world->metrics, METRIC_reminders_opened, job->reported.new_count);
    finish(job, result, err);
}

int message_news_take(struct world *world, const struct message_news *news, message_news_cb on_done,
                      void *owner, struct err *err)
{
    assert(news->kind >= MESSAGE_NEWS_SENT_ON && news->kind <= MESSAGE_NEWS_OPENED);
    struct message_news_job *job = calloc(1, sizeof(*job));
    if (job == NULL)
        abort();
    *job = (struct message_news_job){.world = world,
                                     .is_opened = kinds[news->kind].is_opened,
                                     .on_done = on_done,
                                     .owner = owner};
    struct message_id id = {0};
    if (news->code.len > 0 && !message_code_check(world->keys, news->code, &id)) {
        timer_init(&job->timer, world->loop, "message news", on_not_ours, job);
        timer_start(&job->timer, 0);
        return 0;
    }
    const struct message_report report = {.customer_id = id.customer_id,
                                          .message_no = id.message_no,
                                          .channel = news->channel,
                                          .gateway_id = news->gateway_id,
                                          .delivery = kinds[news->kind].delivery,
                                          .is_opened = job->is_opened,
                                          .reason = news->reason,
                                          .address = addresses[news->address],
                                          .at = news->at,
                                          .now = world->now()};
    int rc = message_take(world->store, &job->tx, &report, on_early, on_taken, on_saved, job, err);
    if (rc != 0)
        free(job);
    return rc;
}
