/* The sandbox channel: takes push, SMS and e-mail and lays them down in sandbox_message, where the
 * demo's phone and inbox show them. The same step of the same invoice twice is one message. */
#ifndef DUNLIN_CHANNEL_SANDBOX_H
#define DUNLIN_CHANNEL_SANDBOX_H

#include "channel/channel.h"

extern const struct channel sandbox_channel;

#endif
