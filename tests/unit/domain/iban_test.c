#include "domain/iban.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* Examples from the IBAN registry, and the Polish one of the ZBP code's description. */
static void good_accounts_are_written_one_way(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"PL61 1090 1014 0000 0712 1981 2874", "PL61109010140000071219812874"},
        {"61 1090 1014 0000 0712 1981 2874", "PL61109010140000071219812874"},
        {"pl61-1090-1014-0000-0712-1981-2874", "PL61109010140000071219812874"},
        {"61\xc2\xa0"
         "1090\xe2\x80\xaf"
         "10140000071219812874",
         "PL61109010140000071219812874"},
        {"DE89 3704 0044 0532 0130 00", "DE89370400440532013000"},
        {"GB29NWBK60161331926819", "GB29NWBK60161331926819"},
        {"MT84MALT011000012345MTLCAST001S", "MT84MALT011000012345MTLCAST001S"},
        {"NO9386011117947", "NO9386011117947"},
        {"UA213223130000026007233566001", "UA213223130000026007233566001"},
        {"LC55HEMM000100010012001200023015", "LC55HEMM000100010012001200023015"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        char out[IBAN_LEN_MAX + 1];
        assert_int_equal(iban_normalise(span_str(rows[i][0]), out), IBAN_GOOD);
        assert_string_equal(out, rows[i][1]);
    }
}

static void wrong_accounts_are_refused_with_their_reason(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum iban_refusal refusal;
    } rows[] = {
        {"", IBAN_MALFORMED},
        {"PL61", IBAN_MALFORMED},
        {"brak konta", IBAN_MALFORMED},
        {"PL61/1090 1014 0000 0712 1981 2874", IBAN_MALFORMED},
        {"1090101400000712198128", IBAN_MALFORMED},
        {"PL61109010140000071219812874PL611090101400", IBAN_MALFORMED},
        {"PLX1109010140000071219812874", IBAN_MALFORMED},
        {"ZZ61109010140000071219812874", IBAN_COUNTRY_UNKNOWN},
        {"PL6110901014000007121981287", IBAN_LENGTH_WRONG},
        {"PL611090101400000712198128740", IBAN_LENGTH_WRONG},
        {"PL61109010140000071219812875", IBAN_CHECK_WRONG},
        {"PL16109010140000071219812874", IBAN_CHECK_WRONG},
        {"61109010140000071219812847", IBAN_CHECK_WRONG},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        char out[IBAN_LEN_MAX + 1];
        assert_int_equal(iban_normalise(span_str(rows[i].text), out), rows[i].refusal);
    }
}

static void every_single_mistyped_digit_is_noticed(void **state)
{
    (void)state;
    char text[] = "PL61109010140000071219812874", out[IBAN_LEN_MAX + 1];
    for (size_t at = 2; text[at] != 0; ++at) {
        char kept = text[at];
        for (char c = '0'; c <= '9'; ++c) {
            text[at] = c;
            assert_int_equal(iban_normalise(span_str(text), out),
                             c == kept ? IBAN_GOOD : IBAN_CHECK_WRONG);
        }
        text[at] = kept;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_accounts_are_written_one_way),
        cmocka_unit_test(wrong_accounts_are_refused_with_their_reason),
        cmocka_unit_test(every_single_mistyped_digit_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
