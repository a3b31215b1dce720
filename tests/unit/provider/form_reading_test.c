#include "provider/form_reading.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void fields_are_decoded(void **state)
{
    (void)state;
    static const struct {
        const char *body, *name, *value;
    } rows[] = {
        {"a=1", "a", "1"},
        {"a=1&b=2", "b", "2"},
        {"a=", "a", ""},
        {"a=x+y", "a", "x y"},
        {"a=%2B%26%3d%C5%BC", "a", "+&=\xc5\xbc"},
        {"a=b=c", "a", "b=c"},
        {"%61=1", "a", "1"},
        {"a=1", "A", NULL},
        {"a=1", "b", NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct form_fields fields;
        assert_true(form_fields_read(&fields, span_str(rows[i].body)));
        struct span value = form_fields_get(&fields, rows[i].name);
        assert_true(rows[i].value == NULL ? value.base == NULL : span_is_str(value, rows[i].value));
        form_fields_release(&fields);
    }
}

static void what_nobody_sends_is_refused(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "",          "&",   "a",    "=1",    "a=1&",  "&a=1",  "a=1&&b=2", "a=1&a=2",
        "a=1&%61=1", "a=%", "a=%2", "a=%2g", "a=%zz", "a=%00", "%=1",      "a=1&b",
    };
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); ++i) {
        struct form_fields fields;
        if (form_fields_read(&fields, span_str(bodies[i])))
            fail_msg("\"%s\" was read", bodies[i]);
        form_fields_release(&fields);
    }
}

static void more_fields_than_there_is_room_for_are_refused(void **state)
{
    (void)state;
    char body[FORM_FIELDS_MAX * 8] = "";
    for (int i = 0; i <= FORM_FIELDS_MAX; ++i) {
        struct form_fields fields;
        snprintf(body + strlen(body), sizeof(body) - strlen(body), "%sf%d=1", i == 0 ? "" : "&", i);
        assert_int_equal(form_fields_read(&fields, span_str(body)), i < FORM_FIELDS_MAX);
        form_fields_release(&fields);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_decoded),
        cmocka_unit_test(what_nobody_sends_is_refused),
        cmocka_unit_test(more_fields_than_there_is_room_for_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
