#include "channel/voice.h"

#include "channel/http_gateway.h"
#include "domain/phone.h"
#include "domain/voice_hours.h"

static int refuse(struct http_gateway *gateway, struct channel_result result, channel_cb on_sent,
                  void *owner)
{
    http_gateway_answer(gateway, &result, on_sent, owner);
    return 0;
}

static int voice_send(const struct channel_means *means, const struct channel_message *message,
                      channel_cb on_sent, void *owner, struct err *err)
{
    if (means->voice == NULL)
        return err_set(err, ERR_SETTINGS, "there is no voice gateway");
    if (!phone_is_e164(message->address))
        return refuse(means->voice,
                      (struct channel_result){.outcome = CHANNEL_REFUSED,
                                              .address = CHANNEL_ADDRESS_DEAD,
                                              .reason = SPAN_LIT("no phone number")},
                      on_sent, owner);
    if (!phone_is_polish(message->address))
        return refuse(means->voice,
                      (struct channel_result){.outcome = CHANNEL_REFUSED,
                                              .reason = SPAN_LIT("not a Polish number")},
                      on_sent, owner);
    int32_t wait_s = voice_hours_wait_seconds(http_gateway_hours(means->voice), message->at);
    if (wait_s > 0)
        return refuse(means->voice,
                      (struct channel_result){.outcome = CHANNEL_RETRY,
                                              .is_no_fault = true,
                                              .retry_after_ms = (uint32_t)wait_s * 1000,
                                              .reason = SPAN_LIT("outside of the hours for calls")},
                      on_sent, owner);
    return http_gateway_send(means->voice,
                             &(struct http_gateway_message){.to = message->address,
                                                            .text = message->body,
                                                            .id = message->code,
                                                            .parts = 1,
                                                            .wire_by = message->wire_by},
                             on_sent, owner, err);
}

static bool voice_takes(struct span channel)
{
    return span_is_str(channel, "voice");
}

const struct channel voice_channel = {
    .name = "voice", .is_repeat_harmless = true, .takes = voice_takes, .send = voice_send};
const struct channel voice_once_channel = {
    .name = "voice", .takes = voice_takes, .send = voice_send};
