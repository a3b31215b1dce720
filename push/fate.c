#include "push/service.h"

#include "base/clock.h"
#include "push/backoff.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* What becomes of a push after each attempt (reference 1.5, 1.6, 2.4):
 *
 *     answered       the service's table decides: final, later, elsewhere, token, stop
 *     not processed  again, at once and then with a delay; cannot double it
 *     lost           unknown; again only if may_send says yes to that
 *     time           a delay ends, an answer is late (RST_STREAM), a deadline passes
 *
 * Each push leaves through finish(), once. */

enum { ALARM_AGAIN_MS = 60000, SKEW_MAX_S = 300, SAFE_RESENDS_QUICK = 3, SLOWED_MS = 1000 };

/* ---- lists and timers ---- */

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* When time does something to it next. */
static int64_t due_of(const struct push *push)
{
    int64_t due = push->deadline_ms;
    if (push->is_withdrawn && push->state != PUSH_ON_WIRE)
        return 0;
    if (push->attempts == 0)
        due = least(due, push->start_by_ms);
    if (push->state == PUSH_HELD)
        due = least(due, push->held_until_ms);
    if (push->state == PUSH_ON_WIRE)
        due = least(due, push->sent_us / 1000 + push->service->tuning.answer_timeout);
    return due;
}

/* A timer that is early does no harm, it looks again; so one that is set for the first answer's
 * patience at push_send does for most pushes to their end. */
void fate_start_timer(struct push *push)
{
    int64_t due = due_of(push);
    if (timer_is_running(&push->timer) && push->armed_ms <= due)
        return;
    int64_t now = service_now_ms();
    push->armed_ms = least(due, now + push->service->tuning.answer_timeout);
    timer_start(&push->timer, push->armed_ms <= now ? 1 : (uint32_t)(push->armed_ms - now));
}

void fate_move(struct push *push, enum push_state state, bool to_front)
{
    struct push_service *service = push->service;
    list_remove(&service->pushes[push->state], push);
    push->state = state;
    if (to_front)
        list_add_front(&service->pushes[state], push);
    else
        list_add(&service->pushes[state], push);
    fate_start_timer(push);
}

/* ---- the end ---- */

static void count_outcome(struct push_stats *stats, enum push_outcome outcome)
{
    stats->accepted += outcome == PUSH_ACCEPTED;
    stats->refused += outcome == PUSH_REFUSED;
    stats->never_sent += outcome == PUSH_NEVER_SENT;
    stats->unknown += outcome == PUSH_UNKNOWN;
}

static void finish(struct push *push, struct push_result *result)
{
    struct push_service *service = push->service;
    list_remove(&service->pushes[push->state], push);
    timer_stop(&push->timer);
    service->octets -= push->octets;
    result->status = push->status;
    result->attempts = push->attempts;
    result->unknown_before = push->unknown;
    result->took_us = push->took_us;
    count_outcome(&service->stats, result->outcome);
    push->handler->on_done(push->owner, push, result);
    buf_release(&push->stream.body);
    slab_give(&service->slab, push);
    pool_wake(service);
}

void fate_give_up(struct push *push, const char *why)
{
    char text[sizeof(push->service->trouble)];
    bool was_answered = push->status != 0;
    snprintf(text, sizeof(text), "%s", why); /* may lie in what finish() frees */
    struct push_result result = {
        .outcome = push->unknown > 0 ? PUSH_UNKNOWN
                   : was_answered    ? PUSH_REFUSED
                                     : PUSH_NEVER_SENT,
        .advice = was_answered ? push->advice : PUSH_ADVICE_LATER,
        .retry_after_ms = push->retry_after_ms,
        .reason = span_str(was_answered && push->unknown == 0 ? push->reason : text),
    };
    finish(push, &result);
}

/* ---- alarms and rest ---- */

void fate_alarm(struct push_service *service, enum push_alarm alarm, const char *text)
{
    int64_t now = service_now_ms();
    if (service->settings.on_alarm == NULL ||
        (service->alarmed_ms[alarm] != 0 && now - service->alarmed_ms[alarm] < ALARM_AGAIN_MS))
        return;
    service->alarmed_ms[alarm] = now;
    service->settings.on_alarm(service->settings.owner, alarm, text);
}

