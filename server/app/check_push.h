/* The part of `dunlin check` that proves the credentials of the push apps: a push to a made-up
 * device must be refused for the device's sake, which a service says only to whom it believes. All
 * apps are asked at once, and it is over in a few seconds. */
#ifndef DUNLIN_APP_CHECK_PUSH_H
#define DUNLIN_APP_CHECK_PUSH_H

#include "app/check.h"

void check_push(const struct settings *, struct check_report *);

/* What a probe that is over says of the app `index` of the settings; for tests. */
struct push_probe;
void check_push_judge(const struct settings *, int index, const struct push_probe *,
                      struct check_report *);

#endif
