/* Before a large body: the head of a request is judged, and a body is read only behind a head that
 * was let in.
 *
 * libh2o 2.2.5 has no place between head and body: it calls a handler with the whole body in
 * memory. It does begin with what already lies in a socket's buffer, though. So a connection of a
 * listener with a door makes its TLS handshake and reads its head here, and is handed to libh2o
 * afterwards:
 *
 *   accept -> TLS -> head whole -> judge, who may ask the database -> let in: handed over as it is,
 *                                                                       with room for the body
 *                                                                  -> refused: handed over without
 *                                                                       its body
 *
 * A refused request reaches its handler with an empty body, which answers by the verdict. Whatever
 * its sender still sends is then thrown away for a while (linger.h). One request a connection: the
 * answer closes it. */
#ifndef DUNLIN_HTTP_DOOR_H
#define DUNLIN_HTTP_DOOR_H

#include "base/span.h"
#include "http/connection.h"
#include "http/linger.h"

struct door;
struct world;

enum door_verdict {
    DOOR_OPEN = 0, /* the body comes */
    /* The door's own refusals; those of the judge are positive. */
    DOOR_BUSY = -1,      /* as many bodies are under way as may be, or one of the same key */
    DOOR_BROKEN = -2,    /* the head can be read in two ways */
    DOOR_NO_LENGTH = -3, /* a transfer coding: nobody knows how much will come */
    DOOR_LARGE = -4,     /* more than the listener takes */
};

struct door_head {
    struct span method, path; /* path without the query; both die with the call */
    int64_t body_bytes;
};

struct door_rules {
    /* Calls door_decide once, now or later. */
    void (*judge)(struct door *, const struct door_head *);
    /* What the judge has set by door_set_job: the connection ends. */
    void (*release)(void *job);
    unsigned bodies_max; /* under way at once in this process, one of each key */
};

/* Of a listener. */
struct doorhouse {
    const struct door_rules *rules; /* null: it has no door */
    const struct guard_limits *limits;
    struct world *world;
    h2o_accept_ctx_t *accept;
    h2o_linklist_t bodies;
    unsigned body_count;
    struct lingers lingers;
};

void doorhouse_init(struct doorhouse *, const struct door_rules *, const struct guard_limits *,
                    struct world *, h2o_accept_ctx_t *);
void doorhouse_look(struct doorhouse *, uint64_t now_ms);
void doorhouse_release(struct doorhouse *);

/* For the listener. Begins with an accepted connection; sets its `door`. */
void door_begin(struct doorhouse *, struct http_connection *, uint64_t now_ms);
/* Whether it still waits for its head or its verdict: libh2o does not know it yet. */
bool door_is_before(const struct door *);
/* The handshake and the head have a time of their own. */
bool door_is_late(const struct door *, uint64_t now_ms);
/* Closes a connection that door_is_before. */
void door_close(struct door *);
/* The connection is closed. */
void door_free(struct door *, uint64_t now_ms);

/* For the judge and the handler. */
struct world *door_world(const struct door *);
void door_set_job(struct door *, void *job);
void *door_job(const struct door *);
/* `verdict` is DOOR_OPEN, or positive; `key` says whose body it is. The door may be gone when this
 * returns. */
void door_decide(struct door *, int verdict, uint64_t key);
int door_verdict_of(const struct door *);

#endif
