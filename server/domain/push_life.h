/* How long a push is of use, when it is tried again, and what the answers of all devices make of
 * their reminder. */
#ifndef DUNLIN_DOMAIN_PUSH_LIFE_H
#define DUNLIN_DOMAIN_PUSH_LIFE_H

#include "base/clock.h"

/* Of no use any more once the next step of the ladder is due (next_at; 0: there is none), or a day
 * after its own; but at least a quarter of an hour from now, however late it is. */
struct instant push_expires_at(struct instant due_at, struct instant next_at, struct instant now);

enum push_again {
    PUSH_AGAIN_NOT_SENT = 1, /* it surely was not processed: soon */
    PUSH_AGAIN_LATER,        /* the service asks for a later attempt */
    PUSH_AGAIN_UNKNOWN,      /* it may have been processed: a copy is rather late than early */
};

/* How long to wait after attempt number `attempts` (from 1); never less than the service said, nor
 * longer than a minute beyond that. */
uint32_t push_again_ms(enum push_again, int attempts, uint32_t asked_ms);

/* How many devices ended how. */
struct push_tally {
    int accepted; /* one in an earlier claim counts as well */
    int refused;
    int dead;    /* refused, as the app is not there any more */
    int waiting; /* to be tried again */
};

enum push_sum {
    PUSH_SUM_SENT = 1,
    PUSH_SUM_AGAIN,     /* some devices are tried again */
    PUSH_SUM_ELSEWHERE, /* no device is left: again, by another way if there is one */
    PUSH_SUM_FAILED,
};

enum push_sum push_sum(struct push_tally);

#endif
