#include "domain/sms_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* 3GPP TS 23.038, tables 6.2.1 and 6.2.1.1, typed from reference/sms.md: by septet. 0x1b is the
 * escape itself, 0x09 the capital Ç. */
static const uint16_t basic[128] = {
    0x40,  0xa3, 0x24, 0xa5,  0xe8, 0xe9,  0xf9,  0xec,  0xf2,  0xc7,  0x0a,  0xd8,  0xf8,
    0x0d,  0xc5, 0xe5, 0x394, 0x5f, 0x3a6, 0x393, 0x39b, 0x3a9, 0x3a0, 0x3a8, 0x3a3, 0x398,
    0x39e, 0,    0xc6, 0xe6,  0xdf, 0xc9,  ' ',   '!',   '"',   '#',   0xa4,  '%',   '&',
    '\'',  '(',  ')',  '*',   '+',  ',',   '-',   '.',   '/',   '0',   '1',   '2',   '3',
    '4',   '5',  '6',  '7',   '8',  '9',   ':',   ';',   '<',   '=',   '>',   '?',   0xa1,
    'A',   'B',  'C',  'D',   'E',  'F',   'G',   'H',   'I',   'J',   'K',   'L',   'M',
    'N',   'O',  'P',  'Q',   'R',  'S',   'T',   'U',   'V',   'W',   'X',   'Y',   'Z',
    0xc4,  0xd6, 0xd1, 0xdc,  0xa7, 0xbf,  'a',   'b',   'c',   'd',   'e',   'f',   'g',
    'h',   'i',  'j',  'k',   'l',  'm',   'n',   'o',   'p',   'q',   'r',   's',   't',
    'u',   'v',  'w',  'x',   'y',  'z',   0xe4,  0xf6,  0xf1,  0xfc,  0xe0,
};
static const uint16_t extension[10] = {0x0c, '^', '{', '}', '\\', '[', '~', ']', '|', 0x20ac};

static int expected_septets(uint32_t c)
{
    for (size_t i = 0; i < 128; ++i)
        if (basic[i] == c && i != 0x1b)
            return 1;
    for (size_t i = 0; i < 10; ++i)
        if (extension[i] == c)
            return 2;
    return 0;
}

static void every_character_of_the_first_plane_is_known_as_the_table_has_it(void **state)
{
    (void)state;
    size_t found = 0;
    for (uint32_t c = 1; c <= 0xffff; ++c) {
        if (sms_text_septets(c) != expected_septets(c))
            fail_msg("U+%04X", c);
        found += sms_text_septets(c) > 0;
    }
    assert_int_equal(found, 127 + 10);
    assert_int_equal(sms_text_septets(0x1f600), 0);
}

static void none_of_the_polish_letters_is_in_the_alphabet(void **state)
{
    (void)state;
    static const char *const letters[] = {"ą", "ć", "ę", "ł", "ń", "ó", "ś", "ź", "ż",
                                          "Ą", "Ć", "Ę", "Ł", "Ń", "Ó", "Ś", "Ź", "Ż"};
    for (size_t i = 0; i < 18; ++i)
        assert_int_equal(sms_text_measure(span_str(letters[i])).alphabet, SMS_UCS2);
}

/* `count` times `unit`, then `tail`. */
static struct buf repeated(const char *unit, int count, const char *tail)
{
    struct buf out;
    buf_init(&out, 1 << 16);
    for (int i = 0; i < count; ++i)
        buf_add_str(&out, unit);
    buf_add_str(&out, tail);
    return out;
}