void fate_trace(struct push_service *service, const char *format, ...)
{
    char line[512];
    va_list args;
    if (service->settings.on_trace == NULL)
        return;
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    for (char *at = line; *at != 0; ++at)
        if ((unsigned char)*at < ' ')
            *at = ' ';
    service->settings.on_trace(service->settings.owner, line);
}

/* Our clock beside the service's, from the Date of an answer (reference 1.2: look at the clock
 * first). True when it is off by more than tokens can bear. */
static bool say_clock(struct push_service *service, const char *reason)
{
    char text[200];
    int64_t off = service->skew_s < 0 ? -service->skew_s : service->skew_s;
    if (!service->has_skew || off < SKEW_MAX_S)
        return false;
    snprintf(text, sizeof(text), "this machine's clock is %lld min %s the service's (%s)",
             (long long)(off + 30) / 60, service->skew_s > 0 ? "behind" : "ahead of", reason);
    fate_alarm(service, PUSH_ALARM_CLOCK, text);
    return true;
}

static void rest(struct push_service *service, int64_t until_ms, const char *why)
{
    if (until_ms > service->rest_until_ms)
        service->rest_until_ms = until_ms;
    snprintf(service->resting_for, sizeof(service->resting_for), "%s", why);
}

/* The credential is refused: nothing goes but one push a while, which finds out when it is mended.
 */
static void stop_pool(struct push_service *service, const char *reason)
{
    breaker_rest(&service->breaker, service_now_ms() + service->tuning.probe_wait);
    snprintf(service->resting_for, sizeof(service->resting_for), "%s", reason);
}

static void note_health(struct push_service *service, bool is_good, const char *why)
{
    int64_t now = service_now_ms();
    if (!breaker_note(&service->breaker, is_good, now))
        return;
    uint32_t wait = backoff_ms((struct backoff){.floor_ms = service->tuning.retry_min,
                                                .first_ms = 2 * service->tuning.retry_min,
                                                .max_ms = service->tuning.retry_max},
                               breaker_times(&service->breaker) + 1, service_random());
    breaker_rest(&service->breaker, now + wait);
    snprintf(service->resting_for, sizeof(service->resting_for), "%s", why);
    char text[160];
    snprintf(text, sizeof(text), "the service keeps failing (%s); the next try is in %u s", why,
             (wait + 999) / 1000);
    fate_alarm(service, PUSH_ALARM_SERVICE, text);
}

/* Half as many at once, and slow start again; once a second, for refusals come in packs. */
static void slow_down(struct push_service *service)
{
    int64_t now = service_now_ms();
    if (now - service->slowed_ms < SLOWED_MS)
        return;
    service->slowed_ms = now;
    uint32_t on_wire = service->pushes[PUSH_ON_WIRE].count + 1;
    service->on_wire_max = on_wire < 4 ? 2 : on_wire / 2;
    bucket_restart(&service->bucket, now * 1000);
}

static void speed_up(struct push_service *service)
{
    if (service->on_wire_max == UINT32_MAX)
        return;
    if (++service->on_wire_max > service->tuning.streams_max * service->tuning.connections_max)
        service->on_wire_max = UINT32_MAX;
}

/* ---- again ---- */

/* The attempt behind us may have been accepted, for all that is known. */
static void doubt(struct push *push)
{
    ++push->unknown;
    ++push->service->stats.lost;
}

static uint32_t retry_delay(struct push *push)
{
    const struct push_tuning *tuning = &push->service->tuning;
    bool is_fcm = push->service->settings.kind == PUSH_FCM;
    /* FCM: never sooner than 10 s (reference 2.4); APNs: full jitter from 0 (1.5). */
    return backoff_ms((struct backoff){.floor_ms = is_fcm ? tuning->retry_min : 0,
                                       .first_ms = tuning->retry_min * (is_fcm ? 2 : 1),
                                       .max_ms = tuning->retry_max},
                      push->attempts_counted, service_random());
}

static void hold(struct push *push, uint32_t delay_ms)
{
    push->held_until_ms = service_now_ms() + delay_ms;
    fate_move(push, PUSH_HELD, false);
}

/* After an attempt that may be made again: now (0), or after a delay, unless it has had its share.
 */
