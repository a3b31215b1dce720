/* Named one-shot timers on the h2o loop. They run on the monotonic clock, so a machine whose wall
 * clock jumps neither fires them early nor holds them back. Any number, any delay; starting and
 * stopping is O(log n). A timer belongs to the thread of its loop. */
#ifndef DUNLIN_IO_TIMER_H
#define DUNLIN_IO_TIMER_H

#include <h2o.h>
#include <stdbool.h>

typedef void (*timer_cb)(void *owner);

struct timer_hub;

/* Embedded in the operation that waits. */
struct timer {
    const char *name_;
    struct timer_hub *hub_;
    timer_cb on_due_;
    void *owner_;
    int64_t due_us_;
    size_t place_; /* in the hub's heap, counted from 1; 0: not there */
    h2o_timeout_entry_t soon_;
};

/* `name` is for people in a debugger; kept by pointer. */
void timer_init(struct timer *, h2o_loop_t *, const char *name, timer_cb on_due, void *owner);
/* (Re)starts: on_due runs once, from the loop, `delay_ms` from now and never inside this call. With
 * 0 it runs at the end of the loop's present turn; such a timer must not restart itself with 0 from
 * its own callback for ever, the loop would not turn again. */
void timer_start(struct timer *, uint32_t delay_ms);
/* Harmless when not running. The timer's memory may go away afterwards. */
void timer_stop(struct timer *);
bool timer_is_running(const struct timer *);
/* Before h2o_evloop_destroy, when no timer is running any more: gives back what the loop's timers
 * shared. Processes that keep their loop to the end need not call it. */
void timer_loop_release(h2o_loop_t *);

#endif
