/* One socket pair is the child's standard input and output. Its end is seen by the end of what it
 * writes; it is then waited for, a millisecond at a time, so that the loop never is. A child that
 * stays past its time is killed, and what is killed is reaped at once. */
#include "io/helper.h"

#include "base/buf.h"
#include "io/timer.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { REAP_MS = 1 };

struct helper {
    h2o_socket_t *socket;
    struct timer deadline, reap;
    pid_t pid;
    struct buf input, output;
    bool is_late;
    helper_cb on_done;
    void *owner;
};

static int helper_count;

static void helper_free(struct helper *helper)
{
    timer_stop(&helper->deadline);
    timer_stop(&helper->reap);
    if (helper->socket != NULL)
        h2o_socket_close(helper->socket);
    buf_release(&helper->input);
    buf_release(&helper->output);
    free(helper);
    --helper_count;
}

static void end_child(struct helper *helper)
{
    kill(helper->pid, SIGKILL);
    waitpid(helper->pid, NULL, 0);
}

static void finish(struct helper *helper, int status)
{
    struct err err = {0};
    if (helper->is_late)
        (void)err_set(&err, ERR_SYSTEM, "the helper took too long");
    else if (buf_is_overflowed(&helper->output))
        (void)err_set(&err, ERR_SYSTEM, "the helper wrote too much");
    else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        (void)err_set(&err, ERR_SYSTEM, "the helper failed (%#x)", (unsigned)status);
    helper->on_done(helper->owner, err.code == 0 ? buf_span(&helper->output) : span_of(NULL, 0),
                    &err);
    helper_free(helper);
}

static void on_reap(void *owner)
{
    struct helper *helper = owner;
    int status = -1; /* nobody knows: as if it had failed */
    if (waitpid(helper->pid, &status, WNOHANG) == 0)
        timer_start(&helper->reap, REAP_MS);
    else
        finish(helper, status);
}

static void on_late(void *owner)
{
    struct helper *helper = owner;
    helper->is_late = true;
    end_child(helper);
    finish(helper, 0);
}

static void on_read(h2o_socket_t *socket, const char *error)
{
    struct helper *helper = socket->data;
    buf_add(&helper->output, span_of(socket->input->bytes, socket->input->size));
    h2o_buffer_consume(&socket->input, socket->input->size);
    if (error == NULL && !buf_is_overflowed(&helper->output))
        return;
    h2o_socket_read_stop(socket);
    h2o_socket_close(socket);
    helper->socket = NULL;
    timer_start(&helper->reap, 0);
}

/* That it hung up is seen by reading. */
static void on_written(h2o_socket_t *socket, const char *error)
{
    struct helper *helper = socket->data;
    buf_release(&helper->input);
    if (error == NULL)
        shutdown(h2o_socket_get_fd(socket), SHUT_WR);
}

static int spawn(pid_t *pid, int fd, const char *const *argv)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fd, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    int code =
        posix_spawn(pid, "/proc/self/exe", &actions, &attributes, (char *const *)argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return code;
}

int helper_start(h2o_loop_t *loop, const struct helper_order *order, helper_cb on_done, void *owner,
                 struct helper **out, struct err *err)
{
    int pair[2], code;
    pid_t pid;
    if (helper_count >= HELPERS_MAX)
        return err_set(err, ERR_BUSY, "%d helpers are at work", helper_count);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
        return err_system(err, "making a pair of sockets");
    /* The child's end blocks: it is a plain program. */
    int flags = fcntl(pair[1], F_GETFL);
    (void)fcntl(pair[1], F_SETFL, flags & ~O_NONBLOCK);
    code = spawn(&pid, pair[1], order->argv);
    close(pair[1]);
    if (code != 0) {
        close(pair[0]);
        return err_set(err, ERR_SYSTEM, "a helper was not started: %s", strerror(code));
    }
    struct helper *helper = calloc(1, sizeof(*helper));
    if (helper == NULL)
        abort();
    ++helper_count;
    *helper = (struct helper){.pid = pid, .on_done = on_done, .owner = owner};
    buf_init(&helper->input, order->input.len);
    buf_init(&helper->output, order->output_max);
    buf_add(&helper->input, order->input);
    timer_init(&helper->deadline, loop, "helper deadline", on_late, helper);
    timer_init(&helper->reap, loop, "helper reap", on_reap, helper);
    timer_start(&helper->deadline, (uint32_t)order->timeout_ms);
    helper->socket = h2o_evloop_socket_create(loop, pair[0], 0);
    helper->socket->data = helper;
    h2o_iovec_t bytes = h2o_iovec_init(buf_span(&helper->input).base, order->input.len);
    h2o_socket_read_start(helper->socket, on_read);
    h2o_socket_write(helper->socket, &bytes, 1, on_written);
    *out = helper;
    return 0;
}

void helper_forget(struct helper *helper)
{
    end_child(helper);
    helper_free(helper);
}
