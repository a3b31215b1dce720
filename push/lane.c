#include "push/lane.h"

#include "base/clock.h"
#include "io/timer.h"

#include <assert.h>
#include <stdlib.h>

/* connecting -> open (SETTINGS came) -> leaving (GOAWAY, or told to) -> done; lost at any time. One
 * timer watches: first the connecting, then the silence (reference 1.6: PING after a minute without
 * a frame while streams are open, much later when idle, and no answer to it means dead). */

enum {
    TURN_OCTETS_MAX =
        LANE_BUFFER * 3 / 4, /* taken in a turn, so that all of it leaves in one write */
    RESETS_MAX = 100,        /* streams in a row that end without an answer */
};

struct lane {
    struct lane_settings settings;
    struct lane_events events;
    void *owner;
    struct conn *conn; /* null: lost */
    struct h2 *h2;
    struct timer watch;
    bool is_connected, is_leaving, is_proven, is_used, is_pinging;
    int64_t ready_ms, heard_ms, busy_ms, idle_ms; /* when; ready_ms 0: not yet */
    size_t turn_octets;
    uint32_t resets, pings;
    struct err trouble;
};

static int64_t now_ms(void)
{
    return clock_mono().ns / 1000000;
}

static void lose(struct lane *lane, const struct err *err)
{
    if (lane->conn == NULL)
        return;
    lane->trouble = *err;
    timer_stop(&lane->watch);
    conn_close(lane->conn);
    lane->conn = NULL;
    h2_finish(lane->h2);
    lane->events.on_change(lane->owner, lane);
}

static void lose_for(struct lane *lane, const char *why)
{
    struct err err;
    err_set(&err, ERR_PROVIDER, "%s", why);
    lose(lane, &err);
}

/* ---- the session's events ---- */

static void on_stream_end(void *owner, struct h2_stream *stream, enum h2_end end)
{
    struct lane *lane = owner;
    lane->resets = end == H2_ANSWERED ? 0 : lane->resets + 1;
    if (lane->resets >= RESETS_MAX)
        lane->is_leaving = true;
    lane->idle_ms = lane->heard_ms;
    lane->events.on_end(lane->owner, lane, stream, end);
}

static void on_settings(void *owner)
{
    struct lane *lane = owner;
    if (lane->ready_ms == 0) {
        lane->ready_ms = lane->heard_ms = lane->idle_ms = now_ms();
        timer_start(&lane->watch, lane->settings.ping_idle_ms);
    }
    lane->events.on_change(lane->owner, lane);
}

static void on_goaway(void *owner, uint32_t code, int32_t last_stream, struct span debug)
{
    (void)last_stream;
    struct lane *lane = owner;
    lane->is_leaving = true;
    lane->events.on_goaway(lane->owner, lane, code, debug);
}

static void on_pong(void *owner)
{
    struct lane *lane = owner;
    lane->is_pinging = false;
}

static void on_header(void *owner, const struct h2_stream *stream, struct span name,
                      struct span value)
{
    struct lane *lane = owner;
    lane->events.on_header(lane->owner, stream, name, value);
}

/* ---- the connection's events ---- */

static void on_open(void *owner)
{
    struct lane *lane = owner;
    lane->is_connected = true;
    lane->events.on_change(lane->owner, lane); /* whose flush sends preface and SETTINGS */
}

static void on_bytes(void *owner, struct span bytes)
{
    struct lane *lane = owner;
    struct err err;
    lane->heard_ms = now_ms();
    if (h2_feed(lane->h2, bytes, &err) != 0) {
        lane_flush(lane); /* its GOAWAY */
        lose(lane, &err);
        return;
    }
    lane->events.on_change(lane->owner, lane);
}

static void on_written(void *owner)
{
    struct lane *lane = owner;
    lane->events.on_change(lane->owner, lane);
}

static void on_lost(void *owner, const struct err *err)
{
    lose(owner, err);
}

static void on_progress(void *owner, const char *text)
{
    struct lane *lane = owner;
    lane->events.on_progress(lane->owner, text);
}

/* ---- the watch ---- */

static void ping(struct lane *lane)
{
    h2_ping(lane->h2);
    ++lane->pings;
    lane->is_pinging = true;
    timer_start(&lane->watch, lane->settings.ping_timeout_ms);
    lane->events.on_change(lane->owner, lane);
}

static void on_watch(void *owner)
{
    struct lane *lane = owner;
    if (lane->ready_ms == 0) {
        lose_for(lane, lane->is_connected ? "the service sent no SETTINGS in time"
                                          : "no connection in time");
        return;
    }
    if (lane->is_pinging) {
        lose_for(lane, "the service did not answer a PING");
        return;
    }
    bool is_busy = h2_open_count(lane->h2) > 0;
    int64_t since = is_busy && lane->busy_ms > lane->heard_ms ? lane->busy_ms : lane->heard_ms;
    int64_t limit = is_busy ? lane->settings.ping_busy_ms : lane->settings.ping_idle_ms;
    int64_t left = since + limit - now_ms();
    if (left <= 0)
        ping(lane);
    else
        timer_start(&lane->watch, (uint32_t)left);
}

/* ---- opening and closing ---- */

