#include "channel/worklist.h"

#include "store/work_item_store.h"

#include <stdlib.h>

struct delivery {
    struct pg_tx tx;
    channel_cb on_sent;
    void *owner;
};

/* The same row again is no row: a lost connection may be tried again. */
static void on_saved(void *owner, const struct err *err)
{
    struct delivery *delivery = owner;
    channel_cb on_sent = delivery->on_sent;
    void *waiting = delivery->owner;
    free(delivery);
    struct channel_result result = {.outcome = CHANNEL_SENT, .reason = SPAN_LIT("on the list")};
    if (err->code != 0)
        result = (struct channel_result){.outcome = CHANNEL_RETRY,
                                         .is_no_fault = true,
                                         .retry_after_ms = 10000,
                                         .reason = SPAN_LIT("list not reached")};
    on_sent(waiting, &result);
}

static int worklist_send(const struct channel_means *means, const struct channel_message *message,
                         channel_cb on_sent, void *owner, struct err *err)
{
    struct delivery *delivery = calloc(1, sizeof(*delivery));
    if (delivery == NULL)
        abort();
    *delivery = (struct delivery){.on_sent = on_sent, .owner = owner};
    const struct work_item_new item = {.customer_id = message->customer_id,
                                       .invoice_id = message->invoice_id,
                                       .step = message->step,
                                       .list = message->channel,
                                       .text = message->body,
                                       .now = message->at};
    int rc = work_item_add(means->store, &delivery->tx, &item, on_saved, delivery, err);
    if (rc != 0)
        free(delivery);
    return rc;
}

static bool worklist_takes(struct span channel)
{
    return span_is_str(channel, "call") || span_is_str(channel, "handover");
}

const struct channel worklist_channel = {
    .name = "worklist", .is_repeat_harmless = true, .takes = worklist_takes, .send = worklist_send};
