#include "channel/http_report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct fields {
    const char *id, *idx, *status, *donedate;
};

static struct span get(void *owner, const char *name)
{
    const struct fields *f = owner;
    return span_str(strcmp(name, "MsgId") == 0      ? f->id
                    : strcmp(name, "idx") == 0      ? f->idx
                    : strcmp(name, "status") == 0   ? f->status
                    : strcmp(name, "donedate") == 0 ? f->donedate
                                                    : NULL);
}

static struct http_report_item items[HTTP_REPORT_ITEMS_MAX];

static int read_report(struct fields fields)
{
    return http_report_read(&http_report_smsapi, get, &fields, items);
}

static void each_status_of_smsapi_means_what_its_documentation_says(void **state)
{
    (void)state;
    static const struct {
        const char *status;
        enum http_report_kind kind;
        bool is_known;
    } rows[] = {
        {"404", HTTP_REPORT_DELIVERED, true},       {"403", HTTP_REPORT_SENT_ON, true},
        {"409", HTTP_REPORT_WAITING, true},         {"410", HTTP_REPORT_WAITING, true},
        {"411", HTTP_REPORT_WAITING, true},         {"402", HTTP_REPORT_UNDELIVERED, true},
        {"405", HTTP_REPORT_UNDELIVERED, true},     {"406", HTTP_REPORT_UNDELIVERED, true},
        {"407", HTTP_REPORT_UNDELIVERED, true},     {"408", HTTP_REPORT_UNKNOWN, true},
        {"401", HTTP_REPORT_UNKNOWN, true},         {"412", HTTP_REPORT_UNDELIVERED, true},
        {"DELIVERED", HTTP_REPORT_DELIVERED, true}, {"999", HTTP_REPORT_WAITING, false},
        {"40", HTTP_REPORT_WAITING, false},         {"4040", HTTP_REPORT_WAITING, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        assert_int_equal(read_report((struct fields){"1", "a", rows[i].status, NULL}), 1);
        if (items[0].kind != rows[i].kind || items[0].is_known != rows[i].is_known)
            fail_msg("status %s: kind %d", rows[i].status, items[0].kind);
    }
}

static void bundled_reports_are_lists_of_one_length(void **state)
{
    (void)state;
    static const struct {
        struct fields fields;
        int count;
        const char *shown; /* id/idx/status/at of each */
    } rows[] = {
        {{"1", "a", "404", "1712570310"}, 1, "1/a/404/1712570310"},
        {{"1,2", "a,b", "404,405", "10,20"}, 2, "1/a/404/10 2/b/405/20"},
        {{"1,2,3", "a,b,c", "404", "10"}, 3, "1/a/404/10 2/b/404/10 3/c/404/10"},
        {{"1,2,3", "a,b,c", "404,405", NULL}, -1, NULL},
        {{"1,2", "a,b", "404,405,406", NULL}, -1, NULL},
        {{"1,2,3", "a", "404", NULL}, -1, NULL}, /* two of them are not a's */
        {{"1", "a,b", "404", NULL}, -1, NULL},
        {{"1,2,3", "a,b,c", "404", "10,20"}, 3, "1/a/404/0 2/b/404/0 3/c/404/0"},
        {{"1,2,3", ",b,", "404", "10"}, 3, "1//404/10 2/b/404/10 3//404/10"},
        {{NULL, "a,b", "404,404", ""}, 2, "/a/404/0 /b/404/0"},
        {{"1", NULL, "404", "soon"}, 1, "1//404/0"},
        {{"1,,3", "a,b,c", "404,403,404", NULL}, 3, "1/a/404/0 /b/403/0 3/c/404/0"},
        {{"1,", "", "404", NULL}, 2, "1//404/0 //404/0"},
        {{"1", "a", NULL, NULL}, -1, NULL},
        {{"1", "a", "", NULL}, -1, NULL},
        {{NULL, NULL, "404", NULL}, -1, NULL},
        {{"", "", "404", NULL}, -1, NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        char shown[400] = "";
        int count = read_report(rows[i].fields);
        for (int k = 0; k < count; ++k)
            snprintf(shown + strlen(shown), sizeof(shown) - strlen(shown), "%s%.*s/%.*s/%.*s/%lld",
                     k == 0 ? "" : " ", SPAN_ARG(items[k].id), SPAN_ARG(items[k].code),
                     SPAN_ARG(items[k].status), (long long)items[k].at_s);
        if (count != rows[i].count || (count > 0 && strcmp(shown, rows[i].shown) != 0))
            fail_msg("row %zu: %d, %s", i, count, shown);
    }
}

static void more_reports_than_fit_are_refused(void **state)
{
    (void)state;
    static char ids[2 * HTTP_REPORT_ITEMS_MAX + 2];
    memset(ids, ',', HTTP_REPORT_ITEMS_MAX - 1);
    assert_int_equal(read_report((struct fields){ids, NULL, "404", NULL}), HTTP_REPORT_ITEMS_MAX);
    ids[HTTP_REPORT_ITEMS_MAX - 1] = ',';
    assert_int_equal(read_report((struct fields){ids, NULL, "404", NULL}), -1);
}

static void what_is_too_long_names_nobody(void **state)
{
    (void)state;
    char text[80] = "";
    memset(text, 'x', 65);
    assert_int_equal(read_report((struct fields){text, "a", "404", NULL}), 1);
    assert_int_equal(items[0].id.len, 0);
    assert_true(span_is_str(items[0].code, "a"));
}

static void a_generic_report_has_its_own_names_and_statuses(void **state)
{
    (void)state;
    static const char *const statuses[] = {"delivered=delivered", "failed=dead", "sent=sent"};
    static const struct http_report twilio = {.id_field = "MsgId",
                                              .code_field = "",
                                              .status_field = "status",
                                              .time_field = "",
                                              .separator = "",
                                              .statuses = {statuses, 3},
                                              .reply = ""};
    struct fields fields = {"SM1,2", "ignored", "failed", "1"};
    assert_int_equal(http_report_read(&twilio, get, &fields, items), 1);
    assert_true(span_is_str(items[0].id, "SM1,2"));
    assert_int_equal(items[0].code.len, 0);
    assert_int_equal(items[0].kind, HTTP_REPORT_DEAD);
}

static void statuses_are_checked(void **state)
{
    (void)state;
    assert_null(http_report_wrong_status("404=delivered"));
    assert_null(http_report_wrong_status("a=b=dead"));
    assert_non_null(http_report_wrong_status("404=good"));
    assert_non_null(http_report_wrong_status("404"));
    assert_non_null(http_report_wrong_status("=sent"));
}

static void the_secret_must_be_the_whole_secret(void **state)
{
    (void)state;
    struct http_report report = http_report_smsapi;
    assert_false(http_report_is_secret(&report, SPAN_LIT("")));
    report.secret = SPAN_LIT("s3cret-s3cret");
    assert_true(http_report_is_secret(&report, SPAN_LIT("s3cret-s3cret")));
    assert_false(http_report_is_secret(&report, SPAN_LIT("s3cret-s3cre")));
    assert_false(http_report_is_secret(&report, SPAN_LIT("s3cret-s3cretx")));
    assert_false(http_report_is_secret(&report, SPAN_LIT("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_status_of_smsapi_means_what_its_documentation_says),
        cmocka_unit_test(bundled_reports_are_lists_of_one_length),
        cmocka_unit_test(more_reports_than_fit_are_refused),
        cmocka_unit_test(what_is_too_long_names_nobody),
        cmocka_unit_test(a_generic_report_has_its_own_names_and_statuses),
        cmocka_unit_test(statuses_are_checked),
        cmocka_unit_test(the_secret_must_be_the_whole_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