static void again(struct push *push, enum push_try try, uint32_t delay_ms)
{
    struct push_service *service = push->service;
    buf_release(&push->stream.body);
    push->try = try;
    push->retry_after_ms = delay_ms;
    if (push->is_withdrawn)
        fate_give_up(push, "withdrawn");
    else if (push->attempts_max != 0 && push->attempts_counted >= push->attempts_max)
        fate_give_up(push, push->reason);
    else if (service_now_ms() + delay_ms >= push->deadline_ms)
        fate_give_up(push, push->reason[0] != 0 ? push->reason : "deadline");
    else if (delay_ms > 0)
        hold(push, delay_ms);
    else {
        fate_move(push, PUSH_WAITING, true);
        pool_wake(service);
    }
}

/* ---- an answer ---- */

static uint32_t retry_after_of(struct push *push)
{
    return retry_after_parse(span_str(push->stream.kept[HELD_RETRY_AFTER]),
                             service_wall_s(push->service));
}

static void take(struct push *push, struct lane *lane, const struct verdict *verdict)
{
    struct push_service *service = push->service;
    lane_prove(lane);
    speed_up(service);
    hold_release(&service->hold, push->target);
    service->resting_for[0] = 0;
    service->tokens_refused = 0;
    bool is_apns = service->settings.kind == PUSH_APNS;
    struct push_result result = {
        .outcome = PUSH_ACCEPTED,
        .service_id = span_str(is_apns ? push->stream.kept[HELD_APNS_ID] : verdict->message_id),
        .unique_id = span_str(push->stream.kept[HELD_UNIQUE_ID]),
    };
    finish(push, &result);
}

static void refuse(struct push *push, const struct verdict *verdict)
{
    struct push_result result = {
        .outcome = PUSH_REFUSED,
        .advice = verdict->advice,
        .reason = span_str(verdict->reason),
        .dead_since_ms = verdict->dead_since_ms,
    };
    finish(push, &result);
}

static void later(struct push *push, const struct verdict *verdict)
{
    struct push_service *service = push->service;
    uint32_t asked = retry_after_of(push), delay = asked != 0 ? asked : retry_delay(push);
    if ((verdict->flags & VERDICT_RESTS) != 0 && asked == 0)
        delay = service->tuning.quota_wait;
    if ((verdict->flags & VERDICT_HOLDS) != 0) {
        uint32_t times = hold_again(&service->hold, push->target);
        if (asked == 0)
            delay = backoff_ms((struct backoff){.floor_ms = service->tuning.retry_min / 2,
                                                .first_ms = service->tuning.retry_min,
                                                .max_ms = service->tuning.retry_max},
                               times, service_random());
        hold_until(&service->hold, push->target, service_now_ms() + delay);
    } else if ((verdict->flags & VERDICT_RESTS) != 0 || asked != 0) {
        rest(service, service_now_ms() + delay, verdict->reason);
    }
    if ((verdict->flags & VERDICT_DOUBTS) != 0)
        doubt(push);
    if (push->unknown > 0 && push->handler->may_send == NULL)
        fate_give_up(push, verdict->reason);
    else
        again(push, PUSH_TRY_REFUSED, delay);
}

/* Another connection, at once; but not for ever. */
static void elsewhere(struct push *push)
{
    again(push, PUSH_TRY_REFUSED,
          push->attempts_counted > SAFE_RESENDS_QUICK ? retry_delay(push) : 0);
}

static void stop(struct push *push, const struct verdict *verdict)
{
    struct push_service *service = push->service;
    char text[160];
    if (say_clock(service, verdict->reason)) {
        /* said */
    } else if (verdict->kind == VERDICT_TOKEN && service->access == NULL) {
        fate_alarm(service, PUSH_ALARM_CLOCK,
                   "a young token is refused as expired: this machine's clock must be off");
    } else {
        snprintf(text, sizeof(text), "the service refuses the credential: %s", verdict->reason);
        fate_alarm(service, PUSH_ALARM_CREDENTIAL, text);
    }
    stop_pool(service, verdict->reason);
    push->advice = PUSH_ADVICE_LATER; /* the credential is wrong, not the push */
    again(push, PUSH_TRY_REFUSED, 0);
}

