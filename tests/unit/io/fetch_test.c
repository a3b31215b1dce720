#include "io/fetch.h"

#include "io/timer.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

enum { IN_FLIGHT_MAX = 4, ANSWER_MAX = 32768 };

struct fixture {
    h2o_loop_t *loop;
    struct fetch *fetch;
    pid_t server;
    int port;
    struct timer alarm;
    bool is_late;
};

struct seen {
    struct fetch_call *call;
    int calls, code, status;
    enum fetch_fate fate;
    char body[ANSWER_MAX + 1], location[128], text[240];
    struct mono wire_by; /* of the request */
};

/* ---- a scripted peer: its own process, one connection after the other in children ---- */

static void answer(int fd, const char *status, const char *headers, const char *body)
{
    dprintf(fd, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n%s\r\n%s", status, strlen(body), headers,
            body);
}

/* The body says what was asked, and how many requests this connection has seen. */
static void serve_one(int fd, char *request, int number)
{
    char body[2048];
    char *head_end = strstr(request, "\r\n\r\n");
    snprintf(body, sizeof(body), "%d %.*s|%s|%s", number, (int)strcspn(request, "\r"), request,
             head_end + 4, strcasestr(request, "x-test: 1") != NULL ? "header" : "");
    if (strstr(request, "/redirect") != NULL)
        answer(fd, "302 Found", "Location: /elsewhere?a=b\r\n", "");
    else if (strstr(request, "/missing") != NULL)
        answer(fd, "404 Not Found", "", "no such thing");
    else if (strstr(request, "/big") != NULL)
        for (int i = 0; i < 1000; ++i)
            dprintf(fd, "%s%0100d", i == 0 ? "HTTP/1.1 200 OK\r\n\r\n" : "", i);
    else if (strstr(request, "/cut") != NULL)
        dprintf(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    else if (strstr(request, "/silent") != NULL)
        pause();
    else if (strstr(request, "/fickle") != NULL && number == 2)
        _exit(0);
    else
        answer(fd, "200 OK", "", body);
    if (strstr(request, "/big") != NULL || strstr(request, "/cut") != NULL)
        _exit(0);
}

static bool is_whole(const char *request)
{
    const char *end = strstr(request, "\r\n\r\n"), *length = strcasestr(request, "content-length:");
    return end != NULL && strlen(end + 4) >= (length == NULL ? 0 : strtoul(length + 15, NULL, 10));
}

static void serve_connection(int fd)
{
    char request[8192];
    size_t len = 0;
    int number = 0;
    for (ssize_t got; (got = read(fd, request + len, sizeof(request) - 1 - len)) > 0;) {
        len += (size_t)got;
        request[len] = 0;
        if (!is_whole(request))
            continue;
        serve_one(fd, request, ++number);
        len = 0;
    }
    _exit(0);
}

static pid_t start_server(int *port)
{
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(listener, 16), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    *port = ntohs(address.sin_port);
    pid_t pid = fork();
    if (pid != 0) {
        close(listener);
        return pid;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGCHLD, SIG_IGN);
    for (int fd; (fd = accept(listener, NULL, NULL)) >= 0; close(fd))
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            serve_connection(fd);
        }
    _exit(0);
}

static void stop(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* ---- fixture ---- */

static void on_alarm(void *owner)
{
    ((struct fixture *)owner)->is_late = true;
}

#define TURN_UNTIL(fixture, condition)                                                             \
    do {                                                                                           \
        (fixture)->is_late = false;                                                                \
        timer_start(&(fixture)->alarm, 20000);                                                     \
        while (!(condition)) {                                                                     \
            assert_false((fixture)->is_late);                                                      \
            h2o_evloop_run((fixture)->loop, INT32_MAX);                                            \
        }                                                                                          \
        timer_stop(&(fixture)->alarm);                                                             \
    } while (0)

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    fixture->server = start_server(&fixture->port);
    fixture->loop = h2o_evloop_create();
    fixture->fetch = fetch_new(fixture->loop, IN_FLIGHT_MAX);
    timer_init(&fixture->alarm, fixture->loop, "alarm", on_alarm, fixture);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    if (fixture->fetch != NULL)
        fetch_free(fixture->fetch);
    timer_stop(&fixture->alarm);
    timer_loop_release(fixture->loop);
    h2o_evloop_destroy(fixture->loop);
    stop(fixture->server);
    free(fixture);
    return 0;
}

