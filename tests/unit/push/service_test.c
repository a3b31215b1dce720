#include "push/push.h"

#include "base/crypto.h"
#include "io/timer.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

/* The public face without a service behind it: what is refused at once, and that every push ends
 * exactly once, later, whatever becomes of the connection. What answers do is tested end to end. */

enum { PUSHES = 20 };

static char key_pem[1024], other_pem[1024], cert_pem[4096];

struct seen {
    int ends;
    enum push_outcome outcome;
    char reason[200];
    bool is_within_send; /* on_done ran before push_send had returned */
};

struct fixture {
    h2o_loop_t *loop;
    struct push_settings settings;
    struct push_service *service;
    int silent_fd; /* takes connections and never says a word */
    char connect[32];
    bool is_sending;
    struct seen seen[PUSHES];
    struct push *pushes[PUSHES];
    char alarm[200];
    int rooms; /* calls of on_room */
};

static void print_key(EVP_PKEY *key, char *out, size_t room)
{
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
    out[BIO_read(bio, out, (int)room - 1)] = 0;
    BIO_free(bio);
}

static int make_keys(void **state)
{
    (void)state;
    EVP_PKEY *key = EVP_EC_gen("P-256"), *other = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    BIO *bio = BIO_new(BIO_s_mem());
    print_key(key, key_pem, sizeof(key_pem));
    print_key(other, other_pem, sizeof(other_pem));
    X509_gmtime_adj(X509_getm_notBefore(cert), 0);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_sign(cert, key, EVP_sha256());
    PEM_write_bio_X509(bio, cert);
    cert_pem[BIO_read(bio, cert_pem, sizeof(cert_pem) - 1)] = 0;
    BIO_free(bio);
    X509_free(cert);
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
    return 0;
}

static void on_done(void *owner, struct push *push, const struct push_result *result)
{
    struct fixture *f = owner;
    for (size_t i = 0; i < PUSHES; ++i)
        if (f->pushes[i] == push) {
            ++f->seen[i].ends;
            f->seen[i].outcome = result->outcome;
            f->seen[i].is_within_send = f->is_sending;
            snprintf(f->seen[i].reason, sizeof(f->seen[i].reason), "%.*s",
                     SPAN_ARG(result->reason));
        }
}

static const struct push_handler handler = {.on_done = on_done};

static void on_alarm(void *owner, enum push_alarm alarm, const char *text)
{
    struct fixture *f = owner;
    snprintf(f->alarm, sizeof(f->alarm), "%s: %s", push_alarm_name(alarm), text);
}

static void on_room(void *owner)
{
    struct fixture *f = owner;
    ++f->rooms;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);
    f->loop = h2o_evloop_create();
    f->silent_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(f->silent_fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(f->silent_fd, 64), 0);
    getsockname(f->silent_fd, (struct sockaddr *)&address, &len);
    snprintf(f->connect, sizeof(f->connect), "127.0.0.1:%u", ntohs(address.sin_port));
    f->settings = (struct push_settings){.kind = PUSH_APNS,
                                         .loop = f->loop,
                                         .apns = {.key_pem = span_str(key_pem),
                                                  .key_id = SPAN_LIT("ABCDE12345"),
                                                  .team_id = SPAN_LIT("TEAM123456")},
                                         .connect = f->connect,
                                         .owner = f,
                                         .on_alarm = on_alarm,
                                         .on_room = on_room};
    push_tuning_default(&f->settings.tuning, PUSH_APNS);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    if (f->service != NULL)
        push_service_free(f->service);
    close(f->silent_fd);
    timer_loop_release(f->loop);
    h2o_evloop_run(f->loop, 0);
    h2o_evloop_destroy(f->loop);
    free(f);
    return 0;
}

static void start(struct fixture *f)
{
    struct err err;
    f->service = push_service_new(&f->settings, &err);
    assert_non_null(f->service);
}

