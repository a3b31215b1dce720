#include "base/host.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void the_host_stands_between_scheme_and_port(void **state)
{
    static const char *const rows[][2] = {
        {"https://pay.example.com", "pay.example.com"},
        {"https://pay.example.com:8443", "pay.example.com"},
        {"https://pay.example.com/a:b", "pay.example.com"},
        {"pay.example.com:8443", "pay.example.com"},
        {"https://[2001:db8::1]:8443", "[2001:db8::1]"},
        {"[::1]", "[::1]"},
        {"[::1", "[::1"},
        {"127.0.0.1:80", "127.0.0.1"},
        {"https://", ""},
        {"", ""},
    };
    (void)state;
    for (size_t i = 0; i != sizeof(rows) / sizeof(rows[0]); ++i) {
        struct span host = host_of(span_str(rows[i][0]));
        if (!span_is_str(host, rows[i][1]))
            fail_msg("%s: %.*s", rows[i][0], SPAN_ARG(host));
    }
    assert_int_equal(host_of(span_of(NULL, 0)).len, 0);
}

static void host_names_know_no_case(void **state)
{
    (void)state;
    assert_true(host_is(SPAN_LIT("Pay.Example"), SPAN_LIT("pay.example")));
    assert_false(host_is(SPAN_LIT("pay.example"), SPAN_LIT("pay.example.com")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_host_stands_between_scheme_and_port),
        cmocka_unit_test(host_names_know_no_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
