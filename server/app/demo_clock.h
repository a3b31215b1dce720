/* The demo's clock: business time that can be paused, run and moved forward, never back. It lives
 * in one small file under the demo's folder, mapped by every process of the demo, so that all see
 * the same time and a restart goes on where the last run stopped. Nothing of this exists in
 * `dunlin serve`: there `now` is clock_wall. */
#ifndef DUNLIN_APP_DEMO_CLOCK_H
#define DUNLIN_APP_DEMO_CLOCK_H

#include "base/clock.h"
#include "base/err.h"

#include <stdbool.h>

enum {
    DEMO_CLOCK_SPEED_MAX = 43200,             /* a day in two seconds */
    DEMO_CLOCK_ADVANCE_MAX = 366 * 24 * 3600, /* seconds at once */
};

struct demo_clock_state {
    struct instant now;
    bool is_running;
    int speed;                          /* seconds of business time a second */
    struct instant run_from, run_until; /* of a run with an end; 0: none is under way */
};

/* Maps the file at `path`, made when it is missing: it then starts at the wall clock. Once, before
 * the processes are forked. */
MUST_CHECK int demo_clock_open(const char *path, struct err *);
/* For world->now: reads the mapped page. Before demo_clock_open it is the wall clock. */
struct instant demo_clock_now(void);
struct demo_clock_state demo_clock_read(void);

/* Changed by one process only, the one that shows the clock. */
void demo_clock_pause(void);
/* `speed` is brought into 1..DEMO_CLOCK_SPEED_MAX. */
void demo_clock_run(int speed);
/* Runs at full speed until that much later, and then pauses. Time goes no further than it is let:
 * not at all before the first demo_clock_let_go. Every other change ends the run. */
void demo_clock_run_for(int64_t seconds);
/* Of a run: time may pass up to `bound` now, which may lie behind. Ends the run when it is through.
 */
void demo_clock_let_go(struct instant bound);
/* `seconds` from 0 to DEMO_CLOCK_ADVANCE_MAX, otherwise ERR_INPUT and nothing moves. */
MUST_CHECK int demo_clock_advance(int64_t seconds, struct err *);
/* Notes how far the clock has come, for the next start; every second or so. */
void demo_clock_keep(void);

#endif
