/* The settings `push.*`: the table of one push app (push.apps), which rows there are, what each may
 * hold, and what must stand together. */
#ifndef DUNLIN_APP_SETTINGS_PUSH_H
#define DUNLIN_APP_SETTINGS_PUSH_H

#include "app/settings_table.h"

extern const struct setting settings_push[];

#endif
