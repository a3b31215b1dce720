/* The background work of campaigns: what was approved becomes reminders, which go out like any
 * other; when the last message is old enough, who neither paid nor answered becomes a call list.
 * Each is one transaction with the campaign's own state, so that a process that dies in it has done
 * nothing, and two nodes do it once; before its end what still waits is cancelled, in batches.
 * Woken by NOTIFY when one is approved, with a poll behind it.
 */
#ifndef DUNLIN_JOBS_CAMPAIGNS_H
#define DUNLIN_JOBS_CAMPAIGNS_H

#include "store/campaign_store.h"

struct world;
struct dispatch;
struct campaigns;

struct campaigns_options {
    struct world *world;
    struct store *store; /* not the one that others use: its transactions are long; borrowed */
    struct dispatch *dispatch; /* woken when reminders are in; may be null */
};

struct campaigns *campaigns_new(const struct campaigns_options *);
void campaigns_wake(struct campaigns *);
void campaigns_stop(struct campaigns *);
bool campaigns_is_idle(const struct campaigns *);
/* Before its store goes. */
void campaigns_free(struct campaigns *);

#endif
