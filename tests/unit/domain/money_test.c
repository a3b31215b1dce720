#include "domain/money.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void currencies_have_the_exponents_of_iso_4217(void **state)
{
    (void)state;
    assert_int_equal(currency_exponent(SPAN_LIT("PLN")), 2);
    assert_int_equal(currency_exponent(SPAN_LIT("AED")), 2);
    assert_int_equal(currency_exponent(SPAN_LIT("ZWG")), 2);
    assert_int_equal(currency_exponent(SPAN_LIT("JPY")), 0);
    assert_int_equal(currency_exponent(SPAN_LIT("TND")), 3);
}

static void what_is_no_currency_has_no_exponent(void **state)
{
    (void)state;
    static const char *const rows[] = {"", "PL", "pln", "PLNX", "XXX", "LN ", "N Q", "   "};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i)
        assert_int_equal(currency_exponent(span_str(rows[i])), -1);
}

static void an_amount_knows_its_currency(void **state)
{
    (void)state;
    struct money one = money_of(1, "PLN");
    assert_true(money_has_currency(one, SPAN_LIT("PLN")));
    assert_false(money_has_currency(one, SPAN_LIT("EUR")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(currencies_have_the_exponents_of_iso_4217),
        cmocka_unit_test(what_is_no_currency_has_no_exponent),
        cmocka_unit_test(an_amount_knows_its_currency),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
