/* The settings `promises.*`: see domain/promise.h. */
#ifndef DUNLIN_APP_SETTINGS_PROMISES_H
#define DUNLIN_APP_SETTINGS_PROMISES_H

#include "app/settings_table.h"
#include "domain/promise.h"

extern const struct setting settings_promises[];

/* Its words are borrowed from the settings. */
struct promise_policy settings_promise_policy(const struct settings *);

#endif
