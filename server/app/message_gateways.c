#include "app/message_gateways.h"

#include "app/settings_gateway.h"
#include "channel/sms.h"
#include "channel/voice.h"

#include <stdio.h>
#include <string.h>

static const char *const smsapi_headers[] = {"Authorization: Bearer {token}"};
static const char *const kinds[] = {"sms", "voice"};

const struct settings_gateway *message_gateway_of(const struct settings *s,
                                                  enum message_gateway_kind kind)
{
    return kind == MESSAGE_GATEWAY_SMS ? &s->sms : &s->voice;
}

static bool is_smsapi(const struct settings_gateway *g)
{
    return strcmp(g->gateway, "smsapi") == 0;
}

static struct http_words words_of(const struct settings_list *list)
{
    return (struct http_words){list->items, list->count};
}

static struct http_adapter adapter_of(const struct settings_gateway *g,
                                      enum message_gateway_kind kind)
{
    if (is_smsapi(g))
        return kind == MESSAGE_GATEWAY_SMS ? http_adapter_smsapi : http_adapter_smsapi_voice;
    return (struct http_adapter){.name = "generic",
                                 .method = g->method,
                                 .is_json = strcmp(g->body, "json") == 0,
                                 .has_plus = strcmp(g->number_form, "plus") == 0,
                                 .refuses_repeats = g->refuses_repeats,
                                 .fields = words_of(&g->fields),
                                 .id_path = g->id_path,
                                 .error_path = g->error_path,
                                 .parts_path = g->parts_path,
                                 .price_path = g->price_path,
                                 .codes = {[HTTP_RETRY] = words_of(&g->codes_retry),
                                           [HTTP_STOP] = words_of(&g->codes_stop),
                                           [HTTP_BAD_NUMBER] = words_of(&g->codes_bad_number),
                                           [HTTP_DEAD_NUMBER] = words_of(&g->codes_dead_number),
                                           [HTTP_DUPLICATE] = words_of(&g->codes_sent)},
                                 .statuses_retry = words_of(&g->statuses_retry)};
}

static void fill_room(const struct settings *s, enum message_gateway_kind kind,
                      struct message_gateway_room *room)
{
    const struct settings_gateway *g = message_gateway_of(s, kind);
    memset(room, 0, sizeof(*room));
    if (g->report_secret[0] != '\0')
        snprintf(room->notify_url, sizeof(room->notify_url), "%s/callbacks/%s/%s", s->public_.url,
                 kinds[kind], g->report_secret);
    snprintf(room->parts_max, sizeof(room->parts_max), "%lld", (long long)g->parts_max);
    snprintf(room->tries, sizeof(room->tries), "%lld", (long long)g->tries);
    snprintf(room->interval, sizeof(room->interval), "%lld", (long long)g->interval_s);
}

bool message_gateway_describe(const struct settings *s, enum message_gateway_kind kind,
                              struct message_gateway_room *room, struct http_gateway_settings *out)
{
    const struct settings_gateway *g = message_gateway_of(s, kind);
    if (g->gateway[0] == '\0')
        return false;
    fill_room(s, kind, room);
    *out = (struct http_gateway_settings){
        .channel = kinds[kind],
        .adapter = adapter_of(g, kind),
        .url = span_str(g->url),
        .url_again = span_str(g->second_url),
        .headers = is_smsapi(g) ? (struct http_words){smsapi_headers, 1} : words_of(&g->headers),
        .check_url = span_str(g->check_url),
        .ca_file = span_str(g->ca_file),
        .user = span_str(g->user),
        .token = span_str(g->token),
        .sender = span_str(g->sender),
        .notify_url = span_str(room->notify_url),
        .notify_secret = span_str(g->report_secret),
        .parts_max = span_str(room->parts_max),
        .tries = span_str(room->tries),
        .interval = span_str(room->interval),
        .is_test = g->is_test,
        .hours = {.from = (int)g->hour_from,
                  .to = (int)g->hour_to,
                  .takes_seconds = (int32_t)((g->tries - 1) * g->interval_s)},
        .part_price_micro = setting_micro(g->part_price),
        .point_price_micro = setting_micro(g->point_price),
        .timeout_ms = (int)g->timeout_ms,
    };
    return true;
}

bool message_gateway_describe_report(const struct settings *s, enum message_gateway_kind kind,
                                     struct http_report *out)
{
    const struct settings_gateway *g = message_gateway_of(s, kind);
    if (g->gateway[0] == '\0' || g->report_secret[0] == '\0')
        return false;
    *out = http_report_smsapi;
    if (!is_smsapi(g))
        *out = (struct http_report){.id_field = g->report_id,
                                    .code_field = g->report_code,
                                    .status_field = g->report_status,
                                    .time_field = g->report_time,
                                    .separator = g->report_separator,
                                    .statuses = words_of(&g->report_statuses),
                                    .reply = g->report_reply};
    out->secret = span_str(g->report_secret);
    return true;
}

/* Whether a repeat can hurt is the gateway's to say, and with it which channel it is. */
size_t message_gateway_channels(const struct settings *s,
                                const struct channel *out[MESSAGE_CHANNELS_MAX])
{
    size_t count = 0;
    if (s->sms.gateway[0] != '\0')
        out[count++] = adapter_of(&s->sms, MESSAGE_GATEWAY_SMS).refuses_repeats ? &sms_channel
                                                                                : &sms_once_channel;
    if (s->voice.gateway[0] != '\0')
        out[count++] = adapter_of(&s->voice, MESSAGE_GATEWAY_VOICE).refuses_repeats
                           ? &voice_channel
                           : &voice_once_channel;
    return count;
}

void message_gateway_add_gates(const struct settings *s, struct gates *gates)
{
    for (int kind = MESSAGE_GATEWAY_SMS; kind <= MESSAGE_GATEWAY_VOICE; ++kind) {
        const struct settings_gateway *g = message_gateway_of(s, (enum message_gateway_kind)kind);
        if (g->gateway[0] == '\0')
            continue;
        gates_add(gates, kinds[kind],
                  &(struct gate_limits){.per_second = (uint32_t)g->per_second,
                                        .in_flight_max = (uint32_t)g->in_flight,
                                        .spend_day_micro = setting_micro(g->spend_per_day),
                                        .price_micro = setting_micro(g->part_price),
                                        .failures_to_rest = (uint32_t)g->failures_to_rest,
                                        .rest_ms = (uint32_t)g->rest_ms});
    }
}
