/* The table of one push app (push.apps): which rows there are, what each may hold, and what must
 * stand together. Part of reading settings, like settings_table.c. */
#ifndef DUNLIN_APP_SETTINGS_PUSH_H
#define DUNLIN_APP_SETTINGS_PUSH_H

#include "app/settings_table.h"

extern const struct setting_tables settings_push_tables;

#endif
