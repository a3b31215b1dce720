#include "provider/json_tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { DEPTH_MAX = 16 };

/* A text with its length, as some have a NUL inside. */
#define TEXT(literal)                                                                              \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

static void what_jansson_refuses_is_refused(void **state)
{
    (void)state;
    static const struct span rows[] = {
        TEXT(""),
        TEXT(" "),
        TEXT("{"),
        TEXT("}"),
        TEXT("{} {}"),
        TEXT("{},"),
        TEXT("{}x"),
        TEXT("{}\0"),
        TEXT("\xef\xbb\xbf{}"),
        TEXT("{\"a\":1,}"),
        TEXT("{,\"a\":1}"),
        TEXT("{\"a\"}"),
        TEXT("{\"a\":}"),
        TEXT("{\"a\" 1}"),
        TEXT("{\"a\":1 \"b\":2}"),
        TEXT("{a:1}"),
        TEXT("{'a':1}"),
        TEXT("{1:1}"),
        TEXT("{null:1}"),
        TEXT("{\"a\":1]"),
        TEXT("[1,]"),
        TEXT("[,1]"),
        TEXT("[1 2]"),
        TEXT("[1}"),
        TEXT("[1"),
        TEXT("[\"a]"),
        /* twice the same key, also by an escape and with nothing */
        TEXT("{\"a\":1,\"a\":1}"),
        TEXT("{\"a\":1,\"b\":{},\"a\":2}"),
        TEXT("{\"a\":1,\"\\u0061\":2}"),
        TEXT("{\"\\u0061\":1,\"a\":2}"),
        TEXT("{\"\":1,\"\":2}"),
        TEXT("{\"b\":{\"a\":null,\"a\":null}}"),
        /* texts */
        TEXT("\""),
        TEXT("\"\\"),
        TEXT("\"\\\""),
        TEXT("\"a\nb\""),
        TEXT("\"a\0b\""),
        TEXT("\"\\\n\""),
        TEXT("\"\\n\x1f\""),
        TEXT("\"\\x\""),
        TEXT("\"\\u12\""),
        TEXT("\"\\u\""),
        TEXT("\"\\u0000\""),
        TEXT("{\"\\u0000\":1}"),
        TEXT("\"\\ud800\""),
        TEXT("\"\\udc00\\ud800\""),
        TEXT("\"\\ud800\\u0041\""),
        TEXT("'a'"),
        /* UTF-8: alone, cut, too long, a surrogate, above the last, outside of texts */
        TEXT("\"\x80\""),
        TEXT("\"\xc5\""),
        TEXT("\"\xe2\x82\""),
        TEXT("\"\xc0\xaf\""),
        TEXT("\"\xe0\x80\xaf\""),
        TEXT("\"\xed\xa0\x80\""),
        TEXT("\"\xf4\x90\x80\x80\""),
        TEXT("\"\xff\""),
        TEXT("\"\\n\xc5\""),
        TEXT("{\"\xc5\":1}"),
        TEXT("{\"\\n\xc5\":1}"),
        TEXT("[\xc5\x82]"),
        /* numbers and words */
        TEXT("01"),
        TEXT("-"),
        TEXT("+1"),
        TEXT(".5"),
        TEXT("1."),
        TEXT("1e"),
        TEXT("1.2.3"),
        TEXT("1-2"),
        TEXT("0x1"),
        TEXT("1x"),
        TEXT("e5"),
        TEXT("9223372036854775808"),
        TEXT("-9223372036854775809"),
        TEXT("1e400"),
        TEXT("NaN"),
        TEXT("Infinity"),
        TEXT("tru"),
        TEXT("trueX"),
        TEXT("true1"),
        TEXT("True"),
        TEXT("nul"),
        TEXT("falsefalse"),
        TEXT("{\"a\":nullnull}"),
        TEXT("// a\n{}"),
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        if (json_tree_read(rows[i], DEPTH_MAX) != NULL)
            fail_msg("row %zu: %.*s", i, SPAN_ARG(rows[i]));
        /* That the table is true. */
        assert_null(
            json_loadb(rows[i].base, rows[i].len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL));
    }
}