static void on_done(void *owner, const struct fetch_answer *answer_, const struct err *err)
{
    struct seen *seen = owner;
    ++seen->calls;
    seen->code = err->code;
    seen->status = answer_->status;
    seen->fate = answer_->fate;
    snprintf(seen->body, sizeof(seen->body), "%.*s", SPAN_ARG(answer_->body));
    snprintf(seen->location, sizeof(seen->location), "%.*s", SPAN_ARG(answer_->location));
    snprintf(seen->text, sizeof(seen->text), "%s", err->text);
}

static int begin_url(struct fixture *fixture, struct seen *seen, const char *method,
                     const char *url, const char *body, const char *ca_file, int timeout_ms)
{
    struct err err = {0};
    *seen = (struct seen){.code = 99, .wire_by = seen->wire_by};
    struct fetch_request request = {.method = method,
                                    .url = span_str(url),
                                    .headers = SPAN_LIT("X-Test: 1\nContent-Type: text/plain\n"),
                                    .body = span_str(body),
                                    .ca_file = span_str(ca_file),
                                    .timeout_ms = timeout_ms,
                                    .wire_by = seen->wire_by,
                                    .answer_max = ANSWER_MAX};
    int failed = fetch_begin(fixture->fetch, &request, on_done, seen, &seen->call, &err);
    assert_int_equal(seen->calls, 0); /* never before it returned */
    return failed;
}

static int begin(struct fixture *fixture, struct seen *seen, const char *method, const char *path,
                 const char *body, int timeout_ms)
{
    char url[128];
    snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", fixture->port, path);
    return begin_url(fixture, seen, method, url, body, NULL, timeout_ms);
}

static void exchange(struct fixture *fixture, struct seen *seen, const char *method,
                     const char *path, const char *body)
{
    assert_int_equal(begin(fixture, seen, method, path, body, 10000), 0);
    TURN_UNTIL(fixture, seen->calls == 1);
}

static void requests_arrive_whole_and_connections_are_reused(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen = {0};
    exchange(fixture, &seen, "GET", "/a?b=c", NULL);
    assert_int_equal(seen.code, 0);
    assert_int_equal(seen.status, 200);
    assert_string_equal(seen.body, "1 GET /a?b=c HTTP/1.1||header");
    exchange(fixture, &seen, "POST", "/p", "{\"x\":1}");
    assert_string_equal(seen.body, "2 POST /p HTTP/1.1|{\"x\":1}|header");
    exchange(fixture, &seen, "POST", "/empty", "");
    assert_string_equal(seen.body, "3 POST /empty HTTP/1.1||header");
    exchange(fixture, &seen, "PUT", "/put", "body");
    assert_string_equal(seen.body, "4 PUT /put HTTP/1.1|body|header");
}

static void redirect_is_told_and_not_followed(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen = {0};
    exchange(fixture, &seen, "POST", "/redirect", "x");
    assert_int_equal(seen.code, 0);
    assert_int_equal(seen.status, 302);
    assert_string_equal(seen.location, "/elsewhere?a=b");
}

static void answers_of_any_status_are_answers(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen = {0};
    exchange(fixture, &seen, "GET", "/missing", NULL);
    assert_int_equal(seen.code, 0);
    assert_int_equal(seen.status, 404);
    assert_string_equal(seen.body, "no such thing");
}

static void too_large_cut_and_silent_answers_fail(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen = {0};
    exchange(fixture, &seen, "GET", "/big", NULL);
    assert_int_equal(seen.code, ERR_PROVIDER);
    assert_string_equal(seen.text, "the answer is longer than allowed");
    assert_int_equal(seen.status, 0);
    exchange(fixture, &seen, "GET", "/cut", NULL);
    assert_int_equal(seen.code, ERR_PROVIDER);
    assert_int_equal(begin(fixture, &seen, "GET", "/silent", NULL, 200), 0);
    TURN_UNTIL(fixture, seen.calls == 1);
    assert_int_equal(seen.code, ERR_PROVIDER);
}

static void nobody_listening_fails(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen = {0};
    stop(fixture->server);
    exchange(fixture, &seen, "GET", "/", NULL);
    assert_int_equal(seen.code, ERR_PROVIDER);
    fixture->server = start_server(&fixture->port);
}

static void addresses_that_are_never_called_are_refused(void **state)
{
    static const char *const urls[] = {"http://provider.example/",
                                       "http://10.0.0.1/",
                                       "ftp://127.0.0.1/",
                                       "file:///etc/passwd",
                                       "gopher://127.0.0.1/",
                                       "",
                                       "https://user:word@host.example/",
                                       "nonsense",
                                       "http://127.0.0.1.host.example/",
                                       "http://[::2]/",
                                       "http://127.0.0.1@host.example/"};
    struct fixture *fixture = *state;
    struct seen seen = {0};
    for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); ++i)
        if (begin_url(fixture, &seen, "GET", urls[i], NULL, NULL, 1000) != ERR_SETTINGS)
            fail_msg("called: %s", urls[i]);
}

