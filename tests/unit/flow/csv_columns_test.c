#include "flow/csv_columns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void headers_are_known_in_polish_and_english(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        int column;
    } rows[] = {
        {"Customer reference", CSV_CUSTOMER},
        {"Kod kontrahenta", CSV_CUSTOMER},
        {"ID klienta", CSV_CUSTOMER},
        {"Akronim", CSV_CUSTOMER},
        {"Nazwa", CSV_NAME},
        {"Imię i nazwisko", CSV_NAME},
        {"DŁUŻNIK", CSV_NAME},
        {"customer_name", CSV_NAME},
        {"Telefon", CSV_PHONE},
        {"Nr tel.", CSV_PHONE},
        {"E-mail", CSV_EMAIL},
        {"Adres e-mail", CSV_EMAIL},
        {"Język", CSV_LANGUAGE},
        {"Numer faktury", CSV_NUMBER},
        {"Nr dokumentu", CSV_NUMBER},
        {"Invoice No.", CSV_NUMBER},
        {"Rodzaj", CSV_KIND},
        {"Usługa", CSV_PRODUCT},
        {"Kwota brutto [PLN]", CSV_AMOUNT},
        {"Do zapłaty", CSV_AMOUNT},
        {"Należność (zł)", CSV_AMOUNT},
        {"Waluta", CSV_CURRENCY},
        {"Data wystawienia", CSV_ISSUE_DATE},
        {"Termin płatności", CSV_DUE_DATE},
        {"TERMIN PŁATNOŚCI", CSV_DUE_DATE},
        {"Due date", CSV_DUE_DATE},
        {"Nr rachunku", CSV_ACCOUNT},
        {"IBAN", CSV_ACCOUNT},
        {"Preferred channel", CSV_PREFERRED},
        {"Preferowany kanał", CSV_PREFERRED},
        {"Forma kontaktu", CSV_PREFERRED},
        {"Push consent", CSV_CONSENT + CONTACT_PUSH},
        {"Zgoda SMS", CSV_CONSENT + CONTACT_SMS},
        {"SMS consent", CSV_CONSENT + CONTACT_SMS},
        {"Zgoda na e-mail", CSV_CONSENT + CONTACT_EMAIL},
        {"Zgoda na wiadomości głosowe", CSV_CONSENT + CONTACT_VOICE},
        {"Zgoda na kontakt telefoniczny", CSV_CONSENT + CONTACT_CALL},
        {"Zgoda", -1}, /* to what? */
        {"Kwota netto", -1},
        {"Uwagi", -1},
        {"", -1},
        {"\xff\xfe\x80", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i)
        assert_int_equal(csv_column_of(span_str(rows[i].header)), rows[i].column);
}

static void two_headers_of_one_meaning_are_found(void **state)
{
    (void)state;
    const struct span headers[] = {SPAN_LIT("Uwagi"), SPAN_LIT("Kwota"), SPAN_LIT("Uwagi"),
                                   SPAN_LIT("Do zapłaty")};
    int first, second;
    assert_int_equal(csv_columns_twice(headers, 4, &first, &second), CSV_AMOUNT);
    assert_int_equal(first, 1);
    assert_int_equal(second, 3);
    assert_int_equal(csv_columns_twice(headers, 3, &first, &second), -1);
}

static void further_columns_have_names_for_templates(void **state)
{
    (void)state;
    static const struct {
        const char *header, *field;
    } rows[] = {
        {"Nr umowy (2026)", "nr_umowy_2026"},
        {"  Imię  i nazwisko matki ", "imie_i_nazwisko_matki"},
        {"ŻÓŁĆ-kod", "zolc_kod"},
        {"{{link}}", "link"},
        {"a.b", "a_b"},
        {"№ 7", "7"},
        {"Київ", ""},
        {"???", ""},
        {"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
         "abcdefghijklmnopqrstuvwxyzabcdefghijklmn"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
        char field[CSV_FIELD_MAX + 1];
        csv_field_of(span_str(rows[i].header), field);
        assert_string_equal(field, rows[i].field);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_are_known_in_polish_and_english),
        cmocka_unit_test(two_headers_of_one_meaning_are_found),
        cmocka_unit_test(further_columns_have_names_for_templates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