/* Counted by hand. */
static void parts_begin_where_they_must(void **state)
{
    (void)state;
    const struct {
        const char *unit;
        int count;
        const char *tail;
        int alphabet, units, parts, left;
    } cases[] = {
        {"a", 0, "", SMS_GSM, 0, 0, 160},
        {"a", 1, "", SMS_GSM, 1, 1, 159},
        {"a", 159, "", SMS_GSM, 159, 1, 1},
        {"a", 160, "", SMS_GSM, 160, 1, 0},
        {"a", 161, "", SMS_GSM, 161, 2, 145},
        {"a", 306, "", SMS_GSM, 306, 2, 0},
        {"a", 307, "", SMS_GSM, 307, 3, 152},
        {"a", 459, "", SMS_GSM, 459, 3, 0},
        {"a", 460, "", SMS_GSM, 460, 4, 152},
        {"a", 612, "", SMS_GSM, 612, 4, 0},
        {"a", 158, "€", SMS_GSM, 160, 1, 0},
        {"a", 159, "€", SMS_GSM, 161, 2, 145},
        /* an escape that would be cut: 152 in the first part */
        {"a", 152, "€aaaaaaa", SMS_GSM, 161, 2, 144},
        {"a", 151, "€aaaaaaaa", SMS_GSM, 161, 2, 145},
        /* 76 in a part of 153, one septet left empty in each */
        {"[", 80, "", SMS_GSM, 160, 1, 0},
        {"[", 81, "", SMS_GSM, 162, 2, 143},
        {"[", 152, "", SMS_GSM, 304, 2, 1},
        {"[", 153, "", SMS_GSM, 306, 3, 151},
        {"ż", 1, "", SMS_UCS2, 1, 1, 69},
        {"ż", 70, "", SMS_UCS2, 70, 1, 0},
        {"ż", 71, "", SMS_UCS2, 71, 2, 63},
        {"ż", 134, "", SMS_UCS2, 134, 2, 0},
        {"ż", 135, "", SMS_UCS2, 135, 3, 66},
        {"ż", 201, "", SMS_UCS2, 201, 3, 0},
        {"ż", 202, "", SMS_UCS2, 202, 4, 66},
        {"😀", 35, "", SMS_UCS2, 70, 1, 0},
        {"😀", 36, "", SMS_UCS2, 72, 2, 61}, /* 33 pairs are 66 of the 67 */
        {"😀", 66, "", SMS_UCS2, 132, 2, 1},
        {"😀", 67, "", SMS_UCS2, 134, 3, 65},
        {"ż", 66, "😀aaa", SMS_UCS2, 71, 2, 62},
        /* in UCS-2 what GSM escapes is one unit */
        {"€", 69, "ż", SMS_UCS2, 70, 1, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        struct buf text = repeated(cases[i].unit, cases[i].count, cases[i].tail);
        struct sms_measure m = sms_text_measure(buf_span(&text));
        if ((int)m.alphabet != cases[i].alphabet || m.units != cases[i].units ||
            m.parts != cases[i].parts || m.left != cases[i].left)
            fail_msg("case %zu: alphabet %d units %d parts %d left %d", i, (int)m.alphabet, m.units,
                     m.parts, m.left);
        buf_release(&text);
    }
}

/* Independent: a list of unit counts, filled part by part. */
static int parts_of_units(const int *units, int count, int alone, int joined)
{
    int all = 0, parts = 1, room = joined;
    for (int i = 0; i < count; ++i)
        all += units[i];
    if (all <= alone)
        return all > 0;
    for (int i = 0; i < count; ++i) {
        if (units[i] > room) {
            ++parts;
            room = joined;
        }
        room -= units[i];
    }
    return parts;
}

static void parts_agree_with_a_naive_splitter_on_random_texts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int gsm, ucs2;
    } letters[] = {{"a", 1, 1}, {"€", 2, 1}, {"{", 2, 1}, {"é", 1, 1}, {"ł", 0, 1}, {"😀", 0, 2}};
    srandom(20260512);
    for (int round = 0; round < 3000; ++round) {
        int count = (int)(random() % 500), kinds = random() % 2 == 0 ? 4 : 6;
        int gsm[500], ucs2[500];
        bool is_gsm = true;
        struct buf text;
        buf_init(&text, 4096);
        for (int i = 0; i < count; ++i) {
            size_t letter = (size_t)(random() % kinds);
            buf_add_str(&text, letters[letter].text);
            gsm[i] = letters[letter].gsm;
            ucs2[i] = letters[letter].ucs2;
            is_gsm = is_gsm && gsm[i] > 0;
        }
        struct sms_measure m = sms_text_measure(buf_span(&text));
        int expected =
            is_gsm ? parts_of_units(gsm, count, 160, 153) : parts_of_units(ucs2, count, 70, 67);
        assert_int_equal(m.parts, expected);
        assert_int_equal(m.alphabet, is_gsm ? SMS_GSM : SMS_UCS2);
        buf_release(&text);
    }
}

static void the_character_that_makes_it_dear_is_named(void **state)
{
    (void)state;
    struct sms_measure m = sms_text_measure(SPAN_LIT("Zapłać €5 – ż"));
    assert_int_equal(m.culprit, 0x142);
    assert_int_equal(m.culprit_at, 3);
    assert_int_equal(sms_text_measure(SPAN_LIT("Zaplac")).culprit, 0);
    assert_int_equal(sms_text_measure(SPAN_LIT("a`b")).culprit, '`');
    assert_int_equal(sms_text_measure(SPAN_LIT("fa\xc3\xa7"
                                               "ade"))
                         .culprit,
                     0xe7);
}

