#include "channel/sms.h"

#include "channel/http_gateway.h"
#include "domain/phone.h"
#include "domain/sms_text.h"

static int sms_send(const struct channel_means *means, const struct channel_message *message,
                    channel_cb on_sent, void *owner, struct err *err)
{
    if (means->sms == NULL)
        return err_set(err, ERR_SETTINGS, "there is no SMS gateway");
    if (!phone_is_e164(message->address)) {
        http_gateway_answer(means->sms,
                            &(struct channel_result){.outcome = CHANNEL_REFUSED,
                                                     .address = CHANNEL_ADDRESS_DEAD,
                                                     .reason = SPAN_LIT("no phone number")},
                            on_sent, owner);
        return 0;
    }
    return http_gateway_send(
        means->sms,
        &(struct http_gateway_message){.to = message->address,
                                       .text = message->body,
                                       .id = message->code,
                                       .parts = sms_text_measure(message->body).parts,
                                       .wire_by = message->wire_by},
        on_sent, owner, err);
}

static bool sms_takes(struct span channel)
{
    return span_is_str(channel, "sms");
}

const struct channel sms_channel = {
    .name = "sms", .is_repeat_harmless = true, .takes = sms_takes, .send = sms_send};
const struct channel sms_once_channel = {.name = "sms", .takes = sms_takes, .send = sms_send};
