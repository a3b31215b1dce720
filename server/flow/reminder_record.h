/* What became of claimed reminders, written down together: outcomes of many batches gather while
 * the last flush is under way and are saved as one transaction. Nothing is lost while the database
 * is away: it is tried again, with growing rests, until it is back. A second copy of an outcome
 * finds its reminder no longer claimed and changes nothing. */
#ifndef DUNLIN_FLOW_REMINDER_RECORD_H
#define DUNLIN_FLOW_REMINDER_RECORD_H

#include "store/reminder_store.h"

#include <stdbool.h>
#include <stddef.h>

struct world;
struct reminder_record;

struct reminder_record_saved {
    size_t count;                                  /* no longer in this process's hands */
    struct instant claimed_at[REMINDER_BATCH_MAX]; /* of each of these */
    size_t sent_count;                             /* of them, those that went out */
    bool is_due_again;                             /* some were given back and are due at once */
};

/* After each flush, from the loop. */
typedef void (*reminder_record_cb)(void *owner, const struct reminder_record_saved *);

struct reminder_record *reminder_record_new(struct world *, reminder_record_cb on_saved,
                                            void *owner);
/* Takes the outcome, which was made with reminder_outcome_new. */
void reminder_record_add(struct reminder_record *, struct reminder_outcome *outcome);
/* Waits for no company from now on, and tries again at short intervals: until all is saved, or the
 * store is gone. What is left then is given up and found among the lost. */
void reminder_record_stop(struct reminder_record *);
/* Tries no more, though something is left. */
void reminder_record_leave(struct reminder_record *);
/* When its store is gone, or nothing is under way. */
void reminder_record_free(struct reminder_record *);

#endif
