/* The connection below io/pg: connects without blocking, watches the socket, notices its loss and
 * connects again with back-off and jitter. Private to io; knows no statement. */
#ifndef DUNLIN_IO_PG_LINK_H
#define DUNLIN_IO_PG_LINK_H

#include "io/timer.h"

#include <h2o.h>
#include <libpq-fe.h>
#include <stdbool.h>

struct pg_link_events {
    void (*on_up)(void *owner);       /* connected, in pipeline mode: prepare, then _settled */
    void (*on_readable)(void *owner); /* input was consumed */
    void (*on_lost)(void *owner,
                    const char *why); /* after on_up; conn is gone, the next is begun */
};

struct pg_link {
    PGconn *conn; /* null between two connections */
    h2o_loop_t *loop;
    const char *name;
    char *conninfo;
    int connect_timeout_ms;
    const struct pg_link_events *events;
    void *owner;
    h2o_socket_t *socket;
    bool is_up, is_settled, is_write_awaited;
    int failures; /* in a row */
    struct timer retry, timeout;
};

/* Fields from `loop` to `owner` are filled by the caller; conninfo is copied. */
void pg_link_start(struct pg_link *);
void pg_link_release(struct pg_link *);
/* The connection is prepared for work: the connect timeout ends, the back-off starts anew. */
void pg_link_settled(struct pg_link *);
/* Sends what libpq has buffered, now and whenever the socket takes more. */
void pg_link_flush(struct pg_link *);
/* Gives the connection up, calls on_lost if it was up, and tries again later. From the loop only.
 */
void pg_link_lose(struct pg_link *, const char *why);

#endif