static void too_many_in_flight_are_busy(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen[IN_FLIGHT_MAX] = {{0}}, more = {0};
    for (int i = 0; i < IN_FLIGHT_MAX; ++i)
        assert_int_equal(begin(fixture, &seen[i], "GET", "/silent", NULL, 300), 0);
    assert_int_equal(begin(fixture, &more, "GET", "/", NULL, 300), ERR_BUSY);
    TURN_UNTIL(fixture, seen[0].calls + seen[1].calls + seen[2].calls + seen[3].calls == 4);
    exchange(fixture, &more, "GET", "/", NULL);
    assert_int_equal(more.code, 0);
}

static void cancelled_call_is_silent(void **state)
{
    struct fixture *fixture = *state;
    struct seen cancelled = {0}, next = {0};
    assert_int_equal(begin(fixture, &cancelled, "GET", "/a", NULL, 10000), 0);
    fetch_cancel(cancelled.call);
    for (int i = 0; i < 10; ++i)
        exchange(fixture, &next, "GET", "/b", NULL);
    assert_int_equal(cancelled.calls, 0);
}

static void freeing_ends_what_is_under_way_as_closed(void **state)
{
    struct fixture *fixture = *state;
    struct seen silent = {0}, fresh = {0};
    assert_int_equal(begin(fixture, &silent, "GET", "/silent", NULL, 10000), 0);
    h2o_evloop_run(fixture->loop, 50);
    assert_int_equal(begin(fixture, &fresh, "GET", "/", NULL, 10000), 0);
    fetch_free(fixture->fetch);
    fixture->fetch = NULL;
    assert_int_equal(silent.calls, 1);
    assert_int_equal(silent.code, ERR_CLOSED);
    assert_int_equal(fresh.calls, 1);
    assert_int_equal(fresh.code, ERR_CLOSED);
}

/* ---- TLS: OpenSSL's own test server, which answers GET / with a page about the connection ---- */

static pid_t run(char *const args[])
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(null, 0);
    dup2(null, 1);
    dup2(null, 2);
    execvp(args[0], args);
    _exit(127);
}

static pid_t start_tls_server(const char *dir, const char *subject_name, int port)
{
    char cert[96], key[96], name[64], accept_at[32];
    int status;
    snprintf(cert, sizeof(cert), "%s/cert", dir);
    snprintf(key, sizeof(key), "%s/key", dir);
    snprintf(name, sizeof(name), "subjectAltName=%s", subject_name);
    snprintf(accept_at, sizeof(accept_at), "127.0.0.1:%d", port);
    waitpid(run((char *[]){"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                           "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=test",
                           "-addext", name, "-out", cert, "-keyout", key, NULL}),
            &status, 0);
    assert_int_equal(status, 0);
    return run((char *[]){"openssl", "s_server", "-quiet", "-accept", accept_at, "-cert", cert,
                          "-key", key, "-www", NULL});
}

/* Until the server listens; it has no other way to say so. */
static void until_reachable(struct fixture *fixture, struct seen *seen, const char *url,
                            const char *ca_file)
{
    do {
        assert_int_equal(begin_url(fixture, seen, "GET", url, NULL, ca_file, 10000), 0);
        TURN_UNTIL(fixture, seen->calls == 1);
    } while (strstr(seen->text, "not reachable") != NULL);
}

/* A port nobody uses just now. */
static int free_port(void)
{
    int port;
    stop(start_server(&port));
    return port;
}

static void tls_is_verified_by_chain_and_name(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen = {0};
    char dir[] = "/tmp/dunlin-fetch-XXXXXX", ca[64], url[64];
    assert_non_null(mkdtemp(dir));
    snprintf(ca, sizeof(ca), "%s/cert", dir);

    int port = free_port();
    snprintf(url, sizeof(url), "https://127.0.0.1:%d/", port);
    pid_t server = start_tls_server(dir, "IP:127.0.0.1", port);
    until_reachable(fixture, &seen, url, ca);
    assert_string_equal(seen.text, "");
    assert_int_equal(seen.code, 0);
    assert_int_equal(seen.status, 200);
    until_reachable(fixture, &seen, url, NULL); /* an authority the system does not know */
    assert_int_equal(seen.code, ERR_PROVIDER);
    until_reachable(fixture, &seen, url, "/nowhere");
    assert_int_equal(seen.code, ERR_PROVIDER);
    stop(server);

    port = free_port();
    snprintf(url, sizeof(url), "https://127.0.0.1:%d/", port);
    server = start_tls_server(dir, "IP:127.0.0.2", port); /* somebody else's certificate */
    until_reachable(fixture, &seen, url, ca);
    assert_int_equal(seen.code, ERR_PROVIDER);
    stop(server);

    int status;
    waitpid(run((char *[]){"rm", "-rf", dir, NULL}), &status, 0);
}

