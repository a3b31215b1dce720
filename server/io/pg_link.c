#include "io/pg_link.h"

#include "base/crypto.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RETRY_FIRST_MS = 50, RETRY_MOST_MS = 1000 };

static void attempt(void *owner);
static void poll_connect(struct pg_link *link);
static void on_read(h2o_socket_t *socket, const char *err);
static void on_written(h2o_socket_t *socket, const char *err);

static void on_timeout(void *owner)
{
    pg_link_lose(owner, "no connection in time");
}

void pg_link_start(struct pg_link *link)
{
    link->conninfo = strdup(link->conninfo);
    if (link->conninfo == NULL)
        abort();
    timer_init(&link->retry, link->loop, "pg reconnect", attempt, link);
    timer_init(&link->timeout, link->loop, "pg connect timeout", on_timeout, link);
    timer_start(&link->retry, 0);
}

static void unwatch(struct pg_link *link)
{
    if (link->socket == NULL)
        return;
    h2o_socket_close(link->socket);
    link->socket = NULL;
    link->is_write_awaited = false;
}

/* The loop closes what it watches and libpq closes its own: hence the duplicate. */
static bool watch(struct pg_link *link)
{
    unwatch(link);
    int fd = dup(PQsocket(link->conn));
    if (fd < 0)
        return false;
    link->socket = h2o_evloop_socket_create(link->loop, fd, H2O_SOCKET_FLAG_DONT_READ);
    link->socket->data = link;
    return true;
}

static void await_write(struct pg_link *link)
{
    if (link->is_write_awaited)
        return;
    link->is_write_awaited = true;
    h2o_socket_notify_write(link->socket, on_written);
}

static void quiet(void *owner, const PGresult *notice)
{
    (void)owner;
    (void)notice;
}

static void attempt(void *owner)
{
    struct pg_link *link = owner;
    timer_start(&link->timeout, (uint32_t)link->connect_timeout_ms);
    link->conn = PQconnectStart(link->conninfo);
    if (link->conn == NULL)
        abort();
    if (PQstatus(link->conn) == CONNECTION_BAD || PQsetnonblocking(link->conn, 1) != 0) {
        pg_link_lose(link, PQerrorMessage(link->conn));
        return;
    }
    PQsetNoticeReceiver(link->conn, quiet, NULL);
    if (!watch(link)) {
        pg_link_lose(link, "no descriptor left");
        return;
    }
    await_write(link); /* libpq: begin as if the last poll had said "writing" */
}

static void come_up(struct pg_link *link)
{
    if (!watch(link) || !PQenterPipelineMode(link->conn)) {
        pg_link_lose(link, "no pipeline mode");
        return;
    }
    link->is_up = true;
    h2o_socket_read_start(link->socket, on_read);
    link->events->on_up(link->owner);
}

/* One step of libpq's state machine; it may change its socket at any of them. */
static void poll_connect(struct pg_link *link)
{
    PostgresPollingStatusType wanted = PQconnectPoll(link->conn);
    if (wanted == PGRES_POLLING_FAILED) {
        pg_link_lose(link, PQerrorMessage(link->conn));
        return;
    }
    if (wanted == PGRES_POLLING_OK) {
        come_up(link);
        return;
    }
    if (!watch(link)) {
        pg_link_lose(link, "no descriptor left");
        return;
    }
    if (wanted == PGRES_POLLING_READING)
        h2o_socket_read_start(link->socket, on_read);
    else
        await_write(link);
}

static void on_read(h2o_socket_t *socket, const char *err)
{
    (void)err; /* libpq meets the same error and has better words for it */
    struct pg_link *link = socket->data;
    if (!link->is_up) {
        poll_connect(link);
        return;
    }
    if (!PQconsumeInput(link->conn)) {
        pg_link_lose(link, PQerrorMessage(link->conn));
        return;
    }
    link->events->on_readable(link->owner);
}

static void on_written(h2o_socket_t *socket, const char *err)
{
    (void)err;
    struct pg_link *link = socket->data;
    link->is_write_awaited = false;
    if (link->is_up)
        pg_link_flush(link);
    else
        poll_connect(link);
}

void pg_link_flush(struct pg_link *link)
{
    /* A failure shows as a failing read soon, in the loop, where it can be acted upon. */
    if (link->is_up && PQflush(link->conn) == 1)
        await_write(link);
}

void pg_link_settled(struct pg_link *link)
{
    timer_stop(&link->timeout);
    link->is_settled = true;
    log_line(LOG_INFO, "database connected", "connection=%s failures=%d", link->name,
             link->failures);
    link->failures = 0;
}

/* 50 ms doubling to a second, less a random part up to a half, so that many do not come back at
 * once. */
static uint32_t retry_delay_ms(int failures)
{
    uint32_t most = RETRY_FIRST_MS;
    for (int i = 1; i < failures && most < RETRY_MOST_MS; ++i)
        most *= 2;
    if (most > RETRY_MOST_MS)
        most = RETRY_MOST_MS;
    uint32_t dice;
    random_bytes(&dice, sizeof(dice));
    return most - dice % (most / 2);
}

static void drop(struct pg_link *link)
{
    timer_stop(&link->retry);
    timer_stop(&link->timeout);
    unwatch(link);
    PQfinish(link->conn);
    link->conn = NULL;
    link->is_up = link->is_settled = false;
}

void pg_link_lose(struct pg_link *link, const char *why)
{
    char words[160];
    size_t len = strcspn(why, "\n");
    if (len >= sizeof(words))
        len = sizeof(words) - 1;
    memcpy(words, why, len);
    words[len] = 0;
    /* The first of a row of failures is news, the others are not. */
    if (link->failures++ == 0)
        log_line(LOG_WARN, "database connection lost", "connection=%s why=\"%s\"", link->name,
                 words);
    bool was_up = link->is_up;
    drop(link);
    timer_start(&link->retry, retry_delay_ms(link->failures));
    if (was_up)
        link->events->on_lost(link->owner, words);
}

void pg_link_release(struct pg_link *link)
{
    drop(link);
    free(link->conninfo);
    link->conninfo = NULL;
}
