/* The background work that sends reminders: looks for those that are due, sends them batch by
 * batch, and settles what a dead process left claimed. Woken by NOTIFY, with a poll behind it. */
#ifndef DUNLIN_JOBS_DISPATCH_H
#define DUNLIN_JOBS_DISPATCH_H

#include "base/err.h"

#include <stdbool.h>

struct world;
struct dispatch;
struct reminder_texts;

/* NOTIFY on this channel means: something may be due. */
#define DISPATCH_CHANNEL "dunlin_reminder"

/* Starts looking at once. An installation without a channel sends and claims nothing. Null with
 * ERR_INPUT when a message text is broken. */
struct dispatch *dispatch_new(struct world *, struct err *);
/* The words it writes in; while they are awaited (flow/reminder_text.h) it claims nothing, and is
 * to be woken then. */
struct reminder_texts *dispatch_texts(struct dispatch *);
/* Looks now, or when it has rested from a slow database. Any number of calls is one look. */
void dispatch_wake(struct dispatch *);
/* Begins nothing new; what is in hand is finished. */
void dispatch_stop(struct dispatch *);
bool dispatch_is_idle(const struct dispatch *);
/* Idle, or after its store is gone. */
void dispatch_free(struct dispatch *);

#endif
