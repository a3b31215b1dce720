#include "http/routes.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void handle(struct request *r)
{
    (void)r;
}

static const struct route table[] = {
    {"GET", "/", ROUTE_OPEN, NULL, handle},
    {"GET", "/{code}", ROUTE_OPEN, NULL, handle},
    {"GET", "/healthz", ROUTE_OPEN, NULL, handle},
    {"POST", "/{code}/payments", ROUTE_OPEN, NULL, handle},
    {"POST", "/callbacks/{provider}", ROUTE_OPEN, NULL, handle},
    {"PATCH", "/api/v1/imports/{id}", ROUTE_OPEN, NULL, handle},
    {NULL, NULL, ROUTE_OPEN, NULL, NULL},
};

static const struct {
    const char *method, *path;
    int status;
    const char *route, *param, *allow;
} cases[] = {
    {"GET", "/", 200, "/", NULL, NULL},
    {"GET", "/abc", 200, "/{code}", "abc", NULL},
    {"HEAD", "/abc", 200, "/{code}", "abc", NULL},
    {"GET", "/healthz", 200, "/healthz", NULL, NULL},
    {"POST", "/abc/payments", 200, "/{code}/payments", "abc", NULL},
    {"POST", "/callbacks/sandbox", 200, "/callbacks/{provider}", "sandbox", NULL},
    /* "/callbacks/payments" fits two rows: the earlier fixed segment wins. */
    {"POST", "/callbacks/payments", 200, "/callbacks/{provider}", "payments", NULL},
    {"PATCH", "/api/v1/imports/7", 200, "/api/v1/imports/{id}", "7", NULL},
    {"POST", "/abc", 405, NULL, NULL, "GET, HEAD"},
    {"GET", "/abc/payments", 405, NULL, NULL, "POST"},
    {"TRACE", "/abc", 405, NULL, NULL, "GET, HEAD"},
    {"get", "/abc", 405, NULL, NULL, "GET, HEAD"},
    {"BREW", "/no/such/path", 405, NULL, NULL, "GET, HEAD, POST, PATCH"},
    {"GET", "/no/such/path", 404, NULL, NULL, NULL},
    {"POST", "/no/such/path", 404, NULL, NULL, NULL},
    {"GET", "/abc/", 404, NULL, NULL, NULL},
    {"GET", "//", 404, NULL, NULL, NULL},
    {"GET", "//payments", 404, NULL, NULL, NULL},
    {"GET", "/abc/../healthz", 404, NULL, NULL, NULL},
    {"GET", "/%68ealthz", 200, "/{code}", "%68ealthz", NULL},
    {"GET", "", 404, NULL, NULL, NULL},
    {"GET", "*", 404, NULL, NULL, NULL},
    {"GET", "http://other/abc", 404, NULL, NULL, NULL},
};

static void a_request_finds_its_row_or_the_right_refusal(void **state)
{
    (void)state;
    for (size_t i = 0; i != sizeof(cases) / sizeof(cases[0]); ++i) {
        struct route_match match;
        route_find(table, span_str(cases[i].method), span_str(cases[i].path), &match);
        assert_int_equal(match.status, cases[i].status);
        if (cases[i].route != NULL)
            assert_string_equal(match.route->path, cases[i].route);
        else
            assert_null(match.route);
        if (cases[i].param != NULL)
            assert_true(span_is_str(match.params[0], cases[i].param));
        if (cases[i].allow != NULL)
            assert_string_equal(match.allow, cases[i].allow);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_finds_its_row_or_the_right_refusal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
