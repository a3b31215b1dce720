/* The happy path:
 *   claim in one transaction; while its commit is on its way the words of each message are written;
 * then each is handed to its channel in one turn of the loop, a push once for each device, and the
 * caller is told, who may claim the next; when the last device of a message has answered the
 * outcome of its reminders, of which the first stands for all, goes to the record. What can fail:
 * the claim: nothing is claimed, nothing is sent; the outcome of a commit whose connection broke is
 * unknown and such reminders are found among the lost; more than 200 ms may have passed since the
 * claim's commit: all is given back, for a payment may have come since; what a push service does
 * not write to the wire by then comes back as well. What the server did before the commit does not
 * count: the customers are locked until then, so a slow database does not silence everything. It is
 * told by the server's clock, the whole by ours; a server whose clock steps in that moment is not
 * provided for; a channel refuses: failed; is busy: given back for a while; does not know:
 * uncertain; a push service refuses a device: the device ends, and the reminder is given back to go
 * another way; refuses for now, or nobody knows: that push is tried again under its own id;
 *   recording: see reminder_record.c. */
#include "flow/reminder_send.h"

#include "base/log.h"
#include "channel/gate.h"
#include "channel/push.h"
#include "channel/push_app.h"
#include "channel/push_room.h"
#include "channel/registry.h"
#include "domain/collapse_id.h"
#include "domain/message_code.h"
#include "domain/paylink.h"
#include "domain/push_life.h"
#include "domain/transfer_qr.h"
#include "flow/campaign_words.h"
#include "flow/message_kept.h"
#include "flow/message_news.h"
#include "flow/reminder_record.h"
#include "flow/reminder_text.h"
#include "flow/world.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    WIRE_MS = 200,       /* from claim to wire */
    RETRY_SECONDS = 300, /* what a channel could not take now and did not say when */
    WORDS_MAX = 64 * 1024 * 1024,
    CAMPAIGN_TEXT_MAX = 16 * 1024,
};

/* A text among the words of the batch. */
struct part {
    uint32_t at, len;
};

/* A reminder. Behind the first one of a message stand the others that share it. */
struct item {
    struct reminder_send *send;
    struct reminder_outcome *outcome; /* null once it is the record's */
    size_t other_count;               /* of the first one: how many share its message */
    struct part code, unsubscribe, language;
    struct part channel, number, link, collapse_id;
    bool is_repeat_harmless;              /* as its channel says */
    char code_sent[MESSAGE_CODE_LEN + 1]; /* the words may be gone when it is answered */
    struct part account; /* that the debt is paid to; empty: nothing to be paid to it */
    struct money due;
    struct buf said;        /* what its deliveries say, see flow/message_kept.h */
    uint32_t waiting_count; /* deliveries without an answer */
    struct push_tally tally;
    uint32_t again_ms; /* the longest wait of those to be tried again */
};

/* A message under way: a reminder to its address, or to one of the devices. */
struct delivery {
    struct item *item;
    struct reminder_push *push; /* its place in the outcome; null: not to a device */
    struct gate *gate;          /* where it counts until it has ended; null: nowhere */
    struct part address, title, body, html;
    struct part app, service, environment, target_kind, token, push_id;
    struct instant expires_at;
    int attempts;
    bool can_change_environment;
};

struct reminder_send {
    struct reminder_post post;
    struct reminder_batch batch;
    struct pg_tx tx;
    struct item items[REMINDER_BATCH_MAX];
    size_t item_count;
    struct delivery *deliveries;
    size_t delivery_count, waiting_count;
    struct campaign_words *campaigns; /* what they say in this batch */
    struct buf words;                 /* until all is handed over */
    struct mono asked_at, wire_by;
    struct instant clocks[2]; /* the server's: at the beginning of the claim, before its commit */
    size_t clock_count;
    struct instant now;
    struct reminder_send_result result;
    reminder_send_cb on_done;
    void *owner;
};

static void send_all(struct reminder_send *send);

