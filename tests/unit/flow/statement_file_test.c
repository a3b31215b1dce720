/* Which form a file is of, and in which character set. */
#include "flow/statement_file.h"

#include "unit/flow/statement_render.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void forms_are_known_by_their_first_sign(void **state)
{
    static const struct {
        const char *file;
        enum statement_form form;
    } rows[] = {
        {"<?xml version=\"1.0\"?>", STATEMENT_CAMT_053},
        {"<Document>", STATEMENT_CAMT_053},
        {"\xef\xbb\xbf\r\n <Document>", STATEMENT_CAMT_053},
        {"\xff\xfe<", STATEMENT_CAMT_053},
        {":20:<", STATEMENT_MT940},
        {"\x01:20:", STATEMENT_MT940},
        {"{1:F01", STATEMENT_MT940},
        {"", STATEMENT_MT940},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i)
        assert_int_equal(statement_form_of(span_str(rows[i].file)), rows[i].form);
    assert_int_equal(statement_form_of(SPAN_LIT("\xfe\xff\0<")), STATEMENT_CAMT_053);
}

static void check(const char *file, enum bank_charset charset, const char *title)
{
    struct rendering r;
    struct err err = {.code = 0};
    rendering_init(&r);
    struct statement_sink sink = rendering_sink(&r);
    assert_int_equal(statement_file_read(span_str(file), charset, &sink, &err), 0);
    if (strstr(buf_span(&r.text).base, title) == NULL)
        fail_msg("%s", buf_span(&r.text).base);
    rendering_release(&r);
}

/* 0x9d is Ł in CP852 and ť in Windows-1250: the damage that a wrong guess is known by. */
static void the_setting_is_stronger_than_the_guess(void **state)
{
#define FILE_940                                                                                   \
    ":20:A\n:25:74105010251000009012345678\n:60F:C261119PLN1,\n:61:261120C1,NTRF\n"                \
    ":86:020~00P~20WP\x9d"                                                                         \
    "ATA\n:62F:C261120PLN2,\n-"
    (void)state;
    check(FILE_940, BANK_CHARSET_AUTO,
          "title=WP\xc5\x81"
          "ATA\n");
    check(FILE_940, BANK_CHARSET_CP852,
          "title=WP\xc5\x81"
          "ATA\n");
    check(FILE_940, BANK_CHARSET_WINDOWS_1250,
          "title=WP\xc5\xa5"
          "ATA\n");
}

static void what_is_neither_is_refused(void **state)
{
    static const char *const files[] = {"", "PK\x03\x04", "<html></html>", "Data;Kwota"};
    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); ++i) {
        struct rendering r;
        struct err err = {.code = 0};
        rendering_init(&r);
        struct statement_sink sink = rendering_sink(&r);
        assert_int_equal(statement_file_read(span_str(files[i]), BANK_CHARSET_AUTO, &sink, &err),
                         ERR_INPUT);
        assert_memory_equal(err.text, "line 1: ", 8);
        rendering_release(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_are_known_by_their_first_sign),
        cmocka_unit_test(the_setting_is_stronger_than_the_guess),
        cmocka_unit_test(what_is_neither_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
