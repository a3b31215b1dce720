/* What one channel takes at a time: a rate, so many in flight, so much money a day, and a breaker
 * that rests after failures of the channel's own. The dispatcher claims no more than there is room
 * for, so that what is claimed is on the wire at once. Push has its own room (push_room.h).
 *
 * Times are monotonic and given; amounts are millionths of the settings' currency. Not shared
 * between processes: with several nodes each has its part of the rate by settings. */
#ifndef DUNLIN_CHANNEL_GATE_H
#define DUNLIN_CHANNEL_GATE_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct channel_result;

struct gate_limits {
    uint32_t per_second;     /* messages, a quarter of them at once; 0: as many as are in flight */
    uint32_t in_flight_max;  /* at least 1 */
    int64_t spend_day_micro; /* 0: no limit */
    uint32_t failures_to_rest; /* in a row; 0: never rests */
    uint32_t rest_ms;          /* the first rest; doubles up to thirty times as long */
    int64_t price_micro;       /* what a message may cost, as far as is known before any answer:
                                * so much of the day's money is kept for each in flight */
};

struct gate;

struct gate *gate_new(const struct gate_limits *);
void gate_free(struct gate *);

/* How many messages may be claimed now; 0 while it rests, is stopped, or the day's money is spent.
 */
size_t gate_room(struct gate *, struct mono now);
/* When room is worth asking for again, in ms from now; 0: there is some. UINT32_MAX: not before
 * somebody acts or a message ends (stopped, the day's money spent, all in flight). */
uint32_t gate_wait_ms(struct gate *, struct mono now);

/* A message was handed over; it ends once, by one of the ways below. */
void gate_begin(struct gate *, struct mono now);
void gate_end_good(struct gate *, int64_t price_micro);
void gate_end_bad(struct gate *, struct mono now); /* the channel's own fault: counts to its rest */
void gate_end_neutral(struct gate *); /* refused for the message's own sake, or given back */
/* Whichever of these a channel's result means; stops the gate where the result says so. */
void gate_end(struct gate *, const struct channel_result *, struct mono now);

/* Money spent on a day (since 1970-01-01, UTC) by all nodes, as far as it is recorded: told before
 * anything is claimed and each second from then on. Of the day known already the higher sum counts,
 * as what just ended here is not recorded yet; with another day the sum begins anew. */
void gate_set_spent(struct gate *, int32_t day, int64_t spent_micro);
/* The other side said that nothing more will work before somebody acts (no credit, a bad token). */
void gate_stop(struct gate *, const char *why);    /* `why` is copied */
const char *gate_why_stopped(const struct gate *); /* null: it is not */
void gate_go_on(struct gate *);
bool gate_is_resting(const struct gate *, struct mono now);
int64_t gate_spent_micro(const struct gate *);

/* The gates of a process by the kind of their channel ("sms"). A kind without one has no bound. */
enum { GATES_MAX = 6 };

struct gates {
    struct {
        const char *kind; /* kept */
        struct gate *gate;
    } all[GATES_MAX];
    size_t count;
};

void gates_add(struct gates *, const char *kind, const struct gate_limits *);
struct gate *gates_find(const struct gates *, struct span kind); /* null: there is none */
void gates_release(struct gates *);
/* Appends what operators see of each, as Prometheus text. */
void gates_print(const struct gates *, struct mono now, struct buf *out);

#endif
