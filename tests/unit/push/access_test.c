#include "push/access.h"

#include "base/clock.h"
#include "io/timer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

/* Against a token server in a process of its own, which does what the path of its address says. */

enum { TURNS_MAX = 1000, TURN_MS = 10 };

struct shared { /* with the server */
    atomic_int exchanges;
    char body[8192]; /* of the last request */
};

struct fixture {
    h2o_loop_t *loop;
    struct shared *shared;
    pid_t server;
    int port;
    struct fcm_account account;
    char uri[64];
    struct access *access;
    int changes, tokens;
    char trouble[240];
    enum push_alarm alarm;
};

/* ---- the token server ---- */

static void answer(int fd, const char *status, int64_t clock_s, const char *body)
{
    char date[64];
    time_t now = (time_t)(time(NULL) + clock_s);
    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime(&now));
    dprintf(fd, "HTTP/1.1 %s\r\nDate: %s\r\nContent-Length: %zu\r\n\r\n%s", status, date,
            strlen(body), body);
}

static void answer_token(int fd, int number, int life_s)
{
    char body[128];
    snprintf(body, sizeof(body),
             "{\"access_token\":\"T%d\",\"expires_in\":%d,\"token_type\":\"Bearer\"}", number,
             life_s);
    answer(fd, "200 OK", 0, body);
}

static void serve_one(int fd, const char *request, int number)
{
    static const char refused[] =
        "{\"error\":\"invalid_grant\",\"error_description\":\"Invalid JWT Signature.\"}";
    char large[32768];
    memset(large, 'x', sizeof(large));
    large[sizeof(large) - 1] = 0;
    if (strstr(request, "/good") != NULL)
        answer_token(fd, number, 3600);
    else if (strstr(request, "/short") != NULL)
        answer_token(fd, number, 1);
    else if (strstr(request, "/flaky") != NULL && number <= 2)
        answer(fd, "503 Service Unavailable", 0, "later");
    else if (strstr(request, "/flaky") != NULL)
        answer_token(fd, number, 3600);
    else if (strstr(request, "/refuses") != NULL)
        answer(fd, "400 Bad Request", 0, refused);
    else if (strstr(request, "/ahead") != NULL)
        answer(fd, "400 Bad Request", 3600, refused);
    else if (strstr(request, "/behind") != NULL)
        answer(fd, "400 Bad Request", -3600, refused);
    else if (strstr(request, "/html") != NULL)
        answer(fd, "200 OK", 0, "<html>hello</html>");
    else if (strstr(request, "/broken") != NULL)
        answer(fd, "200 OK", 0, "{\"access_token\":\"a\\r\\nb: c\",\"expires_in\":3600}");
    else if (strstr(request, "/endless") != NULL)
        answer(fd, "200 OK", 0, "{\"access_token\":\"T\",\"expires_in\":-5}");
    else if (strstr(request, "/large") != NULL)
        answer(fd, "200 OK", 0, large);
    else
        pause();
}

static bool is_whole(const char *request)
{
    const char *end = strstr(request, "\r\n\r\n"), *length = strcasestr(request, "content-length:");
    return end != NULL && strlen(end + 4) >= (length == NULL ? 0 : strtoul(length + 15, NULL, 10));
}

static void serve_connection(int fd, struct shared *shared)
{
    char request[8192];
    size_t len = 0;
    for (ssize_t got; (got = read(fd, request + len, sizeof(request) - 1 - len)) > 0;) {
        len += (size_t)got;
        request[len] = 0;
        if (!is_whole(request))
            continue;
        strcpy(shared->body, strstr(request, "\r\n\r\n") + 4);
        serve_one(fd, request, atomic_fetch_add(&shared->exchanges, 1) + 1);
        len = 0;
    }
    _exit(0);
}

static void start_server(struct fixture *f)
{
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(listener, 16), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    f->port = ntohs(address.sin_port);
    f->server = fork();
    if (f->server == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGCHLD, SIG_IGN);
        for (int fd; (fd = accept(listener, NULL, NULL)) >= 0; close(fd))
            if (fork() == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                serve_connection(fd, f->shared);
            }
        _exit(0);
    }
    close(listener);
}

/* ---- fixture ---- */

static char account_json[4096];

