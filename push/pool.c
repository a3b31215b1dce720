#include "push/service.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "push/backoff.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* A turn of the pool, at the end of a turn of the loop in which anything happened:
 *
 *     push the waiting to lanes with room -> write each lane once -> bury the dead -> open, close
 *
 * A push enters a session only when its bytes can leave in the same turn: so nothing lies between
 * the caller's last look at it (may_send) and the kernel. */

enum { BATCH = 16, PERCENT_JITTER = 20 };

int64_t service_now_ms(void)
{
    return clock_mono().ns / 1000000;
}

int64_t service_wall_s(const struct push_service *service)
{
    if (service->settings.now_us != NULL)
        return service->settings.now_us(service->settings.owner) / 1000000;
    return instant_seconds(clock_wall());
}

uint32_t service_random(void)
{
    uint32_t random;
    random_bytes(&random, sizeof(random));
    return random;
}

/* ---- lists ---- */

void list_add(struct push_list *list, struct push *push)
{
    push->next = NULL;
    push->previous = list->tail;
    if (list->tail != NULL)
        list->tail->next = push;
    else
        list->head = push;
    list->tail = push;
    ++list->count;
}

void list_add_front(struct push_list *list, struct push *push)
{
    push->previous = NULL;
    push->next = list->head;
    if (list->head != NULL)
        list->head->previous = push;
    else
        list->tail = push;
    list->head = push;
    ++list->count;
}

void list_remove(struct push_list *list, struct push *push)
{
    if (push->previous != NULL)
        push->previous->next = push->next;
    else
        list->head = push->next;
    if (push->next != NULL)
        push->next->previous = push->previous;
    else
        list->tail = push->previous;
    --list->count;
}

/* ---- traces ---- */

static void trace(struct push_service *service, const char *line)
{
    if (service->settings.on_trace != NULL)
        service->settings.on_trace(service->settings.owner, line);
}

static void trace_field(struct push_service *service, const char *arrow, struct span name,
                        struct span value)
{
    char line[512];
    if (span_is_str(name, "authorization"))
        snprintf(line, sizeof(line), "%s authorization: (%zu octets)", arrow, value.len);
    else if (span_is_str(name, ":path") && span_starts(value, SPAN_LIT("/3/device/")))
        snprintf(line, sizeof(line), "%s :path: /3/device/%.*s…", arrow,
                 (int)(value.len - 10 < 8 ? (value.len - 10) / 2 : 8), value.base + 10);
    else
        snprintf(line, sizeof(line), "%s %.*s: %.*s", arrow, SPAN_ARG(name), SPAN_ARG(value));
    trace(service, line);
}

static void trace_request(struct push_service *service, const nghttp2_nv *fields, size_t count,
                          struct span body)
{
    char line[64];
    if (service->settings.on_trace == NULL)
        return;
    for (size_t i = 0; i < count; ++i)
        trace_field(service, ">", span_of((const char *)fields[i].name, fields[i].namelen),
                    span_of((const char *)fields[i].value, fields[i].valuelen));
    snprintf(line, sizeof(line), "> (%zu octets of payload)", body.len);
    trace(service, line);
}

/* ---- what lanes tell ---- */

static void on_lane_header(void *owner, const struct h2_stream *stream, struct span name,
                           struct span value)
{
    (void)stream;
    trace_field(owner, "<", name, value);
}

static void on_lane_progress(void *owner, const char *text)
{
    trace(owner, text);
}

static void on_lane_end(void *owner, struct lane *lane, struct h2_stream *stream, enum h2_end end)
{
    (void)owner;
    fate_on_end(stream->owner, lane, end);
}

static void on_lane_goaway(void *owner, struct lane *lane, uint32_t code, struct span debug)
{
    (void)lane;
    struct push_service *service = owner;
    char line[128];
    ++service->stats.goaways;
    snprintf(line, sizeof(line), "< GOAWAY code %u, %zu octets of text", code, debug.len);
    trace(service, line);
    fate_on_goaway(service, code, debug);
    pool_wake(service);
}

