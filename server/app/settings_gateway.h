/* The settings `sms.*` and `voice.*`: each a gateway that takes messages over HTTP. */
#ifndef DUNLIN_APP_SETTINGS_GATEWAY_H
#define DUNLIN_APP_SETTINGS_GATEWAY_H

#include "app/settings_table.h"

extern const struct setting settings_gateways[];

/* What depends on several of them. */
void settings_finish_gateways(struct settings_reading *);

/* Of a value that was checked: in millionths. */
int64_t setting_micro(const char *decimal);

#endif
