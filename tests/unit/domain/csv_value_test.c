#include "domain/csv_value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define NB "\xc2\xa0"
#define NARROW "\xe2\x80\xaf"

static void amounts_are_read_as_exports_write_them(void **state)
{
    (void)state;
    static const struct {
        const char *text, *column, *currency;
        int64_t minor;
    } rows[] = {
        {"1 234,56", "", "PLN", 123456},
        {"1" NB "234,56", "PLN", "PLN", 123456},
        {"1" NARROW "234" NARROW "567,89", "PLN", "PLN", 123456789},
        {"1,234.56", "PLN", "PLN", 123456},
        {"1.234,56", "PLN", "PLN", 123456},
        {"1,234,567.8", "PLN", "PLN", 123456780},
        {"1.234.567", "PLN", "PLN", 123456700},
        {"1'234.50", "EUR", "EUR", 123450},
        {"1’234.50", "EUR", "EUR", 123450},
        {"1234.56", "PLN", "PLN", 123456},
        {"1234,5", "PLN", "PLN", 123450},
        {"1234", "PLN", "PLN", 123400},
        {"0,01", "PLN", "PLN", 1},
        {",50", "PLN", "PLN", 50},
        {"0012,50", "PLN", "PLN", 1250},
        {"1234,500", "PLN", "PLN", 123450}, /* no thousands: the first group is too long */
        {"12.5000", "PLN", "PLN", 1250},    /* four decimals, as some databases write */
        {"1 234,560", "PLN", "PLN", 123456},
        {"412,50 zł", "", "PLN", 41250},
        {"412,50zl", "", "PLN", 41250},
        {"412.50 PLN", "PLN", "PLN", 41250},
        {" 12,00 € ", "", "EUR", 1200},
        {"12,00 eur", "", "EUR", 1200},
        {"1500", "JPY", "JPY", 1500},
        {"1234,567", "KWD", "KWD", 1234567},
        {"9 999 999 999 999,99", "PLN", "PLN", 999999999999999},
    };
    for (size_t i = 0; i < COUNT(rows); ++i) {
        struct money m = {0};
        if (csv_value_amount(span_str(rows[i].text), span_str(rows[i].column), &m) != CSV_GOOD)
            fail_msg("refused: %s", rows[i].text);
        assert_int_equal(m.minor, rows[i].minor);
        assert_string_equal(m.currency, rows[i].currency);
    }
}

static void amounts_that_could_mean_something_else_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum csv_refusal refusal;
    } rows[] = {
        {"", CSV_EMPTY},
        {" " NB "\t", CSV_EMPTY},
        {"1,234", CSV_AMOUNT_AMBIGUOUS},
        {"1.234", CSV_AMOUNT_AMBIGUOUS},
        {"999,000 zł", CSV_AMOUNT_AMBIGUOUS},
        {"-5,00", CSV_AMOUNT_NEGATIVE},
        {"\xe2\x88\x92"
         "5,00",
         CSV_AMOUNT_NEGATIVE},
        {"5,00-", CSV_AMOUNT_NEGATIVE},
        {"0", CSV_AMOUNT_ZERO},
        {"0,00 zł", CSV_AMOUNT_ZERO},
        {"1234,567", CSV_AMOUNT_TOO_PRECISE},
        {"0,123", CSV_AMOUNT_TOO_PRECISE},
        {"1 234,567", CSV_AMOUNT_TOO_PRECISE},
        {"1,234.567", CSV_AMOUNT_TOO_PRECISE},
        {"10 000 000 000 000,00", CSV_AMOUNT_TOO_LARGE},
        {"99999999999999999999999999999999", CSV_AMOUNT_TOO_LARGE},
        {"12,00 EUR", CSV_AMOUNT_CURRENCY_DIFFERS},
        {"12,", CSV_AMOUNT_MALFORMED},
        {",", CSV_AMOUNT_MALFORMED},
        {".", CSV_AMOUNT_MALFORMED},
        {"1,2,3", CSV_AMOUNT_MALFORMED},
        {"1,23.45", CSV_AMOUNT_MALFORMED},
        {"1.234.56", CSV_AMOUNT_MALFORMED},
        {"1,234.567.890", CSV_AMOUNT_MALFORMED},
        {"1 234 56,00", CSV_AMOUNT_MALFORMED},
        {"1234 567,00", CSV_AMOUNT_MALFORMED},
        {"1 234'567,00", CSV_AMOUNT_MALFORMED},
        {"1 234.567,00", CSV_AMOUNT_MALFORMED},
        {"12,3 4", CSV_AMOUNT_MALFORMED},
        {"1 234,5,6", CSV_AMOUNT_MALFORMED},
        {"zł", CSV_AMOUNT_MALFORMED},
        {"12 kopiejek", CSV_AMOUNT_MALFORMED},
        {"1e5", CSV_AMOUNT_MALFORMED},
        {"=1+1", CSV_AMOUNT_MALFORMED},
        {"0x10", CSV_AMOUNT_MALFORMED},
        {"(5,00)", CSV_AMOUNT_MALFORMED},
        {"00000000000000000000000000000000000000000000001", CSV_AMOUNT_MALFORMED},
        {"١٢", CSV_AMOUNT_MALFORMED},
    };
    for (size_t i = 0; i < COUNT(rows); ++i) {
        struct money m = {.minor = 7};
        enum csv_refusal r = csv_value_amount(span_str(rows[i].text), SPAN_LIT("PLN"), &m);
        if (r != rows[i].refusal)
            fail_msg("%s: %s", rows[i].text, csv_refusal_name(r));
        assert_int_equal(m.minor, 7);
    }
}

