/* How much may go out on a day before it is so far from the usual that somebody should look. */
#ifndef DUNLIN_DOMAIN_VOLUME_H
#define DUNLIN_DOMAIN_VOLUME_H

#include "domain/reminder_rules.h"

#define VOLUME_UNLIMITED INT64_MAX

/* Messages that a day may have in all. `usual_max`: the most of any of the 14 days before;
 * `allowance`: what an admin allowed for the day, 0 for nothing said. */
int64_t volume_allowed(const struct reminder_rules *, int64_t usual_max, int64_t allowance);

#endif
