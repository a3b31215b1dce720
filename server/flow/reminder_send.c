/* The happy path:
 *   claim in one transaction; its commit arrives; the words of each are written; each is handed to
 *   its channel in the same turn of the loop, and the caller is told, who may claim the next; each
 *   answer of a channel goes to the record.
 * What can fail:
 *   the claim: nothing is claimed, nothing is sent; the outcome of a commit whose connection broke
 *     is unknown and such reminders are found among the lost;
 *   more than 200 ms may have passed since the claim's commit: all is given back, for a payment may
 *     have come since. What the server did before the commit does not count: the customers are
 *     locked until then, so a slow database does not silence everything. It is told by the server's
 *     clock, the whole by ours; a server whose clock steps in that moment is not provided for;
 *   a channel refuses: failed; is busy: given back for five minutes; does not know: uncertain;
 *   recording: see reminder_record.c. */
#include "flow/reminder_send.h"

#include "base/log.h"
#include "channel/registry.h"
#include "domain/paylink.h"
#include "flow/reminder_record.h"
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
    struct reminder_outcome *outcome; /* null once it is the record's */
    struct buf title, body;
    char channel[8], address[ADDRESS_MAX];
};

struct reminder_send {
    struct world *world;
    const struct reminder_texts *texts;
    struct reminder_record *record;
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

size_t reminder_channels(const struct world *world, struct span kinds[3])
{
    static const char *const all[] = {"push", "sms", "email"};
    size_t count = 0;
    for (size_t i = 0; i < 3; ++i)
        if (channel_find(world->channels, span_str(all[i])) != NULL)
            kinds[count++] = span_str(all[i]);
    return count;
}

static void item_end(struct item *item, const char *state, const char *reason)
{
    reminder_outcome_set(item->outcome, state, reason);
    reminder_record_add(item->send->record, item->outcome);
    item->outcome = NULL;
}

static void free_send(struct reminder_send *send)
{
    for (size_t i = 0; i < send->item_count; ++i) {
        free(send->items[i].outcome);
        buf_release(&send->items[i].title);
        buf_release(&send->items[i].body);
    }
    free(send);
}

/* The caller is told once; the struct lives until the last channel has answered. */
static void finish(struct reminder_send *send, const struct err *err)
{
    send->on_done(send->owner, &send->result, err);
    if (send->waiting_count == 0)
        free_send(send);
}

/* An item without words keeps them empty. */
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
        buf_reset(&item->body);
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
        *item =
            (struct item){.send = send, .outcome = reminder_outcome_new(&claimed.key, send->now)};
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

static void give_all_back(struct reminder_send *send)
{
    for (size_t i = 0; i < send->item_count; ++i) {
        send->items[i].outcome->again_at = send->now;
        item_end(&send->items[i], "scheduled", "claimed too slowly");
    }
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
    if (send->result.was_slow)
        give_all_back(send);
    else
        send_all(send);
    finish(send, err);
}

static void on_sent(void *owner, enum channel_outcome outcome, const char *reason)
{
    static const char *const states[] = {[CHANNEL_SENT] = "sent",
                                         [CHANNEL_REFUSED] = "failed",
                                         [CHANNEL_RETRY] = "scheduled",
                                         [CHANNEL_UNCERTAIN] = "uncertain"};
    struct item *item = owner;
    struct reminder_send *send = item->send;
    item_end(item, states[outcome], reason);
    if (--send->waiting_count == 0)
        free_send(send);
}

static void send_one(struct item *item)
{
    struct world *world = item->send->world;
    const struct reminder_key *key = &item->outcome->key;
    const struct channel_message message = {.customer_id = key->customer_id,
                                            .invoice_id = key->invoice_id,
                                            .step = span_str(key->step),
                                            .channel = span_str(item->channel),
                                            .address = span_str(item->address),
                                            .title = buf_span(&item->title),
                                            .body = buf_span(&item->body),
                                            .at = item->send->now};
    const struct channel *channel = channel_find(world->channels, message.channel);
    struct err err;
    item->outcome->again_at = instant_plus_seconds(item->send->now, RETRY_SECONDS);
    if (message.body.len == 0)
        item_end(item, "failed", "no text");
    else if (channel == NULL)
        item_end(item, "scheduled", "channel gone");
    else if (channel->send(world->store, &message, on_sent, item, &err) != 0)
        item_end(item, "scheduled", "channel busy");
    else
        ++item->send->waiting_count;
}

static void send_all(struct reminder_send *send)
{
    for (size_t i = 0; i < send->item_count; ++i)
        send_one(&send->items[i]);
    log_line(LOG_DEBUG, "reminders on the wire", "count=%zu claimed_us=%lld", send->item_count,
             (long long)us_since_claim(send));
}

int reminder_send_begin(const struct reminder_post *post, const struct reminder_keys *keys,
                        reminder_send_cb on_done, void *owner, struct err *err)
{
    struct reminder_send *send = calloc(1, sizeof(*send));
    if (send == NULL)
        abort();
    struct world *world = post->world;
    send->world = world;
    send->texts = post->texts;
    send->record = post->record;
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
    struct reminder_outcome *outcomes[REMINDER_BATCH_MAX];
    size_t count = (size_t)PQntuples(lost);
    assert(count <= REMINDER_BATCH_MAX);
    struct instant now = world->now();
    for (size_t i = 0; i < count; ++i) {
        struct reminder_lost_claim claim;
        reminder_read_lost(lost, (int)i, &claim);
        const struct channel *channel = channel_find(world->channels, claim.channel);
        outcomes[i] = reminder_outcome_new(&claim.key, claim.claimed_at);
        outcomes[i]->again_at = now;
        if (channel != NULL && channel->is_repeat_harmless)
            reminder_outcome_set(outcomes[i], "scheduled", "process died");
        else
            reminder_outcome_set(outcomes[i], "uncertain", "process died while sending");
    }
    int rc = reminder_finish(world->store, tx, outcomes, count, now, on_done, owner, err);
    for (size_t i = 0; i < count; ++i)
        free(outcomes[i]);
    return rc;
}