static void amounts_come_back_however_they_are_printed(void **state)
{
    (void)state;
    static const int64_t minors[] = {1, 9, 10, 99, 100, 99999, 100000, 123456789, MONEY_MINOR_MAX};
    for (size_t i = 0; i < COUNT(minors); ++i)
        for (int language = 0; language < LANGUAGE_COUNT; ++language)
            for (int place = TEXT_PAGE; place <= TEXT_SMS; ++place) {
                struct buf text;
                struct money m;
                buf_init(&text, 100);
                text_format_amount(
                    &text, money_of(minors[i], "PLN"),
                    (struct text_style){(enum language)language, (enum text_place)place});
                struct span number = buf_span(&text);
                if (language == LANGUAGE_ENGLISH) /* the currency stands in front */
                    number = span_from(number, 3);
                assert_int_equal(csv_value_amount(number, (struct span){0}, &m), CSV_GOOD);
                assert_int_equal(m.minor, minors[i]);
                buf_release(&text);
            }
}

static void dates_are_read_day_before_month(void **state)
{
    (void)state;
    static const char *const rows[] = {"2026-05-12",          "12.05.2026",
                                       "12.5.2026",           "12-05-2026",
                                       "12/05/2026",          "2026.05.12",
                                       "2026/5/12",           " 12.05.2026" NB,
                                       "2026-05-12T00:00:00", "2026-05-12 00:00:00.000",
                                       "2026-05-12T10:00Z"};
    for (size_t i = 0; i < COUNT(rows); ++i) {
        struct date d = {0};
        if (csv_value_date(span_str(rows[i]), &d) != CSV_GOOD)
            fail_msg("refused: %s", rows[i]);
        assert_int_equal(date_compare(d, (struct date){2026, 5, 12}), 0);
    }
}

static void wrong_dates_are_refused_with_their_reason(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum csv_refusal refusal;
    } rows[] = {
        {"", CSV_EMPTY},
        {"12.05.26", CSV_DATE_MALFORMED},
        {"20260512", CSV_DATE_MALFORMED},
        {"12.05-2026", CSV_DATE_MALFORMED},
        {"12 maja 2026", CSV_DATE_MALFORMED},
        {"12.05.20261", CSV_DATE_MALFORMED},
        {"2026-05-12x", CSV_DATE_MALFORMED},
        {"2026-05", CSV_DATE_MALFORMED},
        {"46154", CSV_DATE_MALFORMED}, /* a spreadsheet's day number */
        {"..", CSV_DATE_MALFORMED},
        {"05/31/2026", CSV_DATE_IMPOSSIBLE},
        {"2026-02-29", CSV_DATE_IMPOSSIBLE},
        {"31.04.2026", CSV_DATE_IMPOSSIBLE},
        {"00.01.2026", CSV_DATE_IMPOSSIBLE},
        {"12.05.0226", CSV_DATE_OUT_OF_RANGE},
        {"9999-12-31", CSV_DATE_OUT_OF_RANGE},
    };
    for (size_t i = 0; i < COUNT(rows); ++i) {
        struct date d;
        enum csv_refusal r = csv_value_date(span_str(rows[i].text), &d);
        if (r != rows[i].refusal)
            fail_msg("%s: %s", rows[i].text, csv_refusal_name(r));
    }
}

