/* The happy path: the body is written, the request goes out before wire_by, the answer names an id:
 * sent. What else can be: it never left: asked again at the second address while there is time,
 * else later; nobody knows (broken, timed out, an answer without meaning): uncertain, or where
 * repeats are refused asked again; refused: by what the code means.
 *
 * A message that an earlier try may have brought stays uncertain whatever a later try says but
 * "taken" and "refused": see settle(). */
#include "channel/http_gateway.h"

#include "base/crypto.h"
#include "base/json.h"
#include "base/log.h"
#include "channel/http_request.h"
#include "domain/retry.h"
#include "io/fetch.h"
#include "io/timer.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    ANSWER_MAX = HTTP_REQUEST_ANSWER_MAX,
    BODY_MAX = HTTP_REQUEST_BODY_MAX,
    ID_MAX = 36,
    TRIED_SLOTS = 4096,
    REASON_MAX = 96,
    WARMING_MAX = 4,
    CHECK_TIMEOUT_MS = 10000,
    MINUTE_MS = 60000,
    WAIT_MAX_S = 86400, /* what a Retry-After may ask for */
    STOPPED_SAID_S = 60,
};

static const int64_t repeat_for_ns = INT64_C(3600) * 1000000000;
static const struct retry_rule retry_rule = {.first_ms = 5000, .max_ms = 900000};

/* What is remembered of an id; one with the same slot takes its place. */
struct tried {
    char id[ID_MAX + 1];
    uint32_t tries;
    struct mono unknown_at; /* the first try of which nobody knows; 0: none */
};

struct http_gateway {
    struct http_gateway_settings settings;
    h2o_loop_t *loop;
    struct fetch *fetch;
    struct tried tried[TRIED_SLOTS];
    h2o_linklist_t answers; /* those that wait for their turn of the loop */
    h2o_linklist_t exchanges;
    struct fetch_call *warming[WARMING_MAX]; /* null: free */
    struct fetch_call *checking;
    struct mono stopped_said_at;
    http_check_cb on_checked;
    void *check_owner;
};

/* One message under way. */
struct exchange {
    h2o_linklist_t link;
    struct http_gateway *gateway;
    struct fetch_call *call;
    struct buf body;
    char id[ID_MAX + 1], reason[REASON_MAX];
    struct mono wire_by;
    int32_t parts;
    bool is_at_second, is_perhaps_sent;
    channel_cb on_sent;
    void *owner;
};

struct answer {
    h2o_linklist_t link;
    struct timer timer;
    struct channel_result result;
    channel_cb on_sent;
    void *owner;
};

struct http_gateway *http_gateway_new(h2o_loop_t *loop, struct fetch *fetch,
                                      const struct http_gateway_settings *settings)
{
    struct http_gateway *gateway = calloc(1, sizeof(*gateway));
    if (gateway == NULL)
        abort();
    gateway->settings = *settings;
    gateway->loop = loop;
    gateway->fetch = fetch;
    h2o_linklist_init_anchor(&gateway->answers);
    h2o_linklist_init_anchor(&gateway->exchanges);
    return gateway;
}

static void on_turn(void *answer);
static void end_exchange(struct exchange *x, struct channel_result result);

void http_gateway_free(struct http_gateway *gateway)
{
    if (gateway == NULL)
        return;
    while (!h2o_linklist_is_empty(&gateway->answers)) {
        struct answer *answer = H2O_STRUCT_FROM_MEMBER(struct answer, link, gateway->answers.next);
        timer_stop(&answer->timer);
        on_turn(answer);
    }
    while (!h2o_linklist_is_empty(&gateway->exchanges)) {
        struct exchange *x = H2O_STRUCT_FROM_MEMBER(struct exchange, link, gateway->exchanges.next);
        fetch_cancel(x->call);
        end_exchange(x, (struct channel_result){.outcome = CHANNEL_UNCERTAIN,
                                                .reason = SPAN_LIT("stopped while sending")});
    }
    for (int i = 0; i < WARMING_MAX; ++i)
        if (gateway->warming[i] != NULL)
            fetch_cancel(gateway->warming[i]);
    if (gateway->checking != NULL)
        fetch_cancel(gateway->checking);
    free(gateway);
}

