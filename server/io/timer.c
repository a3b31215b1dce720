#include "io/timer.h"

#include "base/clock.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* h2o 2.2.5 has only lists of one fixed interval each, kept on the wall clock. So each loop gets
 * one timerfd, armed for the earliest timer of a binary heap, and one zero-interval list for timers
 * that are due at the end of the turn. The hubs are found by loop: a process has one loop, tests a
 * few. */

struct timer_hub {
    h2o_loop_t *loop;
    h2o_socket_t *socket; /* the timerfd */
    h2o_timeout_t soon;
    struct timer **heap; /* heap[1] is due first */
    size_t count, room;
    int64_t armed_us; /* 0: not armed */
    struct timer_hub *next;
};

static _Thread_local struct timer_hub *hubs;

static int64_t now_us(void)
{
    return clock_mono().ns / 1000;
}

static void heap_place(struct timer_hub *hub, size_t place, struct timer *timer)
{
    hub->heap[place] = timer;
    timer->place_ = place;
}

static void heap_rise(struct timer_hub *hub, size_t place, struct timer *timer)
{
    for (; place > 1 && hub->heap[place / 2]->due_us_ > timer->due_us_; place /= 2)
        heap_place(hub, place, hub->heap[place / 2]);
    heap_place(hub, place, timer);
}

static void heap_sink(struct timer_hub *hub, size_t place, struct timer *timer)
{
    for (size_t child; (child = place * 2) <= hub->count; place = child) {
        if (child < hub->count && hub->heap[child + 1]->due_us_ < hub->heap[child]->due_us_)
            ++child;
        if (hub->heap[child]->due_us_ >= timer->due_us_)
            break;
        heap_place(hub, place, hub->heap[child]);
    }
    heap_place(hub, place, timer);
}

static void heap_add(struct timer_hub *hub, struct timer *timer)
{
    if (hub->count + 1 >= hub->room) {
        hub->room = hub->room == 0 ? 32 : hub->room * 2;
        hub->heap = realloc(hub->heap, hub->room * sizeof(*hub->heap));
        if (hub->heap == NULL)
            abort();
    }
    heap_rise(hub, ++hub->count, timer);
}

static void heap_remove(struct timer_hub *hub, struct timer *timer)
{
    size_t place = timer->place_;
    timer->place_ = 0;
    struct timer *last = hub->heap[hub->count--];
    if (last == timer)
        return;
    if (place > 1 && hub->heap[place / 2]->due_us_ > last->due_us_)
        heap_rise(hub, place, last);
    else
        heap_sink(hub, place, last);
}

/* Wakes for the earliest timer. A stopped timer leaves the clock armed: it wakes for nothing once,
 * which is cheaper than a system call for each stop. */
static void arm(struct timer_hub *hub)
{
    if (hub->count == 0 || (hub->armed_us != 0 && hub->armed_us <= hub->heap[1]->due_us_))
        return;
    hub->armed_us = hub->heap[1]->due_us_;
    struct itimerspec at = {
        .it_value = {.tv_sec = hub->armed_us / 1000000, .tv_nsec = hub->armed_us % 1000000 * 1000}};
    int failed = timerfd_settime(h2o_socket_get_fd(hub->socket), TFD_TIMER_ABSTIME, &at, NULL);
    assert(!failed);
}

static void on_clock(h2o_socket_t *socket, const char *err)
{
    (void)err;
    struct timer_hub *hub = socket->data;
    uint64_t expirations;
    if (read(h2o_socket_get_fd(socket), &expirations, sizeof(expirations)) < 0)
        return; /* armed anew since it fired */
    hub->armed_us = 0;
    int64_t now = now_us();
    while (hub->count > 0 && hub->heap[1]->due_us_ <= now) {
        struct timer *timer = hub->heap[1];
        heap_remove(hub, timer);
        timer->on_due_(timer->owner_);
    }
    arm(hub);
}

static struct timer_hub *hub_of(h2o_loop_t *loop)
{
    for (struct timer_hub *hub = hubs; hub != NULL; hub = hub->next)
        if (hub->loop == loop)
            return hub;
    struct timer_hub *hub = calloc(1, sizeof(*hub));
    if (hub == NULL)
        abort();
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (fd < 0)
        abort();
    hub->loop = loop;
    hub->socket = h2o_evloop_socket_create(loop, fd, H2O_SOCKET_FLAG_DONT_READ);
    hub->socket->data = hub;
    h2o_socket_read_start(hub->socket, on_clock);
    h2o_timeout_init(loop, &hub->soon, 0);
    hub->next = hubs;
    hubs = hub;
    return hub;
}

static void on_soon(h2o_timeout_entry_t *entry)
{
    struct timer *timer = H2O_STRUCT_FROM_MEMBER(struct timer, soon_, entry);
    timer->on_due_(timer->owner_);
}

void timer_init(struct timer *timer, h2o_loop_t *loop, const char *name, timer_cb on_due,
                void *owner)
{
    *timer =
        (struct timer){.name_ = name, .hub_ = hub_of(loop), .on_due_ = on_due, .owner_ = owner};
    timer->soon_.cb = on_soon;
}

void timer_start(struct timer *timer, uint32_t delay_ms)
{
    timer_stop(timer);
    struct timer_hub *hub = timer->hub_;
    if (delay_ms == 0) {
        h2o_timeout_link(hub->loop, &hub->soon, &timer->soon_);
        return;
    }
    timer->due_us_ = now_us() + (int64_t)delay_ms * 1000;
    heap_add(hub, timer);
    arm(hub);
}

void timer_stop(struct timer *timer)
{
    if (timer->hub_ == NULL)
        return;
    if (h2o_timeout_is_linked(&timer->soon_))
        h2o_timeout_unlink(&timer->soon_);
    if (timer->place_ != 0)
        heap_remove(timer->hub_, timer);
}

bool timer_is_running(const struct timer *timer)
{
    return timer->place_ != 0 || timer->soon_._link.next != NULL;
}

void timer_loop_release(h2o_loop_t *loop)
{
    for (struct timer_hub **at = &hubs; *at != NULL; at = &(*at)->next) {
        struct timer_hub *hub = *at;
        if (hub->loop != loop)
            continue;
        assert(hub->count == 0);
        *at = hub->next;
        h2o_socket_close(hub->socket);
        h2o_timeout_dispose(loop, &hub->soon);
        free(hub->heap);
        free(hub);
        return;
    }
}