static void phones_become_e164(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"501 234 567", "+48501234567"},        {"+48 501-234-567", "+48501234567"},
        {"0048501234567", "+48501234567"},      {"48501234567", "+48501234567"},
        {"(22) 123.45.67", "+48221234567"},     {"022 123 45 67", "+48221234567"},
        {"'501234567", "+48501234567"},         {"+380 67 123 45 67", "+380671234567"},
        {"0044 20 7946 0958", "+442079460958"}, {NB "501" NB "234" NARROW "567", "+48501234567"},
    };
    for (size_t i = 0; i < COUNT(rows); ++i) {
        char out[CSV_PHONE_LEN_MAX + 1];
        if (csv_value_phone(span_str(rows[i][0]), out) != CSV_GOOD)
            fail_msg("refused: %s", rows[i][0]);
        assert_string_equal(out, rows[i][1]);
    }
}

static void what_is_no_phone_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {"brak",
                                       "12345",
                                       "5012345678",
                                       "+4850123456",
                                       "+485012345678",
                                       "4,86E+10",
                                       "501234567, 602345678",
                                       "+0501234567",
                                       "000000000",
                                       "+",
                                       "00",
                                       "+1234567890123456",
                                       "123456789012345678901234567890",
                                       "501234567\x01",
                                       "+48+501234567"};
    for (size_t i = 0; i < COUNT(rows); ++i) {
        char out[CSV_PHONE_LEN_MAX + 1];
        if (csv_value_phone(span_str(rows[i]), out) != CSV_PHONE_MALFORMED)
            fail_msg("taken: %s", rows[i]);
    }
    assert_int_equal(csv_value_phone(SPAN_LIT(" "), (char[CSV_PHONE_LEN_MAX + 1]){0}), CSV_EMPTY);
}

static void emails_that_can_stand_in_a_header_are_taken(void **state)
{
    (void)state;
    static const char *const good[] = {"anna.kowalska@example.pl", "a+b_c'd@x-y.example.com",
                                       "żółw@przykład.pl"};
    static const char *const bad[] = {"anna",           "@example.pl",   "anna@",
                                      "anna@localhost", "a@b@c.pl",      "a b@c.pl",
                                      "a@c..pl",        ".a@c.pl",       "a.@c.pl",
                                      "a@.pl",          "a@c.pl.",       "a@c.pl\r\nBcc: x@y.pl",
                                      "<a@c.pl>",       "a@c.pl,b@c.pl", "a@c_d.pl",
                                      "\"a\"@c.pl",     "mailto:a@c.pl"};
    char out[CSV_EMAIL_LEN_MAX + 1], text[400];
    for (size_t i = 0; i < COUNT(good); ++i) {
        assert_int_equal(csv_value_email(span_str(good[i]), out), CSV_GOOD);
        assert_string_equal(out, good[i]);
    }
    for (size_t i = 0; i < COUNT(bad); ++i)
        if (csv_value_email(span_str(bad[i]), out) != CSV_EMAIL_MALFORMED)
            fail_msg("taken: %s", bad[i]);
    memset(text, 'a', sizeof(text));
    text[1] = '@';
    memcpy(text + sizeof(text) - 4, ".pl", 4);
    assert_int_equal(csv_value_email(span_str(text), out), CSV_EMAIL_MALFORMED);
    assert_int_equal(csv_value_email(SPAN_LIT(""), out), CSV_EMPTY);
}