void reminder_ways(const struct reminder_post *post, struct reminder_ways *ways)
{
    static const char *const all[] = {"push", "sms", "email", "voice", "call", "handover"};
    *ways = (struct reminder_ways){.kind_count = 0};
    ways->app_count = push_room_apps(post->room, &ways->apps);
    for (size_t i = ways->app_count > 0; i < sizeof(all) / sizeof(all[0]); ++i)
        if (channel_find(post->world->channels, span_str(all[i])) != NULL)
            ways->kinds[ways->kind_count++] = span_str(all[i]);
}

/* ---- words ---- */

static struct part put(struct reminder_send *send, struct span text)
{
    struct part part = {(uint32_t)buf_span(&send->words).len, (uint32_t)text.len};
    buf_add(&send->words, text);
    return part;
}

static struct span get(const struct reminder_send *send, struct part part)
{
    return span_of(buf_span(&send->words).base + part.at, part.len);
}

static enum push_text text_of(const struct reminder_send *send,
                              const struct reminder_claimed *claimed)
{
    if (claimed->installation.base == NULL)
        return PUSH_TEXT_FULL;
    const struct push_app *app = push_apps_find(send->post.world->push_apps, claimed->app,
                                                claimed->service, claimed->environment);
    return app == NULL ? PUSH_TEXT_NEUTRAL : app->text;
}

/* What a message is about: its reminders, and the link of each beside them. */
struct debts {
    struct reminder_claimed *items;
    struct span *links;
    size_t count;
};

/* What was approved, not what a template of the ladder says. */
static void write_campaign(struct delivery *delivery, const struct reminder_key *key)
{
    struct reminder_send *send = delivery->item->send;
    struct buf body;
    buf_init(&body, CAMPAIGN_TEXT_MAX);
    if (campaign_words_write(send->campaigns, key, get(send, delivery->item->link), &body))
        delivery->body = put(send, buf_span(&body));
    buf_release(&body);
}

/* Of all reminders of the message; of a push the text of the last device. */
static void note_text(struct item *item, const char *name)
{
    for (struct item *of = item; of <= item + item->other_count; ++of) {
        snprintf(of->outcome->text, sizeof(of->outcome->text), "%s", name);
        of->outcome->is_demand = reminder_text_is_demand(name);
    }
}

/* Without words, which is a mistake in the templates, the body stays empty. */
static void write_rendered(struct delivery *delivery, const struct debts *debts, bool is_neutral)
{
    struct reminder_send *send = delivery->item->send;
    for (size_t i = 0; i < debts->count; ++i)
        debts->links[i] = get(send, delivery->item[i].link);
    const struct reminder_words words = {.creditor = &send->post.world->creditor,
                                         .keys = send->post.world->keys,
                                         .link = debts->links[0],
                                         .links = debts->links,
                                         .unsubscribe = get(send, delivery->item->unsubscribe),
                                         .is_neutral = is_neutral};
    struct reminder_text text;
    struct err err;
    reminder_text_init(&text);
    if (reminder_text_write(send->post.texts, debts->items, debts->count, &words, &text, &err) ==
        0) {
        delivery->title = put(send, buf_span(&text.title));
        delivery->body = put(send, buf_span(&text.body));
        delivery->html = put(send, buf_span(&text.html));
        note_text(delivery->item, text.name);
    } else {
        log_line(LOG_ERROR, "reminder not written", "step=%s error=%s", debts->items[0].key.step,
                 err.text);
    }
    reminder_text_release(&text);
}

static struct span code_of(const struct item *item)
{
    struct span link = get(item->send, item->link);
    return link.len < PAYLINK_CODE_LEN ? SPAN_LIT("")
                                       : span_from(link, link.len - PAYLINK_CODE_LEN);
}

/* The words are gone when it is known whether they went out. */
static void note_said(struct delivery *delivery, const struct debts *debts)
{
    struct item *item = delivery->item;
    struct reminder_send *send = item->send;
    if (delivery->title.len == 0 && delivery->body.len == 0)
        return;
    for (size_t i = 0; i < debts->count; ++i)
        debts->links[i] = code_of(&item[i]);
    message_kept_add(&item->said,
                     &(struct message_kept){
                         .to = delivery->push == NULL ? get(send, delivery->address) : SPAN_LIT(""),
                         .title = get(send, delivery->title),
                         .body = get(send, delivery->body)},
                     debts->links, debts->count);
}

