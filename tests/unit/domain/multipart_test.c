#include "domain/multipart.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define TYPE "multipart/form-data; boundary=----WebKitFormBoundaryA1"
#define DASH "------WebKitFormBoundaryA1"
#define FILE_HEAD                                                                                  \
    "Content-Disposition: form-data; name=\"file\"; filename=\"przelew.pdf\"\r\n"                  \
    "Content-Type: application/pdf\r\n\r\n"

static struct multipart m;

static bool parse(const char *type, struct span body)
{
    return multipart_parse(span_str(type), body, &m);
}

static void a_browsers_form_gives_its_parts(void **state)
{
    (void)state;
    assert_true(parse(
        TYPE, SPAN_LIT(DASH "\r\nContent-Disposition: form-data; name=\"lang\"\r\n\r\nuk\r\n" DASH
                            "\r\n" FILE_HEAD "%PDF\r\n--\r\n\0x\r\n" DASH "--\r\n")));
    assert_int_equal(m.part_count, 2);
    assert_false(m.parts[0].is_file);
    assert_true(span_is_str(multipart_find(&m, "lang")->content, "uk"));
    const struct multipart_part *file = multipart_find(&m, "file");
    assert_true(file->is_file);
    assert_true(span_is(file->content, SPAN_LIT("%PDF\r\n--\r\n\0x")));
    assert_null(multipart_find(&m, "other"));
}

static void an_empty_choice_is_an_empty_file(void **state)
{
    (void)state;
    assert_true(parse(
        TYPE, SPAN_LIT(DASH "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\"\r\n"
                            "Content-Type: application/octet-stream\r\n\r\n\r\n" DASH "--\r\n")));
    assert_true(m.parts[0].is_file);
    assert_int_equal(m.parts[0].content.len, 0);
}

static void other_spellings_of_the_type_are_read(void **state)
{
    (void)state;
    static const char *const types[] = {
        "multipart/form-data; boundary=X1",
        "Multipart/Form-Data;boundary=X1",
        "multipart/form-data ; boundary=\"X1\"",
    };
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); ++i)
        assert_true(parse(types[i], SPAN_LIT("--X1\r\n" FILE_HEAD "x\r\n--X1--")));
}

