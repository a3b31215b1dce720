/* One connection to a push service: a session (h2.h) over a TLS connection (conn.h), kept alive and
 * watched. Nothing is freed from inside its events; lane_close is called from the pool's own turn.
 */
#ifndef DUNLIN_PUSH_LANE_H
#define DUNLIN_PUSH_LANE_H

#include "push/conn.h"
#include "push/h2.h"

enum { LANE_BUFFER = 65536 };

struct lane_settings {
    struct conn_settings conn;
    struct h2_limits h2;
    uint32_t connect_timeout_ms, ping_busy_ms, ping_idle_ms, ping_timeout_ms;
    bool needs_proof; /* one stream until lane_prove */
    uint8_t *buffer;  /* LANE_BUFFER octets to write from; may be shared by lanes of one loop */
};

struct lane;

struct lane_events {
    void (*on_end)(void *owner, struct lane *, struct h2_stream *, enum h2_end);
    void (*on_goaway)(void *owner, struct lane *, uint32_t code, struct span debug);
    /* Something that the pool may act upon: open, room, written, lost. */
    void (*on_change)(void *owner, struct lane *);
    /* Traces; may be null. */
    void (*on_header)(void *owner, const struct h2_stream *, struct span name, struct span value);
    void (*on_progress)(void *owner, const char *text);
};

struct lane *lane_open(const struct lane_settings *, const struct lane_events *, void *owner);
/* Streams still open end first, with events. */
void lane_close(struct lane *);

/* Pushes that can be written at once: free streams of a connection that is not busy writing. */
uint32_t lane_room(const struct lane *);
/* The same, whether or not it is writing. */
uint32_t lane_free_streams(const struct lane *);
uint32_t lane_slots(const struct lane *);
uint32_t lane_open_count(const struct lane *);
/* See h2_send. */
MUST_CHECK int lane_send(struct lane *, struct h2_stream *, const nghttp2_nv *, size_t count,
                         struct span body, struct err *);
enum h2_end lane_cancel(struct lane *, struct h2_stream *);
bool lane_is_fresh(const struct lane *); /* no request has gone over it yet */
/* Writes what the session has to say. */
void lane_flush(struct lane *);

/* A push was accepted: the one-stream phase is over. */
void lane_prove(struct lane *);
bool lane_is_proven(const struct lane *);
/* No new pushes on it; it is done when its streams are. */
void lane_leave(struct lane *);
bool lane_is_leaving(const struct lane *); /* or lost, or spent */
bool lane_is_ready(const struct lane *);   /* SETTINGS came, and it takes pushes */
/* Lost, or left by all: close it. */
bool lane_is_done(const struct lane *);
/* Why it was lost; code 0 when it was not. */
const struct err *lane_trouble(const struct lane *);
/* Since its SETTINGS came; -1: they never did. And since its last stream ended. */
int64_t lane_age_ms(const struct lane *);
int64_t lane_idle_ms(const struct lane *);
uint32_t lane_pings(const struct lane *);

#endif