static void a_nul_is_nowhere_passed_over(void **state)
{
    (void)state;
    static const struct span rows[] = {
        TEXT("1\0"), TEXT("[1\0]"), TEXT("{\"a\":true\0}"), TEXT("\0{}"), TEXT("{\0}"),
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i)
        if (json_tree_read(rows[i], DEPTH_MAX) != NULL)
            fail_msg("row %zu", i);
}

static void what_is_read_is_what_stands_there(void **state)
{
    (void)state;
    static const struct {
        struct span text;
        const char *tree; /* as json_dumps writes it */
    } rows[] = {
        {TEXT("{}"), "{}"},
        {TEXT(" \t\r\n{ } \t\r\n"), "{}"},
        {TEXT("[ ]"), "[]"},
        {TEXT("{\"a\":{\"b\":[1,{\"a\":2}]},\"b\":3}"), "{\"a\":{\"b\":[1,{\"a\":2}]},\"b\":3}"},
        {TEXT("{ \"a\" : 1 ,\n\"b\" : [ true , false , null ] }"),
         "{\"a\":1,\"b\":[true,false,null]}"},
        {TEXT("{\"b\":1,\"a\":2,\"\":3,\"A\":4}"), "{\"b\":1,\"a\":2,\"\":3,\"A\":4}"},
        {TEXT("\"\""), "\"\""},
        {TEXT("\"\x7f\""), "\"\x7f\""},
        {TEXT("\"Stanis\xc5\x82"
              "aw\""),
         "\"Stanis\xc5\x82"
         "aw\""},
        {TEXT("\"Stanis\\u0142aw\""), "\"Stanis\xc5\x82"
                                      "aw\""},
        {TEXT("\"\\ud83d\\ude00\""), "\"\xf0\x9f\x98\x80\""},
        {TEXT("\"\xf0\x9f\x98\x80\""), "\"\xf0\x9f\x98\x80\""},
        {TEXT("\"https:\\/\\/a\""), "\"https://a\""},
        {TEXT("\"\\\"\\\\\\n\""), "\"\\\"\\\\\\n\""},
        {TEXT("\"\\\\\""), "\"\\\\\""},
        {TEXT("{\"\\u0061\":1,\"b\":2}"), "{\"a\":1,\"b\":2}"},
        {TEXT("{\"\xc5\x82\":1}"), "{\"\xc5\x82\":1}"},
        {TEXT("9223372036854775807"), "9223372036854775807"},
        {TEXT("-9223372036854775808"), "-9223372036854775808"},
        {TEXT("-0"), "0"},
        {TEXT("0.5"), "0.5"},
        {TEXT("[1E2,-5e-1]"), "[100.0,-0.5]"},
        {TEXT("true"), "true"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        json_t *root = json_tree_read(rows[i].text, DEPTH_MAX);
        char *tree = json_dumps(root, JSON_COMPACT | JSON_ENCODE_ANY);
        if (tree == NULL || strcmp(tree, rows[i].tree) != 0)
            fail_msg("row %zu: %s", i, tree == NULL ? "refused" : tree);
        free(tree);
        json_decref(root);
    }
}

static void it_goes_as_deep_as_it_may_and_no_deeper(void **state)
{
    (void)state;
    static const struct {
        struct span text;
        int depth_max;
        bool is_read;
    } rows[] = {
        {TEXT("1"), 0, true},
        {TEXT("[]"), 0, false},
        {TEXT("{}"), 0, false},
        {TEXT("{}"), 1, true},
        {TEXT("{\"a\":[{}]}"), 3, true},
        {TEXT("{\"a\":[{}]}"), 2, false},
        {TEXT("[[],[],{\"a\":{}}]"), 3, true},
        {TEXT("[\"[[[[\"]"), 1, true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        json_t *root = json_tree_read(rows[i].text, rows[i].depth_max);
        if ((root != NULL) != rows[i].is_read)
            fail_msg("row %zu", i);
        json_decref(root);
    }
    assert_null(json_tree_read((struct span){0}, DEPTH_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_jansson_refuses_is_refused),
        cmocka_unit_test(a_nul_is_nowhere_passed_over),
        cmocka_unit_test(what_is_read_is_what_stands_there),
        cmocka_unit_test(it_goes_as_deep_as_it_may_and_no_deeper),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
