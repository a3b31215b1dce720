/* A listener without TLS on a loopback port, its clients in the same thread: what becomes of a
 * request when the handler, the peer or the end of the process comes first. */
#include "http/listener.h"

#include "base/metrics.h"
#include "http/reply.h"
#include "io/timer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { TURNS_MAX = 500, TURN_MS = 10 };
enum { ANSWER_TIMEOUT_MS = 800, REQUEST_TIMEOUT_MS = 1000, LOADED_MS = 100 };

static struct {
    struct world world;
    struct metrics metrics;
    struct http_listener *listener;
    uint16_t port;
    struct request *waiting;
    int gone_count, counted;
    char last_path[32]; /* of the request that was answered later, as it read then */
    struct timer later;
} bed;

struct client {
    int fd;
    char text[65536];
    size_t len;
    bool is_closed;
};

/* ---- Handlers. ---- */

static void on_gone(void *job)
{
    assert_ptr_equal(job, &bed);
    bed.waiting = NULL;
    ++bed.gone_count;
}

static void wait_for_ever(struct request *r)
{
    bed.waiting = r;
    request_on_gone(r, on_gone, &bed);
}

static void on_later(void *owner)
{
    (void)owner;
    snprintf(bed.last_path, sizeof(bed.last_path), "%.*s", SPAN_ARG(request_path(bed.waiting)));
    reply_text(bed.waiting, 200, "later");
    bed.waiting = NULL;
}

static void answer_later(struct request *r)
{
    wait_for_ever(r);
    timer_start(&bed.later, 50);
}

static void answer_now(struct request *r)
{
    reply_text(r, 200, "now");
}

static void answer_counted(struct request *r)
{
    ++bed.counted;
    reply_text(r, 200, "counted");
}

/* More than the buffers of a socket over loopback. */
static void answer_large(struct request *r)
{
    enum { LARGE = 16 << 20 };
    char *bytes = request_alloc(r, LARGE);
    reply_bytes(r, 200, "text/plain", span_of(bytes, LARGE));
}

static void answer_proved(struct request *r)
{
    request_prove(r);
    reply_text(r, 200, "proved");
}

/* "ok|not ok: value of a", with the value in hex as it may hold anything. */
static void answer_form(struct request *r)
{
    char text[600], *at = text;
    struct span a = request_form(r, "a");
    at += sprintf(at, "%s:", request_form_is_ok(r) ? "ok" : "not ok");
    if (a.base == NULL)
        at += sprintf(at, " none");
    for (size_t i = 0; i != a.len; ++i)
        at += sprintf(at, " %02x", (unsigned char)a.base[i]);
    reply_text(r, 200, text);
}

static void answer_param(struct request *r)
{
    char text[200];
    struct span q = request_query(r, "q");
    snprintf(text, sizeof(text), "%.*s?%.*s", SPAN_ARG(r->params[0]), (int)q.len,
             q.base == NULL ? "" : q.base);
    reply_text(r, 200, text);
}

static const struct route routes[] = {
    {"GET", "/never", ROUTE_OPEN, NULL, wait_for_ever},
    {"GET", "/later", ROUTE_OPEN, NULL, answer_later},
    {"GET", "/now", ROUTE_OPEN, NULL, answer_now},
    {"GET", "/counted", ROUTE_OPEN, NULL, answer_counted},
    {"GET", "/large", ROUTE_OPEN, NULL, answer_large},
    {"POST", "/proved", ROUTE_OPEN, NULL, answer_proved},
    {"POST", "/form", ROUTE_OPEN, NULL, answer_form},
    {"GET", "/param/{name}", ROUTE_OPEN, NULL, answer_param},
    {NULL, NULL, ROUTE_OPEN, NULL, NULL},
};

/* ---- The bed. ---- */

static int listen_on_loopback(uint16_t *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (void *)&a, sizeof(a)), 0);
    assert_int_equal(listen(fd, 64), 0);
    assert_int_equal(getsockname(fd, (void *)&a, &len), 0);
    *port = ntohs(a.sin_port);
    return fd;
}

static int open_bed(void **state)
{
    (void)state;
    memset(&bed, 0, sizeof(bed));
    bed.world = (struct world){.loop = h2o_evloop_create(), .metrics = &bed.metrics};
    timer_init(&bed.later, bed.world.loop, "later", on_later, NULL);
    struct http_listener_options options = {
        .name = "test", .routes = routes, .limits = guard_limits_default};
    options.fd = listen_on_loopback(&bed.port);
    options.limits.requests_burst = 3;
    options.limits.requests_per_second = 1;
    options.limits.answer_timeout_ms = ANSWER_TIMEOUT_MS;
    options.limits.request_timeout_ms = REQUEST_TIMEOUT_MS;
    bed.listener = http_listener_new(&bed.world, &options);
    return 0;
}