static void on_lane_change(void *owner, struct lane *lane)
{
    struct push_service *service = owner;
    if (lane_is_ready(lane))
        service->trouble[0] = 0;
    pool_wake(service);
}

/* ---- connecting ---- */

static void connect_lane(struct push_service *service)
{
    static const char *const keep[] = {"apns-id", "apns-unique-id", "retry-after", "date", NULL};
    const struct push_tuning *tuning = &service->tuning;
    const struct lane_settings settings = {
        .conn = {.loop = service->settings.loop,
                 .tls = service->tls,
                 .name = service->host,
                 .host = service->connect_host,
                 .port = service->port,
                 .turn = service->turn_of_address++,
                 .user_timeout_ms = tuning->answer_timeout + tuning->ping_timeout},
        .h2 = {.streams_max = tuning->streams_max,
               .body_max = 16384,
               .headers_max = 16384,
               .keep = keep,
               .memory = &service->nghttp2_memory},
        .connect_timeout_ms = tuning->connect_timeout,
        .ping_busy_ms = tuning->ping_busy,
        .ping_idle_ms = tuning->ping_idle,
        .ping_timeout_ms = tuning->ping_timeout,
        .needs_proof = service->has_apns_token,
        .buffer = service->buffer};
    bool is_traced = service->settings.on_trace != NULL;
    const struct lane_events events = {.on_end = on_lane_end,
                                       .on_goaway = on_lane_goaway,
                                       .on_change = on_lane_change,
                                       .on_header = is_traced ? on_lane_header : NULL,
                                       .on_progress = is_traced ? on_lane_progress : NULL};
    assert(service->lane_count < LANES_MAX);
    service->lanes[service->lane_count++] = lane_open(&settings, &events, service);
    ++service->stats.connects;
}

/* Connects are rare by rule (reference 1.6: rapid open and close is taken for an attack): as many
 * at once as there should be connections at least, then one a back-off, later after failures. */
static bool may_connect(struct push_service *service, int64_t now)
{
    const struct push_tuning *tuning = &service->tuning;
    double gained = (double)(now - service->connect_filled_ms) / tuning->connect_backoff;
    service->connect_filled_ms = now;
    service->connect_tokens += gained;
    if (service->connect_tokens > tuning->connections_min)
        service->connect_tokens = tuning->connections_min;
    return service->connect_tokens >= 1 && now >= service->connect_next_ms;
}

static uint32_t connect_wait_ms(const struct push_service *service, int64_t now)
{
    double missing = 1 - service->connect_tokens;
    int64_t wait = missing <= 0 ? 0 : (int64_t)(missing * service->tuning.connect_backoff) + 1;
    if (service->connect_next_ms - now > wait)
        wait = service->connect_next_ms - now;
    return wait < 1 ? 1 : (uint32_t)wait;
}

static void note_connect_failure(struct push_service *service, const struct err *err)
{
    const struct push_tuning *tuning = &service->tuning;
    ++service->connect_failures;
    service->connect_next_ms =
        service_now_ms() + backoff_ms((struct backoff){.floor_ms = tuning->connect_backoff,
                                                       .first_ms = 2 * tuning->connect_backoff,
                                                       .max_ms = tuning->connect_backoff_max},
                                      service->connect_failures, service_random());
    snprintf(service->trouble, sizeof(service->trouble), "%.199s", err->text);
}

/* Takes lane `at` out of the pool, and remembers how it did. */
static void bury_lane(struct push_service *service, size_t at)
{
    struct lane *lane = service->lanes[at];
    const struct err *trouble = lane_trouble(lane);
    bool was_ready = lane_age_ms(lane) >= 0;
    if (lane_age_ms(lane) >= service->tuning.connection_good)
        service->connect_failures = 0;
    if (!lane_is_proven(lane) && trouble->code != 0 && (!was_ready || !lane_is_fresh(lane)))
        note_connect_failure(service, trouble);
    if (!was_ready && trouble->code != 0)
        fate_alarm(service, PUSH_ALARM_CONNECTION, trouble->text);
    if (trouble->code != 0)
        trace(service, trouble->text);
    service->stats.pings += lane_pings(lane);
    service->lanes[at] = service->lanes[--service->lane_count];
    lane_close(lane);
}