bool http_gateway_refuses_repeats(const struct http_gateway *gateway)
{
    return gateway->settings.adapter.refuses_repeats;
}

const struct voice_hours *http_gateway_hours(const struct http_gateway *gateway)
{
    return &gateway->settings.hours;
}

/* ---- what was tried ---- */

static struct tried *tried_of(struct http_gateway *gateway, const char *id)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (const char *c = id; *c != 0; ++c)
        hash = (hash ^ (unsigned char)*c) * 16777619u;
    struct tried *tried = &gateway->tried[hash % TRIED_SLOTS];
    if (strcmp(tried->id, id) != 0) {
        memset(tried, 0, sizeof(*tried));
        snprintf(tried->id, sizeof(tried->id), "%s", id);
    }
    return tried;
}

static void forget(struct http_gateway *gateway, const char *id)
{
    memset(tried_of(gateway, id), 0, sizeof(struct tried));
}

/* ---- requests ---- */

/* Its owner is its place in the table. */
static void on_warmed(void *owner, const struct fetch_answer *answer, const struct err *err)
{
    (void)answer, (void)err;
    *(struct fetch_call **)owner = NULL;
}

/* Scheme and host of the address. */
static struct span origin_of(struct span url)
{
    const char *host = memmem(url.base, url.len, "://", 3);
    const char *end =
        host == NULL ? NULL : memchr(host + 3, '/', url.len - (size_t)(host + 3 - url.base));
    return end == NULL ? url : span_of(url.base, (size_t)(end - url.base));
}

static void warm(struct http_gateway *gateway, struct span url)
{
    struct buf root;
    struct err err;
    int place = 0;
    while (place < WARMING_MAX && gateway->warming[place] != NULL)
        ++place;
    if (place == WARMING_MAX)
        return;
    buf_init(&root, 4096);
    buf_add(&root, origin_of(url));
    buf_add_char(&root, '/');
    const struct fetch_request request = {.method = "HEAD",
                                          .url = buf_span(&root),
                                          .ca_file = gateway->settings.ca_file,
                                          .timeout_ms = CHECK_TIMEOUT_MS,
                                          .answer_max = ANSWER_MAX};
    struct fetch_call **call = &gateway->warming[place];
    if (fetch_begin(gateway->fetch, &request, on_warmed, call, call, &err) != 0)
        *call = NULL;
    buf_release(&root);
}

void http_gateway_warm(struct http_gateway *gateway)
{
    warm(gateway, gateway->settings.url);
}

/* ---- answers ---- */

static void end_exchange(struct exchange *x, struct channel_result result)
{
    h2o_linklist_unlink(&x->link);
    x->on_sent(x->owner, &result);
    buf_release(&x->body);
    free(x);
}

static uint32_t spread(void)
{
    uint32_t random;
    random_bytes(&random, sizeof(random));
    return random;
}

/* Seconds, as gateways send it; a date is not looked at. */
static uint32_t asked_wait_ms(struct span retry_after)
{
    uint32_t seconds = 0;
    for (size_t i = 0; i < retry_after.len; ++i) {
        if (retry_after.base[i] < '0' || retry_after.base[i] > '9')
            return 0;
        seconds = seconds * 10 + (uint32_t)(retry_after.base[i] - '0');
        if (seconds > WAIT_MAX_S)
            return WAIT_MAX_S * 1000u;
    }
    return seconds * 1000;
}

/* What a message comes to that is to be tried again. Once a try may have gone, a later failure does
 * not make it unsent; and after an hour it is not repeated any more. */
static void come_again(struct exchange *x, struct channel_result result, uint32_t least_ms)
{
    struct http_gateway *gateway = x->gateway;
    struct tried *tried = tried_of(gateway, x->id);
    struct mono now = clock_mono();
    if (x->is_perhaps_sent && tried->unknown_at.ns == 0)
        tried->unknown_at = now;
    uint32_t wait_ms = retry_wait_ms(&retry_rule, tried->tries == 0 ? 1 : tried->tries, spread());
    result.retry_after_ms = wait_ms > least_ms ? wait_ms : least_ms;
    if (tried->unknown_at.ns != 0) {
        result.outcome = CHANNEL_UNCERTAIN;
        result.is_final = !gateway->settings.adapter.refuses_repeats ||
                          now.ns - tried->unknown_at.ns > repeat_for_ns;
    }
    if (result.is_final) { /* it may have cost what it would have cost */
        result.parts = x->parts;
        result.price_micro = x->parts * gateway->settings.part_price_micro;
        forget(gateway, x->id);
    }
    end_exchange(x, result);
}

