#include "app/push_probe.h"

#include "base/crypto.h"

#include <stdio.h>

enum { PATIENCE_MS = 2000, CONNECT_BACKOFF_MS = 200 };

/* A clock or a credential explains what follows from it; an unreachable service explains itself. */
static int weight_of(enum push_alarm alarm)
{
    return alarm == PUSH_ALARM_CLOCK ? 3 : alarm == PUSH_ALARM_CREDENTIAL ? 2 : alarm != 0;
}

/* For terminals and JSON: a server's words may hold anything. */
static void copy(struct span text, char *out, size_t room)
{
    snprintf(out, room, "%.*s", SPAN_ARG(text));
    for (; *out != '\0'; ++out)
        if ((unsigned char)*out < ' ' || (unsigned char)*out >= 127)
            *out = '?';
}

static void on_patience_over(void *owner)
{
    push_withdraw(((struct push_probe *)owner)->push_);
}

static void on_alarm(void *owner, enum push_alarm alarm, const char *text)
{
    struct push_probe *probe = owner;
    bool is_final = alarm == PUSH_ALARM_CREDENTIAL || alarm == PUSH_ALARM_CLOCK;
    if (is_final || (alarm == PUSH_ALARM_CONNECTION && !timer_is_running(&probe->patience_)))
        timer_start(&probe->patience_, is_final ? 1 : PATIENCE_MS);
    if (weight_of(alarm) <= weight_of(probe->alarm))
        return;
    probe->alarm = alarm;
    copy(span_str(text), probe->alarm_text, sizeof(probe->alarm_text));
}

static void on_trace(void *owner, const char *line)
{
    const struct push_probe *probe = owner;
    probe->on_trace(probe->owner, line);
}

/* A push that we took back says so; the reason is what made us do it. */
static void keep_reason(struct push_probe *probe, struct span reason)
{
    struct push_stats stats;
    push_service_stats(probe->service_, &stats);
    bool is_ours = probe->alarm != 0 && probe->status == 0 && span_is_str(reason, "withdrawn");
    if (is_ours)
        reason = span_str(stats.resting_for[0] != '\0' ? stats.resting_for : probe->alarm_text);
    copy(reason, probe->reason, sizeof(probe->reason));
}

static void on_done(void *owner, struct push *push, const struct push_result *result)
{
    struct push_probe *probe = owner;
    (void)push;
    timer_stop(&probe->patience_);
    probe->is_over = true;
    probe->outcome = result->outcome;
    probe->advice = result->advice;
    probe->status = result->status;
    probe->retry_after_ms = result->retry_after_ms;
    probe->took_us = result->took_us;
    keep_reason(probe, result->reason);
    copy(result->service_id, probe->service_id, sizeof(probe->service_id));
    copy(result->unique_id, probe->unique_id, sizeof(probe->unique_id));
    probe->on_over(probe->owner);
}

int push_probe_start(struct push_probe *probe, struct err *e)
{
    static const struct push_handler handler = {.on_done = on_done};
    struct push_settings *settings = &probe->order.settings;
    settings->tuning.connections_min = settings->tuning.connections_max = 1;
    settings->tuning.connect_timeout = settings->tuning.answer_timeout =
        probe->deadline_ms - probe->deadline_ms / 5;
    settings->tuning.connect_backoff = CONNECT_BACKOFF_MS;
    settings->owner = probe;
    settings->on_alarm = on_alarm;
    settings->on_trace = probe->on_trace == NULL ? NULL : on_trace;
    probe->service_ = push_service_new(settings, e);
    if (probe->service_ == NULL)
        return e->code;
    probe->message.deadline_ms = probe->deadline_ms;
    probe->message.attempts_max = 1;
    timer_init(&probe->patience_, settings->loop, "push probe", on_patience_over, probe);
    return push_send(probe->service_, &probe->message, &handler, probe, &probe->push_, e);
}

void push_probe_release(struct push_probe *probe)
{
    if (probe->service_ != NULL) {
        timer_stop(&probe->patience_);
        push_service_free(probe->service_);
    }
    probe->service_ = NULL;
}

void push_probe_make_id(char out[37])
{
    uint8_t b[16];
    char hex[33];
    random_bytes(b, sizeof(b));
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    hex_print(b, sizeof(b), hex);
    snprintf(out, 37, "%.8s-%.4s-%.4s-%.4s-%s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}
