#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

static const struct json_limits limits = {.bytes_max = 256, .depth_max = 4};

static void refuses(const char *text, const char *why)
{
    struct err err = {0};
    json_t *json = json_load(span_str(text), limits, &err);
    if (json != NULL)
        fail_msg("was taken: %s", text);
    assert_int_equal(err.code, ERR_INPUT);
    if (strstr(err.text, why) == NULL)
        fail_msg("%s: %s", text, err.text);
}

static void what_is_not_strict_json_is_refused(void **state)
{
    (void)state;
    refuses("", "no JSON");
    refuses("{", "no JSON");
    refuses("{} x", "no JSON");
    refuses("{'a':1}", "no JSON");
    refuses("{\"a\":1,}", "no JSON");
    refuses("{\"a\":1,\"a\":2}", "twice");
    refuses("{\"a\":9223372036854775808}", "too large");
    refuses("{\"a\":1e999}", "too large");
    refuses("{\"a\":\"\\u0000\"}", "no JSON");
    refuses("{\"a\":\"\xff\"}", "no JSON");
    refuses("[[[[[1]]]]]", "deeper than 4");
    struct err err = {0};
    char *long_text = calloc(1, 300);
    memset(long_text, ' ', 299);
    assert_null(json_load(span_str(long_text), limits, &err));
    assert_non_null(strstr(err.text, "longer than 256"));
    free(long_text);
}

static void brackets_in_strings_are_no_depth(void **state)
{
    (void)state;
    struct err err = {0};
    json_t *json = json_load(span_str("{\"a\":\"[[[[[\\\"[[[\"}"), limits, &err);
    assert_non_null(json);
    json_decref(json);
}

static json_t *load(const char *text)
{
    struct err err = {0};
    json_t *json = json_load(span_str(text), limits, &err);
    assert_non_null(json);
    return json;
}

static void values_of_a_good_document_are_read(void **state)
{
    static const char *const currencies[] = {"EUR", "PLN", NULL};
    (void)state;
    struct err err = {0};
    char path[32];
    json_t *json = load("{\"type\":\"payment.paid\",\"data\":{\"amount_minor\":12,\"is_new\":true,"
                        "\"currency\":\"PLN\",\"none\":null,\"list\":[1,2]}}");
    struct json_reader top = json_read(json, "", &err);
    assert_true(span_is_str(json_get_text(&top, "type", 20), "payment.paid"));
    struct json_reader data = json_get_object(&top, "data", path, sizeof(path));
    assert_int_equal(json_get_int(&data, "amount_minor", 1, 100), 12);
    assert_true(json_get_bool(&data, "is_new"));
    assert_int_equal(json_get_word(&data, "currency", currencies), 1);
    assert_null(json_find_text(&data, "none", 10).base);
    assert_int_equal(json_find_int(&data, "absent", 0, 9, -1), -1);
    assert_int_equal(json_array_size(json_get_array(&data, "list", 2)), 2);
    assert_int_equal(err.code, 0);
    json_decref(json);
}

static void the_first_mistake_names_its_path_and_sticks(void **state)
{
    (void)state;
    struct err err = {0};
    char path[32];
    json_t *json = load("{\"data\":{\"amount_minor\":1.5,\"text\":\"long\"}}");
    struct json_reader top = json_read(json, "", &err);
    struct json_reader data = json_get_object(&top, "data", path, sizeof(path));
    assert_int_equal(json_get_int(&data, "amount_minor", 1, 100), 0);
    assert_string_equal(err.text, "data.amount_minor is not a whole number");
    assert_null(json_get_text(&data, "text", 3).base);
    char deeper_path[32];
    json_get_object(&data, "deeper", deeper_path, sizeof(deeper_path));
    assert_string_equal(err.text, "data.amount_minor is not a whole number");
    assert_int_equal(err.code, ERR_INPUT);
    json_decref(json);
}

static void each_kind_of_mistake_has_its_words(void **state)
{
    static const char *const words[] = {"a", NULL};
    (void)state;
    json_t *json = load("{\"n\":5,\"t\":\"text\",\"e\":\"\",\"l\":[1,2,3]}");
#define MISTAKE(call, words_expected)                                                              \
    do {                                                                                           \
        struct err err = {0};                                                                      \
        struct json_reader r = json_read(json, "", &err);                                          \
        (void)(call);                                                                              \
        assert_string_equal(err.text, words_expected);                                             \
    } while (0)
    MISTAKE(json_get_text(&r, "x", 9), "x is missing");
    MISTAKE(json_get_text(&r, "n", 9), "n is not text");
    MISTAKE(json_get_text(&r, "t", 3), "t is too long");
    MISTAKE(json_get_text(&r, "e", 3), "e is empty");
    MISTAKE(json_get_int(&r, "n", 6, 9), "n is out of range");
    MISTAKE(json_get_int(&r, "t", 6, 9), "t is not a whole number");
    MISTAKE(json_get_bool(&r, "n"), "n is neither true nor false");
    MISTAKE(json_get_array(&r, "n", 2), "n is not a list");
    MISTAKE(json_get_array(&r, "l", 2), "l has too many entries");
    MISTAKE(json_get_word(&r, "t", words), "t is not one of the known words");
    json_decref(json);
    json = load("[]");
    MISTAKE(json_get_text(&r, "t", 3), "the document is not an object");
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_strict_json_is_refused),
        cmocka_unit_test(brackets_in_strings_are_no_depth),
        cmocka_unit_test(values_of_a_good_document_are_read),
        cmocka_unit_test(the_first_mistake_names_its_path_and_sticks),
        cmocka_unit_test(each_kind_of_mistake_has_its_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
