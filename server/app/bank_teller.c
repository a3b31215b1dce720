#include "app/bank_teller.h"

#include "app/bank.h"
#include "base/crypto.h"
#include "base/log.h"
#include "flow/world.h"
#include "io/fetch.h"
#include "io/timer.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    BEAT_MS = 250,
    ANSWER_TIMEOUT_MS = 10000,
    LEND_SECONDS = 15, /* longer than a delivery may take: a restart delivers again after it */
    AWAIT_MS = 3000,
    SECRET_MAX = 96,
};

struct bank_teller {
    const struct bank_options *options;
    const struct bank_trouble *trouble;
    struct timer beat;
    struct pg_tx take;
    h2o_linklist_t waiters;
    bool is_taking, is_stopped;
};

/* One callback on the wire. */
struct delivery {
    struct bank_teller *teller;
    char callback_id[SANDBOX_BANK_ID_MAX];
    int tries, status, calls_open;
    struct pg_tx done;
};

struct waiter {
    h2o_linklist_t link;
    struct timer timer;
    char callback_id[SANDBOX_BANK_ID_MAX];
    bank_told_cb on_told;
    void *owner;
};

bool bank_teller_sign(struct span secret, struct span callback_id, long timestamp, struct span body,
                      struct buf *headers)
{
    struct span prefix = SPAN_LIT("whsec_");
    struct span text = span_starts(secret, prefix) ? span_from(secret, prefix.len) : secret;
    uint8_t key[SECRET_MAX], mac[SHA256_LEN];
    long key_len = base64_parse(text, key, sizeof(key));
    if (key_len <= 0)
        return false;
    struct buf signed_text;
    buf_init(&signed_text, body.len + 256);
    buf_printf(&signed_text, "%.*s.%ld.", SPAN_ARG(callback_id), timestamp);
    buf_add(&signed_text, body);
    hmac_sha256(span_of((char *)key, (size_t)key_len), buf_span(&signed_text), mac);
    buf_release(&signed_text);
    secret_wipe(key, sizeof(key));
    char signature[64];
    base64_print(span_of((char *)mac, sizeof(mac)), signature);
    buf_printf(headers, "webhook-id: %.*s\nwebhook-timestamp: %ld\nwebhook-signature: v1,%s\n",
               SPAN_ARG(callback_id), timestamp, signature);
    return true;
}

static void waiter_end(struct waiter *waiter)
{
    bank_told_cb on_told = waiter->on_told;
    void *owner = waiter->owner;
    timer_stop(&waiter->timer);
    h2o_linklist_unlink(&waiter->link);
    free(waiter);
    on_told(owner);
}

static void on_waited(void *owner)
{
    waiter_end(owner);
}

void bank_teller_await(struct bank_teller *teller, const char *callback_id, bank_told_cb on_told,
                       void *owner)
{
    struct waiter *waiter = h2o_mem_alloc(sizeof(*waiter));
    *waiter = (struct waiter){.on_told = on_told, .owner = owner};
    snprintf(waiter->callback_id, sizeof(waiter->callback_id), "%s", callback_id);
    h2o_linklist_insert(&teller->waiters, &waiter->link);
    timer_init(&waiter->timer, teller->options->world->loop, "bank waiter", on_waited, waiter);
    timer_start(&waiter->timer, AWAIT_MS);
}

static void wake_waiters(struct bank_teller *teller, const char *callback_id)
{
    h2o_linklist_t *node = teller->waiters.next;
    while (node != &teller->waiters) {
        struct waiter *waiter = H2O_STRUCT_FROM_MEMBER(struct waiter, link, node);
        node = node->next;
        if (strcmp(waiter->callback_id, callback_id) == 0)
            waiter_end(waiter);
    }
}

static void on_outcome_saved(void *owner, const struct err *err)
{
    struct delivery *delivery = owner;
    if (err->code != 0)
        log_line(LOG_WARN, "bank callback outcome not kept", "error=%s", err->text);
    wake_waiters(delivery->teller, delivery->callback_id);
    free(delivery);
}

static void save_outcome(struct delivery *delivery)
{
    struct instant now = clock_wall(), again = {0};
    int gap_ms = bank_retry_gap_ms(delivery->tries);
    if (gap_ms > 0)
        again.us = now.us + gap_ms * 1000LL;
    log_line(LOG_INFO, "bank callback answered", "status=%d tries=%d", delivery->status,
             delivery->tries);
    struct err err;
    if (sandbox_bank_callback_done(delivery->teller->options->world->store, &delivery->done,
                                   span_str(delivery->callback_id), delivery->status, now, again,
                                   on_outcome_saved, delivery, &err) != 0)
        on_outcome_saved(delivery, &err);
}