static void write_words(struct delivery *delivery, const struct debts *debts)
{
    struct reminder_send *send = delivery->item->send;
    enum push_text text = text_of(send, &debts->items[0]);
    if (debts->items[0].campaign_id != 0)
        write_campaign(delivery, &debts->items[0].key);
    else if (text == PUSH_TEXT_KEYS)
        delivery->title = put(send, send->post.world->creditor.name);
    else
        write_rendered(delivery, debts, text == PUSH_TEXT_NEUTRAL);
    note_said(delivery, debts);
}

static void write_link(struct item *item, const struct reminder_claimed *claimed)
{
    const struct world *world = item->send->post.world;
    char link[512] = "", code[PAYLINK_CODE_LEN + 1];
    if (claimed->link_no != 0) {
        paylink_print_code(world->keys,
                           (struct paylink_id){claimed->key.customer_id, claimed->link_no}, code);
        snprintf(link, sizeof(link), "%.*s/%s", SPAN_ARG(world->public_url), code);
    }
    item->link = put(item->send, span_str(link));
}

static void write_code(struct item *item, const struct reminder_claimed *claimed)
{
    char code[MESSAGE_CODE_LEN + 1] = "";
    if (claimed->message_no != 0)
        message_code_print(item->send->post.world->keys,
                           (struct message_id){claimed->key.customer_id, claimed->message_no},
                           code);
    item->code = put(item->send, span_str(code));
}

/* Mail alone, and not what the law wants said to a late debtor. */
static void write_unsubscribe(struct item *item, const struct reminder_claimed *claimed)
{
    struct reminder_send *send = item->send;
    char address[600] = "";
    bool may_be_refused =
        span_is_str(claimed->channel, "email") && reminder_text_may_be_refused(claimed);
    if (may_be_refused && claimed->link_no != 0)
        snprintf(address, sizeof(address), "%.*s/unsubscribe", SPAN_ARG(get(send, item->link)));
    item->unsubscribe = put(send, span_str(address));
}

/* ---- what was claimed ---- */

/* What a mail shows as a code to scan: of one debt, while something is left to pay. */
static void write_transfer(struct item *item, const struct reminder_claimed *claimed)
{
    char currency[4] = "";
    struct span account =
        claimed->account.len != 0 ? claimed->account : item->send->post.world->creditor.account;
    memcpy(currency, claimed->currency.base, claimed->currency.len < 4 ? claimed->currency.len : 3);
    if (!span_is_str(claimed->channel, "email") || claimed->due_minor <= 0)
        return;
    item->account = put(item->send, account);
    item->due = money_of(claimed->due_minor, currency);
}

static struct item *add_item(struct reminder_send *send, const struct reminder_claimed *claimed,
                             size_t push_count)
{
    assert(send->item_count < REMINDER_BATCH_MAX);
    struct item *item = &send->items[send->item_count++];
    *item = (struct item){.send = send,
                          .outcome = reminder_outcome_new(&claimed->key, send->now, push_count),
                          .channel = put(send, claimed->channel),
                          .number = put(send, claimed->number),
                          .language = put(send, claimed->language)};
    buf_init(&item->said, MESSAGE_KEPT_MAX);
    item->outcome->is_lead = claimed->is_lead;
    item->outcome->demand =
        reminder_texts_demand_dates(send->post.texts, date_from_days(claimed->today));
    write_link(item, claimed);
    write_code(item, claimed);
    write_unsubscribe(item, claimed);
    write_transfer(item, claimed);
    if (push_count == 0)
        return item;
    item->tally.accepted = claimed->is_accepted;
    char collapse_id[COLLAPSE_ID_LEN + 1];
    collapse_id_print(send->post.world->keys, claimed->key.customer_id, claimed->key.invoice_id,
                      collapse_id);
    item->collapse_id = put(send, span_str(collapse_id));
    return item;
}

static bool has_other_environment(const struct reminder_send *send,
                                  const struct reminder_claimed *claimed)
{
    struct span other = span_is_str(claimed->environment, "production") ? SPAN_LIT("sandbox")
                                                                        : SPAN_LIT("production");
    return !claimed->has_changed_environment &&
           push_apps_find(send->post.world->push_apps, claimed->app, claimed->service, other) !=
               NULL;
}

