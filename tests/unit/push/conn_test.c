#include "push/conn.h"

#include "io/timer.h"
#include "push/tls.h"
#include "support/tls_peer.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

/* Real sockets on a loop; the peer does only what the test says, so that the order of things on
 * both sides is the test's. */

enum { TURNS_MAX = 500, TURN_MS = 10 };

struct fixture {
    h2o_loop_t *loop;
    struct tls_peer peer;
    SSL_CTX *tls;
    struct conn *conn;
    int opens, writes, losses;
    bool is_lost_last; /* nothing came behind on_lost */
    char got[256], lost[240], progress[512];
    bool closes_on_bytes;
    struct timer writer;
};

static void on_open(void *owner)
{
    struct fixture *f = owner;
    ++f->opens;
}

static void on_bytes(void *owner, struct span bytes)
{
    struct fixture *f = owner;
    strncat(f->got, bytes.base, bytes.len);
    f->is_lost_last = false;
    if (f->closes_on_bytes) {
        conn_close(f->conn);
        f->conn = NULL;
    }
}

static void on_written(void *owner)
{
    struct fixture *f = owner;
    ++f->writes;
}

static void on_lost(void *owner, const struct err *err)
{
    struct fixture *f = owner;
    ++f->losses;
    f->is_lost_last = true;
    snprintf(f->lost, sizeof(f->lost), "%s", err->text);
}

static void on_progress(void *owner, const char *text)
{
    struct fixture *f = owner;
    size_t len = strlen(f->progress);
    snprintf(f->progress + len, sizeof(f->progress) - len, "%s\n", text);
}

static const struct conn_events events = {.on_open = on_open,
                                          .on_bytes = on_bytes,
                                          .on_written = on_written,
                                          .on_lost = on_lost,
                                          .on_progress = on_progress};

static void write_text(struct fixture *f, const char *text)
{
    conn_write(f->conn, span_str(text));
}

/* From a timer, as the pool writes: what a failed write tells is then heard in the same turn of the
 * loop, before it looks at its sockets again. */
