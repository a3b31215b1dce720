#include "domain/transfer_qr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct buf text;

static int make_buf(void **state)
{
    (void)state;
    buf_init(&text, 1000);
    return 0;
}

static int free_buf(void **state)
{
    (void)state;
    buf_release(&text);
    return 0;
}

static struct transfer polish(void)
{
    return (struct transfer){
        .recipient = SPAN_LIT("Leasing Wzorcowy SA"),
        .nip = SPAN_LIT("5265877635"),
        .account = SPAN_LIT("PL61109010140000071219812874"),
        .title = SPAN_LIT("FV/11/2026/77 rata 3"),
        .amount = money_of(12345, "PLN"),
    };
}

static struct transfer european(void)
{
    struct transfer t = polish();
    t.amount = money_of(12345, "EUR");
    t.takes_euro_transfers = true;
    return t;
}

static void assert_text(const struct transfer *t, enum transfer_qr_level level,
                        const char *expected)
{
    enum transfer_qr_level got_level;
    buf_reset(&text);
    assert_int_equal(transfer_qr_print(t, &text, &got_level), TRANSFER_QR_GOOD);
    assert_string_equal(buf_span(&text).base, expected);
    assert_int_equal(got_level, level);
}

static void assert_refused(const struct transfer *t, enum transfer_qr_refusal refusal)
{
    enum transfer_qr_level level;
    buf_reset(&text);
    assert_int_equal(transfer_qr_print(t, &text, &level), refusal);
    assert_int_equal(buf_span(&text).len, 0);
}

/* These four texts were put in codes and read back byte for byte by independent readers. */
static void a_firm_in_pln_gets_the_verified_text(void **state)
{
    (void)state;
    struct transfer t = polish();
    assert_text(&t, TRANSFER_QR_LEVEL_L,
                "5265877635|PL|61109010140000071219812874|012345|Leasing Wzorcowy SA|"
                "FV/11/2026/77 rata 3|||");
}

static void a_person_in_pln_gets_the_verified_text(void **state)
{
    (void)state;
    struct transfer t = polish();
    t.nip = (struct span){0};
    t.recipient = SPAN_LIT("Żółw i Spółka");
    t.title = SPAN_LIT("Zażółć gęślą jaźń K-1042");
    t.amount = money_of(999999, "PLN");
    assert_text(&t, TRANSFER_QR_LEVEL_L,
                "|PL|61109010140000071219812874|999999|Żółw i Spółka|Zażółć gęślą jaźń K-1042|||");
}

static void a_transfer_in_eur_gets_the_verified_text(void **state)
{
    (void)state;
    struct transfer t = european();
    assert_text(&t, TRANSFER_QR_LEVEL_M,
                "BCD\n002\n1\nSCT\n\nLeasing Wzorcowy SA\nPL61109010140000071219812874\nEUR123.45\n"
                "\n\nFV/11/2026/77 rata 3");
}

static void a_structured_reference_in_eur_gets_the_verified_text(void **state)
{
    (void)state;
    struct transfer t = european();
    t.recipient = SPAN_LIT("Müller Leasing GmbH");
    t.account = SPAN_LIT("DE89370400440532013000");
    t.title = SPAN_LIT("RF18539007547034");
    t.amount = money_of(99990, "EUR");
    assert_text(&t, TRANSFER_QR_LEVEL_M,
                "BCD\n002\n1\nSCT\n\nMüller Leasing GmbH\nDE89370400440532013000\nEUR999.90\n\n"
                "RF18539007547034\n");
}

static void a_title_that_only_looks_like_a_reference_is_free_text(void **state)
{
    (void)state;
    struct transfer t = european();
    t.title = SPAN_LIT("RF19539007547034");
    assert_text(&t, TRANSFER_QR_LEVEL_M,
                "BCD\n002\n1\nSCT\n\nLeasing Wzorcowy SA\nPL61109010140000071219812874\nEUR123.45\n"
                "\n\nRF19539007547034");
}

