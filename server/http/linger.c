#include "http/linger.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { BYTES_A_TURN = 1024 * 1024 };

struct linger_one {
    h2o_linklist_t link;
    struct lingers *lingers;
    h2o_socket_t *socket;
    size_t bytes_left;
    uint64_t until_ms;
};

void lingers_init(struct lingers *l, h2o_loop_t *loop)
{
    *l = (struct lingers){.loop_ = loop};
    h2o_linklist_init_anchor(&l->all_);
}

bool lingers_have_room(const struct lingers *l)
{
    return l->count_ < LINGERS_MAX;
}

static void end_one(struct linger_one *one)
{
    h2o_linklist_unlink(&one->link);
    --one->lingers->count_;
    h2o_socket_close(one->socket);
    free(one);
}

/* MSG_TRUNC on TCP: the bytes are dropped without being copied (tcp(7)). */
static void on_read(h2o_socket_t *socket, const char *err)
{
    struct linger_one *one = socket->data;
    size_t most = one->bytes_left < BYTES_A_TURN ? one->bytes_left : BYTES_A_TURN;
    ssize_t len =
        err != NULL ? 0 : recv(h2o_socket_get_fd(socket), NULL, most, MSG_TRUNC | MSG_DONTWAIT);
    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (len <= 0 || (one->bytes_left -= (size_t)len) == 0)
        end_one(one);
}

void lingers_add(struct lingers *l, int fd, uint64_t until_ms)
{
    struct linger_one *one = h2o_mem_alloc(sizeof(*one));
    shutdown(fd, SHUT_WR);
    *one = (struct linger_one){
        .lingers = l,
        .socket = h2o_evloop_socket_create(l->loop_, fd, H2O_SOCKET_FLAG_DONT_READ),
        .bytes_left = LINGER_BYTES_MAX,
        .until_ms = until_ms};
    one->socket->data = one;
    h2o_linklist_insert(&l->all_, &one->link);
    ++l->count_;
    h2o_socket_read_start(one->socket, on_read);
}

static void end_those_before(struct lingers *l, uint64_t now_ms)
{
    for (h2o_linklist_t *next, *n = l->all_.next; n != &l->all_; n = next) {
        struct linger_one *one = H2O_STRUCT_FROM_MEMBER(struct linger_one, link, n);
        next = n->next;
        if (one->until_ms <= now_ms)
            end_one(one);
    }
}

void lingers_look(struct lingers *l, uint64_t now_ms)
{
    end_those_before(l, now_ms);
}

void lingers_release(struct lingers *l)
{
    end_those_before(l, UINT64_MAX);
}
