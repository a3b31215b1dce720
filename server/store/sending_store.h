/* The red switch, the payment feed and the day's volume: the statements of sending.sql. Each
 * follows the promise of io/pg.h. */
#ifndef DUNLIN_STORE_SENDING_STORE_H
#define DUNLIN_STORE_SENDING_STORE_H

#include "base/clock.h"
#include "base/span.h"
#include "store/store.h"

struct sending_volume {
    int64_t message_count; /* of today, UTC, as far as recorded */
    int64_t usual_max;     /* the most of any of the 14 days before */
    int64_t allowance;     /* by an admin, for today; 0: none */
    bool is_stopped;       /* by the red switch */
};

MUST_CHECK int sending_volume(struct store *, struct pg_query *, struct instant now, pg_result_cb,
                              void *owner, struct err *);
void sending_read_volume(const PGresult *, struct sending_volume *);
/* What one of the channels has spent today; false: that row names none. */
bool sending_read_spent(const PGresult *, int row, struct span *channel, int64_t *spent_micro);

struct sending_state {
    struct instant stopped_at; /* 0: nothing is stopped */
    struct span stopped_by, stop_reason;
    struct instant feed_at; /* 0: nobody ever said */
    struct sending_volume volume;
    int64_t uncertain_count; /* reminders of the last 7 days that perhaps went out */
};

MUST_CHECK int sending_show(struct store *, struct pg_query *, struct instant now, pg_result_cb,
                            void *owner, struct err *);
void sending_read_state(const PGresult *, struct sending_state *); /* spans live as long as it */

/* What an operator says; one transaction, which wakes the dispatchers. */
enum sending_word { SENDING_STOP = 1, SENDING_GO, SENDING_ALLOW, SENDING_FEED };

struct sending_order {
    enum sending_word word;
    struct span who, why;   /* of SENDING_STOP; who of SENDING_ALLOW */
    int64_t message_count;  /* of SENDING_ALLOW */
    struct instant feed_at; /* of SENDING_FEED */
    struct instant now;
};

MUST_CHECK int sending_say(struct store *, struct pg_tx *, const struct sending_order *, pg_done_cb,
                           void *owner, struct err *);

/* After SENDING_FEED: some of what waited for it is looked at again, and the dispatchers are woken.
 * To be repeated while there were SENDING_RELEASED_MAX of them. */
enum { SENDING_RELEASED_MAX = 2000 };
MUST_CHECK int sending_release(struct store *, struct pg_tx *, const struct sending_order *feed,
                               pg_result_cb on_released, pg_done_cb, void *owner, struct err *);
int64_t sending_read_released(const PGresult *);

#endif