/* A connection that has seen an expired token refuses the next ones, too (reference 1.2); and all
 * of them have seen the same one. */
static bool renew_apns_token(struct push *push)
{
    struct push_service *service = push->service;
    bool is_newest = push->token_generation == apns_token_generation(&service->apns_token);
    if (!apns_token_expired(&service->apns_token, push->token_generation, service_wall_s(service)))
        return false;
    for (size_t at = 0; is_newest && at < service->lane_count; ++at)
        lane_leave(service->lanes[at]);
    return true;
}

/* One access token after the other is refused, with nothing accepted between. Counted for the
 * service: a push of a single attempt would never see the second refusal. */
static bool is_refresh_vain(const struct push *push)
{
    struct push_service *service = push->service;
    if (service->access == NULL)
        return false;
    if (service->tokens_refused == 0 || push->token_generation != service->refused_generation)
        ++service->tokens_refused;
    service->refused_generation = push->token_generation;
    return service->tokens_refused > 1;
}

/* APNs: reference 1.2. FCM: 2.4, one refresh and one resend. */
static void renew_token(struct push *push, const struct verdict *verdict)
{
    struct push_service *service = push->service;
    bool is_renewed = service->access != NULL
                          ? access_refused(service->access, push->token_generation)
                          : renew_apns_token(push);
    bool is_vain = is_refresh_vain(push);
    push->advice = PUSH_ADVICE_LATER; /* the token's age is no fault of the push */
    if (is_renewed && !is_vain && push->token_retries++ == 0)
        again(push, PUSH_TRY_REFUSED, 0);
    else
        stop(push, verdict);
}

static void note_date(struct push_service *service, const struct h2_stream *stream)
{
    int64_t date = http_date_parse(span_str(stream->kept[HELD_DATE]));
    service->has_skew = date > 0;
    service->skew_s = date - service_wall_s(service);
}

static void apply_flags(struct push *push, struct lane *lane, const struct verdict *verdict)
{
    struct push_service *service = push->service;
    char text[160];
    if ((verdict->flags & VERDICT_LEAVES) != 0)
        lane_leave(lane);
    if ((verdict->flags & VERDICT_SLOWS) != 0)
        slow_down(service);
    if (verdict->alarm != 0 && verdict->kind == VERDICT_FINAL) {
        snprintf(text, sizeof(text), "the service refuses what we send: %d %s", push->status,
                 verdict->reason);
        fate_alarm(service, verdict->alarm, text);
    }
    if (verdict->kind != VERDICT_STOP && verdict->kind != VERDICT_TOKEN)
        note_health(service, (verdict->flags & VERDICT_FAILS) == 0, verdict->reason);
}

static void judge(struct push *push, struct lane *lane)
{
    struct push_service *service = push->service;
    struct verdict verdict;
    struct span body = buf_span(&push->stream.body);
    push->status = push->stream.status;
    if (body.len > 0)
        fate_trace(service, "< %.*s", (int)(body.len < 480 ? body.len : 480), body.base);
    push->took_us = clock_mono().ns / 1000 - push->sent_us;
    service->stats.answer_us += (uint64_t)push->took_us;
    ++service->stats.answers;
    if (service->settings.kind == PUSH_APNS)
        apns_judge(push->status, body, &verdict);
    else
        fcm_judge(push->status, body, &verdict);
    if (verdict.kind != VERDICT_ACCEPTED)
        note_date(service, &push->stream);
    if (verdict.reason[0] == 0 && verdict.kind != VERDICT_ACCEPTED)
        snprintf(verdict.reason, sizeof(verdict.reason), "status %d", push->status);
    memcpy(push->reason, verdict.reason, sizeof(push->reason));
    push->advice = verdict.advice;
    apply_flags(push, lane, &verdict);
    switch (verdict.kind) {
    case VERDICT_ACCEPTED:
        take(push, lane, &verdict);
        return;
    case VERDICT_FINAL:
        refuse(push, &verdict);
        return;
    case VERDICT_LATER:
        later(push, &verdict);
        return;
    case VERDICT_ELSEWHERE:
        elsewhere(push);
        return;
    case VERDICT_TOKEN:
        renew_token(push, &verdict);
        return;
    case VERDICT_STOP:
        stop(push, &verdict);
        return;
    }
    abort();
}

