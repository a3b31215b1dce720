/* Connections whose answer is written while their sender still sends: what comes is thrown away for
 * a while, as a socket that is closed with unread bytes is reset, and the answer lost with it.
 *
 * A browser looks for the answer when it has sent the whole form, so whoever sent a file that is
 * too large would only see that the connection broke. Nothing is copied out of the kernel; bytes,
 * time and number are bounded. */
#ifndef DUNLIN_HTTP_LINGER_H
#define DUNLIN_HTTP_LINGER_H

#include <h2o.h>
#include <stdbool.h>

enum {
    LINGERS_MAX = 16, /* of a listener in this process; further ones are reset at once */
    LINGER_BYTES_MAX = 32 * 1024 * 1024, /* of one connection: a large photograph, not a film */
};

struct lingers {
    h2o_loop_t *loop_;
    h2o_linklist_t all_;
    int count_;
};

void lingers_init(struct lingers *, h2o_loop_t *);
bool lingers_have_room(const struct lingers *);
/* Takes `fd` over, a second descriptor of a connection that is otherwise closed. */
void lingers_add(struct lingers *, int fd, uint64_t until_ms);
/* Now and then: ends those whose time is over. `now_ms` is the loop's. */
void lingers_look(struct lingers *, uint64_t now_ms);
/* Ends all. The loop must run once more before it ends. */
void lingers_release(struct lingers *);

#endif