static void words_for_language_currency_and_kind_are_known(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum language language;
    } languages[] = {{"pl", LANGUAGE_POLISH},           {"pl-PL", LANGUAGE_POLISH},
                     {"Polski", LANGUAGE_POLISH},       {"EN", LANGUAGE_ENGLISH},
                     {"angielski", LANGUAGE_ENGLISH},   {"UA", LANGUAGE_UKRAINIAN},
                     {"ukraiński", LANGUAGE_UKRAINIAN}, {"Українська", LANGUAGE_UKRAINIAN}};
    for (size_t i = 0; i < COUNT(languages); ++i) {
        enum language language;
        assert_int_equal(csv_value_language(span_str(languages[i].text), &language), CSV_GOOD);
        assert_int_equal(language, languages[i].language);
    }
    static const char *const currencies[][2] = {{"pln", "PLN"}, {"zł", "PLN"},   {"ZŁ.", "PLN"},
                                                {"€", "EUR"},   {"Euro", "EUR"}, {" usd ", "USD"}};
    for (size_t i = 0; i < COUNT(currencies); ++i) {
        char out[4];
        assert_int_equal(csv_value_currency(span_str(currencies[i][0]), out), CSV_GOOD);
        assert_string_equal(out, currencies[i][1]);
    }
    static const struct {
        const char *text, *kind;
    } kinds[] = {{"Faktura VAT", "invoice"},
                 {"FV", "invoice"},
                 {"rata 3/24", "instalment"},
                 {"RATA", "instalment"},
                 {"Installment", "instalment"},
                 {"składka OC", "premium"},
                 {"SKŁADKA", "premium"},
                 {"premium", "premium"},
                 {"inne", "other"}};
    for (size_t i = 0; i < COUNT(kinds); ++i) {
        enum invoice_kind kind;
        assert_int_equal(csv_value_kind(span_str(kinds[i].text), &kind), CSV_GOOD);
        assert_string_equal(invoice_kind_name(kind), kinds[i].kind);
    }
}

static void words_that_mean_nothing_are_refused(void **state)
{
    (void)state;
    enum language language;
    enum invoice_kind kind;
    char currency[4];
    assert_int_equal(csv_value_language(SPAN_LIT("klingon"), &language), CSV_LANGUAGE_UNKNOWN);
    assert_int_equal(csv_value_language(SPAN_LIT("ol"), &language), CSV_LANGUAGE_UNKNOWN);
    assert_int_equal(csv_value_language(SPAN_LIT("..."), &language), CSV_LANGUAGE_UNKNOWN);
    assert_int_equal(csv_value_language(SPAN_LIT(""), &language), CSV_EMPTY);
    assert_int_equal(csv_value_currency(SPAN_LIT("XYZ"), currency), CSV_CURRENCY_UNKNOWN);
    assert_int_equal(csv_value_currency(SPAN_LIT("P N"), currency), CSV_CURRENCY_UNKNOWN);
    assert_int_equal(csv_value_currency(SPAN_LIT("-"), currency), CSV_CURRENCY_UNKNOWN);
    assert_int_equal(csv_value_kind(SPAN_LIT("fakt"), &kind), CSV_KIND_UNKNOWN);
    assert_int_equal(csv_value_kind(SPAN_LIT("-"), &kind), CSV_KIND_UNKNOWN);
}

static void accounts_are_normalised_or_refused(void **state)
{
    (void)state;
    char out[IBAN_LEN_MAX + 1];
    assert_int_equal(csv_value_account(SPAN_LIT(" 61 1090 1014 0000 0712 1981 2874 "), out),
                     CSV_GOOD);
    assert_string_equal(out, "PL61109010140000071219812874");
    assert_int_equal(csv_value_account(SPAN_LIT(""), out), CSV_EMPTY);
    assert_int_equal(csv_value_account(SPAN_LIT("62 1090 1014 0000 0712 1981 2874"), out),
                     CSV_ACCOUNT_CHECK_WRONG);
}

static void folding_makes_headers_comparable(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"\xef\xbb\xbf"
         "Nr_Faktury ",
         "nr faktury"},
        {"NR-FAKTURY", "nr faktury"},
        {"Kwota  do zapłaty", "kwota do zaplaty"},
        {"Termin płatn.", "termin platn"},
        {"ŻÓŁĆ gęśla JAŹŃ", "zolc gesla jazn"},
        {"", ""},
        {" - ", ""},
    };
    for (size_t i = 0; i < COUNT(rows); ++i) {
        char out[64];
        assert_int_equal(csv_fold(span_str(rows[i][0]), out, sizeof(out)), strlen(rows[i][1]));
        assert_string_equal(out, rows[i][1]);
    }
    char small[5];
    csv_fold(SPAN_LIT("abc defgh"), small, sizeof(small));
    assert_true(strlen(small) < sizeof(small));
}

