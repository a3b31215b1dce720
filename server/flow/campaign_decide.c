/* find -> judge -> the statement, which repeats the state; to stop one as often as it has messages
 * to cancel -> tell. */
#include "flow/campaign_decide.h"

#include "base/log.h"
#include "flow/campaign_text.h"
#include "flow/csv_text.h"

#include <stdio.h>
#include <stdlib.h>

enum { BY_MAX = 120, CALL_AFTER_HOURS_MAX = 720, LATE_SECONDS = 86400, AHEAD_DAYS = 366 };

struct deciding {
    struct world *world;
    bool is_stop;
    char by[BY_MAX + 1];
    struct pg_query query;
    struct pg_tx tx;
    struct campaign_decision decision;
    bool is_done;  /* the statement found it in the state that was judged */
    bool has_more; /* messages to cancel */
    campaign_decide_cb on_done;
    void *owner;
};

static const struct {
    const char *word, *text;
} verdicts[] = {
    [CAMPAIGN_MAY_GO] = {NULL, NULL},
    [CAMPAIGN_NOT_CHECKED] = {"campaign-not-checked",
                              "its file is not checked yet, or was refused"},
    [CAMPAIGN_IS_APPROVED] = {"campaign-approved", "it is approved already"},
    [CAMPAIGN_IS_OVER] = {"campaign-over", "it was stopped, or is done"},
    [CAMPAIGN_NEEDS_SECOND] = {"campaign-second-person",
                               "a campaign of this price or size is approved by somebody else than "
                               "who made it"},
    [CAMPAIGN_TOO_LATE] = {"campaign-too-late",
                           "its time has passed by more than a day: make it anew"},
};

const char *campaign_verdict_text(enum campaign_verdict verdict)
{
    return verdicts[verdict].text;
}

const char *campaign_verdict_word(enum campaign_verdict verdict)
{
    return verdicts[verdict].word;
}

static void finish(struct deciding *d, const struct err *err)
{
    if (err->code == 0 && d->decision.is_known && d->decision.verdict == CAMPAIGN_MAY_GO)
        log_line(LOG_INFO, d->is_stop ? "campaign stopped" : "campaign approved",
                 "campaign=%lld by=\"%s\" cancelled=%lld", (long long)d->decision.id, d->by,
                 (long long)d->decision.cancelled_count);
    d->on_done(d->owner, &d->decision, err);
    free(d);
}

static void go_on(struct deciding *);

static void on_approved(void *owner, const PGresult *result, const struct err *err)
{
    struct deciding *d = owner;
    d->is_done = err->code == 0 && PQntuples(result) == 1;
}

static void on_stopped(void *owner, const PGresult *result, const struct err *err)
{
    struct deciding *d = owner;
    if (err->code != 0)
        return;
    struct campaign_stopped stopped = campaign_read_stopped(result);
    d->has_more = stopped.has_more;
    d->is_done = stopped.is_done;
    d->decision.cancelled_count += stopped.cancelled_count;
}

static void on_saved(void *owner, const struct err *err)
{
    struct deciding *d = owner;
    if (err->code == 0 && d->has_more) {
        go_on(d);
        return;
    }
    if (err->code == 0 && !d->is_done) /* somebody moved it meanwhile */
        d->decision.verdict = d->is_stop ? CAMPAIGN_IS_OVER : CAMPAIGN_IS_APPROVED;
    finish(d, err);
}

static void go_on(struct deciding *d)
{
    struct err failed;
    struct instant now = d->world->now();
    d->has_more = false;
    if (pg_tx_begin(d->world->store->writes, &d->tx, on_saved, d, &failed) != 0) {
        finish(d, &failed);
        return;
    }
    if (d->is_stop)
        campaign_add_stop(&d->tx, d->decision.id, span_str(d->by), now, on_stopped);
    else
        campaign_add_approve(&d->tx, d->decision.id, span_str(d->by), now, on_approved);
    pg_tx_commit(&d->tx);
}