static int close_bed(void **state)
{
    (void)state;
    timer_stop(&bed.later);
    if (bed.listener != NULL)
        http_listener_free(bed.listener);
    timer_loop_release(bed.world.loop);
    h2o_evloop_run(bed.world.loop, 0);
    h2o_evloop_destroy(bed.world.loop);
    return 0;
}

static void client_open(struct client *c)
{
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_port = htons(bed.port)};
    memset(c, 0, sizeof(*c));
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(c->fd, (void *)&a, sizeof(a)), 0);
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
}

static void client_send(struct client *c, const char *text)
{
    assert_int_equal(write(c->fd, text, strlen(text)), strlen(text));
}

static void client_get(struct client *c, const char *path)
{
    char text[200];
    snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", path);
    client_send(c, text);
}

static void client_read(struct client *c)
{
    ssize_t len = read(c->fd, c->text + c->len, sizeof(c->text) - 1 - c->len);
    if (len > 0)
        c->len += (size_t)len;
    else if (len == 0 || errno != EAGAIN)
        c->is_closed = true;
}

/* Turns the loop until the client's text holds `wanted` (null: until it is closed). */
static void expect(struct client *c, const char *wanted)
{
    for (int i = 0; i != TURNS_MAX; ++i) {
        client_read(c);
        if (wanted == NULL ? c->is_closed : strstr(c->text, wanted) != NULL)
            return;
        h2o_evloop_run(bed.world.loop, TURN_MS);
    }
    fail_msg("no \"%s\" in \"%s\"", wanted == NULL ? "(end)" : wanted, c->text);
}

static void client_clear(struct client *c)
{
    c->len = 0;
    memset(c->text, 0, sizeof(c->text));
}

/* ---- Tests. ---- */

static void an_answer_that_does_not_come_is_an_apology_and_the_job_is_told(void **state)
{
    (void)state;
    struct client c;
    client_open(&c);
    client_get(&c, "/never");
    expect(&c, "HTTP/1.1 503 ");
    expect(&c, NULL);
    assert_int_equal(bed.gone_count, 1);
    assert_non_null(strstr(c.text, "retry-after"));
    assert_int_equal(bed.metrics.values[METRIC_http_late], 1);
    close(c.fd);
}

static void an_answer_may_come_later_and_nothing_is_gone_then(void **state)
{
    (void)state;
    struct client c;
    client_open(&c);
    client_get(&c, "/later");
    expect(&c, "later");
    client_clear(&c);
    client_get(&c, "/now");
    expect(&c, "now");
    assert_int_equal(bed.gone_count, 0);
    close(c.fd);
}

static void wait_until_in_hand(void)
{
    for (int i = 0; i != TURNS_MAX && bed.waiting == NULL; ++i)
        h2o_evloop_run(bed.world.loop, TURN_MS);
    assert_non_null(bed.waiting);
}

/* What comes while a request is in hand may end in the middle of the next one. */
static void requests_that_come_meanwhile_are_answered_in_their_order(void **state)
{
    (void)state;
    struct client c;
    client_open(&c);
    client_get(&c, "/later");
    wait_until_in_hand();
    client_get(&c, "/param/second?q=2");
    client_send(&c, "GET /now HTT");
    h2o_evloop_run(bed.world.loop, 0);
    client_send(&c, "P/1.1\r\nHost: a\r\n\r\n");
    expect(&c, "now");
    const char *first = strstr(c.text, "later"), *second = strstr(c.text, "second?2");
    assert_non_null(first);
    assert_non_null(second);
    assert_true(first < second && second < strstr(c.text, "now"));
    close(c.fd);
}

/* More than the buffer with the waiting request's head has room for: it must not move. */
static void a_flood_behind_a_waiting_request_does_not_hurt_it(void **state)
{
    (void)state;
    static char flood[40000];
    struct client c, other;
    client_open(&c);
    client_get(&c, "/later");
    wait_until_in_hand();
    memset(flood, 'x', sizeof(flood) - 1);
    client_send(&c, flood);
    h2o_evloop_run(bed.world.loop, 0);
    client_open(&other);
    client_get(&other, "/now"); /* libh2o gives it the buffer that was given up last */
    expect(&other, "now");
    expect(&c, "later");
    assert_string_equal(bed.last_path, "/later");
    close(c.fd);
    close(other.fd);
}

