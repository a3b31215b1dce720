/* Signals arrive as readable bytes on the loop: SIGTERM drains, SIGHUP reloads, SIGINT is the
 * supervisor's business (a terminal sends it to all of us). Threads started later inherit the
 * blocked mask. */
#include "app/worker.h"

#include "app/world_build.h"
#include "base/log.h"
#include "io/timer.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { BEAT_MS = 1000, DRAIN_POLL_MS = 50, KILL_SECONDS = WORKER_DRAIN_MS / 1000 + 4 };

struct run {
    struct worker worker;
    void *state;
    h2o_socket_t *signals;
    struct timer beat;
    bool is_draining;
    struct mono draining_since;
};

static void on_beat(void *owner)
{
    struct run *r = owner;
    board_beat(r->worker.gateway->board, r->worker.slot);
    timer_start(&r->beat, BEAT_MS);
}

static void drain(struct run *r)
{
    if (r->is_draining)
        return;
    alarm(KILL_SECONDS); /* whatever hangs then: the supervisor may be gone */
    r->is_draining = true;
    r->draining_since = clock_mono();
    log_line(LOG_INFO, "draining", "name=%s", r->worker.name);
    r->worker.role->drain(r->state);
}

static void reload(struct run *r)
{
    struct err e = {0};
    if (world_reload_keys(r->worker.world, r->worker.gateway->settings, &e) != 0)
        log_line(LOG_ERROR, "link keys not reloaded", "error=\"%s\"", e.text);
    if (r->worker.role->reload != NULL)
        r->worker.role->reload(&r->worker, r->state);
}

static void on_signal(h2o_socket_t *socket, const char *error)
{
    struct run *r = socket->data;
    struct signalfd_siginfo info;
    if (error != NULL || read(h2o_socket_get_fd(socket), &info, sizeof(info)) != sizeof(info))
        return;
    if (info.ssi_signo == SIGTERM)
        drain(r);
    else if (info.ssi_signo == SIGHUP)
        reload(r);
}

static void listen_to_signals(struct run *r)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGINT);
    int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    r->signals = h2o_evloop_socket_create(r->worker.world->loop, fd, H2O_SOCKET_FLAG_DONT_READ);
    r->signals->data = r;
    h2o_socket_read_start(r->signals, on_signal);
}

static bool is_over(struct run *r)
{
    if (!r->is_draining)
        return false;
    const char *in_hand = r->worker.role->in_hand(r->state);
    bool is_late = mono_us_since(r->draining_since, clock_mono()) > (int64_t)WORKER_DRAIN_MS * 1000;
    if (in_hand != NULL && is_late)
        log_line(LOG_WARN, "ended with something in hand", "name=%s what=%s", r->worker.name,
                 in_hand);
    return in_hand == NULL || is_late;
}

static void turn_until_over(struct run *r)
{
    while (!is_over(r)) {
        int32_t wait_ms = r->is_draining ? DRAIN_POLL_MS : INT32_MAX;
        if (h2o_evloop_run(r->worker.world->loop, wait_ms) != 0 && errno != EINTR) {
            log_line(LOG_ERROR, "loop failed", "errno=%d", errno);
            abort();
        }
    }
}

static void on_notified(void *owner, const char *channel, const char *payload)
{
    (void)payload;
    struct run *r = owner;
    if (r->state != NULL)
        r->worker.role->on_notified(r->state, channel);
}

int worker_run(const struct gateway *g, const struct worker_role *role, const char *name, int slot)
{
    log_init((enum log_level)g->settings->log_level, name);
    struct err e = {0};
    struct run r = {.worker = {.gateway = g, .role = role, .name = name, .slot = slot}};
    struct world_notices notices = {
        .listen = role->listen, .on_notified = on_notified, .owner = &r};
    r.worker.world = world_new(g, slot, &notices, &e);
    if (r.worker.world == NULL) {
        log_line(LOG_ERROR, "process has no world", "error=\"%s\"", e.text);
        return 1;
    }
    listen_to_signals(&r);
    if (role->start(&r.worker, &r.state, &e) != 0) {
        log_line(LOG_ERROR, "process not started", "error=\"%s\"", e.text);
        return 1;
    }
    timer_init(&r.beat, r.worker.world->loop, "beat", on_beat, &r);
    on_beat(&r);
    turn_until_over(&r);
    timer_stop(&r.beat);
    role->stop(r.state);
    h2o_socket_close(r.signals);
    world_free(r.worker.world);
    log_line(LOG_INFO, "ended", "name=%s", name);
    return 0;
}