static void what_no_browser_sends_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        struct span body;
    } rows[] = {
        {"", SPAN_LIT("--X1\r\n" FILE_HEAD "x\r\n--X1--\r\n")},
        {"application/x-www-form-urlencoded", SPAN_LIT("file=x")},
        {"multipart/mixed; boundary=X1", SPAN_LIT("--X1\r\n" FILE_HEAD "x\r\n--X1--\r\n")},
        {"multipart/form-data", SPAN_LIT("--X1\r\n" FILE_HEAD "x\r\n--X1--\r\n")},
        {"multipart/form-data; boundary=", SPAN_LIT("--\r\n" FILE_HEAD "x\r\n----\r\n")},
        {"multipart/form-data; boundary=X1; charset=utf-8",
         SPAN_LIT("--X1\r\n" FILE_HEAD "x\r\n--X1--\r\n")},
        {"multipart/form-data; boundary=X\r\n",
         SPAN_LIT("--X\r\n\r\n" FILE_HEAD "x\r\n--X\r\n--\r\n")},
        {"multipart/form-data; boundary="
         "12345678901234567890123456789012345678901234567890123456789012345678901",
         SPAN_LIT(
             "--"
             "12345678901234567890123456789012345678901234567890123456789012345678901\r\n" FILE_HEAD
             "x\r\n--12345678901234567890123456789012345678901234567890123456789012345678901--"
             "\r\n")},
        {TYPE, SPAN_LIT("")},
        {TYPE, SPAN_LIT(DASH)},
        {TYPE, SPAN_LIT(DASH "--\r\n")},
        {TYPE, SPAN_LIT("before\r\n" DASH "\r\n" FILE_HEAD "x\r\n" DASH "--\r\n")},
        {TYPE, SPAN_LIT(DASH "\r\n" FILE_HEAD "x\r\n" DASH "--\r\nbehind")},
        {TYPE, SPAN_LIT(DASH "\r\n" FILE_HEAD "x\r\n" DASH "\r\n")},
        {TYPE, SPAN_LIT(DASH "\r\n" FILE_HEAD "x")},
        {TYPE, SPAN_LIT(DASH "\r\n\r\nx\r\n" DASH "--\r\n")},
        {TYPE, SPAN_LIT(DASH "\n" FILE_HEAD "x\n" DASH "--\n")},
        {TYPE,
         SPAN_LIT(DASH "\r\nContent-Disposition: form-data; name=\"file\"\n\nx\r\n" DASH "--\r\n")},
        {TYPE,
         SPAN_LIT(DASH "\r\nContent-Disposition: form-data; name=file\r\n\r\nx\r\n" DASH "--\r\n")},
        {TYPE,
         SPAN_LIT(DASH "\r\nContent-Disposition: form-data; name=\"\"\r\n\r\nx\r\n" DASH "--\r\n")},
        {TYPE, SPAN_LIT(DASH "\r\nContent-Disposition: form-data; name=\"file\r\n\r\nx\r\n" DASH
                             "--\r\n")},
        {TYPE, SPAN_LIT(DASH "\r\nContent-Disposition: form-data; name=\"a\0b\"\r\n\r\nx\r\n" DASH
                             "--\r\n")},
        {TYPE, SPAN_LIT(DASH "\r\nContent-Disposition: attachment; name=\"file\"\r\n\r\nx\r\n" DASH
                             "--\r\n")},
        {TYPE, SPAN_LIT(DASH "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"; "
                             "x=\"y\"\r\n\r\nx\r\n" DASH "--\r\n")},
        {TYPE,
         SPAN_LIT(DASH "\r\nContent-Disposition: form-data; name=\"a\"\r\n"
                       "Content-Disposition: form-data; name=\"b\"\r\n\r\nx\r\n" DASH "--\r\n")},
        {TYPE,
         SPAN_LIT(DASH "\r\nContent-Disposition: form-data;\r\n name=\"file\"\r\n\r\nx\r\n" DASH
                       "--\r\n")},
        {TYPE, SPAN_LIT(DASH "\r\nContent-Transfer-Encoding: base64\r\n" FILE_HEAD "eA==\r\n" DASH
                             "--\r\n")},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i)
        if (parse(rows[i].type, rows[i].body))
            fail_msg("row %zu was taken", i);
}

static void parts_and_their_heads_are_bounded(void **state)
{
    (void)state;
    char body[4096], *at = body;
    for (int i = 0; i < MULTIPART_PARTS_MAX + 1; ++i)
        at = stpcpy(at, "--X1\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n");
    strcpy(at, "--X1--\r\n");
    assert_false(parse("multipart/form-data; boundary=X1", span_str(body)));
    size_t one = sizeof("--X1\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n") - 1;
    assert_true(parse("multipart/form-data; boundary=X1", span_str(body + one)));
    assert_int_equal(m.part_count, MULTIPART_PARTS_MAX);
    assert_null(multipart_find(&m, "a")); /* which of them? */
    at = stpcpy(body, "--X1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"");
    memset(at, 'n', MULTIPART_HEAD_MAX);
    strcpy(at + MULTIPART_HEAD_MAX, "\"\r\n\r\nx\r\n--X1--\r\n");
    assert_false(parse("multipart/form-data; boundary=X1", span_str(body)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_browsers_form_gives_its_parts),
        cmocka_unit_test(an_empty_choice_is_an_empty_file),
        cmocka_unit_test(other_spellings_of_the_type_are_read),
        cmocka_unit_test(what_no_browser_sends_is_refused),
        cmocka_unit_test(parts_and_their_heads_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
