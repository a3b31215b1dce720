/* The helper is this very program, told by its arguments what to do. */
#include "io/helper.h"

#include "base/buf.h"
#include "base/log.h"
#include "io/timer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { LARGE = 3 * 1024 * 1024 };

static h2o_loop_t *loop;
static struct {
    int count, code;
    struct buf output;
} done;

static void on_done(void *owner, struct span output, const struct err *err)
{
    (void)owner;
    ++done.count;
    done.code = err->code;
    buf_add(&done.output, output);
}

static int setup(void **state)
{
    (void)state;
    done.count = done.code = 0;
    buf_init(&done.output, 2 * LARGE);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buf_release(&done.output);
    return 0;
}

static int start(const char *what, struct span input, int timeout_ms, struct helper **helper)
{
    const char *const argv[] = {"helper", what, NULL};
    struct err err;
    return helper_start(
        loop,
        &(struct helper_order){
            .argv = argv, .input = input, .output_max = 2 * LARGE, .timeout_ms = timeout_ms},
        on_done, NULL, helper, &err);
}

static void run(const char *what, struct span input, int timeout_ms)
{
    struct helper *helper;
    assert_int_equal(start(what, input, timeout_ms, &helper), 0);
    assert_int_equal(done.count, 0);
    while (done.count == 0)
        h2o_evloop_run(loop, INT32_MAX);
}

static void what_it_reads_comes_back_as_it_wrote_it(void **state)
{
    (void)state;
    char *large = malloc(LARGE);
    for (int i = 0; i < LARGE; ++i)
        large[i] = (char)(i * 31);
    run("echo", span_of(large, LARGE), 20000);
    assert_int_equal(done.code, 0);
    assert_int_equal(buf_span(&done.output).len, LARGE);
    assert_memory_equal(buf_span(&done.output).base, large, LARGE);
    free(large);
}

static void nothing_is_an_input_too(void **state)
{
    (void)state;
    run("echo", SPAN_LIT(""), 20000);
    assert_int_equal(done.code, 0);
    assert_int_equal(buf_span(&done.output).len, 0);
}

static void one_that_fails_gives_nothing(void **state)
{
    (void)state;
    run("fail", SPAN_LIT("x"), 20000);
    assert_int_equal(done.code, ERR_SYSTEM);
    assert_int_equal(buf_span(&done.output).len, 0);
}

static void one_that_does_not_read_fails_alone(void **state)
{
    (void)state;
    char *large = calloc(1, LARGE);
    run("fail", span_of(large, LARGE), 20000);
    assert_int_equal(done.code, ERR_SYSTEM);
    free(large);
}

static void one_that_writes_without_end_is_ended(void **state)
{
    (void)state;
    run("flood", SPAN_LIT(""), 20000);
    assert_int_equal(done.code, ERR_SYSTEM);
}

static void one_that_takes_too_long_is_ended(void **state)
{
    (void)state;
    run("stay", SPAN_LIT(""), 50);
    assert_int_equal(done.code, ERR_SYSTEM);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void so_many_at_a_time_and_who_is_forgotten_makes_room(void **state)
{
    (void)state;
    struct helper *helpers[HELPERS_MAX + 1];
    for (int i = 0; i < HELPERS_MAX; ++i)
        assert_int_equal(start("stay", SPAN_LIT(""), 20000, &helpers[i]), 0);
    assert_int_equal(start("stay", SPAN_LIT(""), 20000, &helpers[HELPERS_MAX]), ERR_BUSY);
    for (int i = 0; i < HELPERS_MAX; ++i)
        helper_forget(helpers[i]);
    assert_int_equal(done.count, 0);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    run("echo", SPAN_LIT("y"), 20000);
    assert_int_equal(done.code, 0);
}

static int be_helper(const char *what)
{
    char bytes[4096];
    ssize_t len;
    if (strcmp(what, "fail") == 0)
        return 3;
    while (strcmp(what, "stay") == 0)
        pause();
    memset(bytes, 'x', sizeof(bytes));
    while (strcmp(what, "flood") == 0)
        if (write(STDOUT_FILENO, bytes, sizeof(bytes)) < 0)
            return 1;
    struct buf all;
    buf_init(&all, 2 * LARGE);
    while ((len = read(STDIN_FILENO, bytes, sizeof(bytes))) > 0)
        buf_add(&all, span_of(bytes, (size_t)len));
    struct span left = buf_span(&all);
    while (left.len > 0 && (len = write(STDOUT_FILENO, left.base, left.len)) > 0)
        left = span_from(left, (size_t)len);
    buf_release(&all);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2)
        return be_helper(argv[1]);
    log_init(LOG_ERROR, "test");
    signal(SIGPIPE, SIG_IGN);
    loop = h2o_evloop_create();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_it_reads_comes_back_as_it_wrote_it, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_is_an_input_too, setup, teardown),
        cmocka_unit_test_setup_teardown(one_that_fails_gives_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(one_that_does_not_read_fails_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(one_that_writes_without_end_is_ended, setup, teardown),
        cmocka_unit_test_setup_teardown(one_that_takes_too_long_is_ended, setup, teardown),
        cmocka_unit_test_setup_teardown(so_many_at_a_time_and_who_is_forgotten_makes_room, setup,
                                        teardown),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    timer_loop_release(loop);
    h2o_evloop_destroy(loop);
    return failed;
}
