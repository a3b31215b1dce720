/* How many messages the day has left, by what is usual or allowed, and what its channels have
 * spent: asked of the database each second while anybody sends, and sooner after a wake-up, which
 * may be the red switch. When no message is left an alarm is logged, once a day. */
#ifndef DUNLIN_JOBS_DAY_VOLUME_H
#define DUNLIN_JOBS_DAY_VOLUME_H

#include "base/clock.h"
#include "base/err.h"
#include "io/pg.h"

struct world;

/* The look is over. ERR_… alone while nothing is known yet: later failures leave what was known. */
typedef void day_volume_cb(void *owner, const struct err *);

struct day_volume {
    struct world *world_;
    day_volume_cb *on_known_;
    void *owner_;
    struct pg_query query_;
    struct mono looked_at_;
    bool is_asking_, is_known_, is_woken_;
    int32_t day_;       /* that was asked for; days since 1970-01-01, UTC */
    int32_t alarm_day_; /* an alarm was logged for it */
    int64_t left_;      /* VOLUME_UNLIMITED, or the day's messages that are not recorded */
};

void day_volume_init(struct day_volume *, struct world *, day_volume_cb *, void *owner);
/* Looks, if something has a bound, no look is under way and the last one is old. The callback comes
 * later. What the channels have spent goes to their gates, the red switch to the mail. */
void day_volume_look(struct day_volume *);
/* The next look may come sooner. */
void day_volume_wake(struct day_volume *);
/* Nothing may go before the first answer. */
bool day_volume_is_awaited(const struct day_volume *);
/* Messages that may go beside those that are under way; VOLUME_UNLIMITED without a bound. */
int64_t day_volume_left(const struct day_volume *, int64_t under_way_count);
/* A query that is to be waited for. */
bool day_volume_is_idle(const struct day_volume *);

#endif