static enum campaign_verdict judge(const struct deciding *d, const struct campaign_row *row)
{
    enum campaign_state state = row->state;
    if (d->is_stop)
        return campaign_move(&state, CAMPAIGN_WAS_STOPPED) ? CAMPAIGN_MAY_GO : CAMPAIGN_IS_OVER;
    const struct campaign_rules *rules = &d->world->campaigns;
    return campaign_judge(&(struct campaign_approval){.state = row->state,
                                                      .price_micro = row->price_micro,
                                                      .count = row->row_count,
                                                      .created_by = row->created_by,
                                                      .by = span_str(d->by),
                                                      .send_at = row->send_at,
                                                      .now = d->world->now()},
                          &(struct campaign_limits){.alone_price_micro = rules->alone_price_micro,
                                                    .alone_count = rules->alone_count});
}

static void on_found(void *owner, const PGresult *result, const struct err *err)
{
    struct deciding *d = owner;
    d->decision.is_known = err->code == 0 && PQntuples(result) == 1;
    if (!d->decision.is_known) {
        finish(d, err);
        return;
    }
    struct campaign_row row = campaign_read(result, 0);
    d->decision.id = row.id;
    snprintf(d->decision.name, sizeof d->decision.name, "%.*s", SPAN_ARG(row.name));
    d->decision.verdict = judge(d, &row);
    if (d->decision.verdict != CAMPAIGN_MAY_GO) {
        finish(d, err);
        return;
    }
    go_on(d);
}

int campaign_decide_begin(struct world *world, const struct campaign_order *order,
                          campaign_decide_cb on_done, void *owner, struct err *err)
{
    struct deciding *d = calloc(1, sizeof *d);
    if (d == NULL)
        abort();
    d->world = world;
    d->is_stop = order->is_stop;
    snprintf(d->by, sizeof d->by, "%.*s", SPAN_ARG(order->by));
    d->on_done = on_done;
    d->owner = owner;
    /* From the writing connection: what was said a moment ago counts. */
    int rc =
        campaign_find(world->store->writes, &d->query, order->id, order->name, on_found, d, err);
    if (rc != 0)
        free(d);
    return rc;
}

/* ---- a new one ---- */

static bool is_queue(struct span queue)
{
    for (size_t i = 0; i < queue.len; ++i)
        if (strchr("abcdefghijklmnopqrstuvwxyz0123456789_-", queue.base[i]) == NULL)
            return false;
    return queue.len > 0 && queue.len <= CAMPAIGN_QUEUE_MAX;
}

static int check_time(struct campaign_new *new, struct span send_at, struct err *err)
{
    bool has_zone;
    if (!campaign_time_read(send_at, &new->send_at, &has_zone))
        return err_set(err, ERR_INPUT,
                       "send_at: must be a time such as 2026-12-01 10:00, in Polish time, or "
                       "2026-12-01T10:00:00+01:00");
    new->local_time = has_zone ? (struct span){NULL, 0} : send_at;
    if (new->send_at.us < instant_plus_seconds(new->now, -LATE_SECONDS).us)
        return err_set(err, ERR_INPUT, "send_at: lies more than a day back");
    if (new->send_at.us > instant_plus_seconds(new->now, AHEAD_DAYS * INT64_C(86400)).us)
        return err_set(err, ERR_INPUT, "send_at: lies more than a year ahead");
    return 0;
}

int campaign_new_check(struct campaign_new *new, struct span send_at, struct err *err)
{
    if (!campaign_name_is_valid(new->name) || !utf8_is_valid(new->name))
        return err_set(err, ERR_INPUT,
                       "name: must be 1 to %d letters, digits, blanks, '-', '_' and '.', and not "
                       "digits alone",
                       CAMPAIGN_NAME_MAX);
    if (!span_is_str(new->channel, "sms"))
        return err_set(err, ERR_INPUT, "channel: a campaign goes by sms");
    if (!is_queue(new->queue))
        return err_set(err, ERR_INPUT, "queue: must be 1 to %d of a-z, 0-9, _ and -",
                       CAMPAIGN_QUEUE_MAX);
    if (new->call_after_hours < 1 || new->call_after_hours > CALL_AFTER_HOURS_MAX)
        return err_set(err, ERR_INPUT, "call_after_hours: must be 1 to %d", CALL_AFTER_HOURS_MAX);
    if (!utf8_is_valid(new->template))
        return err_set(err, ERR_INPUT, "template: is no UTF-8 text");
    if (check_time(new, send_at, err) != 0)
        return err->code;
    struct campaign_text *text = campaign_text_new(new->template, err);
    if (text == NULL)
        return err_wrap(err, "template");
    campaign_text_free(text);
    return 0;
}
