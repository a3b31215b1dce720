#include "app/supervisor.h"

#include "app/title.h"
#include "base/clock.h"
#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* A child that dies again within this time waits longer before its next start. */
enum { STEADY_MS = 10000, STARTING_POLL_MS = 20 };
/* A child that was ready and gives no sign of life at so many looks in a row hangs. Looks are
 * counted, not time: while we were stopped with it (a paused machine, Ctrl-Z) nothing was late. */
enum { LOOK_MS = 1000, SILENT_LOOKS_MAX = 10 };

static const int back_off_ms[] = {0, 200, 500, 1000, 2000, 5000};
enum { BACK_OFF_COUNT = sizeof(back_off_ms) / sizeof(back_off_ms[0]) };
/* One that was ready can start, whatever it died of: waiting would only add to the outage, and let
 * whoever can make it die keep it away for seconds with a request. */
enum { BACK_OFF_WAS_READY = 1 };
/* Without a foreign one (the database) nothing works; how far it had come is not known. */
enum { BACK_OFF_FOREIGN = 2 };

struct child {
    const struct supervisor_child *spec;
    pid_t pid; /* 0: to be started at due_ms */
    int64_t started_ms, due_ms;
    int death_count; /* in a row */
    int64_t beat_ms; /* of its last sign of life, at our last look */
    int silent_looks;
};

struct supervisor {
    const struct supervisor_options *options;
    struct child children[SUPERVISOR_CHILDREN_MAX];
    bool was_ready, is_stopping;
    int64_t looked_ms; /* for hanging children */
    int64_t kill_at_ms;
    bool was_killed;
};

static int64_t now_ms(void)
{
    return clock_mono().ns / 1000000;
}

static sigset_t our_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGCHLD);
    return set;
}

void supervisor_block_signals(void)
{
    sigset_t set = our_signals();
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* Dies with its parent, also when the parent died before the kernel was told. */
static void child_tie_to_parent(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
    if (getppid() != parent)
        _exit(1);
}

static void child_start(struct supervisor *s, int slot)
{
    struct child *c = &s->children[slot];
    pid_t parent = getpid();
    c->started_ms = now_ms();
    if (c->spec->restart != NULL) {
        c->pid = c->death_count == 0 ? c->spec->foreign_pid : c->spec->restart(c->spec->owner);
    } else if ((c->pid = fork()) == 0) {
        child_tie_to_parent(parent);
        title_set(c->spec->name);
        exit(c->spec->run(c->spec->owner, slot));
    }
    if (c->pid <= 0) {
        c->pid = 0;
        c->due_ms = now_ms() + back_off_ms[BACK_OFF_COUNT - 1];
        ++c->death_count;
        log_line(LOG_ERROR, "process not started", "name=%s errno=%d", c->spec->name, errno);
    }
    if (c->spec->restart == NULL)
        s->options->board->slots[slot].pid = c->pid;
}

static void start_due(struct supervisor *s)
{
    for (int i = 0; i != s->options->count; ++i)
        if (s->children[i].pid == 0 && s->children[i].due_ms <= now_ms())
            child_start(s, i);
}

/* How long a child that has just died waits for its next start. */
static int take_back_off(struct child *c, bool was_ready)
{
    if (now_ms() - c->started_ms > STEADY_MS)
        c->death_count = 0;
    int most = BACK_OFF_COUNT - 1;
    if (was_ready)
        most = BACK_OFF_WAS_READY;
    else if (c->spec->restart != NULL)
        most = BACK_OFF_FOREIGN;
    int row = c->death_count++;
    return back_off_ms[row < most ? row : most];
}

static void child_died(struct supervisor *s, int slot, int status)
{
    struct child *c = &s->children[slot];
    bool was_ready = false;
    if (c->spec->restart == NULL) {
        was_ready = s->options->board->slots[slot].is_ready;
        s->options->board->slots[slot].pid = 0;
        s->options->board->slots[slot].is_ready = false;
        s->options->board->metrics[slot].values[METRIC_connections_now] = 0; /* gone with it */
        metrics_clear_gauges(&s->options->board->metrics[slot]); /* its connections are gone */
    }
    c->pid = 0;
    if (s->is_stopping)
        return;
    int wait = take_back_off(c, was_ready);
    c->due_ms = now_ms() + wait;
    metrics_add(&s->options->board->metrics[BOARD_SUPERVISOR_SLOT], METRIC_process_restarts, 1);
    log_line(LOG_ERROR, "process died", "name=%s status=%d signal=%d restart_ms=%d", c->spec->name,
             WIFEXITED(status) ? WEXITSTATUS(status) : -1,
             WIFSIGNALED(status) ? WTERMSIG(status) : 0, wait);
}

static void reap(struct supervisor *s)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (int i = 0; i != s->options->count; ++i) {
            struct child *c = &s->children[i];
            if (c->pid != pid)
                continue;
            child_died(s, i, status);
            break;
        }
    }
}

