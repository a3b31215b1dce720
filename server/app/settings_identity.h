/* The settings `identity.*`: see domain/identity.h. */
#ifndef DUNLIN_APP_SETTINGS_IDENTITY_H
#define DUNLIN_APP_SETTINGS_IDENTITY_H

#include "app/settings_table.h"
#include "domain/identity.h"

extern const struct setting settings_identity[];

/* What depends on several of them. */
void settings_finish_identity(struct settings_reading *);
struct identity_rules settings_identity_rules(const struct settings *);

#endif
