/* Sees to it that an installation has a scenario: where there is none at all, the standard one is
 * put in force. Any number of processes may try at once; one makes it. */
#ifndef DUNLIN_JOBS_FIRST_SCENARIO_H
#define DUNLIN_JOBS_FIRST_SCENARIO_H

#include <stdbool.h>

struct world;
struct first_scenario;

/* Begins at once, and tries again while the database is away. */
struct first_scenario *first_scenario_new(struct world *);
void first_scenario_stop(struct first_scenario *);
bool first_scenario_is_idle(const struct first_scenario *);
/* At any time; what is under way ends by itself. */
void first_scenario_free(struct first_scenario *);

#endif
