/* The happy path:
 *   the mail is written -> fetch_begin, to be on the wire by wire_by -> the server's answer is
 * judged. What can fail: email_verdict.c. For a mail that found no open connection in time, one is
 * opened without it, and the next try finds it. Never more than one each, for on a slow machine
 * their handshakes are what that try would wait for.
 *
 * Each mail under way has a lane, a libcurl with a thread of its own: for the answer to the end of
 * a mail libcurl waits in its thread, up to the timeout, and nothing else moves there meanwhile. A
 * lane with an open connection is taken before one without. */
#include "channel/email.h"

#include "base/crypto.h"
#include "base/log.h"
#include "base/metrics.h"
#include "channel/email_message.h"
#include "channel/email_verdict.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    DATA_MS = 5000, /* from wire_by: servers may think about a recipient for so long */
    ANSWER_MAX = 16 * 1024,
    RANDOM_ID_LEN = 16,
    LANES_MAX = 32, /* beyond that mails share them */
};

struct lane {
    struct email *email;
    struct fetch *fetch;
    int sending_count;
    bool is_opening, is_open; /* is_open: its last conversation ended well */
};

struct email {
    struct email_settings settings;
    struct lane *lanes;
    int lane_count, sending_count;
};

struct sending {
    struct lane *lane;
    channel_cb on_sent;
    void *owner;
};

struct email *email_new(h2o_loop_t *loop, const struct email_settings *settings)
{
    struct email *email = calloc(1, sizeof(*email));
    if (email == NULL)
        abort();
    email->settings = *settings;
    email->lane_count = settings->in_flight_max < LANES_MAX ? settings->in_flight_max : LANES_MAX;
    email->lanes = calloc((size_t)email->lane_count, sizeof(*email->lanes));
    if (email->lanes == NULL)
        abort();
    for (int i = 0; i < email->lane_count; ++i)
        email->lanes[i] = (struct lane){
            .email = email,
            .fetch = fetch_new(loop, 2 * settings->in_flight_max), /* as many may be opened */
        };
    return email;
}

void email_free(struct email *email)
{
    for (int i = 0; i < email->lane_count; ++i)
        fetch_free(email->lanes[i].fetch);
    free(email->lanes);
    free(email);
}

void email_hold(struct email *email, bool is_held)
{
    for (int i = 0; i < email->lane_count; ++i)
        fetch_hold_mails(email->lanes[i].fetch, is_held);
}

void email_print_envelope(struct span code, struct span domain, char out[EMAIL_ENVELOPE_MAX])
{
    snprintf(out, EMAIL_ENVELOPE_MAX, "bounce%s%.*s@%.*s", code.len == 0 ? "" : "+", SPAN_ARG(code),
             SPAN_ARG(domain));
}

void email_fill_request(const struct email_settings *settings, struct fetch_request *request)
{
    *request = (struct fetch_request){.method = "",
                                      .url = settings->url,
                                      .user = settings->user,
                                      .password = settings->password,
                                      .ca_file = settings->ca_file,
                                      .timeout_ms = settings->timeout_ms,
                                      .answer_max = ANSWER_MAX};
}

/* ---- open connections ---- */

static void on_opened(void *owner, const struct fetch_answer *answer, const struct err *err)
{
    struct lane *lane = owner;
    lane->is_opening = false;
    lane->is_open = err->code == 0 && answer->status < 400;
    if (!lane->is_open)
        log_line(LOG_WARN, "mail server not reached", "status=%d error=\"%s\"", answer->status,
                 err->text);
}

static void open_connection(struct lane *lane)
{
    struct fetch_request request;
    struct fetch_call *call;
    struct err err;
    email_fill_request(&lane->email->settings, &request);
    bool is_busy = lane->is_opening || lane->sending_count > 0;
    if (!is_busy && fetch_begin(lane->fetch, &request, on_opened, lane, &call, &err) == 0)
        lane->is_opening = true;
}

/* The one with the least to do; of equals one whose connection is open, and not being opened. */
static struct lane *choose_lane(struct email *email)
{
    struct lane *best = &email->lanes[0];
    for (int i = 1; i < email->lane_count; ++i) {
        struct lane *lane = &email->lanes[i];
        int apart = lane->sending_count + lane->is_opening - best->sending_count - best->is_opening;
        if (apart < 0 || (apart == 0 && lane->is_open && !best->is_open))
            best = lane;
    }
    return best;
}

/* ---- sending ---- */

static void count(const struct email *email, enum metric_id id)
{
    if (email->settings.metrics != NULL)
        metrics_add(email->settings.metrics, id, 1);
}

