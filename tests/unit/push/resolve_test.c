#include "push/resolve.h"

#include "io/timer.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

/* The C library's own resolver, for names that it answers without asking anybody; "hangs" is a name
 * that it does not answer until the test says so. */

enum { LOOKUPS = 8 };

static sem_t hangs;

/* In place of the C library's. */
int getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                struct addrinfo **out)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    if (strcmp(host, "hangs") != 0)
        return real(host, port, hints, out);
    while (sem_wait(&hangs) != 0)
        continue;
    return EAI_AGAIN;
}

struct fixture {
    h2o_loop_t *loop;
    int calls, code;
    char first[64], text[240];
    uint16_t port;
};

static void on_done(void *owner, const struct addrinfo *addresses, const struct err *err)
{
    struct fixture *f = owner;
    ++f->calls;
    f->code = err->code;
    snprintf(f->text, sizeof(f->text), "%s", err->text);
    assert_true((addresses == NULL) == (err->code != 0));
    if (addresses == NULL)
        return;
    assert_int_equal(addresses->ai_socktype, SOCK_STREAM);
    const struct sockaddr_in *in = (const struct sockaddr_in *)addresses->ai_addr;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)addresses->ai_addr;
    bool is_4 = addresses->ai_family == AF_INET;
    f->port = ntohs(is_4 ? in->sin_port : in6->sin6_port);
    inet_ntop(addresses->ai_family,
              is_4 ? (const void *)&in->sin_addr : (const void *)&in6->sin6_addr, f->first,
              sizeof(f->first));
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->loop = h2o_evloop_create();
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    h2o_evloop_run(f->loop, 0);
    timer_loop_release(f->loop);
    h2o_evloop_destroy(f->loop);
    free(f);
    return 0;
}

static struct resolve *begin(struct fixture *f, const char *host)
{
    struct err err;
    struct resolve *resolve = NULL;
    assert_int_equal(resolve_begin(f->loop, host, 2197, on_done, f, &resolve, &err), 0);
    assert_non_null(resolve);
    return resolve;
}

static void turn_until(struct fixture *f, int calls)
{
    for (int i = 0; i < 500 && f->calls < calls; ++i)
        h2o_evloop_run(f->loop, 10);
    assert_int_equal(f->calls, calls);
}

static void an_address_is_its_own_answer_later(void **state)
{
    struct fixture *f = *state;
    begin(f, "127.0.0.1");
    assert_int_equal(f->calls, 0);
    turn_until(f, 1);
    assert_int_equal(f->code, 0);
    assert_string_equal(f->first, "127.0.0.1");
    assert_int_equal(f->port, 2197);
}

static void localhost_is_this_machine(void **state)
{
    struct fixture *f = *state;
    begin(f, "localhost");
    turn_until(f, 1);
    assert_int_equal(f->code, 0);
    assert_true(strcmp(f->first, "127.0.0.1") == 0 || strcmp(f->first, "::1") == 0);
}

static void a_name_that_is_none_is_said_in_words(void **state)
{
    struct fixture *f = *state;
    begin(f, "no such name");
    turn_until(f, 1);
    assert_int_equal(f->code, ERR_PROVIDER);
    assert_non_null(strstr(f->text, "the name no such name cannot be resolved: "));
}

static void a_cancelled_look_up_does_not_call_back(void **state)
{
    struct fixture *f = *state;
    resolve_cancel(begin(f, "localhost"));
    begin(f, "127.0.0.1");
    turn_until(f, 1);
    for (int i = 0; i < 5; ++i)
        h2o_evloop_run(f->loop, 5);
    assert_int_equal(f->calls, 1);
}

static void a_name_server_that_hangs_costs_a_place_until_it_ends_and_nothing_else(void **state)
{
    struct fixture *f = *state;
    struct resolve *hanging[LOOKUPS], *more;
    struct err err = {0};
    for (int i = 0; i < LOOKUPS; ++i)
        hanging[i] = begin(f, "hangs");
    assert_int_equal(resolve_begin(f->loop, "127.0.0.1", 1, on_done, f, &more, &err), ERR_BUSY);
    assert_non_null(strstr(err.text, "too many name look-ups hang"));
    for (int i = 0; i < LOOKUPS; ++i)
        resolve_cancel(hanging[i]);
    assert_int_equal(resolve_begin(f->loop, "127.0.0.1", 1, on_done, f, &more, &err), ERR_BUSY);
    for (int i = 0; i < LOOKUPS; ++i)
        sem_post(&hangs);
    /* The threads end when the machine lets them. */
    int code = ERR_BUSY;
    for (int i = 0; i < 500 && code == ERR_BUSY; ++i) {
        h2o_evloop_run(f->loop, 10);
        code = resolve_begin(f->loop, "127.0.0.1", 1, on_done, f, &more, &err);
    }
    assert_int_equal(code, 0);
    turn_until(f, 1);
    assert_int_equal(f->code, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(an_address_is_its_own_answer_later),
        T(localhost_is_this_machine),
        T(a_name_that_is_none_is_said_in_words),
        T(a_cancelled_look_up_does_not_call_back),
        T(a_name_server_that_hangs_costs_a_place_until_it_ends_and_nothing_else),
    };
    sem_init(&hangs, 0, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
