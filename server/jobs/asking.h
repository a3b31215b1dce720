/* Asks payment providers: what became of payments that they are silent about, for refunds, and for
 * the confirmation of those that are ours only then. Each account has a line of its own, so that a
 * slow provider holds up nobody else. */
#ifndef DUNLIN_JOBS_ASKING_H
#define DUNLIN_JOBS_ASKING_H

#include <stdbool.h>

struct world;
struct asking;

struct asking *asking_new(struct world *);
/* No new questions; those under way end by themselves. */
void asking_stop(struct asking *);
bool asking_is_idle(const struct asking *);
/* What is under way is forgotten: it is asked again at its next time. */
void asking_free(struct asking *);

#endif
