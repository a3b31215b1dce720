/* The happy path:
 *   claim in one transaction; its commit arrives; the words of each are written; each is handed to
 *   its channel in the same turn of the loop; when the last channel has answered the outcomes are
 *   recorded in one transaction.
 * What can fail:
 *   the claim: nothing is claimed, nothing is sent; the outcome of a commit whose connection broke
 *     is unknown and such reminders are found among the lost;
 *   more than 200 ms may have passed since the claim's commit: all is given back, for a payment may
 *     have come since. What the server did before the commit does not count: the customers are
 *     locked until then, so a slow database does not silence everything. It is told by the server's
 *     clock, the whole by ours; a server whose clock steps in that moment is not provided for;
 *   a channel refuses: failed; is busy: given back for five minutes; does not know: uncertain;
 *   recording: the reminders stay claimed and are found among the lost. */
#include "flow/reminder_send.h"

#include "base/log.h"
#include "base/metrics.h"
#include "channel/registry.h"
#include "domain/paylink.h"
#include "flow/reminder_text.h"
#include "flow/world.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    WIRE_MS = 200,       /* from claim to wire */
    RETRY_SECONDS = 300, /* what a channel could not take now */
    TITLE_MAX = 256,
    BODY_MAX = 8 * 1024,
    ADDRESS_MAX = 320,
};

struct item {
    struct reminder_send *send;
    struct reminder_key key;
    struct buf title, body;
    char channel[8], address[ADDRESS_MAX];
    const char *state, *reason; /* of the outcome, fixed words */
};

struct reminder_send {
    struct world *world;
    const struct reminder_texts *texts;
    struct reminder_keys keys;
    struct pg_tx tx;
    struct item items[REMINDER_BATCH_MAX];
    size_t item_count, waiting_count;
    struct mono asked_at;
    struct instant clocks[2]; /* the server's: at the beginning of the claim, before its commit */
    size_t clock_count;
    struct instant now;
    struct reminder_send_result result;
    reminder_send_cb on_done;
    void *owner;
};

static void send_all(struct reminder_send *send);
static void record(struct reminder_send *send);

size_t reminder_channels(const struct world *world, struct span kinds[3])
{
    static const char *const all[] = {"push", "sms", "email"};
    size_t count = 0;
    for (size_t i = 0; i < 3; ++i)
        if (channel_find(world->channels, span_str(all[i])) != NULL)
            kinds[count++] = span_str(all[i]);
    return count;
}

static void finish(struct reminder_send *send, const struct err *err)
{
    for (size_t i = 0; i < send->item_count; ++i) {
        buf_release(&send->items[i].title);
        buf_release(&send->items[i].body);
    }
    send->on_done(send->owner, &send->result, err);
    free(send);
}

static void write_words(struct item *item, const struct reminder_claimed *claimed)
{
    const struct world *world = item->send->world;
    char link[512] = "", code[PAYLINK_CODE_LEN + 1];
    if (claimed->link_no != 0) {
        paylink_print_code(world->keys,
                           (struct paylink_id){claimed->key.customer_id, claimed->link_no}, code);
        snprintf(link, sizeof(link), "%.*s/%s", SPAN_ARG(world->public_url), code);
    }
    const struct reminder_words words = {.creditor = &world->creditor, .link = span_str(link)};
    struct err err;
    if (reminder_text_write(item->send->texts, claimed, &words, &item->title, &item->body, &err) !=
        0) {
        log_line(LOG_ERROR, "reminder not written", "step=%s error=%s", claimed->key.step,
                 err.text);
        item->state = "failed";
        item->reason = "no text";
    }
}

static void on_clock(void *owner, const PGresult *result, const struct err *err)
{
    struct reminder_send *send = owner;
    if (err->code == 0)
        send->clocks[send->clock_count++] = reminder_read_clock(result);
}

static void on_claimed(void *owner, const PGresult *result, const struct err *err)
{
    struct reminder_send *send = owner;
    if (err->code != 0)
        return;
    for (int row = 0; row < PQntuples(result); ++row) {
        struct reminder_claimed claimed;
        reminder_read_claimed(result, row, &claimed);
        assert(send->item_count < REMINDER_BATCH_MAX);
        struct item *item = &send->items[send->item_count++];
        *item = (struct item){.send = send, .key = claimed.key};
        buf_init(&item->title, TITLE_MAX);
        buf_init(&item->body, BODY_MAX);
        snprintf(item->channel, sizeof(item->channel), "%.*s", SPAN_ARG(claimed.channel));
        snprintf(item->address, sizeof(item->address), "%.*s", SPAN_ARG(claimed.address));
        write_words(item, &claimed);
    }
}

/* At most so long ago the claim became true for others. */
static int64_t us_since_claim(const struct reminder_send *send)
{
    int64_t all_us = mono_us_since(send->asked_at, clock_mono());
    int64_t before_commit_us = send->clocks[1].us - send->clocks[0].us;
    bool is_likely = before_commit_us >= 0 && before_commit_us <= all_us;
    return is_likely ? all_us - before_commit_us : all_us;
}