static void add_device(struct delivery *delivery, const struct reminder_claimed *claimed,
                       size_t number)
{
    struct reminder_send *send = delivery->item->send;
    delivery->push = &delivery->item->outcome->pushes[number];
    snprintf(delivery->push->installation, sizeof(delivery->push->installation), "%.*s",
             SPAN_ARG(claimed->installation));
    delivery->push->registered_at = claimed->registered_at;
    delivery->app = put(send, claimed->app);
    delivery->service = put(send, claimed->service);
    delivery->environment = put(send, claimed->environment);
    delivery->target_kind = put(send, claimed->target_kind);
    delivery->token = put(send, claimed->token);
    delivery->push_id = put(send, claimed->push_id);
    delivery->expires_at = claimed->expires_at;
    delivery->attempts = claimed->attempts;
    delivery->can_change_environment = has_other_environment(send, claimed);
}

static void add_delivery(struct item *item, const struct debts *debts, size_t number)
{
    struct reminder_send *send = item->send;
    const struct reminder_claimed *claimed = &debts->items[0];
    struct delivery *delivery = &send->deliveries[send->delivery_count++];
    *delivery = (struct delivery){.item = item, .address = put(send, claimed->address)};
    if (claimed->installation.base != NULL)
        add_device(delivery, claimed, number);
    write_words(delivery, debts);
}

/* How many rows from this one on are devices of the same reminder. */
static size_t count_devices(const PGresult *result, int row, const struct reminder_claimed *first)
{
    size_t count = 0;
    for (; row < PQntuples(result); ++row, ++count) {
        struct reminder_claimed claimed = {0};
        reminder_read_claimed(result, row, &claimed);
        if (claimed.installation.base == NULL || claimed.key.invoice_id != first->key.invoice_id ||
            claimed.key.customer_id != first->key.customer_id)
            break;
    }
    return count;
}

/* How many from this one on are other reminders of the same message. */
static size_t count_others(const PGresult *result, int row, const struct reminder_claimed *first)
{
    size_t count = 0;
    for (; row < PQntuples(result); ++row, ++count) {
        struct reminder_claimed claimed = {0};
        reminder_read_claimed(result, row, &claimed);
        if (!claimed.is_claimed || claimed.is_lead || claimed.message_no != first->message_no ||
            claimed.key.customer_id != first->key.customer_id)
            break;
    }
    return count;
}

/* The rows of one message: of its first reminder one each device, or one; then one each of the
 * others. Returns how many. */
static int take_message(struct reminder_send *send, const PGresult *result, int row)
{
    struct reminder_claimed first = {0};
    reminder_read_claimed(result, row, &first);
    if (!first.is_claimed) {
        ++send->result.ended_count;
        return 1;
    }
    size_t device_count = count_devices(result, row, &first);
    int own_count = device_count > 0 ? (int)device_count : 1;
    struct debts debts = {.count = 1 + count_others(result, row + own_count, &first)};
    debts.items = calloc(debts.count, sizeof(debts.items[0]));
    debts.links = calloc(debts.count, sizeof(debts.links[0]));
    if (debts.items == NULL || debts.links == NULL)
        abort();
    struct item *item = add_item(send, &first, device_count);
    item->other_count = debts.count - 1;
    for (size_t i = 1; i < debts.count; ++i) {
        reminder_read_claimed(result, row + own_count + (int)i - 1, &debts.items[i]);
        (void)add_item(send, &debts.items[i], 0);
    }
    for (int i = 0; i < own_count; ++i) {
        debts.items[0] = (struct reminder_claimed){0};
        reminder_read_claimed(result, row + i, &debts.items[0]);
        add_delivery(item, &debts, (size_t)i);
    }
    free(debts.items);
    free(debts.links);
    return own_count + (int)debts.count - 1;
}

static void on_clock(void *owner, const PGresult *result, const struct err *err)
{
    struct reminder_send *send = owner;
    if (err->code == 0)
        send->clocks[send->clock_count++] = reminder_read_clock(result);
}

static void on_put_off(void *owner, const PGresult *result, const struct err *err)
{
    struct reminder_send *send = owner;
    if (err->code == 0)
        send->result.put_off_count = reminder_read_put_off(result);
}