/* ---- no answer ---- */

static void set_unanswered(struct push *push, const char *why)
{
    push->status = 0;
    push->took_us = 0;
    push->advice = PUSH_ADVICE_LATER;
    snprintf(push->reason, sizeof(push->reason), "%s", why);
}

static void lost(struct push *push, const char *why)
{
    struct push_service *service = push->service;
    doubt(push);
    set_unanswered(push, why);
    note_health(service, false, why);
    if (push->handler->may_send == NULL)
        fate_give_up(push, why);
    else
        again(push, PUSH_TRY_UNKNOWN, push->unknown > 1 ? retry_delay(push) : 0);
}

static void not_processed(struct push *push)
{
    uint32_t delay = 0;
    --push->attempts_counted;
    if (++push->safe_resends > SAFE_RESENDS_QUICK)
        delay =
            backoff_ms((struct backoff){.first_ms = 100, .max_ms = push->service->tuning.retry_max},
                       push->safe_resends - SAFE_RESENDS_QUICK, service_random());
    again(push, PUSH_TRY_SAFE, delay);
}

static const char *why_lost(const struct push *push, const struct lane *lane)
{
    if (lane_trouble(lane)->code != 0)
        return "connection lost";
    return push->stream.code == NGHTTP2_ENHANCE_YOUR_CALM ? "reset: ENHANCE_YOUR_CALM" : "reset";
}

static void ended(struct push *push, struct lane *lane, enum h2_end end, const char *why)
{
    struct push_service *service = push->service;
    push->lane = NULL;
    ++push->attempts_counted;
    if (end != H2_ANSWERED && push->stream.code == NGHTTP2_ENHANCE_YOUR_CALM)
        rest(service, service_now_ms() + service->tuning.retry_min, "ENHANCE_YOUR_CALM");
    switch (end) {
    case H2_ANSWERED:
        judge(push, lane);
        return;
    case H2_NOT_PROCESSED:
        not_processed(push);
        return;
    case H2_LOST:
        lost(push, why);
        return;
    }
    abort();
}

/* While the service is being freed nothing is tried again, and nothing is learnt. */
static void end_with_service(struct push *push, enum h2_end end)
{
    push->lane = NULL;
    if (end == H2_LOST)
        doubt(push);
    push->status = 0;
    push->took_us = 0;
    fate_give_up(push, "stopping");
}

void fate_on_end(struct push *push, struct lane *lane, enum h2_end end)
{
    if (push->service->is_freeing && end != H2_ANSWERED)
        end_with_service(push, end);
    else
        ended(push, lane, end, why_lost(push, lane));
}

void fate_on_time(void *owner)
{
    struct push *push = owner;
    struct push_service *service = push->service;
    int64_t now = service_now_ms();
    if (now < due_of(push)) {
        fate_start_timer(push);
        return;
    }
    if (push->state == PUSH_ON_WIRE) {
        struct lane *lane = push->lane;
        ++service->stats.cancelled;
        ended(push, lane, lane_cancel(lane, &push->stream), "no answer in time");
    } else if (push->is_withdrawn) {
        fate_give_up(push, "withdrawn");
    } else if (push->state == PUSH_HELD && now < push->deadline_ms) {
        fate_move(push, PUSH_WAITING, true);
        pool_wake(service);
    } else {
        fate_give_up(push, service->resting_for[0] != 0 ? service->resting_for
                           : service->trouble[0] != 0   ? service->trouble
                                                        : "deadline");
    }
}

void fate_on_goaway(struct push_service *service, uint32_t code, struct span debug)
{
    struct verdict verdict;
    char text[160];
    if (code == NGHTTP2_ENHANCE_YOUR_CALM) /* reference 1.6: back off the pool */
        rest(service, service_now_ms() + service->tuning.retry_min, "ENHANCE_YOUR_CALM");
    if (service->settings.kind != PUSH_APNS || !apns_judge_goaway(debug, &verdict) ||
        verdict.kind != VERDICT_STOP)
        return;
    snprintf(text, sizeof(text), "the service refuses the credential: %s", verdict.reason);
    fate_alarm(service, PUSH_ALARM_CREDENTIAL, text);
    stop_pool(service, verdict.reason);
}