static void note_stop(struct http_gateway *gateway, const char *reason)
{
    struct mono now = clock_mono();
    if (gateway->settings.on_trace != NULL)
        return; /* somebody is looking */
    if (gateway->stopped_said_at.ns != 0 &&
        mono_us_since(gateway->stopped_said_at, now) < INT64_C(1000000) * STOPPED_SAID_S)
        return;
    gateway->stopped_said_at = now;
    log_line(LOG_ERROR, "channel stopped", "channel=%s reason=\"%s\"", gateway->settings.channel,
             reason);
}

static void take_refusal(struct exchange *x, const struct http_answer *answer,
                         struct span retry_after)
{
    struct http_gateway *gateway = x->gateway;
    enum http_meaning meaning = answer->meaning;
    struct channel_result result = {
        .outcome = CHANNEL_RETRY, .reason = span_str(x->reason), .is_asked_for = true};
    if (meaning == HTTP_ONCE)
        meaning = tried_of(gateway, x->id)->tries < 2 ? HTTP_RETRY : HTTP_STOP;
    if (meaning == HTTP_STOP) {
        note_stop(gateway, x->reason);
        result.stops_channel = true;
    }
    if (meaning == HTTP_RETRY || meaning == HTTP_STOP || meaning == HTTP_MINUTE) {
        uint32_t least_ms = asked_wait_ms(retry_after);
        if (meaning == HTTP_MINUTE && least_ms < MINUTE_MS)
            least_ms = MINUTE_MS;
        come_again(x, result, least_ms);
        return;
    }
    if (meaning == HTTP_FAIL && gateway->settings.on_trace == NULL)
        log_line(LOG_ERROR, "message refused by the gateway", "channel=%s reason=\"%s\"",
                 gateway->settings.channel, x->reason);
    forget(gateway, x->id);
    result = (struct channel_result){.outcome = CHANNEL_REFUSED, .reason = span_str(x->reason)};
    if (meaning == HTTP_DEAD_NUMBER)
        result.address = CHANNEL_ADDRESS_DEAD;
    end_exchange(x, result);
}

static void take_taken(struct exchange *x, const struct http_answer *answer)
{
    const struct http_gateway_settings *s = &x->gateway->settings;
    bool has_price = answer->price_micro > 0 && s->point_price_micro > 0;
    int32_t parts = answer->parts > 0 ? answer->parts : x->parts;
    struct channel_result result = {
        .outcome = CHANNEL_SENT,
        .reason =
            answer->meaning == HTTP_DUPLICATE ? SPAN_LIT("sent before") : SPAN_LIT("accepted"),
        .gateway_id = span_str(answer->id),
        .parts = parts,
        .price_micro =
            has_price ? (int64_t)((__int128)answer->price_micro * s->point_price_micro / 1000000)
                      : parts * s->part_price_micro};
    forget(x->gateway, x->id);
    end_exchange(x, result);
}

static void on_answered(void *owner, const struct fetch_answer *answer, const struct err *err);

static int ask(struct exchange *x, struct span url, struct err *err)
{
    const struct http_gateway_settings *s = &x->gateway->settings;
    struct http_values values = http_request_values(s, NULL, false);
    struct buf headers, whole;
    buf_init_secret(&headers, BODY_MAX);
    buf_init_secret(&whole, 2 * BODY_MAX);
    http_request_add_headers(s, &values, !http_request_is_get(s), &headers);
    buf_add(&whole, url);
    if (http_request_is_get(s)) {
        buf_add_char(&whole, memchr(url.base, '?', url.len) == NULL ? '?' : '&');
        buf_add(&whole, buf_span(&x->body));
    }
    const struct fetch_request request = {.method = s->adapter.method,
                                          .url = buf_span(&whole),
                                          .headers = buf_span(&headers),
                                          .body = http_request_is_get(s) ? (struct span){NULL, 0}
                                                                         : buf_span(&x->body),
                                          .ca_file = s->ca_file,
                                          .timeout_ms = s->timeout_ms,
                                          .answer_max = ANSWER_MAX,
                                          .wire_by = x->wire_by};
    int rc = fetch_begin(x->gateway->fetch, &request, on_answered, x, &x->call, err);
    buf_release(&headers);
    buf_release(&whole);
    return rc;
}

