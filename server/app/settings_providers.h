/* The settings `providers`: a table of each contract with a payment provider. */
#ifndef DUNLIN_APP_SETTINGS_PROVIDERS_H
#define DUNLIN_APP_SETTINGS_PROVIDERS_H

#include "app/settings_table.h"

extern const struct setting settings_providers[];

/* Whether the setting of that name (as in struct provider's `needs`) says something; of "one or
 * another", whether either does. */
bool settings_provider_has(const struct settings_provider *, const char *name);

#endif
