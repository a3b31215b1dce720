/* The demo's month in a minute, and whatever must keep step with a clock that runs fast.
 *
 * While it runs fast the background work is woken, as its own polls go by the wall clock: a second
 * is half a day then. In a month, people live as well: they look at pushes and pay, each in their
 * manner (see store/demo.sql). And time is let pass no further than the gateway follows, so that
 * nothing is late because the machine is slow. After thirty days the clock stands. */
#ifndef DUNLIN_APP_DEMO_MONTH_H
#define DUNLIN_APP_DEMO_MONTH_H

#include "base/clock.h"

#include <jansson.h>

struct bank;
struct demo_month;
struct demo_phones;
struct world;

enum { DEMO_MONTH_SECONDS = 30 * 86400 };

/* Lives as long as the process. One process has it, the one that shows the clock. */
struct demo_month *demo_month_new(struct world *, struct bank *, struct demo_phones *);
void demo_month_stop(struct demo_month *);

/* From now on. */
void demo_month_begin(struct demo_month *);
/* {from, until, done, paid, opened} of the last one, or null; a new reference. */
json_t *demo_month_json(const struct demo_month *);

#endif