/* At once at the other address, while what allowed the message still holds. */
static bool ask_second(struct exchange *x)
{
    const struct http_gateway_settings *s = &x->gateway->settings;
    struct err err;
    if (x->is_at_second || s->url_again.len == 0 || !s->adapter.refuses_repeats ||
        (x->wire_by.ns != 0 && clock_mono().ns >= x->wire_by.ns))
        return false;
    x->is_at_second = true;
    http_trace(s, "*", s->url_again);
    return ask(x, s->url_again, &err) == 0;
}

static void on_answered(void *owner, const struct fetch_answer *fetched, const struct err *err)
{
    struct exchange *x = owner;
    struct http_gateway *gateway = x->gateway;
    struct http_answer answer = {.verdict = HTTP_UNCLEAR};
    http_trace_answer(&gateway->settings, fetched, err);
    if (err->code == 0)
        http_adapter_read(&gateway->settings.adapter, fetched->status, fetched->body, &answer);
    if (answer.verdict == HTTP_TAKEN) {
        take_taken(x, &answer);
        return;
    }
    if (err->code == 0 && answer.words[0] != 0)
        snprintf(x->reason, sizeof(x->reason), "%s (%s)", answer.words, answer.code);
    else if (err->code == 0)
        snprintf(x->reason, sizeof(x->reason), "gateway said %s", answer.code);
    if (answer.verdict == HTTP_REFUSED) {
        take_refusal(x, &answer, fetched->retry_after);
        return;
    }
    bool is_sent = fetched->fate != FETCH_NEVER_SENT;
    x->is_perhaps_sent = x->is_perhaps_sent || is_sent;
    if (err->code == ERR_CLOSED)
        snprintf(x->reason, sizeof(x->reason), "stopped while sending");
    else if (err->code != 0)
        snprintf(x->reason, sizeof(x->reason), is_sent ? "no answer" : "not reached");
    if (err->code != ERR_CLOSED && ask_second(x))
        return;
    if (err->code != 0 && err->code != ERR_CLOSED)
        warm(gateway, x->is_at_second ? gateway->settings.url_again : gateway->settings.url);
    come_again(x, (struct channel_result){.outcome = CHANNEL_RETRY, .reason = span_str(x->reason)},
               0);
}

/* ---- sending ---- */

int http_gateway_send(struct http_gateway *gateway, const struct http_gateway_message *message,
                      channel_cb on_sent, void *owner, struct err *err)
{
    const struct http_gateway_settings *s = &gateway->settings;
    struct http_values values = http_request_values(s, message, false);
    struct exchange *x = calloc(1, sizeof(*x));
    if (x == NULL)
        abort();
    x->gateway = gateway;
    x->wire_by = message->wire_by;
    x->parts = message->parts;
    x->on_sent = on_sent;
    x->owner = owner;
    snprintf(x->id, sizeof(x->id), "%.*s", SPAN_ARG(message->id));
    buf_init_secret(&x->body, BODY_MAX);
    int rc = http_adapter_write(&s->adapter, &values, &x->body, err);
    /* a try that failed at one address begins at the other */
    struct tried *tried = tried_of(gateway, x->id);
    x->is_at_second = s->url_again.len > 0 && s->adapter.refuses_repeats && tried->tries % 2 == 1;
    struct span url = x->is_at_second ? s->url_again : s->url;
    http_trace_request(s, s->adapter.method, url, message);
    if (rc == 0)
        rc = ask(x, url, err);
    if (rc == 0) {
        ++tried->tries;
        h2o_linklist_insert(&gateway->exchanges, &x->link);
        return 0;
    }
    buf_release(&x->body);
    free(x);
    return rc;
}