static int send_push(struct fixture *f, size_t at, uint32_t deadline_ms)
{
    struct err err = {0};
    const struct push_message message = {.target = SPAN_LIT("abcdef"),
                                         .id = SPAN_LIT("123e4567-e89b-42d3-a456-426614174000"),
                                         .payload = SPAN_LIT("{\"aps\":{}}"),
                                         .topic = SPAN_LIT("t"),
                                         .deadline_ms = deadline_ms};
    f->is_sending = true;
    int code = push_send(f->service, &message, &handler, f, &f->pushes[at], &err);
    f->is_sending = false;
    return code;
}

/* Turns the loop until the push has ended; the driver of the test gives up after ten seconds. */
static void run_until_ended(struct fixture *f, size_t at)
{
    for (int i = 0; i < 1000 && f->seen[at].ends == 0; ++i)
        h2o_evloop_run(f->loop, 10);
}

static void assert_never_sent(const struct fixture *f, size_t at, const char *reason)
{
    assert_int_equal(f->seen[at].ends, 1);
    assert_int_equal(f->seen[at].outcome, PUSH_NEVER_SENT);
    assert_false(f->seen[at].is_within_send);
    assert_non_null(strstr(f->seen[at].reason, reason));
}

/* ---- making a service ---- */

static void assert_refused(struct fixture *f, const char *why)
{
    struct err err;
    assert_null(push_service_new(&f->settings, &err));
    assert_int_equal(err.code, ERR_SETTINGS);
    assert_non_null(strstr(err.text, why));
}

static void a_wrong_credential_is_said_when_the_service_is_made(void **state)
{
    struct fixture *f = *state;
    f->settings.apns.team_id = SPAN_LIT("SHORT");
    assert_refused(f, "10 characters");
    f->settings.apns.key_pem = SPAN_LIT("nonsense");
    assert_refused(f, "PKCS#8");
    f->settings.apns.key_pem = (struct span){0};
    assert_refused(f, "token key or a client certificate");
    f->settings.apns.cert_pem = span_str(cert_pem);
    f->settings.apns.cert_key_pem = span_str(other_pem);
    assert_refused(f, "do not belong together");
    f->settings.apns.cert_key_pem = SPAN_LIT("nonsense");
    assert_refused(f, "key cannot be read");
    f->settings.apns.cert_key_pem = span_str(key_pem);
    start(f);
}

static void a_ca_file_that_is_not_there_is_said(void **state)
{
    struct fixture *f = *state;
    f->settings.ca_file = "/nowhere/ca.pem";
    assert_refused(f, "/nowhere/ca.pem");
}

/* ---- every push ends once ---- */

static void a_push_that_finds_no_connection_ends_at_its_deadline_and_says_why(void **state)
{
    struct fixture *f = *state;
    f->settings.connect = "127.0.0.1:1"; /* nobody listens there */
    start(f);
    assert_int_equal(send_push(f, 0, 300), 0);
    run_until_ended(f, 0);
    assert_never_sent(f, 0, "no connection to 127.0.0.1 port 1");
    assert_non_null(strstr(f->alarm, "connection: no connection"));
}

static void a_service_that_says_nothing_holds_nobody_beyond_the_deadline(void **state)
{
    struct fixture *f = *state;
    start(f);
    assert_int_equal(send_push(f, 0, 100), 0);
    run_until_ended(f, 0);
    assert_never_sent(f, 0, "deadline");
}

static void a_withdrawn_push_ends_later_and_once(void **state)
{
    struct fixture *f = *state;
    start(f);
    assert_int_equal(send_push(f, 0, 60000), 0);
    push_withdraw(f->pushes[0]);
    push_withdraw(f->pushes[0]);
    assert_int_equal(f->seen[0].ends, 0);
    run_until_ended(f, 0);
    assert_never_sent(f, 0, "withdrawn");
}

static void a_stopping_service_gives_back_what_waits_and_takes_no_more(void **state)
{
    struct fixture *f = *state;
    start(f);
    assert_int_equal(send_push(f, 0, 60000), 0);
    push_service_stop(f->service);
    assert_int_equal(f->seen[0].ends, 0);
    assert_int_equal(send_push(f, 1, 60000), ERR_CLOSED);
    assert_int_equal(push_service_room(f->service), 0);
    run_until_ended(f, 0);
    assert_never_sent(f, 0, "stopping");
    assert_int_equal(f->seen[1].ends, 0);
}