static int make_account(void **state)
{
    (void)state;
    char pem[2048], escaped[4096] = "";
    EVP_PKEY *key = EVP_RSA_gen(2048);
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
    pem[BIO_read(bio, pem, sizeof(pem) - 1)] = 0;
    BIO_free(bio);
    EVP_PKEY_free(key);
    for (char *line = strtok(pem, "\n"); line != NULL; line = strtok(NULL, "\n"))
        strcat(strcat(escaped, line), "\\n");
    snprintf(account_json, sizeof(account_json),
             "{\"client_email\":\"a@b.example\",\"private_key\":\"%s\",\"private_key_id\":\"k\","
             "\"project_id\":\"p\",\"token_uri\":\"https://token.example/\"}",
             escaped);
    return 0;
}

static int64_t wall_s(void *owner)
{
    (void)owner;
    return instant_seconds(clock_wall());
}

static void on_change(void *owner, const char *trouble, enum push_alarm alarm)
{
    struct fixture *f = owner;
    ++f->changes;
    f->tokens += trouble == NULL;
    f->alarm = alarm;
    snprintf(f->trouble, sizeof(f->trouble), "%s", trouble == NULL ? "" : trouble);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct err err;
    f->shared =
        mmap(NULL, sizeof(*f->shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    start_server(f);
    f->loop = h2o_evloop_create();
    assert_int_equal(fcm_account_parse(&f->account, span_str(account_json), &err), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    access_free(f->access);
    fcm_account_release(&f->account);
    timer_loop_release(f->loop);
    h2o_evloop_destroy(f->loop);
    kill(f->server, SIGKILL);
    waitpid(f->server, NULL, 0);
    munmap(f->shared, sizeof(*f->shared));
    free(f);
    return 0;
}

static void start(struct fixture *f, const char *path)
{
    snprintf(f->uri, sizeof(f->uri), "http://127.0.0.1:%d%s", f->port, path);
    const struct access_settings settings = {.loop = f->loop,
                                             .account = &f->account,
                                             .token_uri = f->uri,
                                             .early_ms = 60000,
                                             .retry_min_ms = 20,
                                             .retry_max_ms = 100,
                                             .timeout_ms = 400,
                                             .owner = f,
                                             .wall_s = wall_s,
                                             .on_change = on_change};
    f->access = access_new(&settings);
}

#define TURN_UNTIL(f, condition)                                                                   \
    do {                                                                                           \
        int turns_left = TURNS_MAX;                                                                \
        while (!(condition)) {                                                                     \
            assert_true(turns_left-- > 0);                                                         \
            h2o_evloop_run((f)->loop, TURN_MS);                                                    \
        }                                                                                          \
    } while (0)

static void assert_value(struct fixture *f, const char *expected)
{
    struct span value = access_get(f->access);
    assert_int_equal(value.len, strlen(expected));
    assert_memory_equal(value.base, expected, value.len);
}

/* ---- a token ---- */

static void however_often_it_is_asked_for_one_exchange_is_in_flight(void **state)
{
    struct fixture *f = *state;
    start(f, "/good");
    for (int i = 0; i < 5; ++i) {
        assert_int_equal(access_get(f->access).len, 0);
        h2o_evloop_run(f->loop, 0);
    }
    TURN_UNTIL(f, f->tokens == 1);
    assert_value(f, "Bearer T1");
    assert_int_equal(access_generation(f->access), 1);
    assert_int_equal(f->shared->exchanges, 1);
    assert_int_equal(f->changes, 1);
}

/* RFC 7523 2.1, reference 2.1. */
static void what_is_exchanged_is_a_signed_assertion_in_a_form(void **state)
{
    struct fixture *f = *state;
    static const char head[] =
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=eyJ";
    start(f, "/good");
    access_get(f->access);
    TURN_UNTIL(f, f->tokens == 1);
    assert_memory_equal(f->shared->body, head, sizeof(head) - 1);
    int dots = 0;
    for (const char *at = f->shared->body; *at != 0; ++at)
        dots += *at == '.';
    assert_int_equal(dots, 2);
}

static void the_old_one_is_used_until_the_next_is_there(void **state)
{
    struct fixture *f = *state;
    start(f, "/short");
    access_get(f->access);
    TURN_UNTIL(f, f->tokens == 1);
    TURN_UNTIL(f, access_get(f->access).len == 0 || f->tokens == 2);
    assert_int_equal(f->tokens, 2);
    assert_value(f, "Bearer T2");
    assert_int_equal(access_generation(f->access), 2);
}

static void all_pushes_refused_under_one_token_bring_one_exchange(void **state)
{
    struct fixture *f = *state;
    start(f, "/good");
    access_get(f->access);
    TURN_UNTIL(f, f->tokens == 1);
    assert_true(access_refused(f->access, 1));
    assert_int_equal(access_get(f->access).len, 0);
    for (int i = 0; i < 5; ++i) {
        h2o_evloop_run(f->loop, 0);
        assert_true(access_refused(f->access, 1));
    }
    TURN_UNTIL(f, f->tokens == 2);
    assert_true(access_refused(f->access, 1)); /* late: another is there */
    assert_value(f, "Bearer T2");
    assert_int_equal(f->shared->exchanges, 2);
}

/* ---- none ---- */

static void a_token_server_that_fails_is_asked_again_later(void **state)
{
    struct fixture *f = *state;
    start(f, "/flaky");
    access_get(f->access);
    TURN_UNTIL(f, f->changes == 1);
    assert_int_equal(f->alarm, PUSH_ALARM_CONNECTION);
    assert_int_equal(access_get(f->access).len, 0);
    TURN_UNTIL(f, f->tokens == 1);
    assert_value(f, "Bearer T3");
    assert_int_equal(f->changes, 3);
}

static void assert_trouble(struct fixture *f, const char *path, enum push_alarm alarm,
                           const char *words)
{
    start(f, path);
    access_get(f->access);
    TURN_UNTIL(f, f->changes == 1);
    assert_int_equal(f->tokens, 0);
    assert_int_equal(f->alarm, alarm);
    if (strstr(f->trouble, words) == NULL)
        fail_msg("%s is not in: %s", words, f->trouble);
    assert_int_equal(access_get(f->access).len, 0);
}

static void a_refused_account_is_said_with_the_servers_words(void **state)
{
    assert_trouble(*state, "/refuses", PUSH_ALARM_CREDENTIAL,
                   "400 invalid_grant (the key was deleted?) Invalid JWT Signature.");
}

/* Reference 2.1: invalid_grant is a wrong clock, too. */
static void a_clock_an_hour_behind_is_said(void **state)
{
    assert_trouble(*state, "/ahead", PUSH_ALARM_CLOCK,
                   "this machine's clock is 60 min behind the token server's");
}

static void a_clock_an_hour_ahead_is_said(void **state)
{
    assert_trouble(*state, "/behind", PUSH_ALARM_CLOCK,
                   "this machine's clock is 60 min ahead of the token server's");
}

static void an_answer_that_is_no_json_is_none(void **state)
{
    assert_trouble(*state, "/html", PUSH_ALARM_CONNECTION, "answer is none");
}

static void a_token_that_would_break_a_header_is_none(void **state)
{
    assert_trouble(*state, "/broken", PUSH_ALARM_CONNECTION, "answer is none");
}

static void a_life_that_is_none_is_refused(void **state)
{
    assert_trouble(*state, "/endless", PUSH_ALARM_CONNECTION, "answer is none");
}

static void an_answer_too_large_is_not_read(void **state)
{
    assert_trouble(*state, "/large", PUSH_ALARM_CONNECTION, "");
}

static void silence_is_given_up_in_time(void **state)
{
    struct fixture *f = *state;
    int64_t began = clock_mono().ns;
    assert_trouble(f, "/silence", PUSH_ALARM_CONNECTION, "");
    int64_t took_ms = (clock_mono().ns - began) / 1000000;
    assert_true(took_ms >= 350 && took_ms < 5000);
}

static void freeing_it_amid_an_exchange_is_quiet(void **state)
{
    struct fixture *f = *state;
    start(f, "/silence");
    access_get(f->access);
    TURN_UNTIL(f, f->shared->exchanges == 1);
    access_free(f->access);
    f->access = NULL;
    for (int i = 0; i < 5; ++i)
        h2o_evloop_run(f->loop, TURN_MS);
    assert_int_equal(f->changes, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(however_often_it_is_asked_for_one_exchange_is_in_flight),
        T(what_is_exchanged_is_a_signed_assertion_in_a_form),
        T(the_old_one_is_used_until_the_next_is_there),
        T(all_pushes_refused_under_one_token_bring_one_exchange),
        T(a_token_server_that_fails_is_asked_again_later),
        T(a_refused_account_is_said_with_the_servers_words),
        T(a_clock_an_hour_behind_is_said),
        T(a_clock_an_hour_ahead_is_said),
        T(an_answer_that_is_no_json_is_none),
        T(a_token_that_would_break_a_header_is_none),
        T(a_life_that_is_none_is_refused),
        T(an_answer_too_large_is_not_read),
        T(silence_is_given_up_in_time),
        T(freeing_it_amid_an_exchange_is_quiet),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, make_account, NULL);
}