static void on_turn(void *owner)
{
    struct answer *answer = owner;
    channel_cb on_sent = answer->on_sent;
    void *waiting = answer->owner;
    struct channel_result result = answer->result;
    h2o_linklist_unlink(&answer->link);
    free(answer);
    on_sent(waiting, &result);
}

void http_gateway_answer(struct http_gateway *gateway, const struct channel_result *result,
                         channel_cb on_sent, void *owner)
{
    struct answer *answer = calloc(1, sizeof(*answer));
    if (answer == NULL)
        abort();
    answer->result = *result;
    answer->on_sent = on_sent;
    answer->owner = owner;
    h2o_linklist_insert(&gateway->answers, &answer->link);
    timer_init(&answer->timer, gateway->loop, "channel answer", on_turn, answer);
    timer_start(&answer->timer, 0);
}

/* ---- the check ---- */

/* SMSAPI's own: {"points": 12.5}. Others are taken for good when the status is. */
static bool has_no_credit(struct span body)
{
    struct err ignored;
    json_t *root =
        json_load(body, (struct json_limits){.bytes_max = ANSWER_MAX, .depth_max = 8}, &ignored);
    const json_t *points = json_object_get(root, "points");
    bool is_empty = json_is_number(points) && json_number_value(points) <= 0;
    json_decref(root);
    return is_empty;
}

static void on_check_answered(void *owner, const struct fetch_answer *fetched,
                              const struct err *err)
{
    struct http_gateway *gateway = owner;
    const struct http_gateway_settings *s = &gateway->settings;
    struct http_answer answer = {.code = ""};
    char words[200];
    enum http_check check = HTTP_CHECK_UNKNOWN;
    http_trace_answer(s, fetched, err);
    if (err->code != 0) {
        snprintf(words, sizeof(words), "cannot be asked now: %s", err->text);
    } else {
        http_adapter_read(&s->adapter, fetched->status, fetched->body, &answer);
        bool is_ok = fetched->status >= 200 && fetched->status < 300;
        if (is_ok && (answer.code[0] == 0 || strncmp(answer.code, "status ", 7) == 0)) {
            check = has_no_credit(fetched->body) ? HTTP_CHECK_NO_CREDIT : HTTP_CHECK_GOOD;
            snprintf(words, sizeof(words),
                     check == HTTP_CHECK_GOOD ? "the credentials are good"
                                              : "the credentials are good, but there is no credit");
        } else {
            check = answer.verdict == HTTP_REFUSED ? HTTP_CHECK_REFUSED : HTTP_CHECK_UNKNOWN;
            snprintf(words, sizeof(words), "%s%s%s", answer.code, answer.words[0] == 0 ? "" : ": ",
                     answer.words);
        }
    }
    http_check_cb on_checked = gateway->on_checked;
    gateway->on_checked = NULL;
    gateway->checking = NULL;
    on_checked(gateway->check_owner, check, words);
}

int http_gateway_check(struct http_gateway *gateway, http_check_cb on_checked, void *owner,
                       struct err *err)
{
    const struct http_gateway_settings *s = &gateway->settings;
    struct http_values values = http_request_values(s, NULL, false);
    struct buf headers;
    if (s->check_url.len == 0)
        return err_set(err, ERR_SETTINGS, "there is no address to check by");
    if (gateway->on_checked != NULL)
        return err_set(err, ERR_BUSY, "a check is under way");
    buf_init_secret(&headers, BODY_MAX);
    http_request_add_headers(s, &values, false, &headers);
    http_trace_request(s, "GET", s->check_url, NULL);
    const struct fetch_request request = {.method = "GET",
                                          .url = s->check_url,
                                          .headers = buf_span(&headers),
                                          .ca_file = s->ca_file,
                                          .timeout_ms = CHECK_TIMEOUT_MS,
                                          .answer_max = ANSWER_MAX};
    int rc =
        fetch_begin(gateway->fetch, &request, on_check_answered, gateway, &gateway->checking, err);
    if (rc == 0) {
        gateway->on_checked = on_checked;
        gateway->check_owner = owner;
    }
    buf_release(&headers);
    return rc;
}
