/* The settings `app_links.*` and `app.*`: the creditor's app on phones, its links and by whose
 * tokens it is believed. */
#ifndef DUNLIN_APP_SETTINGS_APP_H
#define DUNLIN_APP_SETTINGS_APP_H

#include "app/settings_table.h"

extern const struct setting settings_app[];

/* What depends on several of them. */
void settings_finish_app(struct settings_reading *);

#endif
