/* The settings `public.*`, `private.*`, `operators.*` and `trusted_proxy.*`: where requests come
 * in. */
#ifndef DUNLIN_APP_SETTINGS_LISTENERS_H
#define DUNLIN_APP_SETTINGS_LISTENERS_H

#include "app/settings_table.h"

extern const struct setting settings_listeners[];

#endif