struct lane *lane_open(const struct lane_settings *settings, const struct lane_events *events,
                       void *owner)
{
    struct lane *lane = calloc(1, sizeof(*lane));
    if (lane == NULL)
        abort();
    lane->settings = *settings;
    lane->events = *events;
    lane->owner = owner;
    const struct h2_events h2_events = {.on_end = on_stream_end,
                                        .on_settings = on_settings,
                                        .on_goaway = on_goaway,
                                        .on_pong = on_pong,
                                        .on_header = events->on_header == NULL ? NULL : on_header};
    const struct conn_events conn_events = {.on_open = on_open,
                                            .on_bytes = on_bytes,
                                            .on_written = on_written,
                                            .on_lost = on_lost,
                                            .on_progress =
                                                events->on_progress == NULL ? NULL : on_progress};
    lane->h2 = h2_new(&settings->h2, &h2_events, lane);
    lane->conn = conn_open(&settings->conn, &conn_events, lane);
    timer_init(&lane->watch, settings->conn.loop, "push watch", on_watch, lane);
    timer_start(&lane->watch, settings->connect_timeout_ms);
    return lane;
}

void lane_close(struct lane *lane)
{
    timer_stop(&lane->watch);
    if (lane->conn != NULL) {
        if (lane->is_connected && !lane->trouble.code) {
            h2_goodbye(lane->h2);
            lane_flush(lane);
        }
        conn_close(lane->conn);
        lane->conn = NULL;
        h2_finish(lane->h2);
    }
    h2_free(lane->h2);
    free(lane);
}

/* ---- pushes ---- */

uint32_t lane_slots(const struct lane *lane)
{
    if (!lane_is_ready(lane))
        return 0;
    uint32_t slots = h2_slots(lane->h2);
    bool is_one = lane->settings.needs_proof && !lane->is_proven;
    return is_one && slots > 1 ? 1 : slots;
}

uint32_t lane_free_streams(const struct lane *lane)
{
    if (!lane_is_ready(lane))
        return 0;
    uint32_t room = h2_room(lane->h2);
    if (lane->settings.needs_proof && !lane->is_proven)
        return room > 0 && h2_open_count(lane->h2) == 0 ? 1 : 0;
    return room;
}

uint32_t lane_room(const struct lane *lane)
{
    if (lane->turn_octets >= TURN_OCTETS_MAX || lane->conn == NULL || conn_is_writing(lane->conn))
        return 0;
    return lane_free_streams(lane);
}

uint32_t lane_open_count(const struct lane *lane)
{
    return h2_open_count(lane->h2);
}

int lane_send(struct lane *lane, struct h2_stream *stream, const nghttp2_nv *fields, size_t count,
              struct span body, struct err *err)
{
    assert(lane_room(lane) > 0);
    if (h2_send(lane->h2, stream, fields, count, body, err) != 0)
        return err->code;
    lane->is_used = true;
    lane->turn_octets += body.len + 32;
    for (size_t i = 0; i < count; ++i)
        lane->turn_octets += fields[i].valuelen + 4;
    if (h2_open_count(lane->h2) == 1 && !lane->is_pinging) {
        lane->busy_ms = now_ms();
        timer_start(&lane->watch, lane->settings.ping_busy_ms);
    }
    return 0;
}

enum h2_end lane_cancel(struct lane *lane, struct h2_stream *stream)
{
    enum h2_end end = h2_cancel(lane->h2, stream);
    lane->events.on_change(lane->owner, lane);
    return end;
}

void lane_flush(struct lane *lane)
{
    if (lane->conn == NULL || !lane->is_connected || conn_is_writing(lane->conn) ||
        conn_is_breaking(lane->conn))
        return;
    size_t len = h2_pull(lane->h2, lane->settings.buffer, LANE_BUFFER);
    if (len > 0)
        conn_write(lane->conn, span_of((const char *)lane->settings.buffer, len));
    lane->turn_octets = 0;
    bool is_waited_for = lane->ready_ms == 0 || h2_open_count(lane->h2) > 0;
    if (len == 0 && is_waited_for && h2_is_over(lane->h2))
        lose_for(lane, "the service broke the protocol");
}

/* ---- state ---- */

bool lane_is_fresh(const struct lane *lane)
{
    return !lane->is_used;
}

void lane_prove(struct lane *lane)
{
    lane->is_proven = true;
}

bool lane_is_proven(const struct lane *lane)
{
    return lane->is_proven;
}

void lane_leave(struct lane *lane)
{
    lane->is_leaving = true;
}

bool lane_is_leaving(const struct lane *lane)
{
    return lane->conn == NULL || conn_is_breaking(lane->conn) || lane->is_leaving ||
           h2_is_spent(lane->h2);
}

bool lane_is_ready(const struct lane *lane)
{
    return lane->ready_ms != 0 && !lane_is_leaving(lane);
}

bool lane_is_done(const struct lane *lane)
{
    if (lane->conn == NULL)
        return true;
    return lane_is_leaving(lane) && h2_open_count(lane->h2) == 0 && !conn_is_writing(lane->conn);
}

const struct err *lane_trouble(const struct lane *lane)
{
    return &lane->trouble;
}

int64_t lane_age_ms(const struct lane *lane)
{
    return lane->ready_ms == 0 ? -1 : now_ms() - lane->ready_ms;
}

int64_t lane_idle_ms(const struct lane *lane)
{
    return lane->ready_ms == 0 || h2_open_count(lane->h2) > 0 ? 0 : now_ms() - lane->idle_ms;
}

uint32_t lane_pings(const struct lane *lane)
{
    return lane->pings;
}
