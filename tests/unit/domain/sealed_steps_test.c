/* What a code costs does not depend on what is wrong with it. A clock would only guess at that:
 * here a debugger counts the instructions of each check, one by one. */
#include "domain/sealed.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define ONE "1 1111111111111111111111111111111111111111111111111111111111111111 "
#define TWO "2 2222222222222222222222222222222222222222222222222222222222222222 "
#define THREE "3 3333333333333333333333333333333333333333333333333333333333333333 "

/* Copying 17 bytes is not copying 18, and a choice between two addresses may be a jump; a digest
 * left out would be hundreds. */
enum { APART_MAX = 16, STEPS_MIN = 500, WARM_UPS = 3 };

struct kind {
    const char *name;
    char code[64];
    long steps;
};

static struct kind kinds[] = {
    {.name = "genuine"},
    {.name = "of a retired key"},
    {.name = "of a key that is unknown here"},
    {.name = "of another purpose"},
    {.name = "forged at the front"},
    {.name = "forged at the end"},
    {.name = "no digit at the front", .code = "-00000000000000000"},
    {.name = "no digit at the end", .code = "00000000000000000-"},
    {.name = "nothing but wrong bytes", .code = "\xff\xfe\xff\xfe\xff\xfe\xff\xfe\xff"},
    {.name = "above 107 bits", .code = "zzzzzzzzzzzzzzzzzz"},
    {.name = "zeros", .code = "000000000000000000"},
    {.name = "too short", .code = "1"},
    {.name = "too long", .code = "0123456789abcdefghijklmnopqrstuvwxyz"},
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static struct keyring *keys;

static void print_with(const char *key_file, enum key_purpose purpose, char code[SEALED_LEN + 1])
{
    struct keyring *other = keyring_new(span_str(key_file), NULL);
    sealed_print(other, purpose, (struct sealed){4711, 1}, code);
    keyring_free(other);
}

static void prepare(void)
{
    keys = keyring_new(SPAN_LIT(ONE "retired\n" TWO "active\n"), NULL);
    print_with(TWO "active", KEY_PAYLINK, kinds[0].code);
    print_with(ONE "active", KEY_PAYLINK, kinds[1].code);
    print_with(THREE "active", KEY_PAYLINK, kinds[2].code);
    print_with(TWO "active", KEY_PAYMENT, kinds[3].code);
    for (int i = 4; i < 6; ++i) {
        char *at = &kinds[i].code[i == 4 ? 1 : SEALED_LEN - 1];
        memcpy(kinds[i].code, kinds[0].code, sizeof(kinds[i].code));
        *at = *at == '7' ? '8' : '7';
    }
}

/* The child: stops before and after each check. */
static void check_all(void)
{
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    for (int i = 0; i < KINDS; ++i) {
        struct span code = span_str(kinds[i].code);
        struct sealed s;
        bool is_good = false;
        for (int j = 0; j < WARM_UPS; ++j)
            is_good = sealed_check(keys, KEY_PAYLINK, code, &s);
        raise(SIGUSR1);
        is_good = sealed_check(keys, KEY_PAYLINK, code, &s);
        raise(SIGUSR2);
        if (is_good != (i == 0))
            _exit(1);
    }
    _exit(0);
}

/* Steps the child to its next SIGUSR2; how many instructions that took, or -1. */
static long count_steps(pid_t child)
{
    int status;
    for (long steps = 0;; ++steps) {
        if (ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) != 0 ||
            waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
            return -1;
        if (WSTOPSIG(status) == SIGUSR2)
            return steps;
    }
}

/* False where nobody may be traced. */
static bool count_all(void)
{
    int status;
    pid_t child = fork();
    if (child == 0)
        check_all();
    for (int i = 0; i < KINDS; ++i) {
        assert_int_equal(waitpid(child, &status, 0), child);
        if (!WIFSTOPPED(status))
            return false;
        assert_int_equal(WSTOPSIG(status), SIGUSR1);
        kinds[i].steps = count_steps(child);
        assert_true(kinds[i].steps > STEPS_MIN);
        assert_int_equal(ptrace(PTRACE_CONT, child, NULL, NULL), 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    return true;
}

static void a_code_that_fails_costs_what_a_genuine_one_costs_whatever_is_wrong_with_it(void **state)
{
    (void)state;
    prepare();
    if (!count_all()) {
        fprintf(stderr, "SKIPPED: no process may be traced here\n");
        skip();
    }
    for (int i = 0; i < KINDS; ++i) {
        long apart = labs(kinds[i].steps - kinds[0].steps);
        print_message("%6ld instructions: %s\n", kinds[i].steps, kinds[i].name);
        if (apart > APART_MAX)
            fail_msg("a code %s costs %ld instructions, a genuine one %ld", kinds[i].name,
                     kinds[i].steps, kinds[0].steps);
    }
    keyring_free(keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_code_that_fails_costs_what_a_genuine_one_costs_whatever_is_wrong_with_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