static void bury_lanes(struct push_service *service)
{
    for (size_t at = 0; at < service->lane_count;)
        if (lane_is_done(service->lanes[at]))
            bury_lane(service, at);
        else
            ++at;
}

/* Lanes that take pushes now or soon. */
static size_t living_lanes(const struct push_service *service)
{
    size_t living = 0;
    for (size_t at = 0; at < service->lane_count; ++at)
        living += !lane_is_leaving(service->lanes[at]);
    return living;
}

/* Every stream of every lane is taken, so that only another connection would help. */
static bool is_full(const struct push_service *service)
{
    uint32_t slots = 0;
    for (size_t at = 0; at < service->lane_count; ++at) {
        const struct lane *lane = service->lanes[at];
        if (lane_is_leaving(lane))
            continue;
        bool is_young = service->has_apns_token && !lane_is_proven(lane);
        if (!lane_is_ready(lane) || is_young || lane_free_streams(lane) > 0)
            return false;
        slots += lane_slots(lane);
    }
    return slots > 0;
}

/* Somebody asked for room, and was given less than he may want. */
static bool is_room_wanted(const struct push_service *service)
{
    return service->settings.on_room != NULL && service->is_room_asked && !service->is_stopping &&
           service->room_left < PUSH_ROOM_LITTLE;
}

/* Who hands over no more than there is room for never has pushes waiting: that he waits himself is
 * his backlog. */
static size_t lanes_wanted(struct push_service *service, size_t living)
{
    const struct push_tuning *tuning = &service->tuning;
    bool has_backlog = service->pushes[PUSH_WAITING].count > 0 || is_room_wanted(service);
    if (!service->is_used || service->is_stopping)
        return living;
    if (living < tuning->connections_min)
        return tuning->connections_min;
    if (has_backlog && living < tuning->connections_max && is_full(service))
        return living + 1;
    return living;
}

static void open_lanes(struct push_service *service, int64_t now)
{
    size_t living = living_lanes(service), wanted = lanes_wanted(service, living);
    while (living < wanted && service->lane_count < LANES_MAX) {
        if (!may_connect(service, now)) {
            timer_start(&service->connect_later, connect_wait_ms(service, now));
            return;
        }
        uint32_t jitter = service->tuning.connect_backoff * PERCENT_JITTER / 100;
        service->connect_tokens -=
            1 + (double)service_random() / UINT32_MAX * jitter / service->tuning.connect_backoff;
        connect_lane(service);
        ++living;
    }
}

/* One a turn, the longest idle, down to the minimum. An idle service has no turns: a timer makes
 * the next, when this one can have been idle for long enough. */
static void close_idle_lane(struct push_service *service)
{
    struct lane *idlest = NULL;
    int64_t idle_ms = -1, limit_ms = service->tuning.idle_close;
    if (living_lanes(service) <= service->tuning.connections_min)
        return;
    for (size_t at = 0; at < service->lane_count; ++at) {
        struct lane *lane = service->lanes[at];
        if (!lane_is_leaving(lane) && lane_idle_ms(lane) > idle_ms) {
            idlest = lane;
            idle_ms = lane_idle_ms(lane);
        }
    }
    if (idle_ms >= limit_ms)
        lane_leave(idlest);
    if (idlest != NULL && !timer_is_running(&service->idle))
        timer_start(&service->idle, idle_ms >= limit_ms ? 1 : (uint32_t)(limit_ms - idle_ms));
}

/* ---- sending ---- */

bool pool_is_resting(const struct push_service *service, int64_t now)
{
    return now < service->rest_until_ms ||
           breaker_state((struct breaker *)&service->breaker, now) == BREAKER_OPEN;
}

