#include "provider/reading.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void numbers_keep_their_text(void **state)
{
    (void)state;
    static const struct {
        const char *json, *value; /* of "a"; null: refused */
    } rows[] = {
        {"{\"a\":123.40}", "123.40"},
        {"{\"a\":-1e5}", "-1e5"},
        {"{\"a\":7}", "7"},
        {"{\"a\":1234567890123456789012345.6}", "1234567890123456789012345.6"},
        {"{ \"a\" : 0.1 }", "0.1"},
        {"{\"b\":[1,{\"c\":2.5}],\"a\":3.0}", "3.0"},
        {"{\"a\":\"1.5\"}", "1.5"},
        {"{\"a\":\"x 1.5\"}", "x 1.5"},
        {"{\"a\":\"\\\"1\"}", "\"1"},
        {"{\"a\":\"\\\\\",\"b\":1}", "\\"},
        {"{\"a\":1.2.3}", "1.2.3"},
        {"{\"a\":.5}", NULL},
        {"{\"a\":1x}", NULL},
        {"{1:2", NULL},
        {"{\"a\":1,\"a\":2}", NULL},
        {"[1]", NULL},
        {"7", NULL},
        {"\"", NULL},
        {"\"\\", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        json_t *root = reading_object_of_texts(span_str(rows[i].json));
        if ((root == NULL) != (rows[i].value == NULL))
            fail_msg("%s", rows[i].json);
        if (root != NULL)
            assert_string_equal(json_string_value(json_object_get(root, "a")), rows[i].value);
        json_decref(root);
    }
}

static void amounts_are_read_from_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t minor; /* 0: refused */
    } rows[] = {
        {"123.45", 12345},
        {"123.4", 12340},
        {"123", 12300},
        {"0.07", 7},
        {"0.1", 10},
        {"9999999999999.99", 999999999999999},
        {"0", 0},
        {"0.00", 0},
        {"", 0},
        {".5", 0},
        {"5.", 0},
        {"1.005", 0},
        {"1.2.3", 0},
        {"-1", 0},
        {"+1", 0},
        {"1e3", 0},
        {"01", 0},
        {" 1", 0},
        {"10000000000000.01", 0},
        {"99999999999999999999", 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        int64_t minor = 0;
        bool is_read = reading_amount_number(span_str(rows[i].text), &minor);
        if (is_read != (rows[i].minor != 0) || (is_read && minor != rows[i].minor))
            fail_msg("%s: %d, %lld", rows[i].text, is_read, (long long)minor);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_keep_their_text),
        cmocka_unit_test(amounts_are_read_from_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
