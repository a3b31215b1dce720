/* Pushes to the devices of a customer, through the apps of push_apps.h. */
#ifndef DUNLIN_CHANNEL_PUSH_H
#define DUNLIN_CHANNEL_PUSH_H

#include "channel/channel.h"

struct push_result; /* push/push.h */

extern const struct channel push_channel;

/* What the end of a push means for its message; `registered_at` and `attempts` as in struct
 * channel_device. The reason is borrowed from the result. */
struct channel_result push_channel_result(const struct push_result *, struct instant registered_at,
                                          int attempts);

#endif