static void on_campaign_texts(void *owner, const PGresult *result, const struct err *err)
{
    struct reminder_send *send = owner;
    if (err->code == 0)
        campaign_words_take(send->campaigns, result);
}

static void on_claimed(void *owner, const PGresult *result, const struct err *err)
{
    struct reminder_send *send = owner;
    if (err->code != 0)
        return;
    int row_count = PQntuples(result);
    send->deliveries = calloc((size_t)row_count + 1, sizeof(send->deliveries[0]));
    if (send->deliveries == NULL)
        abort();
    for (int row = 0; row < row_count;)
        row += take_message(send, result, row);
}

/* At most so long ago the claim became true for others. */
static int64_t us_since_claim(const struct reminder_send *send)
{
    int64_t all_us = mono_us_since(send->asked_at, clock_mono());
    int64_t before_commit_us = send->clocks[1].us - send->clocks[0].us;
    bool is_likely = before_commit_us >= 0 && before_commit_us <= all_us;
    return is_likely ? all_us - before_commit_us : all_us;
}

static void end_one(struct item *item, const char *state, struct span reason)
{
    reminder_outcome_set(item->outcome, state, reason);
    reminder_record_add(item->send->post.record, item->outcome);
    item->outcome = NULL;
}

/* All reminders of its message. What one device accepted was said of all of them; the others of its
 * devices are told of the first alone. */
static void end_item(struct item *item, const char *state, struct span reason)
{
    bool is_said = item->tally.accepted > 0;
    bool is_kept = is_said || item->outcome->is_perhaps_sent || strcmp(state, "sent") == 0 ||
                   strcmp(state, "uncertain") == 0;
    if (is_kept)
        item->outcome->kept = message_kept_take(&item->said);
    for (struct item *other = item + 1; other <= item + item->other_count; ++other) {
        other->outcome->again_at = item->outcome->again_at;
        other->outcome->sent_at = item->outcome->sent_at;
        other->outcome->is_perhaps_sent = item->outcome->is_perhaps_sent;
        if (is_kept)
            other->outcome->kept = message_kept_take(&item->said);
        if (is_said)
            end_one(other, "sent", SPAN_LIT("accepted"));
        else
            end_one(other, state, reason);
    }
    end_one(item, state, reason);
}

static void free_send(struct reminder_send *send)
{
    for (size_t i = 0; i < send->item_count; ++i) {
        reminder_outcome_free(send->items[i].outcome);
        buf_release(&send->items[i].said);
    }
    free(send->deliveries);
    campaign_words_free(send->campaigns);
    buf_release(&send->words);
    free(send);
}

/* The caller is told once; the struct lives until the last channel has answered. */
static void finish(struct reminder_send *send, const struct err *err)
{
    send->on_done(send->owner, &send->result, err);
    if (send->waiting_count == 0)
        free_send(send);
    else
        buf_release(&send->words);
}