static void tell_children(const struct supervisor *s, int signal_number)
{
    for (int i = 0; i != s->options->count; ++i)
        if (s->children[i].pid > 0 && s->children[i].spec->restart == NULL)
            kill(s->children[i].pid, signal_number);
}

static void stop(struct supervisor *s)
{
    if (s->is_stopping)
        return;
    s->is_stopping = true;
    s->kill_at_ms = now_ms() + s->options->stop_ms;
    log_line(LOG_INFO, "stopping", "%s", "");
    if (s->options->on_stopping != NULL)
        s->options->on_stopping(s->options->owner);
    tell_children(s, SIGTERM);
}

static bool is_done(struct supervisor *s)
{
    for (int i = 0; i != s->options->count; ++i)
        if (s->children[i].pid != 0 && s->children[i].spec->restart == NULL)
            return false;
    return true;
}

static int wait_ms(const struct supervisor *s)
{
    if (!s->was_ready && s->options->on_ready != NULL && !s->is_stopping)
        return STARTING_POLL_MS;
    int64_t until = s->is_stopping ? s->kill_at_ms : s->looked_ms + LOOK_MS;
    for (int i = 0; i != s->options->count && !s->is_stopping; ++i)
        if (s->children[i].pid == 0 && s->children[i].due_ms < until)
            until = s->children[i].due_ms;
    int64_t left = until - now_ms();
    return left < 0 ? 0 : (int)left;
}

static void wait_for_signal(struct supervisor *s)
{
    sigset_t set = our_signals();
    int ms = wait_ms(s);
    struct timespec timeout = {ms / 1000, (long)(ms % 1000) * 1000000};
    switch (sigtimedwait(&set, NULL, &timeout)) {
    case SIGTERM:
    case SIGINT:
        stop(s);
        break;
    case SIGHUP:
        log_line(LOG_INFO, "reloading", "%s", "");
        tell_children(s, SIGHUP);
        break;
    default:
        break;
    }
}

static bool is_silent(struct child *c, const struct board_slot *slot)
{
    int64_t beat_ms = __atomic_load_n(&slot->beat_ms, __ATOMIC_RELAXED);
    bool is_same = beat_ms == c->beat_ms;
    c->beat_ms = beat_ms;
    return is_same && slot->is_ready;
}

/* Whoever waits for a hanging child is served by its successor. It may be stopped, or spin: only
 * SIGKILL is sure to end it. */
static void replace_hanging(struct supervisor *s)
{
    if (s->is_stopping || now_ms() - s->looked_ms < LOOK_MS)
        return;
    s->looked_ms = now_ms();
    for (int i = 0; i != s->options->count; ++i) {
        struct child *c = &s->children[i];
        if (c->pid == 0 || c->spec->restart != NULL)
            continue;
        c->silent_looks = is_silent(c, &s->options->board->slots[i]) ? c->silent_looks + 1 : 0;
        if (c->silent_looks < SILENT_LOOKS_MAX)
            continue;
        log_line(LOG_ERROR, "process hangs", "name=%s silent_ms=%d", c->spec->name,
                 SILENT_LOOKS_MAX * LOOK_MS);
        c->silent_looks = 0;
        kill(c->pid, SIGKILL);
    }
}

static void check_progress(struct supervisor *s)
{
    if (s->is_stopping && !s->was_killed && now_ms() >= s->kill_at_ms) {
        s->was_killed = true;
        log_line(LOG_WARN, "children killed", "%s", "");
        tell_children(s, SIGKILL);
        s->kill_at_ms = now_ms() + 60000;
    }
    if (!s->was_ready && !s->is_stopping && board_is_ready(s->options->board)) {
        s->was_ready = true;
        log_line(LOG_INFO, "ready", "processes=%d", s->options->count);
        if (s->options->on_ready != NULL)
            s->options->on_ready(s->options->owner);
    }
}

int supervisor_run(const struct supervisor_options *options, struct err *e)
{
    assert(options->count <= SUPERVISOR_CHILDREN_MAX);
    if (options->count == 0)
        return err_set(e, ERR_SETTINGS, "there is nothing to run");
    struct supervisor s = {.options = options};
    for (int i = 0; i != options->count; ++i)
        s.children[i].spec = &options->children[i];
    for (;;) {
        if (!s.is_stopping)
            start_due(&s);
        wait_for_signal(&s);
        reap(&s);
        check_progress(&s);
        replace_hanging(&s);
        if (s.is_stopping && is_done(&s))
            return 0;
    }
}
