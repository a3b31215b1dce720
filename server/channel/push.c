/* One message to one device is one push, in one attempt: what asks for another one ends here, and
 * comes again with a new look at whether the invoice is paid. */
#include "channel/push.h"

#include "channel/push_apps.h"
#include "channel/push_payload.h"
#include "push/push.h"

#include <stdlib.h>

enum {
    DEADLINE_MS = 25000, /* the library's own patience with an answer is shorter */
    PRIORITY_NOW = 10,
    PRIORITY_QUIET = 5,
    SINCE_MS = 60000,   /* dead before it was registered: asked again after this */
    SINCE_ATTEMPTS = 2, /* so many times; then the registration was of a token already gone */
};

struct delivery {
    struct push_counts *counts;
    struct instant registered_at;
    int attempts;
    struct mono wire_by;
    channel_cb on_sent;
    void *owner;
};

/* By outcome, of refusals by advice. */
static const struct {
    enum push_outcome outcome;
    enum push_advice advice;
    struct channel_result result;
} table[] = {
    {PUSH_ACCEPTED, PUSH_ADVICE_NONE, {.outcome = CHANNEL_SENT}},
    {PUSH_REFUSED, PUSH_ADVICE_NONE, {.outcome = CHANNEL_REFUSED}},
    {PUSH_REFUSED,
     PUSH_ADVICE_DROP_TARGET,
     {.outcome = CHANNEL_REFUSED, .address = CHANNEL_ADDRESS_DEAD}},
    {PUSH_REFUSED,
     PUSH_ADVICE_DISABLE_TARGET,
     {.outcome = CHANNEL_REFUSED, .address = CHANNEL_ADDRESS_DEAD}},
    {PUSH_REFUSED,
     PUSH_ADVICE_OTHER_ENVIRONMENT,
     {.outcome = CHANNEL_REFUSED, .address = CHANNEL_ADDRESS_ELSEWHERE}},
    {PUSH_REFUSED, PUSH_ADVICE_SHORTEN, {.outcome = CHANNEL_REFUSED}},
    {PUSH_REFUSED, PUSH_ADVICE_STOP_TOPIC, {.outcome = CHANNEL_REFUSED}},
    {PUSH_REFUSED, PUSH_ADVICE_FIX, {.outcome = CHANNEL_REFUSED}},
    {PUSH_REFUSED, PUSH_ADVICE_LATER, {.outcome = CHANNEL_RETRY, .is_asked_for = true}},
    {PUSH_REFUSED, PUSH_ADVICE_HOLD_TARGET, {.outcome = CHANNEL_RETRY, .is_asked_for = true}},
    {PUSH_NEVER_SENT, PUSH_ADVICE_NONE, {.outcome = CHANNEL_RETRY}},
    {PUSH_UNKNOWN, PUSH_ADVICE_NONE, {.outcome = CHANNEL_UNCERTAIN}},
};

static struct channel_result row_of(const struct push_result *result)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); ++i)
        if (table[i].outcome == result->outcome &&
            (result->outcome != PUSH_REFUSED || table[i].advice == result->advice))
            return table[i].result;
    return (struct channel_result){.outcome = CHANNEL_REFUSED};
}

/* The service speaks of a registration before ours: the app has come back since. */
static bool is_about_an_older_one(const struct push_result *result, struct instant registered_at)
{
    return result->advice == PUSH_ADVICE_DROP_TARGET && result->dead_since_ms != 0 &&
           result->dead_since_ms * 1000 <= registered_at.us;
}

struct channel_result push_channel_result(const struct push_result *push,
                                          struct instant registered_at, int attempts)
{
    struct channel_result result = row_of(push);
    if (result.outcome == CHANNEL_REFUSED && attempts <= SINCE_ATTEMPTS &&
        is_about_an_older_one(push, registered_at))
        result = (struct channel_result){
            .outcome = CHANNEL_RETRY, .is_asked_for = true, .retry_after_ms = SINCE_MS};
    else if (result.outcome == CHANNEL_RETRY)
        result.retry_after_ms = push->retry_after_ms;
    result.reason = push->outcome == PUSH_ACCEPTED ? SPAN_LIT("accepted") : push->reason;
    return result;
}