static void bytes_that_are_no_utf8_count_one_by_one_as_unicode(void **state)
{
    (void)state;
    static const char *const broken[] = {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xe2\x82", "\xf5"};
    static const int units[] = {1, 2, 3, 2, 1};
    for (size_t i = 0; i < 5; ++i) {
        struct sms_measure m = sms_text_measure(span_str(broken[i]));
        assert_int_equal(m.culprit, 0xfffd);
        assert_int_equal(m.units, units[i]);
    }
}

static void assert_plain(const char *text, const char *expected)
{
    struct buf out;
    buf_init(&out, 4096);
    sms_text_plain(&out, span_str(text));
    assert_string_equal(buf_span(&out).base, expected);
    buf_release(&out);
}

static void polish_and_typographic_characters_are_written_plainly(void **state)
{
    (void)state;
    assert_plain("Zażółć gęślą jaźń", "Zazolc gesla jazn");
    assert_plain("ZAŻÓŁĆ GĘŚLĄ JAŹŃ", "ZAZOLC GESLA JAZN");
    assert_plain("„Rata” – 1\xc2\xa0"
                 "234,50… «x» ‘y’ •×",
                 "\"Rata\" - 1 234,50... \"x\" 'y' -x");
    assert_plain("a\xe2\x80\x8b"
                 "b\xef\xbb\xbf"
                 "c\xc2\xad"
                 "d",
                 "abcd");
    assert_plain("čšžřěůáíý", "cszreuaiy");
    assert_plain("éäöüßàèìòùñÅØÆ", "éäöüßàèìòùñÅØÆ");
    assert_plain("{[~]} € \\ ^ | @", "{[~]} € \\ ^ | @");
    assert_plain("", "");
}

static void combining_sequences_are_composed_first(void **state)
{
    (void)state;
    assert_plain("o\xcc\x81 z\xcc\x87 a\xcc\xa8 c\xcc\x81", "o z a c");
    assert_plain("e\xcc\x81 u\xcc\x88", "é ü"); /* those are in the alphabet */
    assert_plain("\xd0\xb8\xcc\x86 \xd1\x96\xcc\x88", "й ї");
}

static void ukrainian_letters_and_emoji_stay(void **state)
{
    (void)state;
    assert_plain("Ґанок її ’є 😀", "Ґанок її 'є 😀");
    assert_int_equal(sms_text_measure(SPAN_LIT("Нагадуємо")).alphabet, SMS_UCS2);
}

/* field.md: "a 141-character reminder with a 36-character link is 1 part without diacritics, 3
 * parts with them". */
static void the_worked_case_is_one_part_plain_and_three_parts_with_polish_letters(void **state)
{
    (void)state;
    static const char text[] =
        "Dzień dobry, przypominamy o płatności raty 7 z 24, kwota 412,50 PLN, termin 12 maja. "
        "Zapłać: https://p.bank.example/AbCdEfGhIjKlM Dziękujemy.";
    struct sms_measure dear = sms_text_measure(span_str(text));
    assert_int_equal(dear.units, 141);
    assert_int_equal(dear.parts, 3);
    struct buf out;
    buf_init(&out, 4096);
    sms_text_plain(&out, span_str(text));
    struct sms_measure cheap = sms_text_measure(buf_span(&out));
    assert_int_equal(cheap.alphabet, SMS_GSM);
    assert_int_equal(cheap.units, 141);
    assert_int_equal(cheap.parts, 1);
    assert_int_equal(sms_text_price(dear, 165000), 495000);
    assert_int_equal(sms_text_price(cheap, 165000), 165000);
    buf_release(&out);
}

static void latin_text_written_plainly_is_gsm(void **state)
{
    (void)state;
    for (uint32_t c = 0xc0; c < 0x180; ++c) {
        char text[3] = {(char)(0xc0 | c >> 6), (char)(0x80 | (c & 0x3f)), 0};
        struct buf out;
        buf_init(&out, 16);
        sms_text_plain(&out, span_str(text));
        if (sms_text_measure(buf_span(&out)).alphabet != SMS_GSM && c != 0xf7)
            fail_msg("U+%04X", c);
        buf_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_character_of_the_first_plane_is_known_as_the_table_has_it),
        cmocka_unit_test(none_of_the_polish_letters_is_in_the_alphabet),
        cmocka_unit_test(parts_begin_where_they_must),
        cmocka_unit_test(parts_agree_with_a_naive_splitter_on_random_texts),
        cmocka_unit_test(the_character_that_makes_it_dear_is_named),
        cmocka_unit_test(bytes_that_are_no_utf8_count_one_by_one_as_unicode),
        cmocka_unit_test(polish_and_typographic_characters_are_written_plainly),
        cmocka_unit_test(combining_sequences_are_composed_first),
        cmocka_unit_test(ukrainian_letters_and_emoji_stay),
        cmocka_unit_test(the_worked_case_is_one_part_plain_and_three_parts_with_polish_letters),
        cmocka_unit_test(latin_text_written_plainly_is_gsm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