static void every_refusal_has_a_word_of_its_own_and_a_sentence(void **state)
{
    (void)state;
    for (int i = 0; i < CSV_REFUSAL_COUNT; ++i) {
        assert_true(strlen(csv_refusal_text((enum csv_refusal)i)) > 0);
        for (int j = 0; j < i; ++j)
            assert_string_not_equal(csv_refusal_name((enum csv_refusal)i),
                                    csv_refusal_name((enum csv_refusal)j));
    }
}

static void channels_and_consents_have_their_usual_words(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum csv_refusal refusal;
        enum contact_channel channel;
    } channels[] = {
        {"SMS", CSV_GOOD, CONTACT_SMS},
        {" e-mail ", CSV_GOOD, CONTACT_EMAIL},
        {"mail", CSV_GOOD, CONTACT_EMAIL},
        {"Głos", CSV_GOOD, CONTACT_VOICE},
        {"Telefon", CSV_GOOD, CONTACT_CALL},
        {"call", CSV_GOOD, CONTACT_CALL},
        {"push", CSV_GOOD, CONTACT_PUSH},
        {"", CSV_EMPTY, CONTACT_NONE},
        {"e", CSV_CHANNEL_UNKNOWN, CONTACT_NONE},
        {"fax", CSV_CHANNEL_UNKNOWN, CONTACT_NONE},
        {"sms, e-mail", CSV_CHANNEL_UNKNOWN, CONTACT_NONE},
    };
    static const struct {
        const char *text;
        enum csv_refusal refusal;
        bool is_yes;
    } consents[] = {
        {"yes", CSV_GOOD, true},
        {"TAK", CSV_GOOD, true},
        {"1", CSV_GOOD, true},
        {"no", CSV_GOOD, false},
        {"Nie", CSV_GOOD, false},
        {"0", CSV_GOOD, false},
        {"true", CSV_GOOD, true},
        {"False", CSV_GOOD, false},
        {" ", CSV_EMPTY, false},
        {"maybe", CSV_CONSENT_UNKNOWN, false},
        {"2", CSV_CONSENT_UNKNOWN, false},
        {"2026-11-03", CSV_CONSENT_UNKNOWN, false},
    };
    for (size_t i = 0; i < COUNT(channels); ++i) {
        enum contact_channel channel = CONTACT_NONE;
        if (csv_value_channel(span_str(channels[i].text), &channel) != channels[i].refusal ||
            channel != channels[i].channel)
            fail_msg("channel '%s'", channels[i].text);
    }
    for (size_t i = 0; i < COUNT(consents); ++i) {
        bool is_yes = false;
        if (csv_value_consent(span_str(consents[i].text), &is_yes) != consents[i].refusal ||
            is_yes != consents[i].is_yes)
            fail_msg("consent '%s'", consents[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(amounts_are_read_as_exports_write_them),
        cmocka_unit_test(amounts_that_could_mean_something_else_are_refused),
        cmocka_unit_test(amounts_come_back_however_they_are_printed),
        cmocka_unit_test(dates_are_read_day_before_month),
        cmocka_unit_test(wrong_dates_are_refused_with_their_reason),
        cmocka_unit_test(phones_become_e164),
        cmocka_unit_test(what_is_no_phone_is_refused),
        cmocka_unit_test(emails_that_can_stand_in_a_header_are_taken),
        cmocka_unit_test(words_for_language_currency_and_kind_are_known),
        cmocka_unit_test(words_that_mean_nothing_are_refused),
        cmocka_unit_test(accounts_are_normalised_or_refused),
        cmocka_unit_test(folding_makes_headers_comparable),
        cmocka_unit_test(every_refusal_has_a_word_of_its_own_and_a_sentence),
        cmocka_unit_test(channels_and_consents_have_their_usual_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
