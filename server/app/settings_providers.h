/* The settings of payment providers, each a contract with one: a table of the one in
 * settings_table.h, in a file of its own. */
#ifndef DUNLIN_APP_SETTINGS_PROVIDERS_H
#define DUNLIN_APP_SETTINGS_PROVIDERS_H

#include "app/settings_table.h"

extern const struct setting_tables settings_provider_tables;

/* Whether the setting of that name (as in struct provider's `needs`) says something; of "one or
 * another", whether either does. */
bool settings_provider_has(const struct settings_provider *, const char *name);

#endif
