/* SMS through a gateway that takes them over HTTP. Two channels that differ in one promise: with
 * `sms_channel` the gateway refuses a repeated id, so an unknown outcome may be asked again; with
 * `sms_once_channel` it does not, and such a message ends uncertain. */
#ifndef DUNLIN_CHANNEL_SMS_H
#define DUNLIN_CHANNEL_SMS_H

#include "channel/channel.h"

extern const struct channel sms_channel, sms_once_channel;

#endif