static void freeing_a_service_ends_all_of_its_pushes(void **state)
{
    struct fixture *f = *state;
    start(f);
    for (size_t i = 0; i < PUSHES; ++i)
        assert_int_equal(send_push(f, i, 60000), 0);
    h2o_evloop_run(f->loop, 0); /* amid connecting */
    push_service_free(f->service);
    f->service = NULL;
    for (size_t i = 0; i < PUSHES; ++i)
        assert_never_sent(f, i, "stopping");
}

static void the_queue_has_a_bound_in_pushes_and_in_octets(void **state)
{
    struct fixture *f = *state;
    f->settings.tuning.queue_max = 2;
    start(f);
    assert_int_equal(send_push(f, 0, 60000), 0);
    assert_int_equal(send_push(f, 1, 60000), 0);
    assert_int_equal(send_push(f, 2, 60000), ERR_BUSY);
    push_service_free(f->service);
    f->settings.tuning.queue_max = 100;
    f->settings.tuning.queue_bytes_max = 1;
    start(f);
    assert_int_equal(send_push(f, 0, 60000), 0);
    assert_int_equal(send_push(f, 2, 60000), ERR_BUSY);
}

/* ---- room: what connections make of it is tested end to end ---- */

static void without_a_connection_there_is_no_room_and_no_call(void **state)
{
    struct fixture *f = *state;
    start(f);
    push_service_warm(f->service);
    assert_int_equal(push_service_room(f->service), 0);
    for (int i = 0; i < 20; ++i)
        h2o_evloop_run(f->loop, 5);
    assert_int_equal(push_service_room(f->service), 0);
    assert_int_equal(f->rooms, 0);
}

static void a_stopping_service_has_no_room_and_calls_nobody(void **state)
{
    struct fixture *f = *state;
    start(f);
    assert_int_equal(push_service_room(f->service), 0);
    push_service_stop(f->service);
    assert_int_equal(push_service_room(f->service), 0);
    for (int i = 0; i < 5; ++i)
        h2o_evloop_run(f->loop, 1);
    assert_int_equal(f->rooms, 0);
}

/* ---- figures ---- */

static void figures_tell_what_waits_and_what_became_of_the_rest(void **state)
{
    struct fixture *f = *state;
    struct push_stats stats;
    start(f);
    assert_int_equal(send_push(f, 0, 60000), 0);
    assert_int_equal(send_push(f, 1, 50), 0);
    push_service_stats(f->service, &stats);
    assert_int_equal(stats.queued, 2);
    assert_int_equal(stats.on_wire + stats.held + stats.connections + stats.slots, 0);
    assert_true(stats.queue_octets > 0);
    run_until_ended(f, 1);
    push_service_stats(f->service, &stats);
    assert_int_equal(stats.queued, 1);
    assert_int_equal(stats.never_sent, 1);
    assert_int_equal(stats.attempts + stats.answers + stats.lost, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_wrong_credential_is_said_when_the_service_is_made),
        T(a_ca_file_that_is_not_there_is_said),
        T(a_push_that_finds_no_connection_ends_at_its_deadline_and_says_why),
        T(a_service_that_says_nothing_holds_nobody_beyond_the_deadline),
        T(a_withdrawn_push_ends_later_and_once),
        T(a_stopping_service_gives_back_what_waits_and_takes_no_more),
        T(freeing_a_service_ends_all_of_its_pushes),
        T(the_queue_has_a_bound_in_pushes_and_in_octets),
        T(without_a_connection_there_is_no_room_and_no_call),
        T(a_stopping_service_has_no_room_and_calls_nobody),
        T(figures_tell_what_waits_and_what_became_of_the_rest),
    };
    return cmocka_run_group_tests(tests, make_keys, NULL);
}