static void on_answered(void *owner, const struct fetch_answer *answer, const struct err *err)
{
    struct delivery *delivery = owner;
    int status = err->code == 0 ? answer->status : 0;
    if (err->code != 0)
        log_line(LOG_INFO, "bank callback not delivered", "error=%s", err->text);
    /* Of two copies sent at once either may have been the one that was booked. */
    if (delivery->status < 200 || delivery->status > 299)
        delivery->status = status;
    if (--delivery->calls_open == 0)
        save_outcome(delivery);
}

static void post(struct delivery *delivery, const struct fetch_request *request)
{
    struct err err;
    struct fetch_call *call;
    if (fetch_begin(delivery->teller->options->world->fetch, request, on_answered, delivery, &call,
                    &err) == 0)
        ++delivery->calls_open;
}

static void deliver(struct bank_teller *teller, const struct sandbox_lent *lent)
{
    const struct bank_options *options = teller->options;
    struct delivery *delivery = h2o_mem_alloc(sizeof(*delivery));
    *delivery = (struct delivery){.teller = teller, .tries = lent->tries};
    snprintf(delivery->callback_id, sizeof(delivery->callback_id), "%.*s",
             SPAN_ARG(lent->callback_id));
    struct span secret = teller->trouble->is_wrongly_signed
                             ? SPAN_LIT("whsec_bm90IHRoZSBzZWNyZXQgb2YgdGhpcyBiYW5rIQ==")
                             : options->callback_secret;
    struct buf headers;
    buf_init(&headers, 2048);
    buf_add_str(&headers, "Content-Type: application/json\n");
    bank_teller_sign(secret, lent->callback_id, (long)instant_seconds(clock_wall()), lent->body,
                     &headers);
    const struct fetch_request request = {.method = "POST",
                                          .url = lent->callback_url,
                                          .headers = buf_span(&headers),
                                          .body = lent->body,
                                          .ca_file = options->ca_file,
                                          .timeout_ms = ANSWER_TIMEOUT_MS,
                                          .answer_max = 64 * 1024};
    post(delivery, &request);
    if (teller->trouble->is_twice)
        post(delivery, &request);
    buf_release(&headers);
    if (delivery->calls_open == 0)
        save_outcome(delivery);
}

static void on_taken(void *owner, const PGresult *result, const struct err *err)
{
    if (err->code != 0)
        return;
    for (int row = 0; row < PQntuples(result); ++row) {
        struct sandbox_lent lent;
        sandbox_bank_read_lent(result, row, &lent);
        deliver(owner, &lent);
    }
}

static void on_take_done(void *owner, const struct err *err)
{
    struct bank_teller *teller = owner;
    teller->is_taking = false;
    if (err->code != 0)
        log_line(LOG_WARN, "bank callbacks not taken", "error=%s", err->text);
    if (!teller->is_stopped)
        timer_start(&teller->beat, BEAT_MS);
}

static void on_beat(void *owner)
{
    struct bank_teller *teller = owner;
    struct err err;
    struct instant now = clock_wall();
    if (teller->is_taking || teller->is_stopped)
        return;
    if (sandbox_bank_callbacks_take(teller->options->world->store, &teller->take, now,
                                    instant_plus_seconds(now, LEND_SECONDS), on_taken, on_take_done,
                                    teller, &err) != 0)
        timer_start(&teller->beat, BEAT_MS);
    else
        teller->is_taking = true;
}

struct bank_teller *bank_teller_new(const struct bank_options *options,
                                    const struct bank_trouble *trouble)
{
    struct bank_teller *teller = h2o_mem_alloc(sizeof(*teller));
    *teller = (struct bank_teller){.options = options, .trouble = trouble};
    h2o_linklist_init_anchor(&teller->waiters);
    timer_init(&teller->beat, options->world->loop, "bank teller", on_beat, teller);
    timer_start(&teller->beat, BEAT_MS);
    return teller;
}

void bank_teller_stop(struct bank_teller *teller)
{
    teller->is_stopped = true;
    timer_stop(&teller->beat);
}

void bank_teller_kick(struct bank_teller *teller)
{
    if (!teller->is_stopped && !teller->is_taking)
        timer_start(&teller->beat, 0);
}