static void give_all_back(struct reminder_send *send)
{
    static const struct span reason = {"claimed too slowly", 18};
    for (size_t i = 0; i < send->delivery_count; ++i)
        if (send->deliveries[i].push != NULL)
            reminder_push_set(send->deliveries[i].push, "waiting", reason);
    for (size_t i = 0; i < send->item_count; ++i) {
        send->items[i].outcome->again_at = send->now;
        end_one(&send->items[i], "scheduled", reason);
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
    int64_t left_us = WIRE_MS * 1000 - us_since_claim(send);
    send->wire_by.ns = clock_mono().ns + left_us * 1000;
    send->result.was_slow = left_us < 0;
    if (send->result.was_slow)
        give_all_back(send);
    else
        send_all(send);
    finish(send, err);
}

/* ---- answers ---- */

static struct instant after_ms(const struct item *item, uint32_t ms)
{
    return (struct instant){item->send->post.world->now().us + (int64_t)ms * 1000};
}

static void on_fault_told(void *owner, enum message_news_result result, const struct err *err)
{
    (void)owner, (void)result;
    if (err->code != 0)
        log_line(LOG_WARN, "fault of an address not kept", "error=\"%s\"", err->text);
}

/* The gateway says that nothing will ever arrive there: as a report or a bounce would. */
static void tell_dead_address(const struct item *item, const struct channel_result *result)
{
    struct world *world = item->send->post.world;
    const struct message_news news = {.code = span_str(item->code_sent),
                                      .kind = MESSAGE_NEWS_UNDELIVERED,
                                      .address = MESSAGE_NEWS_ADDRESS_DEAD,
                                      .reason = result->reason,
                                      .at = world->now()};
    struct err err = {0};
    if (message_news_take(world, &news, on_fault_told, NULL, &err) != 0)
        on_fault_told(NULL, MESSAGE_NEWS_NO_SUCH, &err);
}

static void end_message(struct item *item, const struct channel_result *result)
{
    static const char *const states[] = {[CHANNEL_SENT] = "sent",
                                         [CHANNEL_REFUSED] = "failed",
                                         [CHANNEL_RETRY] = "scheduled",
                                         [CHANNEL_UNCERTAIN] = "uncertain"};
    uint32_t again_ms =
        result->retry_after_ms > 0 ? result->retry_after_ms : (uint32_t)RETRY_SECONDS * 1000;
    item->outcome->again_at = after_ms(item, again_ms);
    if (result->outcome == CHANNEL_SENT)
        item->outcome->sent_at = item->send->post.world->now();
    item->outcome->parts = result->parts;
    item->outcome->price_micro = result->price_micro;
    snprintf(item->outcome->gateway_id, sizeof(item->outcome->gateway_id), "%.*s",
             SPAN_ARG(result->gateway_id));
    /* Where a copy cannot hurt, what nobody knows is sent again under its own code. */
    if (result->outcome == CHANNEL_REFUSED && result->address == CHANNEL_ADDRESS_DEAD &&
        item->code_sent[0] != '\0')
        tell_dead_address(item, result);
    bool is_again =
        result->outcome == CHANNEL_UNCERTAIN && !result->is_final && item->is_repeat_harmless;
    item->outcome->is_perhaps_sent = is_again;
    end_item(item, is_again ? "scheduled" : states[result->outcome], result->reason);
}

static void again(struct delivery *delivery, const char *state, uint32_t wait_ms,
                  struct span reason)
{
    struct item *item = delivery->item;
    reminder_push_set(delivery->push, state, reason);
    if (item->tally.waiting++ == 0 || wait_ms > item->again_ms)
        item->again_ms = wait_ms;
}

static void refuse(struct delivery *delivery, const struct channel_result *result)
{
    struct reminder_push *push = delivery->push;
    if (result->address == CHANNEL_ADDRESS_ELSEWHERE && delivery->can_change_environment) {
        push->device = REMINDER_DEVICE_MOVED;
        again(delivery, "waiting", 0, result->reason);
        return;
    }
    bool is_dead = result->address != CHANNEL_ADDRESS_KEPT;
    push->device = is_dead ? REMINDER_DEVICE_DEAD : REMINDER_DEVICE_KEPT;
    delivery->item->tally.dead += is_dead;
    ++delivery->item->tally.refused;
    reminder_push_set(push, "refused", result->reason);
}

static void note_push(struct delivery *delivery, const struct channel_result *result)
{
    struct item *item = delivery->item;
    enum push_again why = result->is_asked_for ? PUSH_AGAIN_LATER : PUSH_AGAIN_NOT_SENT;
    switch (result->outcome) {
    case CHANNEL_SENT:
        ++item->tally.accepted;
        item->outcome->sent_at = item->send->post.world->now();
        reminder_push_set(delivery->push, "accepted", result->reason);
        break;
    case CHANNEL_REFUSED:
        refuse(delivery, result);
        break;
    case CHANNEL_RETRY:
        again(delivery, "waiting", push_again_ms(why, delivery->attempts, result->retry_after_ms),
              result->reason);
        break;
    case CHANNEL_UNCERTAIN:
        again(delivery, "unknown", push_again_ms(PUSH_AGAIN_UNKNOWN, delivery->attempts, 0),
              result->reason);
        break;
    }
}

/* All devices have answered; the last one's words stand for all. */
static void end_pushes(struct item *item, struct span reason)
{
    static const struct {
        const char *state, *reason;
    } sums[] = {[PUSH_SUM_SENT] = {"sent", "accepted"},
                [PUSH_SUM_AGAIN] = {"scheduled", NULL},
                [PUSH_SUM_ELSEWHERE] = {"scheduled", NULL},
                [PUSH_SUM_FAILED] = {"failed", NULL}};
    enum push_sum sum = push_sum(item->tally);
    item->outcome->again_at = after_ms(item, sum == PUSH_SUM_AGAIN ? item->again_ms : 0);
    end_item(item, sums[sum].state, sums[sum].reason == NULL ? reason : span_str(sums[sum].reason));
}

static void answer(struct delivery *delivery, const struct channel_result *result)
{
    struct item *item = delivery->item;
    --item->waiting_count;
    if (delivery->push == NULL) {
        end_message(item, result);
        return;
    }
    note_push(delivery, result);
    if (item->waiting_count == 0)
        end_pushes(item, result->reason);
}

static void on_sent(void *owner, const struct channel_result *result)
{
    struct delivery *delivery = owner;
    struct reminder_send *send = delivery->item->send;
    if (delivery->gate != NULL)
        gate_end(delivery->gate, result, clock_mono());
    answer(delivery, result);
    if (--send->waiting_count == 0)
        free_send(send);
}

/* ---- handing over ---- */

/* Business time may be another than the services' own. */
static int64_t wall_seconds(const struct reminder_send *send, struct instant at)
{
    return instant_seconds(clock_wall()) + (at.us - send->now.us) / 1000000;
}

static struct transfer transfer_of(const struct item *item)
{
    const struct creditor *creditor = &item->send->post.world->creditor;
    return (struct transfer){.recipient = creditor->name,
                             .nip = creditor->nip,
                             .account = get(item->send, item->account),
                             .title = get(item->send, item->number),
                             .amount = item->due,
                             .takes_euro_transfers = creditor->takes_euro_transfers};
}

static int send_one(struct delivery *delivery, const struct channel *channel, struct err *err)
{
    const struct item *item = delivery->item;
    struct reminder_send *send = item->send;
    const struct reminder_key *key = &item->outcome->key;
    struct channel_device device = {0};
    const struct transfer transfer = transfer_of(item);
    bool has_transfer = item->account.len != 0 && item->other_count == 0;
    struct channel_message message = {.customer_id = key->customer_id,
                                      .invoice_id = key->invoice_id,
                                      .step = span_str(key->step),
                                      .channel = get(send, item->channel),
                                      .address = get(send, delivery->address),
                                      .title = get(send, delivery->title),
                                      .body = get(send, delivery->body),
                                      .html = get(send, delivery->html),
                                      .code = get(send, item->code),
                                      .unsubscribe = get(send, item->unsubscribe),
                                      .language = get(send, item->language),
                                      .number = get(send, item->number),
                                      .link = get(send, item->link),
                                      .transfer = has_transfer ? &transfer : NULL,
                                      .wire_by = send->wire_by,
                                      .at = send->now};
    if (delivery->push != NULL) {
        device = (struct channel_device){.app = get(send, delivery->app),
                                         .service = get(send, delivery->service),
                                         .environment = get(send, delivery->environment),
                                         .target_kind = get(send, delivery->target_kind),
                                         .token = get(send, delivery->token),
                                         .push_id = get(send, delivery->push_id),
                                         .collapse_id = get(send, item->collapse_id),
                                         .registered_at = delivery->push->registered_at,
                                         .expires_at_s = wall_seconds(send, delivery->expires_at),
                                         .attempts = delivery->attempts};
        message.device = &device;
    }
    const struct channel_means means = {.store = send->post.world->store,
                                        .push_apps = send->post.world->push_apps,
                                        .sms = send->post.world->sms,
                                        .voice = send->post.world->voice,
                                        .email = send->post.world->email};
    return channel->send(&means, &message, on_sent, delivery, err);
}

/* What could not be handed over, as an answer. */
static struct channel_result not_sent(const struct err *err)
{
    if (err->code == ERR_INPUT)
        return (struct channel_result){.outcome = CHANNEL_REFUSED,
                                       .reason = SPAN_LIT("not a message")};
    return (struct channel_result){.outcome = CHANNEL_RETRY, .reason = SPAN_LIT("channel busy")};
}

static void begin_in_gate(struct delivery *delivery)
{
    const struct reminder_send *send = delivery->item->send;
    if (delivery->push != NULL || send->post.world->gates == NULL)
        return;
    delivery->gate = gates_find(send->post.world->gates, get(send, delivery->item->channel));
    if (delivery->gate != NULL)
        gate_begin(delivery->gate, clock_mono());
}

/* Work for people, who know what to say. */
static bool is_for_staff(const struct delivery *delivery)
{
    struct span channel = get(delivery->item->send, delivery->item->channel);
    return span_is_str(channel, "call") || span_is_str(channel, "handover");
}

static void hand_over(struct delivery *delivery)
{
    struct reminder_send *send = delivery->item->send;
    const struct channel *channel =
        delivery->push != NULL
            ? &push_channel
            : channel_find(send->post.world->channels, get(send, delivery->item->channel));
    struct channel_result result = {.outcome = CHANNEL_REFUSED, .reason = SPAN_LIT("no text")};
    struct err err = {0};
    if (delivery->title.len == 0 && delivery->body.len == 0 && !is_for_staff(delivery)) {
        answer(delivery, &result);
    } else if (channel == NULL) {
        result =
            (struct channel_result){.outcome = CHANNEL_RETRY, .reason = SPAN_LIT("channel gone")};
        answer(delivery, &result);
    } else if (send_one(delivery, channel, &err) != 0) {
        log_line(LOG_WARN, "reminder not handed over", "channel=%s error=\"%s\"", channel->name,
                 err.text);
        result = not_sent(&err);
        answer(delivery, &result);
    } else {
        struct item *item = delivery->item;
        item->is_repeat_harmless = channel->is_repeat_harmless;
        snprintf(item->code_sent, sizeof(item->code_sent), "%.*s", SPAN_ARG(get(send, item->code)));
        ++send->waiting_count;
        begin_in_gate(delivery);
    }
}

static void send_all(struct reminder_send *send)
{
    for (size_t i = 0; i < send->delivery_count; ++i)
        ++send->deliveries[i].item->waiting_count;
    for (size_t i = 0; i < send->delivery_count; ++i)
        hand_over(&send->deliveries[i]);
    log_line(LOG_DEBUG, "reminders on the wire", "count=%zu claimed_us=%lld", send->item_count,
             (long long)us_since_claim(send));
}

/* ---- claiming ---- */

static int claim(struct reminder_send *send, struct err *err)
{
    const struct world *world = send->post.world;
    struct reminder_ways ways;
    struct span up[PUSH_APPS_MAX];
    struct instant expires_at[REMINDER_BATCH_MAX];
    struct reminder_manners manners;
    reminder_ways(&send->post, &ways);
    reminder_manners_init(&manners, &world->reminders, send->now);
    for (size_t i = 0; i < send->batch.count; ++i)
        expires_at[i] =
            push_expires_at(send->batch.items[i].due_at, send->batch.items[i].next_at, send->now);
    const struct reminder_claim_order order = {
        .batch = &send->batch,
        .push_expires_at = expires_at,
        .now = send->now,
        .hold_since = instant_plus_seconds(send->now, -(int64_t)world->payment_in_flight_seconds),
        .ways = &ways,
        .manners = &manners,
        .apps_up = up,
        .app_up_count = push_room_up(send->post.room, up),
        .on_campaign_texts = on_campaign_texts};
    return reminder_claim(world->store, &send->tx, &order, on_clock, on_put_off, on_claimed,
                          on_claim_done, send, err);
}

int reminder_send_begin(const struct reminder_post *post, const struct reminder_batch *batch,
                        reminder_send_cb on_done, void *owner, struct err *err)
{
    struct reminder_send *send = calloc(1, sizeof(*send));
    if (send == NULL)
        abort();
    send->post = *post;
    send->batch = *batch;
    send->on_done = on_done;
    send->owner = owner;
    send->now = send->result.claimed_at = post->world->now();
    send->asked_at = clock_mono();
    buf_init(&send->words, WORDS_MAX);
    send->campaigns = campaign_words_new(post->world);
    int rc = claim(send, err);
    if (rc != 0)
        free_send(send);
    return rc;
}