static void on_time_to_write(void *owner)
{
    write_text(owner, "a push more");
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->loop = h2o_evloop_create();
    timer_init(&f->writer, f->loop, "test", on_time_to_write, f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    if (f->conn != NULL)
        conn_close(f->conn);
    if (f->tls != NULL) {
        SSL_CTX_free(f->tls);
        tls_peer_stop(&f->peer);
    }
    h2o_evloop_run(f->loop, 0);
    timer_loop_release(f->loop);
    h2o_evloop_destroy(f->loop);
    free(f);
    return 0;
}

static void start_peer(struct fixture *f, const char *name, const char *alpn, const char *expected)
{
    struct err err;
    tls_peer_start(&f->peer, name, alpn);
    const struct push_tls_settings settings = {.name = expected, .ca_file = f->peer.ca_file};
    f->tls = push_tls_new(&settings, &err);
    assert_non_null(f->tls);
}

static void begin(struct fixture *f, const char *host, uint16_t port, uint32_t turn)
{
    const struct conn_settings settings = {.loop = f->loop,
                                           .tls = f->tls,
                                           .name = "peer.example",
                                           .host = host,
                                           .port = port,
                                           .turn = turn,
                                           .user_timeout_ms = 5000};
    f->conn = conn_open(&settings, &events, f);
}

/* Turns loop and peer until the condition holds; gives up after five seconds. */
#define TURN_UNTIL(f, condition)                                                                   \
    do {                                                                                           \
        int turns_left = TURNS_MAX;                                                                \
        while (!(condition)) {                                                                     \
            assert_true(turns_left-- > 0);                                                         \
            tls_peer_step(&(f)->peer);                                                             \
            h2o_evloop_run((f)->loop, TURN_MS);                                                    \
        }                                                                                          \
    } while (0)

static void turn_a_little(struct fixture *f)
{
    for (int i = 0; i < 5; ++i) {
        tls_peer_step(&f->peer);
        h2o_evloop_run(f->loop, TURN_MS);
    }
}

static void open_conn(struct fixture *f)
{
    start_peer(f, "peer.example", "h2", "peer.example");
    begin(f, "127.0.0.1", f->peer.port, 0);
    TURN_UNTIL(f, f->opens == 1 && tls_peer_step(&f->peer));
}

/* ---- open ---- */

static void bytes_go_both_ways(void **state)
{
    struct fixture *f = *state;
    char got[64] = "";
    open_conn(f);
    write_text(f, "to the service");
    TURN_UNTIL(f, f->writes == 1);
    TURN_UNTIL(f, tls_peer_read(&f->peer, got, sizeof(got) - 1) > 0);
    assert_string_equal(got, "to the service");
    tls_peer_write(&f->peer, SPAN_LIT("to us"));
    TURN_UNTIL(f, f->got[0] != 0);
    assert_string_equal(f->got, "to us");
    assert_int_equal(f->losses, 0);
    assert_non_null(strstr(f->progress, "* connecting to 127.0.0.1"));
    assert_non_null(strstr(f->progress, "TLSv1.3, h2"));
}

/* Reference 1.1: TLS 1.2 or later. */
static void tls_1_2_is_good_enough(void **state)
{
    struct fixture *f = *state;
    start_peer(f, "peer.example", "h2", "peer.example");
    SSL_CTX_set_max_proto_version(f->peer.tls, TLS1_2_VERSION);
    begin(f, "127.0.0.1", f->peer.port, 0);
    TURN_UNTIL(f, f->opens == 1 && tls_peer_step(&f->peer));
    tls_peer_write(&f->peer, SPAN_LIT("to us"));
    TURN_UNTIL(f, f->got[0] != 0);
    assert_string_equal(f->got, "to us");
    assert_non_null(strstr(f->progress, "TLSv1.2, h2"));
}

static void nothing_happens_inside_the_call_that_opens(void **state)
{
    struct fixture *f = *state;
    begin(f, "no such name", 1, 0);
    assert_int_equal(f->losses + f->opens, 0);
}

static void what_comes_with_the_end_of_the_handshake_is_not_lost(void **state)
{
    struct fixture *f = *state;
    start_peer(f, "peer.example", "h2", "peer.example");
    begin(f, "127.0.0.1", f->peer.port, 0);
    for (int i = 0; i < TURNS_MAX && !tls_peer_step(&f->peer); ++i)
        h2o_evloop_run(f->loop, TURN_MS);
    tls_peer_write(&f->peer, SPAN_LIT("SETTINGS at once"));
    TURN_UNTIL(f, f->got[0] != 0);
    assert_string_equal(f->got, "SETTINGS at once");
    assert_int_equal(f->opens, 1);
}

/* ---- refused ---- */

static void assert_refused(struct fixture *f, const char *why)
{
    TURN_UNTIL(f, f->losses == 1);
    assert_int_equal(f->opens, 0);
    if (strstr(f->lost, why) == NULL)
        fail_msg("%s is not in: %s", why, f->lost);
    turn_a_little(f);
    assert_int_equal(f->losses, 1);
}

static void a_peer_of_another_name_is_refused(void **state)
{
    struct fixture *f = *state;
    start_peer(f, "other.example", "h2", "peer.example");
    begin(f, "127.0.0.1", f->peer.port, 0);
    assert_refused(f, "certificate verify failed");
}

/* The peer is made to speak 1.1, which OpenSSL leaves out at its usual level of security. */
static void an_older_tls_is_refused(void **state)
{
    struct fixture *f = *state;
    start_peer(f, "peer.example", "h2", "peer.example");
    SSL_CTX_set_security_level(f->peer.tls, 0);
    SSL_CTX_set_security_level(f->tls, 0);
    SSL_CTX_set_min_proto_version(f->peer.tls, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(f->peer.tls, TLS1_1_VERSION);
    begin(f, "127.0.0.1", f->peer.port, 0);
    assert_refused(f, "protocol version");
}

static void a_peer_that_does_not_select_h2_is_refused(void **state)
{
    struct fixture *f = *state;
    start_peer(f, "peer.example", NULL, "peer.example");
    begin(f, "127.0.0.1", f->peer.port, 0);
    assert_refused(f, "did not select HTTP/2 (ALPN h2)");
}

static void a_port_where_nobody_listens_is_said(void **state)
{
    struct fixture *f = *state;
    start_peer(f, "peer.example", "h2", "peer.example");
    close(f->peer.listener_);
    begin(f, "127.0.0.1", f->peer.port, 0);
    assert_refused(f, "no connection to 127.0.0.1 port");
    f->peer.listener_ = dup(2); /* for tls_peer_stop */
}

static void a_name_that_is_none_is_said(void **state)
{
    struct fixture *f = *state;
    start_peer(f, "peer.example", "h2", "peer.example");
    begin(f, "no such name", f->peer.port, 0);
    assert_refused(f, "the name no such name cannot be resolved");
}

/* "localhost" is 127.0.0.1, ::1 or both; nobody listens on the second. */
static void of_several_addresses_the_next_is_tried(void **state)
{
    struct fixture *f = *state;
    start_peer(f, "peer.example", "h2", "peer.example");
    for (uint32_t turn = 0; turn < 2; ++turn) {
        begin(f, "localhost", f->peer.port, turn);
        TURN_UNTIL(f, f->opens == (int)turn + 1);
        conn_close(f->conn);
        f->conn = NULL;
        tls_peer_cut(&f->peer, false);
    }
    assert_int_equal(f->losses, 0);
}

/* ---- lost ---- */

static void a_cut_is_told_once(void **state)
{
    for (int is_reset = 0; is_reset < 2; ++is_reset) {
        struct fixture *f = *state;
        open_conn(f);
        tls_peer_cut(&f->peer, is_reset);
        TURN_UNTIL(f, f->losses == 1);
        turn_a_little(f);
        assert_int_equal(f->losses, 1);
        assert_non_null(strstr(f->lost, "lost the connection"));
        teardown(state);
        setup(state);
    }
}

/* Reference 1.6: what was answered is not unknown. The answers lie in our kernel when the write
 * finds out that the connection is gone. */
static void what_was_said_before_the_connection_broke_is_read_although_a_write_fails(void **state)
{
    struct fixture *f = *state;
    open_conn(f);
    turn_a_little(f);
    tls_peer_write(&f->peer, SPAN_LIT("answers"));
    tls_peer_cut(&f->peer, true);
    timer_start(&f->writer, 0);
    TURN_UNTIL(f, f->losses > 0);
    assert_string_equal(f->got, "answers");
    assert_true(f->is_lost_last);
    turn_a_little(f);
    assert_int_equal(f->losses, 1);
    assert_int_equal(f->writes, 0);
}

/* ---- closed by its owner ---- */

static void closing_is_quiet_in_every_state(void **state)
{
    struct fixture *f = *state;
    start_peer(f, "peer.example", "h2", "peer.example");
    for (int turns = 0; turns < 12; ++turns) {
        int opens_before = f->opens;
        begin(f, "127.0.0.1", f->peer.port, 0);
        for (int i = 0; i < turns && f->opens == opens_before; ++i) {
            h2o_evloop_run(f->loop, TURN_MS);
            tls_peer_step(&f->peer);
        }
        conn_close(f->conn);
        f->conn = NULL;
        opens_before = f->opens;
        tls_peer_cut(&f->peer, false);
        turn_a_little(f);
        assert_int_equal(f->opens, opens_before);
        assert_int_equal(f->losses, 0);
        tls_peer_cut(&f->peer, false);
    }
    assert_true(f->opens > 0); /* the last of them had been open */
}

static void its_owner_may_close_it_when_bytes_come(void **state)
{
    struct fixture *f = *state;
    open_conn(f);
    f->closes_on_bytes = true;
    tls_peer_write(&f->peer, SPAN_LIT("enough"));
    TURN_UNTIL(f, f->conn == NULL);
    assert_string_equal(f->got, "enough");
    turn_a_little(f);
    assert_int_equal(f->losses, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(bytes_go_both_ways),
        T(tls_1_2_is_good_enough),
        T(nothing_happens_inside_the_call_that_opens),
        T(what_comes_with_the_end_of_the_handshake_is_not_lost),
        T(a_peer_of_another_name_is_refused),
        T(an_older_tls_is_refused),
        T(a_peer_that_does_not_select_h2_is_refused),
        T(a_port_where_nobody_listens_is_said),
        T(a_name_that_is_none_is_said),
        T(of_several_addresses_the_next_is_tried),
        T(a_cut_is_told_once),
        T(what_was_said_before_the_connection_broke_is_read_although_a_write_fails),
        T(closing_is_quiet_in_every_state),
        T(its_owner_may_close_it_when_bytes_come),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