static void note(const struct email *email, const struct email_verdict *verdict)
{
    static const enum metric_id ids[] = {[CHANNEL_SENT] = METRIC_mails_sent,
                                         [CHANNEL_REFUSED] = METRIC_mails_refused,
                                         [CHANNEL_RETRY] = METRIC_mails_again,
                                         [CHANNEL_UNCERTAIN] = METRIC_mails_uncertain};
    count(email, ids[verdict->result.outcome]);
    if (!verdict->is_alarm)
        return;
    count(email, METRIC_mail_alarms);
    log_line(LOG_ERROR, "mail refused", "why=\"%s\"", verdict->reason);
}

/* Up to a quarter later, never sooner than the server asked: what one outage put off would all come
 * back in one moment. */
static uint32_t spread(uint32_t wait_ms)
{
    uint32_t random;
    random_bytes((uint8_t *)&random, sizeof(random));
    return wait_ms + random % (wait_ms / 4 + 1);
}

static void on_answered(void *owner, const struct fetch_answer *answer, const struct err *err)
{
    struct sending *sending = owner;
    struct lane *lane = sending->lane;
    struct email *email = lane->email;
    struct email_verdict verdict;
    email_verdict_of(answer, err, &verdict);
    --email->sending_count;
    --lane->sending_count;
    lane->is_open = verdict.result.outcome == CHANNEL_SENT;
    note(email, &verdict);
    if (!answer->is_late)
        verdict.result.retry_after_ms = spread(verdict.result.retry_after_ms);
    if (answer->is_late && answer->stage <= FETCH_STAGE_LOGIN)
        open_connection(lane);
    sending->on_sent(sending->owner, &verdict.result);
    free(sending);
}

/* Without a code any will do, as long as no other mail has it. */
static void print_id(struct span code, char id[2 * RANDOM_ID_LEN + 1])
{
    uint8_t bytes[RANDOM_ID_LEN];
    if (code.len > 0) {
        snprintf(id, 2 * RANDOM_ID_LEN + 1, "%.*s", SPAN_ARG(code));
        return;
    }
    random_bytes(bytes, sizeof(bytes));
    hex_print(bytes, sizeof(bytes), id);
}

static int write_mail(const struct email *email, const struct channel_message *message,
                      struct buf *out, struct err *err)
{
    const struct email_settings *s = &email->settings;
    char id[2 * RANDOM_ID_LEN + 1];
    print_id(message->code, id);
    const struct email_message mail = {.from = s->from,
                                       .from_name = s->from_name,
                                       .reply_to = s->reply_to,
                                       .to = message->address,
                                       .subject = message->title,
                                       .text = message->body,
                                       .html = message->html,
                                       .language = message->language,
                                       .id = span_str(id),
                                       .id_domain = s->bounce_domain,
                                       .unsubscribe = message->unsubscribe,
                                       .transfer = message->transfer,
                                       .at = message->at};
    return email_message_print(&mail, out, err);
}

static int hand_over(struct sending *sending, const struct channel_message *message,
                     struct span mail, struct err *err)
{
    struct fetch_request request;
    struct fetch_call *call;
    char envelope[EMAIL_ENVELOPE_MAX];
    const struct email_settings *s = &sending->lane->email->settings;
    email_print_envelope(message->code, s->bounce_domain, envelope);
    email_fill_request(s, &request);
    request.sender = span_str(envelope);
    request.recipient = message->address;
    request.body = mail;
    request.wire_by = message->wire_by;
    if (message->wire_by.ns != 0)
        request.data_by.ns = message->wire_by.ns + INT64_C(1000000) * DATA_MS;
    return fetch_begin(sending->lane->fetch, &request, on_answered, sending, &call, err);
}

static void begin_on(struct lane *lane)
{
    ++lane->sending_count;
    ++lane->email->sending_count;
}

static int email_send(const struct channel_means *means, const struct channel_message *message,
                      channel_cb on_sent, void *owner, struct err *err)
{
    struct email *email = means->email;
    if (email->sending_count >= email->settings.in_flight_max)
        return err_set(err, ERR_BUSY, "%d mails are under way", email->sending_count);
    struct buf mail;
    buf_init_secret(&mail, EMAIL_MESSAGE_MAX);
    int rc = write_mail(email, message, &mail, err);
    if (rc == 0) {
        struct sending *sending = h2o_mem_alloc(sizeof(*sending));
        *sending = (struct sending){.lane = choose_lane(email), .on_sent = on_sent, .owner = owner};
        rc = hand_over(sending, message, buf_span(&mail), err);
        if (rc == 0)
            begin_on(sending->lane);
        else
            free(sending);
    }
    buf_release(&mail);
    return rc;
}

static bool email_takes(struct span channel)
{
    return span_is_str(channel, "email");
}

const struct channel email_channel = {
    .name = "email",
    .takes = email_takes,
    .send = email_send,
};
