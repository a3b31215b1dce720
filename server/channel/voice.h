/* Voice messages: the gateway calls and reads the text out. As sms.h, with two rules more: Polish
 * numbers alone, and only at hours when it may ring. */
#ifndef DUNLIN_CHANNEL_VOICE_H
#define DUNLIN_CHANNEL_VOICE_H

#include "channel/channel.h"

extern const struct channel voice_channel, voice_once_channel;

#endif
