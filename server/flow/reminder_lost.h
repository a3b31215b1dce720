/* Reminders that a process had claimed when it died: nobody knows whether they went out. */
#ifndef DUNLIN_FLOW_REMINDER_LOST_H
#define DUNLIN_FLOW_REMINDER_LOST_H

#include "store/reminder_store.h"

struct world;

/* What becomes of reminders that a dead process had claimed, from the rows of reminder_lost (at
 * least one): those whose repetition cannot hurt are given back, the others end uncertain and count
 * as sent. */
MUST_CHECK int reminder_settle_lost(const struct world *, struct pg_tx *, const PGresult *lost,
                                    pg_done_cb on_done, void *owner, struct err *);

#endif
