/* The report on each day's payouts, on the morning after; days that were missed are made up for, a
 * month of them at most. Nodes need not know of each other: whoever is first keeps it. */
#ifndef DUNLIN_JOBS_PAYOUT_DAYS_H
#define DUNLIN_JOBS_PAYOUT_DAYS_H

#include <stdbool.h>
#include <stdint.h>

struct world;
struct payout_days;

/* `hour` of the day, in Warsaw, from which on yesterday's is made. */
struct payout_days *payout_days_new(struct world *, int64_t hour);
void payout_days_stop(struct payout_days *);
bool payout_days_is_idle(const struct payout_days *);
/* What is under way is forgotten, and made again. */
void payout_days_free(struct payout_days *);

#endif