/* How many pushes may go in this turn, streams aside. */
static uint32_t allowance(struct push_service *service, int64_t now)
{
    uint32_t on_wire = service->pushes[PUSH_ON_WIRE].count;
    if (pool_is_resting(service, now))
        return 0;
    if (service->access != NULL && access_get(service->access).len == 0)
        return 0; /* wakes us when there is one */
    if (breaker_state(&service->breaker, now) == BREAKER_TRYING)
        return on_wire == 0 ? 1 : 0;
    uint32_t under_cap = service->on_wire_max > on_wire ? service->on_wire_max - on_wire : 0;
    uint32_t in_bucket = bucket_room(&service->bucket, now * 1000);
    return under_cap < in_bucket ? under_cap : in_bucket;
}

/* The lane with the most room. */
static struct lane *best_lane(const struct push_service *service, uint32_t *room)
{
    struct lane *best = NULL;
    *room = 0;
    for (size_t at = 0; at < service->lane_count; ++at) {
        uint32_t here = lane_room(service->lanes[at]);
        if (here > *room) {
            *room = here;
            best = service->lanes[at];
        }
    }
    return best;
}

/* FCM: the seconds left to live stand in the message, and are fewer at each attempt. */
static struct span body_of(struct push *push, int64_t now_s)
{
    if (push->body_tail.len == 0)
        return push->body;
    char digits[24];
    int64_t left = push->expires_at_s - now_s;
    enum { TTL_MAX_S = 2419200 };
    int len =
        snprintf(digits, sizeof(digits), "%lld", (long long)(left > TTL_MAX_S ? TTL_MAX_S : left));
    char *at = (char *)push->body.base + push->ttl_at;
    memcpy(at, digits, (size_t)len);
    memcpy(at + len, push->body_tail.base, push->body_tail.len);
    return span_of(push->body.base, push->ttl_at + (size_t)len + push->body_tail.len);
}

static size_t fill_fields(struct push *push, struct lane *lane, nghttp2_nv *fields, int64_t now_s)
{
    struct push_service *service = push->service;
    struct span host = span_str(service->host), token = {0};
    if (service->settings.kind == PUSH_FCM) {
        push->token_generation = access_generation(service->access);
        return fcm_fields(span_str(service->path), host, access_get(service->access), fields);
    }
    if (service->has_apns_token) {
        token = apns_token_get(&service->apns_token, now_s);
        push->token_generation = apns_token_generation(&service->apns_token);
        service->stats.tokens = push->token_generation;
    }
    return apns_fields(&push->apns, host, token, lane_is_fresh(lane), fields);
}

/* The last moment to say no. */
static bool is_allowed(struct push *push, int64_t now_s)
{
    enum push_try try = push->unknown > 0 ? PUSH_TRY_UNKNOWN : push->try;
    const struct push_handler *handler = push->handler;
    bool may = handler->may_send == NULL ? try != PUSH_TRY_UNKNOWN
                                         : handler->may_send(push->owner, push, try);
    if (push->is_withdrawn)
        fate_give_up(push, "withdrawn");
    else if (!may)
        fate_give_up(push, try == PUSH_TRY_UNKNOWN ? push->reason : "declined");
    else if (push->expires_at_s != 0 && push->expires_at_s <= now_s)
        fate_give_up(push, "expired");
    else
        return true;
    return false;
}

static bool send_one(struct push *push, struct lane *lane, int64_t now_s)
{
    struct push_service *service = push->service;
    nghttp2_nv fields[APNS_FIELDS_MAX];
    struct err err;
    if (!is_allowed(push, now_s))
        return false;
    size_t count = fill_fields(push, lane, fields, now_s);
    struct span body = body_of(push, now_s);
    trace_request(service, fields, count, body);
    push->stream.owner = push;
    if (lane_send(lane, &push->stream, fields, count, body, &err) != 0) {
        lane_leave(lane);
        return false;
    }
    if (push->attempts++ > 0)
        ++service->stats.resent;
    ++service->stats.attempts;
    push->lane = lane;
    push->sent_us = clock_mono().ns / 1000;
    bucket_take(&service->bucket, push->sent_us);
    fate_move(push, PUSH_ON_WIRE, false);
    return true;
}

/* A target that is to be left alone: its push waits apart. */
static bool was_held(struct push *push, int64_t now)
{
    int64_t end = hold_end(&push->service->hold, push->target, now);
    if (end == 0)
        return false;
    push->held_until_ms = end;
    fate_move(push, PUSH_HELD, false);
    return true;
}