/* Nothing is sent on the strength of a look at the invoice that is too long ago, and no second copy
 * without another look. */
static bool may_send(void *owner, struct push *push, enum push_try try)
{
    const struct delivery *delivery = owner;
    (void)push;
    return try != PUSH_TRY_UNKNOWN && clock_mono().ns <= delivery->wire_by.ns;
}

static void on_done(void *owner, struct push *push, const struct push_result *pushed)
{
    struct delivery *delivery = owner;
    (void)push;
    push_counts_add(delivery->counts, pushed);
    struct channel_result result =
        push_channel_result(pushed, delivery->registered_at, delivery->attempts);
    channel_cb on_sent = delivery->on_sent;
    void *waiting = delivery->owner;
    free(delivery);
    on_sent(waiting, &result);
}

static const struct push_handler handler = {.may_send = may_send, .on_done = on_done};

static void write_payload(struct buf *out, const struct push_app *app,
                          const struct channel_message *message, bool is_thanks)
{
    const struct push_words words = {.title = message->title,
                                     .body = message->body,
                                     .step = message->step,
                                     .creditor = message->title,
                                     .number = message->number,
                                     .link = message->link,
                                     .push_id = message->device->push_id,
                                     .collapse_id = message->device->collapse_id,
                                     .channel_id = span_str(app->channel_id),
                                     .is_urgent = !is_thanks};
    if (strcmp(app->service, "apns") == 0)
        push_payload_apns(out, &words);
    else
        push_payload_fcm(out, &words);
}

static int send_to(const struct push_app *app, const struct channel_message *message,
                   struct delivery *delivery, uint32_t start_within_ms, struct err *err)
{
    const struct channel_device *device = message->device;
    bool is_thanks = span_starts(message->step, SPAN_LIT("thanks"));
    struct buf payload;
    buf_init(&payload, PUSH_PAYLOAD_MAX + 1);
    write_payload(&payload, app, message, is_thanks);
    const struct push_message push = {
        .target_kind = span_is_str(device->target_kind, "fid") ? PUSH_FID : PUSH_TOKEN,
        .target = device->token,
        .payload = buf_span(&payload),
        .id = device->push_id,
        .topic = span_str(app->topic),
        .push_type = SPAN_LIT("alert"),
        .collapse_id = device->collapse_id,
        .priority = is_thanks ? PRIORITY_QUIET : PRIORITY_NOW,
        .expires_at_s = device->expires_at_s,
        .deadline_ms = DEADLINE_MS,
        .start_within_ms = start_within_ms,
        .attempts_max = 1,
    };
    int rc = push_send(app->pool, &push, &handler, delivery, NULL, err);
    buf_release(&payload);
    return rc;
}

static int push_channel_send(const struct channel_means *means,
                             const struct channel_message *message, channel_cb on_sent, void *owner,
                             struct err *err)
{
    const struct channel_device *device = message->device;
    const struct push_app *app =
        push_apps_find(means->push_apps, device->app, device->service, device->environment);
    if (app == NULL)
        return err_set(err, ERR_SETTINGS, "no such app");
    int64_t left_ms = (message->wire_by.ns - clock_mono().ns) / 1000000;
    if (left_ms <= 0)
        return err_set(err, ERR_BUSY, "too late");
    struct delivery *delivery = malloc(sizeof(*delivery));
    if (delivery == NULL)
        abort();
    *delivery = (struct delivery){.counts = app->counts,
                                  .registered_at = device->registered_at,
                                  .attempts = device->attempts,
                                  .wire_by = message->wire_by,
                                  .on_sent = on_sent,
                                  .owner = owner};
    int rc = send_to(app, message, delivery, (uint32_t)left_ms, err);
    if (rc != 0)
        free(delivery);
    return rc;
}

static bool push_takes(struct span channel)
{
    return span_is_str(channel, "push");
}

const struct channel push_channel = {
    .name = "push",
    .is_repeat_harmless = true,
    .takes = push_takes,
    .send = push_channel_send,
};
