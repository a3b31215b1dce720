#include "push/resolve.h"

#include <assert.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Loop and thread hold one reference each to the look-up, and the thread a descriptor of its own to
 * the eventfd: so either may be done first, and a cancelled look-up that hangs in the C library
 * hurts nobody but its place among LOOKUPS_MAX. */

enum { LOOKUPS_MAX = 8 };

static atomic_int lookups;

struct resolve {
    /* The loop's. */
    h2o_socket_t *socket;
    resolve_cb on_done;
    void *owner;
    /* The thread's until it has written to wake_fd. */
    char *host;
    char port[8];
    int wake_fd;
    int status;
    struct addrinfo *addresses;
    atomic_int references;
};

static void unreference(struct resolve *resolve)
{
    if (atomic_fetch_sub(&resolve->references, 1) != 1)
        return;
    if (resolve->addresses != NULL)
        freeaddrinfo(resolve->addresses);
    free(resolve->host);
    free(resolve);
}

static void *look_up(void *argument)
{
    struct resolve *resolve = argument;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    resolve->status = getaddrinfo(resolve->host, resolve->port, &hints, &resolve->addresses);
    const uint64_t one = 1;
    ssize_t written = write(resolve->wake_fd, &one, sizeof(one));
    assert(written == sizeof(one));
    close(resolve->wake_fd);
    unreference(resolve);
    atomic_fetch_sub(&lookups, 1);
    return NULL;
}

static void on_looked_up(h2o_socket_t *socket, const char *failed)
{
    (void)failed;
    struct resolve *resolve = socket->data;
    struct err err = {0};
    h2o_socket_close(socket);
    if (resolve->status != 0)
        err_set(&err, ERR_PROVIDER, "the name %s cannot be resolved: %s", resolve->host,
                gai_strerror(resolve->status));
    resolve->on_done(resolve->owner, resolve->addresses, &err);
    unreference(resolve);
}

/* Signals are for the loop's thread. */
static int start_thread(struct resolve *resolve)
{
    pthread_t thread;
    pthread_attr_t attributes;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    int failed = pthread_create(&thread, &attributes, look_up, resolve);
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed;
}

int resolve_begin(h2o_loop_t *loop, const char *host, uint16_t port, resolve_cb on_done,
                  void *owner, struct resolve **out, struct err *err)
{
    if (atomic_fetch_add(&lookups, 1) >= LOOKUPS_MAX) {
        atomic_fetch_sub(&lookups, 1);
        return err_set(err, ERR_BUSY, "too many name look-ups hang");
    }
    struct resolve *resolve = calloc(1, sizeof(*resolve));
    if (resolve == NULL || (resolve->host = strdup(host)) == NULL)
        abort();
    snprintf(resolve->port, sizeof(resolve->port), "%u", port);
    resolve->on_done = on_done;
    resolve->owner = owner;
    atomic_init(&resolve->references, 2);
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    resolve->wake_fd = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (resolve->wake_fd < 0 || start_thread(resolve) != 0) {
        int code = err_system(err, "looking up a name");
        if (resolve->wake_fd >= 0)
            close(resolve->wake_fd);
        if (fd >= 0)
            close(fd);
        free(resolve->host);
        free(resolve);
        atomic_fetch_sub(&lookups, 1);
        return code;
    }
    resolve->socket = h2o_evloop_socket_create(loop, fd, H2O_SOCKET_FLAG_DONT_READ);
    resolve->socket->data = resolve;
    h2o_socket_read_start(resolve->socket, on_looked_up);
    *out = resolve;
    return 0;
}

void resolve_cancel(struct resolve *resolve)
{
    h2o_socket_close(resolve->socket);
    unreference(resolve);
}
