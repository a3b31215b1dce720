#include "channel/sandbox.h"

#include "sql.h"
#include "store/store.h"

#include <stdlib.h>

/* One message under way. */
struct delivery {
    struct pg_tx tx;
    channel_cb on_sent;
    void *owner;
};

static void on_saved(void *owner, const struct err *err)
{
    struct delivery *delivery = owner;
    channel_cb on_sent = delivery->on_sent;
    void *waiting = delivery->owner;
    free(delivery);
    /* A lost connection leaves the outcome open; a repetition cannot hurt here. */
    struct channel_result result = {.outcome = CHANNEL_SENT, .reason = SPAN_LIT("delivered")};
    if (err->code != 0)
        result = (struct channel_result){.outcome = CHANNEL_RETRY,
                                         .reason = SPAN_LIT("sandbox not reached")};
    on_sent(waiting, &result);
}

static int sandbox_send(const struct channel_means *means, const struct channel_message *message,
                        channel_cb on_sent, void *owner, struct err *err)
{
    struct delivery *delivery = h2o_mem_alloc(sizeof(*delivery));
    *delivery = (struct delivery){.on_sent = on_sent, .owner = owner};
    int rc = pg_tx_begin(means->store->writes, &delivery->tx, on_saved, delivery, err);
    if (rc != 0) {
        free(delivery);
        return rc;
    }
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, message->customer_id);
    pg_arg_int(&args, message->invoice_id);
    pg_arg_text(&args, message->step);
    pg_arg_text(&args, message->channel);
    pg_arg_text(&args, message->address);
    pg_arg_text(&args, message->title.len == 0 ? (struct span){NULL, 0} : message->title);
    pg_arg_text(&args, message->body);
    pg_arg_instant(&args, message->at);
    pg_tx_add(&delivery->tx, SQL_SANDBOX_MESSAGE_ADD, &args, NULL);
    pg_args_release(&args);
    pg_tx_commit(&delivery->tx);
    return 0;
}

static bool sandbox_takes(struct span channel)
{
    return span_is_str(channel, "push") || span_is_str(channel, "sms") ||
           span_is_str(channel, "email") || span_is_str(channel, "voice");
}

const struct channel sandbox_channel = {
    .name = "sandbox",
    .is_repeat_harmless = true,
    .takes = sandbox_takes,
    .send = sandbox_send,
};
