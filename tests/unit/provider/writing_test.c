#include "provider/writing.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* The right side is what JSON.stringify of Node 18 prints. */
static void text_is_written_as_javascript_writes_it(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"", "\"\""},
        {"FV/1", "\"FV/1\""},
        {"a\"b\\c", "\"a\\\"b\\\\c\""},
        {"\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\""},
        {"\x01\x1f\x7f", "\"\\u0001\\u001f\x7f\""},
        {"Żółć €😀\xe2\x80\xa8", "\"Żółć €😀\xe2\x80\xa8\""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct buf json;
        buf_init(&json, 256);
        writing_text(&json, span_str(rows[i][0]));
        assert_string_equal(buf_span(&json).base, rows[i][1]);
        buf_release(&json);
    }
}

/* Cut letters, letters longer than need be, surrogates, beyond U+10FFFF, and a NUL. */
static void bytes_that_are_no_letters_become_question_marks(void **state)
{
    (void)state;
    static const struct {
        struct span text;
        const char *json;
    } rows[] = {
        {SPAN_LIT("a\xc5"), "\"a?\""},         {SPAN_LIT("\xe2\x82z"), "\"??z\""},
        {SPAN_LIT("\xc0\xaf"), "\"??\""},      {SPAN_LIT("\xe0\x80\xaf"), "\"???\""},
        {SPAN_LIT("\xed\xa0\x80"), "\"???\""}, {SPAN_LIT("\xf4\x90\x80\x80"), "\"????\""},
        {SPAN_LIT("\xff"), "\"?\""},           {SPAN_LIT("a\0b"), "\"a\\u0000b\""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct buf json;
        buf_init(&json, 256);
        writing_text(&json, rows[i].text);
        assert_string_equal(buf_span(&json).base, rows[i].json);
        buf_release(&json);
    }
}

static void members_have_commas_between_them(void **state)
{
    (void)state;
    struct buf json;
    buf_init(&json, 256);
    buf_add_char(&json, '{');
    writing_member(&json, "a", SPAN_LIT("x"));
    writing_member_int(&json, "b", INT64_C(4294967301));
    writing_member_digits(&json, "c", INT64_C(1000000000000000));
    buf_add_char(&json, '}');
    assert_string_equal(buf_span(&json).base,
                        "{\"a\":\"x\",\"b\":4294967301,\"c\":\"1000000000000000\"}");
    buf_release(&json);
}

/* RFC 3986, section 2.3: these and no others stand for themselves everywhere. */
static void all_but_the_unreserved_is_escaped(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 256);
    writing_percent(&out, SPAN_LIT("aZ09-._~ /+&=%\xc5\xbc\0"));
    assert_string_equal(buf_span(&out).base, "aZ09-._~%20%2F%2B%26%3D%25%C5%BC%00");
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_written_as_javascript_writes_it),
        cmocka_unit_test(bytes_that_are_no_letters_become_question_marks),
        cmocka_unit_test(members_have_commas_between_them),
        cmocka_unit_test(all_but_the_unreserved_is_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
