/* The settings `creditor.*`. */
#ifndef DUNLIN_APP_SETTINGS_CREDITOR_H
#define DUNLIN_APP_SETTINGS_CREDITOR_H

#include "app/settings_table.h"

extern const struct setting settings_creditor[];

#endif