static void on_claim_done(void *owner, const struct err *err)
{
    struct reminder_send *send = owner;
    send->result.claimed_count = send->item_count;
    if (err->code != 0 || send->item_count == 0) {
        finish(send, err);
        return;
    }
    assert(send->clock_count == 2);
    send->result.was_slow = us_since_claim(send) > WIRE_MS * 1000;
    for (size_t i = 0; i < send->item_count && send->result.was_slow; ++i) {
        send->items[i].state = "scheduled";
        send->items[i].reason = "claimed too slowly";
    }
    if (send->result.was_slow)
        record(send);
    else
        send_all(send);
}

static void item_decide(struct item *item, enum channel_outcome outcome, const char *reason)
{
    static const char *const states[] = {[CHANNEL_SENT] = "sent",
                                         [CHANNEL_REFUSED] = "failed",
                                         [CHANNEL_RETRY] = "scheduled",
                                         [CHANNEL_UNCERTAIN] = "uncertain"};
    item->state = states[outcome];
    item->reason = reason;
}

static void on_sent(void *owner, enum channel_outcome outcome, const char *reason)
{
    struct item *item = owner;
    struct reminder_send *send = item->send;
    item_decide(item, outcome, reason);
    if (--send->waiting_count == 0)
        record(send);
}

static void send_one(struct item *item)
{
    struct world *world = item->send->world;
    const struct channel_message message = {.customer_id = item->key.customer_id,
                                            .invoice_id = item->key.invoice_id,
                                            .step = span_str(item->key.step),
                                            .channel = span_str(item->channel),
                                            .address = span_str(item->address),
                                            .title = buf_span(&item->title),
                                            .body = buf_span(&item->body),
                                            .at = item->send->now};
    const struct channel *channel = channel_find(world->channels, message.channel);
    struct err err;
    if (channel == NULL)
        item_decide(item, CHANNEL_RETRY, "channel gone");
    else if (channel->send(world->store, &message, on_sent, item, &err) != 0)
        item_decide(item, CHANNEL_RETRY, "channel busy");
    else
        ++item->send->waiting_count;
}

static void send_all(struct reminder_send *send)
{
    for (size_t i = 0; i < send->item_count; ++i)
        if (send->items[i].state == NULL)
            send_one(&send->items[i]);
    log_line(LOG_DEBUG, "reminders on the wire", "count=%zu claimed_us=%lld", send->item_count,
             (long long)us_since_claim(send));
    if (send->waiting_count == 0)
        record(send);
}

static void on_recorded(void *owner, const struct err *err)
{
    struct reminder_send *send = owner;
    for (size_t i = 0; i < send->item_count && err->code == 0; ++i) {
        if (strcmp(send->items[i].state, "sent") == 0)
            ++send->result.sent_count;
        else if (strcmp(send->items[i].state, "failed") == 0)
            metrics_add(send->world->metrics, METRIC_reminders_failed, 1);
    }
    metrics_add(send->world->metrics, METRIC_reminders_sent, (int64_t)send->result.sent_count);
    finish(send, err);
}

static void record(struct reminder_send *send)
{
    struct reminder_outcome outcomes[REMINDER_BATCH_MAX];
    for (size_t i = 0; i < send->item_count; ++i)
        outcomes[i] = (struct reminder_outcome){.key = send->items[i].key,
                                                .state = send->items[i].state,
                                                .reason = send->items[i].reason};
    struct instant again =
        instant_plus_seconds(send->now, send->result.was_slow ? 0 : RETRY_SECONDS);
    struct err err;
    if (reminder_finish(send->world->store, &send->tx, outcomes, send->item_count, send->now, again,
                        on_recorded, send, &err) != 0)
        finish(send, &err);
}

int reminder_send_begin(struct world *world, const struct reminder_texts *texts,
                        const struct reminder_keys *keys, reminder_send_cb on_done, void *owner,
                        struct err *err)
{
    struct reminder_send *send = calloc(1, sizeof(*send));
    if (send == NULL)
        abort();
    send->world = world;
    send->texts = texts;
    send->keys = *keys;
    send->on_done = on_done;
    send->owner = owner;
    send->now = world->now();
    send->asked_at = clock_mono();
    struct span kinds[3];
    const struct reminder_claim_order order = {
        .keys = &send->keys,
        .now = send->now,
        .hold_since = instant_plus_seconds(send->now, -(int64_t)world->payment_in_flight_seconds),
        .channels = kinds,
        .channel_count = reminder_channels(world, kinds)};
    int rc = reminder_claim(world->store, &send->tx, &order, on_clock, on_claimed, on_claim_done,
                            send, err);
    if (rc != 0)
        free(send);
    return rc;
}

int reminder_settle_lost(struct world *world, struct pg_tx *tx, const PGresult *lost,
                         pg_done_cb on_done, void *owner, struct err *err)
{
    struct reminder_outcome outcomes[REMINDER_BATCH_MAX];
    struct reminder_keys keys;
    reminder_read_keys(lost, &keys);
    for (size_t i = 0; i < keys.count; ++i) {
        const struct channel *channel =
            channel_find(world->channels, reminder_read_lost_channel(lost, (int)i));
        bool may_repeat = channel != NULL && channel->is_repeat_harmless;
        outcomes[i] = (struct reminder_outcome){
            .key = keys.keys[i],
            .state = may_repeat ? "scheduled" : "uncertain",
            .reason = may_repeat ? "process died" : "process died while sending"};
    }
    struct instant now = world->now();
    return reminder_finish(world->store, tx, outcomes, keys.count, now, now, on_done, owner, err);
}