static void the_end_of_the_listener_tells_the_waiting_job_once(void **state)
{
    (void)state;
    struct client c;
    client_open(&c);
    client_get(&c, "/never");
    for (int i = 0; i != TURNS_MAX && bed.waiting == NULL; ++i)
        h2o_evloop_run(bed.world.loop, TURN_MS);
    assert_non_null(bed.waiting);
    http_listener_free(bed.listener);
    bed.listener = NULL;
    assert_int_equal(bed.gone_count, 1);
    close(c.fd);
}

static void a_peer_that_goes_early_leaves_the_answer_nowhere_to_go(void **state)
{
    (void)state;
    struct client c;
    client_open(&c);
    client_get(&c, "/later");
    for (int i = 0; i != TURNS_MAX && bed.waiting == NULL; ++i)
        h2o_evloop_run(bed.world.loop, TURN_MS);
    close(c.fd);
    for (int i = 0; i != TURNS_MAX && bed.metrics.values[METRIC_connections_now] != 0; ++i)
        h2o_evloop_run(bed.world.loop, TURN_MS);
    assert_int_equal(bed.metrics.values[METRIC_connections_now], 0);
    assert_null(bed.waiting);
}

/* libh2o 2.2.5 takes no notice when an answer cannot be written, and goes on to the next request.
 */