/* ---- how far a request came ---- */

static struct mono in_ms(int ms)
{
    return (struct mono){clock_mono().ns + (int64_t)ms * 1000000};
}

/* Listens and never accepts by itself. */
static int start_listening(char url[64], const char *scheme)
{
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(listener, 4), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    snprintf(url, 64, "%s://127.0.0.1:%d/", scheme, ntohs(address.sin_port));
    return listener;
}

static void what_is_late_is_never_sent(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen = {.wire_by = in_ms(-1)};
    char url[64], byte;
    int listener = start_listening(url, "http");
    assert_int_equal(begin_url(fixture, &seen, "POST", url, "x", NULL, 10000), 0);
    TURN_UNTIL(fixture, seen.calls == 1);
    assert_int_equal(seen.code, ERR_PROVIDER);
    assert_string_equal(seen.text, "too late to be sent");
    assert_int_equal(seen.fate, FETCH_NEVER_SENT);
    int peer = accept(listener, NULL, NULL);
    assert_true(peer >= 0);
    assert_int_equal(read(peer, &byte, 1), 0); /* closed without a byte */
    close(peer);
    close(listener);
}

static void what_finds_no_connection_is_never_sent(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen = {.wire_by = in_ms(10000)};
    char url[64];
    int listener = start_listening(url, "https"); /* the handshake goes unanswered */
    assert_int_equal(begin_url(fixture, &seen, "POST", url, "x", NULL, 100), 0);
    TURN_UNTIL(fixture, seen.calls == 1);
    assert_int_equal(seen.fate, FETCH_NEVER_SENT);
    close(listener);
    assert_int_equal(begin_url(fixture, &seen, "POST", url, "x", NULL, 10000), 0);
    TURN_UNTIL(fixture, seen.calls == 1);
    assert_int_equal(seen.fate, FETCH_NEVER_SENT); /* refused */
}

static void what_went_out_in_time_is_answered_or_unknown(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen = {.wire_by = in_ms(10000)};
    exchange(fixture, &seen, "GET", "/missing", NULL);
    assert_int_equal(seen.fate, FETCH_ANSWERED);
    exchange(fixture, &seen, "GET", "/cut", NULL);
    assert_int_equal(seen.fate, FETCH_UNKNOWN);
    assert_int_equal(begin(fixture, &seen, "GET", "/silent", NULL, 200), 0);
    TURN_UNTIL(fixture, seen.calls == 1);
    assert_int_equal(seen.fate, FETCH_UNKNOWN);
}

/* The peer takes the second request of a connection and hangs up. */
static void what_has_a_time_goes_out_once(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen = {0};
    exchange(fixture, &seen, "GET", "/fickle", NULL);
    exchange(fixture, &seen, "GET", "/fickle", NULL);
    assert_string_equal(seen.body, "1 GET /fickle HTTP/1.1||header"); /* libcurl's second try */
    seen.wire_by = in_ms(10000);
    exchange(fixture, &seen, "GET", "/fickle", NULL);
    assert_int_equal(seen.code, ERR_PROVIDER);
    assert_int_equal(seen.fate, FETCH_UNKNOWN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(requests_arrive_whole_and_connections_are_reused),
        TEST(redirect_is_told_and_not_followed),
        TEST(answers_of_any_status_are_answers),
        TEST(too_large_cut_and_silent_answers_fail),
        TEST(nobody_listening_fails),
        TEST(addresses_that_are_never_called_are_refused),
        TEST(too_many_in_flight_are_busy),
        TEST(cancelled_call_is_silent),
        TEST(freeing_ends_what_is_under_way_as_closed),
        TEST(tls_is_verified_by_chain_and_name),
        TEST(what_is_late_is_never_sent),
        TEST(what_finds_no_connection_is_never_sent),
        TEST(what_went_out_in_time_is_answered_or_unknown),
        TEST(what_has_a_time_goes_out_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
