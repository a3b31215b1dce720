/* Character sets of bank files. The bytes of each Polish letter are those of the sets' tables. */
#include "domain/bank_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define POLISH_UTF_8                                                                               \
    "\xc4\x85\xc4\x87\xc4\x99\xc5\x82\xc5\x84\xc3\xb3\xc5\x9b\xc5\xba\xc5\xbc"                     \
    "\xc4\x84\xc4\x86\xc4\x98\xc5\x81\xc5\x83\xc3\x93\xc5\x9a\xc5\xb9\xc5\xbb"
#define POLISH_CP852 "\xa5\x86\xa9\x88\xe4\xa2\x98\xab\xbe\xa4\x8f\xa8\x9d\xe3\xe0\x97\x8d\xbd"
#define POLISH_1250 "\xb9\xe6\xea\xb3\xf1\xf3\x9c\x9f\xbf\xa5\xc6\xca\xa3\xd1\xd3\x8c\x8f\xaf"
#define POLISH_8859 "\xb1\xe6\xea\xb3\xf1\xf3\xb6\xbc\xbf\xa1\xc6\xca\xa3\xd1\xd3\xa6\xac\xaf"

static void polish_letters_come_out_of_every_set(void **state)
{
    static const struct {
        enum bank_charset charset;
        const char *text;
    } rows[] = {
        {BANK_CHARSET_UTF_8, POLISH_UTF_8},
        {BANK_CHARSET_CP852, POLISH_CP852},
        {BANK_CHARSET_WINDOWS_1250, POLISH_1250},
        {BANK_CHARSET_ISO_8859_2, POLISH_8859},
    };
    struct buf out;
    (void)state;
    buf_init(&out, 1000);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        assert_int_equal(bank_charset_guess(span_str(rows[i].text)), rows[i].charset);
        buf_reset(&out);
        bank_text_decode(rows[i].charset, span_str(rows[i].text), &out);
        assert_string_equal(buf_span(&out).base, POLISH_UTF_8);
    }
    buf_reset(&out);
    bank_text_bare(SPAN_LIT(POLISH_UTF_8), &out);
    assert_string_equal(buf_span(&out).base, "ACELNOSZZACELNOSZZ");
    buf_release(&out);
}

static void files_say_their_set_by_their_letters(void **state)
{
    static const struct {
        const char *text;
        enum bank_charset charset;
    } rows[] = {
        {"SPOLKA Z O.O.", BANK_CHARSET_UTF_8},
        {"SP\xc3\x93\xc5\x81KA M\xc3\xbcller", BANK_CHARSET_UTF_8},
        {"SP\xe0\x9dKA", BANK_CHARSET_CP852},
        {"SP\xd3\xa3KA", BANK_CHARSET_WINDOWS_1250},
        {"WP\xa3"
         "ATA \x8cWIADCZENIE",
         BANK_CHARSET_WINDOWS_1250},
        {"WP\xa3"
         "ATA \xa6WIADCZENIE",
         BANK_CHARSET_ISO_8859_2},
        /* "Ćą" in Windows-1250 is the UTF-8 of a letter that no Polish bank writes (U+01B9). */
        {"\xc6\xb9", BANK_CHARSET_WINDOWS_1250},
        /* A5 and 8F alone say nothing: the set of most banks' programs. */
        {"\xa5", BANK_CHARSET_CP852},
        /* A letter cut at the end is no UTF-8. */
        {"\xc5", BANK_CHARSET_CP852},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i)
        if (bank_charset_guess(span_str(rows[i].text)) != rows[i].charset)
            fail_msg("row %zu: %s", i,
                     bank_charset_name(bank_charset_guess(span_str(rows[i].text))));
}

static void what_is_no_letter_becomes_a_mark(void **state)
{
    static const struct {
        enum bank_charset charset;
        const char *text, *expected;
    } rows[] = {
        {BANK_CHARSET_UTF_8,
         "a\xff"
         "b",
         "a\xef\xbf\xbd"
         "b"},
        {BANK_CHARSET_UTF_8, "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
        {BANK_CHARSET_UTF_8, "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {BANK_CHARSET_UTF_8, "\xf0\x9f\x98\x80!", "\xef\xbf\xbd!"},
        {BANK_CHARSET_WINDOWS_1250, "\x81", "\xef\xbf\xbd"},
        {BANK_CHARSET_ISO_8859_2, "\x85", "\xef\xbf\xbd"},
        {BANK_CHARSET_CP852, "a\x01\r\n", "a\xef\xbf\xbd\r\n"},
    };
    struct buf out;
    (void)state;
    buf_init(&out, 100);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        buf_reset(&out);
        bank_text_decode(rows[i].charset, span_str(rows[i].text), &out);
        assert_string_equal(buf_span(&out).base, rows[i].expected);
    }
    buf_release(&out);
}

static void names_and_words_are_compared_without_marks(void **state)
{
    static const char *const rows[][2] = {
        {"Jan Wz\xc3\xb3r", "JANWZOR"},
        {"M\xc3\xbcller & S\xc3\xb8n", "MULLERSON"},
        {"fv 25/2006 i 26/2006", "FV252006I262006"},
        {"\xe2\x80\x9e\xc5\xbb\xc3\xb3\xc5\x82w\xe2\x80\x9d", "ZOLW"},
        {"\xc3\x97\xc3\xb7", ""}, /* signs of times and divided by */
    };
    struct buf out;
    (void)state;
    buf_init(&out, 100);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        buf_reset(&out);
        bank_text_bare(span_str(rows[i][0]), &out);
        assert_string_equal(buf_span(&out).base, rows[i][1]);
    }
    buf_release(&out);
}

static void settings_name_every_set(void **state)
{
    enum bank_charset charset;
    (void)state;
    for (int i = 0; i < BANK_CHARSET_COUNT; ++i) {
        assert_true(bank_charset_read(span_str(bank_charset_name((enum bank_charset)i)), &charset));
        assert_int_equal(charset, i);
    }
    assert_false(bank_charset_read(SPAN_LIT("latin2"), &charset));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(polish_letters_come_out_of_every_set),
        cmocka_unit_test(files_say_their_set_by_their_letters),
        cmocka_unit_test(what_is_no_letter_becomes_a_mark),
        cmocka_unit_test(names_and_words_are_compared_without_marks),
        cmocka_unit_test(settings_name_every_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