static void what_was_asked_behind_a_broken_connection_is_not_done(void **state)
{
    (void)state;
    struct client c;
    struct linger none = {.l_onoff = 1};
    client_open(&c);
    client_send(&c,
                "GET /later HTTP/1.1\r\nHost: a\r\n\r\nGET /counted HTTP/1.1\r\nHost: a\r\n\r\n");
    for (int i = 0; i != TURNS_MAX && bed.waiting == NULL; ++i)
        h2o_evloop_run(bed.world.loop, TURN_MS);
    setsockopt(c.fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
    close(c.fd);
    for (int i = 0; i != TURNS_MAX && bed.metrics.values[METRIC_connections_now] != 0; ++i)
        h2o_evloop_run(bed.world.loop, TURN_MS);
    assert_int_equal(bed.metrics.values[METRIC_connections_now], 0);
    assert_int_equal(bed.counted, 0);
}

static int64_t ms_until_closed(struct client *c)
{
    struct mono start = clock_mono();
    expect(c, NULL);
    return (clock_mono().ns - start.ns) / 1000000;
}

static void a_request_that_never_ends_is_cut_within_its_time(void **state)
{
    (void)state;
    struct client c;
    client_open(&c);
    client_send(&c, "GET /now HTTP/1.1\r\nHost: a\r\n");
    assert_in_range(ms_until_closed(&c), REQUEST_TIMEOUT_MS / 2, REQUEST_TIMEOUT_MS + LOADED_MS);
    close(c.fd);
}

static void an_answer_that_nobody_takes_is_cut_within_its_time(void **state)
{
    (void)state;
    struct client c;
    int window = 2048;
    client_open(&c);
    setsockopt(c.fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof(window));
    client_get(&c, "/large");
    struct mono start = clock_mono();
    for (int i = 0; i != TURNS_MAX && bed.metrics.values[METRIC_http_late] == 0; ++i)
        h2o_evloop_run(bed.world.loop, TURN_MS);
    assert_int_equal(bed.metrics.values[METRIC_http_late], 1);
    assert_in_range((clock_mono().ns - start.ns) / 1000000, ANSWER_TIMEOUT_MS / 2,
                    ANSWER_TIMEOUT_MS + LOADED_MS);
    expect(&c, NULL);
    close(c.fd);
}

static void a_connection_without_tokens_is_turned_away(void **state)
{
    (void)state;
    struct client c;
    client_open(&c);
    for (int i = 0; i != 3; ++i) {
        client_clear(&c);
        client_get(&c, "/now");
        expect(&c, "HTTP/1.1 200 ");
    }
    client_get(&c, "/now");
    expect(&c, "HTTP/1.1 429 ");
    expect(&c, NULL);
    assert_int_equal(bed.metrics.values[METRIC_http_shed], 1);
    close(c.fd);
}

static void a_proved_request_pays_nothing_and_keeps_its_connection(void **state)
{
    (void)state;
    struct client c;
    client_open(&c);
    for (int i = 0; i != 10; ++i) {
        client_clear(&c);
        client_send(&c, "POST /proved HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
        expect(&c, "proved");
        assert_non_null(strstr(c.text, "Connection: keep-alive"));
    }
    close(c.fd);
}

static void a_draining_listener_finishes_what_is_in_hand(void **state)
{
    (void)state;
    struct client busy, idle;
    client_open(&idle);
    client_get(&idle, "/now");
    expect(&idle, "now");
    client_open(&busy);
    client_get(&busy, "/later");
    for (int i = 0; i != TURNS_MAX && bed.waiting == NULL; ++i)
        h2o_evloop_run(bed.world.loop, TURN_MS);
    http_listener_drain(bed.listener);
    assert_false(http_listener_is_drained(bed.listener));
    expect(&idle, NULL);
    expect(&busy, "later");
    assert_non_null(strstr(busy.text, "Connection: close"));
    expect(&busy, NULL);
    for (int i = 0; i != TURNS_MAX && !http_listener_is_drained(bed.listener); ++i)
        h2o_evloop_run(bed.world.loop, TURN_MS);
    assert_true(http_listener_is_drained(bed.listener));
    close(busy.fd);
    close(idle.fd);
}

static const struct {
    const char *body, *answer;
} forms[] = {
    {"a=b", "ok: 62"},
    {"x=1&a=b&y", "ok: 62"},
    {"a=", "ok:\n"},
    {"a", "ok:\n"},
    {"b=1", "ok: none"},
    {"a=b+c%20d%2B", "ok: 62 20 63 20 64 2b"},
    {"a=%C5%82", "ok: c5 82"},
    {"a=1&a=2", "not ok: 31"},
    {"a=1&%61=2", "not ok: 31"},
    {"a=%0", "not ok: none"},
    {"a=%zz", "not ok: none"},
    {"a=%00", "not ok: none"},
    {"a=%ff", "not ok: none"},
    {"a=%c0%ae", "not ok: none"},       /* overlong */
    {"a=%ed%a0%80", "not ok: none"},    /* a surrogate */
    {"a=%f4%90%80%80", "not ok: none"}, /* past U+10FFFF */
    {"a=%f0%9f%92%b8", "ok: f0 9f 92 b8"},
};

static void a_form_is_decoded_strictly(void **state)
{
    (void)state;
    for (size_t i = 0; i != sizeof(forms) / sizeof(forms[0]); ++i) {
        struct client c;
        char text[400], wanted[100];
        snprintf(text, sizeof(text),
                 "POST /form HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n"
                 "Content-Type: application/x-www-form-urlencoded\r\n\r\n%s",
                 strlen(forms[i].body), forms[i].body);
        snprintf(wanted, sizeof(wanted), "\r\n\r\n%.*s", (int)strcspn(forms[i].answer, "\n"),
                 forms[i].answer);
        client_open(&c);
        client_send(&c, text);
        expect(&c, NULL);
        const char *found = strstr(c.text, wanted);
        if (found == NULL || found[strlen(wanted)] != '\0')
            fail_msg("%s: wanted %s in %s", forms[i].body, wanted, c.text);
        close(c.fd);
    }
}

static void a_form_of_another_type_is_none(void **state)
{
    (void)state;
    struct client c;
    client_open(&c);
    client_send(&c, "POST /form HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
                    "Content-Type: text/plain\r\n\r\na=b");
    expect(&c, "not ok: none");
    close(c.fd);
}

static void a_parameter_is_raw_and_a_query_is_decoded(void **state)
{
    (void)state;
    struct client c;
    client_open(&c);
    client_get(&c, "/param/%41?x=1&q=%41%42");
    expect(&c, "%41?AB");
    close(c.fd);
}

#define IN_BED(test) cmocka_unit_test_setup_teardown(test, open_bed, close_bed)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_BED(an_answer_that_does_not_come_is_an_apology_and_the_job_is_told),
        IN_BED(an_answer_may_come_later_and_nothing_is_gone_then),
        IN_BED(requests_that_come_meanwhile_are_answered_in_their_order),
        IN_BED(a_flood_behind_a_waiting_request_does_not_hurt_it),
        IN_BED(the_end_of_the_listener_tells_the_waiting_job_once),
        IN_BED(a_peer_that_goes_early_leaves_the_answer_nowhere_to_go),
        IN_BED(what_was_asked_behind_a_broken_connection_is_not_done),
        IN_BED(a_request_that_never_ends_is_cut_within_its_time),
        IN_BED(an_answer_that_nobody_takes_is_cut_within_its_time),
        IN_BED(a_connection_without_tokens_is_turned_away),
        IN_BED(a_proved_request_pays_nothing_and_keeps_its_connection),
        IN_BED(a_draining_listener_finishes_what_is_in_hand),
        IN_BED(a_form_is_decoded_strictly),
        IN_BED(a_form_of_another_type_is_none),
        IN_BED(a_parameter_is_raw_and_a_query_is_decoded),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
