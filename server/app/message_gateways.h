/* The gateways for SMS and voice messages as the settings describe them, for whoever sends (the
 * work process, `dunlin sms`, `dunlin check`) and whoever takes their reports (the http processes).
 */
#ifndef DUNLIN_APP_MESSAGE_GATEWAYS_H
#define DUNLIN_APP_MESSAGE_GATEWAYS_H

#include "app/settings.h"
#include "channel/channel.h"
#include "channel/gate.h"
#include "channel/http_gateway.h"
#include "channel/http_report.h"

enum { MESSAGE_CHANNELS_MAX = 4 };

/* Texts that the settings do not have as they are needed. */
struct message_gateway_room {
    char notify_url[600], parts_max[24], tries[24], interval[24];
};

enum message_gateway_kind { MESSAGE_GATEWAY_SMS = 0, MESSAGE_GATEWAY_VOICE };

const struct settings_gateway *message_gateway_of(const struct settings *,
                                                  enum message_gateway_kind);
/* False when the settings name none. Settings and room must outlive what is made of it. */
bool message_gateway_describe(const struct settings *, enum message_gateway_kind,
                              struct message_gateway_room *, struct http_gateway_settings *);
/* False when no reports are taken. */
bool message_gateway_describe_report(const struct settings *, enum message_gateway_kind,
                                     struct http_report *);
/* Adds the channels that the settings name; returns how many. */
size_t message_gateway_channels(const struct settings *,
                                const struct channel *out[MESSAGE_CHANNELS_MAX]);
void message_gateway_add_gates(const struct settings *, struct gates *);

#endif