static void fields_are_cut_by_characters_and_cleaned(void **state)
{
    (void)state;
    struct transfer t = polish();
    t.nip = SPAN_LIT("526-587-76-35");
    t.recipient = SPAN_LIT("Żółćżółćżółćżółćżó ł i inni");
    t.title = SPAN_LIT(" Faktura|nr\r\n\"FV/1\" (rata:\xc2\xa0"
                       "3) za \xf0\x9f\x92\xb8 2026\xff ąęąęąęąęąęąęąęąęąę");
    t.amount = money_of(1, "PLN");
    assert_text(&t, TRANSFER_QR_LEVEL_L,
                "5265877635|PL|61109010140000071219812874|000001|Żółćżółćżółćżółćżó ł|"
                "Fakturanr FV/1 rata 3 za 2026 ąę|||");
    t.recipient = SPAN_LIT("Dwadziescia znakow x y");
    t.title = SPAN_LIT("a");
    assert_text(&t, TRANSFER_QR_LEVEL_L,
                "5265877635|PL|61109010140000071219812874|000001|Dwadziescia znakow x|a|||");
}

static void a_tax_number_of_another_length_is_left_out(void **state)
{
    (void)state;
    struct transfer t = polish();
    t.nip = SPAN_LIT("52658776351");
    assert_text(&t, TRANSFER_QR_LEVEL_L,
                "|PL|61109010140000071219812874|012345|Leasing Wzorcowy SA|"
                "FV/11/2026/77 rata 3|||");
}

static void where_a_code_would_mislead_there_is_none(void **state)
{
    (void)state;
    struct transfer t;
    t = polish(), t.amount.minor = 1000000, assert_refused(&t, TRANSFER_QR_AMOUNT_TOO_LARGE);
    t = polish(), t.amount.minor = 0, assert_refused(&t, TRANSFER_QR_NOTHING_TO_PAY);
    t = polish(), t.amount.minor = -1, assert_refused(&t, TRANSFER_QR_NOTHING_TO_PAY);
    t = polish(), t.account.len = 0, assert_refused(&t, TRANSFER_QR_NO_ACCOUNT);
    t = polish(), t.account.len = 27, assert_refused(&t, TRANSFER_QR_ACCOUNT_WRONG);
    t = polish(), t.account = SPAN_LIT("DE89370400440532013000");
    assert_refused(&t, TRANSFER_QR_ACCOUNT_FOREIGN);
    t = polish(), t.amount = money_of(100, "USD"), assert_refused(&t, TRANSFER_QR_CURRENCY);
    t = polish(), t.is_split_payment = true, assert_refused(&t, TRANSFER_QR_SPLIT_PAYMENT);
    t = polish(), t.recipient = SPAN_LIT("\"|\""), assert_refused(&t, TRANSFER_QR_NO_RECIPIENT);
    t = polish(), t.title = SPAN_LIT(" \n"), assert_refused(&t, TRANSFER_QR_NO_TITLE);
    t = european(), t.takes_euro_transfers = false, assert_refused(&t, TRANSFER_QR_CURRENCY);
    t = european(), t.amount.minor = INT64_C(100000000000);
    assert_refused(&t, TRANSFER_QR_AMOUNT_TOO_LARGE);
}

static void a_text_of_more_than_331_bytes_gets_no_code(void **state)
{
    (void)state;
    char title[2 * 140 + 1] = "";
    for (int i = 0; i < 140; ++i)
        strcat(title, "ą");
    struct transfer t = european();
    /* 70 bytes of everything else leave room for 261. */
    t.title = span_of(title, 2 * 130);
    enum transfer_qr_level level;
    buf_reset(&text);
    assert_int_equal(transfer_qr_print(&t, &text, &level), TRANSFER_QR_TOO_LONG);
    t.title = span_of(title, 2 * 120);
    assert_int_equal(transfer_qr_print(&t, &text, &level), TRANSFER_QR_GOOD);
    assert_in_range(buf_span(&text).len, 250, 331);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_firm_in_pln_gets_the_verified_text),
        cmocka_unit_test(a_person_in_pln_gets_the_verified_text),
        cmocka_unit_test(a_transfer_in_eur_gets_the_verified_text),
        cmocka_unit_test(a_structured_reference_in_eur_gets_the_verified_text),
        cmocka_unit_test(a_title_that_only_looks_like_a_reference_is_free_text),
        cmocka_unit_test(fields_are_cut_by_characters_and_cleaned),
        cmocka_unit_test(a_tax_number_of_another_length_is_left_out),
        cmocka_unit_test(where_a_code_would_mislead_there_is_none),
        cmocka_unit_test(a_text_of_more_than_331_bytes_gets_no_code),
    };
    return cmocka_run_group_tests(tests, make_buf, free_buf);
}
