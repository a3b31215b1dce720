/* One batch of reminders from candidates to its channels: claim, write the words, hand over. What
 * became of each is told to the record. */
#ifndef DUNLIN_FLOW_REMINDER_SEND_H
#define DUNLIN_FLOW_REMINDER_SEND_H

#include "base/err.h"
#include "store/reminder_store.h"

struct world;
struct reminder_texts;
struct reminder_record;
struct push_room;

/* What batches are sent with; outlives them. */
struct reminder_post {
    struct world *world;
    struct push_room *room;
    const struct reminder_texts *texts;
    struct reminder_record *record;
};

struct reminder_send_result {
    size_t claimed_count; /* as many outcomes the record gets, some of them already */
    struct instant claimed_at;
    size_t put_off_count; /* may not go yet, and got a later time */
    size_t ended_count;   /* came to their end in the claim: nobody is left to tell */
    bool was_slow;        /* the claim took so long that all was given back: try fewer, and later */
};

/* Exactly once, when all that was claimed has been handed to its channels. With an error nothing
 * was handed over, and what was claimed all the same is looked for among the lost. */
typedef void (*reminder_send_cb)(void *owner, const struct reminder_send_result *,
                                 const struct err *);

/* Copies the batch. Returns an error and never calls back, or calls back later. */
MUST_CHECK int reminder_send_begin(const struct reminder_post *, const struct reminder_batch *,
                                   reminder_send_cb on_done, void *owner, struct err *);

/* How this installation reaches people: its channels, and its apps. */
void reminder_ways(const struct reminder_post *, struct reminder_ways *);

#endif
