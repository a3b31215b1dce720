#include "app/sockets.h"

#include <errno.h>
#include <linux/filter.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 4096 };

static int resolve(const char *address, struct addrinfo **found, struct err *e)
{
    char host[128];
    const char *colon = strrchr(address, ':');
    size_t len = colon == NULL ? 0 : (size_t)(colon - address);
    if (len == 0 || len >= sizeof(host))
        return err_set(e, ERR_SETTINGS, "%s is no address and port", address);
    bool is_bracketed = address[0] == '[' && address[len - 1] == ']';
    snprintf(host, sizeof(host), "%.*s", (int)(is_bracketed ? len - 2 : len),
             is_bracketed ? address + 1 : address);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
    int refused = getaddrinfo(host, colon + 1, &hints, found);
    if (refused != 0)
        return err_set(e, ERR_SETTINGS, "%s: %s", address, gai_strerror(refused));
    return 0;
}

static int open_listening(const struct addrinfo *a, bool is_shared)
{
    int on = 1;
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
        (!is_shared || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0) &&
        bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int kept = errno;
    close(fd);
    errno = kept;
    return -1;
}

int socket_listen(const char *address, bool is_shared, struct err *e)
{
    struct addrinfo *found;
    int bad = resolve(address, &found, e);
    if (bad != 0)
        return bad;
    int fd = open_listening(found, is_shared);
    freeaddrinfo(found);
    if (fd >= 0)
        return fd;
    char doing[160];
    snprintf(doing, sizeof(doing), "cannot listen on %s", address);
    return err_system(e, doing);
}

/* The sockets of a port form a group in the order they were bound; the program names the place of
 * the one that gets a connection. We are the older one, at place 0. Where there is no other, place
 * 1 does not exist and the kernel chooses as before. */
void socket_hand_over(int fd)
{
    struct sock_filter second[] = {{BPF_RET | BPF_K, 0, 0, 1}};
    struct sock_fprog program = {.len = 1, .filter = second};
    setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof(program));
}

unsigned long sockets_raise_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 1024;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}