static void send_waiting(struct push_service *service, int64_t now)
{
    struct push_list *waiting = &service->pushes[PUSH_WAITING];
    uint32_t allowed = waiting->count == 0 ? 0 : allowance(service, now);
    int64_t now_s = allowed == 0 ? 0 : service_wall_s(service);
    while (allowed > 0 && waiting->head != NULL) {
        uint32_t room;
        struct lane *lane = best_lane(service, &room);
        for (uint32_t sent = 0; lane != NULL && sent < BATCH && allowed > 0; ++sent) {
            struct push *push = waiting->head;
            if (push == NULL || lane_room(lane) == 0)
                break;
            if (!was_held(push, now) && send_one(push, lane, now_s))
                --allowed;
        }
        if (lane == NULL)
            return;
    }
}

/* ---- room ---- */

uint32_t pool_room(struct push_service *service)
{
    uint32_t room = 0, waiting = service->pushes[PUSH_WAITING].count;
    for (size_t at = 0; at < service->lane_count; ++at)
        room += lane_free_streams(service->lanes[at]);
    uint32_t allowed = allowance(service, service_now_ms());
    room = room < allowed ? room : allowed;
    return room > waiting ? room - waiting : 0;
}

static void tell_room(struct push_service *service)
{
    if (!is_room_wanted(service) || pool_room(service) <= service->room_left)
        return;
    service->is_room_asked = false;
    service->settings.on_room(service->settings.owner);
}

/* ---- what time alone will allow: rest, breaker, bucket ---- */

static int64_t rest_end_ms(const struct push_service *service)
{
    int64_t opens = breaker_open_until_ms(&service->breaker);
    return opens > service->rest_until_ms ? opens : service->rest_until_ms;
}

static void wake_later(struct push_service *service, int64_t now)
{
    bool is_wanted = is_room_wanted(service);
    uint32_t enough = is_wanted ? service->room_left : 0;
    if ((service->pushes[PUSH_WAITING].count == 0 && !is_wanted) ||
        timer_is_running(&service->wake))
        return;
    if (pool_is_resting(service, now))
        timer_start(&service->wake, (uint32_t)(rest_end_ms(service) - now));
    else if (bucket_room(&service->bucket, now * 1000) <= enough)
        timer_start(&service->wake, bucket_wait_ms(&service->bucket, now * 1000));
}

void pool_wake_for_room(struct push_service *service)
{
    if (is_room_wanted(service))
        wake_later(service, service_now_ms());
}

static void stop_all(struct push_service *service)
{
    while (service->pushes[PUSH_WAITING].head != NULL)
        fate_give_up(service->pushes[PUSH_WAITING].head, "stopping");
    while (service->pushes[PUSH_HELD].head != NULL)
        fate_give_up(service->pushes[PUSH_HELD].head, "stopping");
}

void pool_on_turn(void *owner)
{
    struct push_service *service = owner;
    int64_t now = service_now_ms();
    service->is_in_turn = true;
    if (service->is_stopping)
        stop_all(service);
    tell_room(service); /* what it sends leaves in this turn */
    send_waiting(service, now);
    for (size_t at = 0; at < service->lane_count; ++at)
        lane_flush(service->lanes[at]);
    close_idle_lane(service);
    bury_lanes(service);
    open_lanes(service, now);
    wake_later(service, now);
    service->is_in_turn = false;
}

/* Work that the turn itself makes waits for the next: a caller who sends whenever a push has ended
 * must not keep the loop from its sockets. */
void pool_wake(struct push_service *service)
{
    if (!service->is_freeing && !timer_is_running(&service->turn))
        timer_start(&service->turn, service->is_in_turn ? 1 : 0);
}

void pool_release(struct push_service *service)
{
    service->is_freeing = service->is_stopping = true;
    while (service->lane_count > 0)
        lane_close(service->lanes[--service->lane_count]);
    stop_all(service);
    timer_stop(&service->turn);
    timer_stop(&service->wake);
    timer_stop(&service->idle);
    timer_stop(&service->connect_later);
}
