#include "domain/device.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define UPPER64 "0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789abcdef"

static const struct device_claim good = {.customer = SPAN_LIT("K-1"),
                                         .installation = SPAN_LIT("install-1"),
                                         .app = SPAN_LIT("com.bank.app"),
                                         .service = DEVICE_APNS,
                                         .token = SPAN_LIT(HEX64)};

static char token[DEVICE_FCM_TOKEN_MAX + 1];

/* Apple: variable length, hex in the path of the request. Google: opaque, printable. */
static void a_token_must_have_the_shape_of_its_service(void **state)
{
    (void)state;
    static const struct {
        enum device_service service;
        const char *token, *kept; /* null: refused */
    } cases[] = {
        {DEVICE_APNS, HEX64, HEX64},
        {DEVICE_APNS, UPPER64, HEX64},
        {DEVICE_APNS, "00", "00"},
        {DEVICE_APNS, "", NULL},
        {DEVICE_APNS, "0", NULL},
        {DEVICE_APNS, "012", NULL},
        {DEVICE_APNS, "0g", NULL},
        {DEVICE_APNS, "<0123>", NULL}, /* how old code prints it */
        {DEVICE_APNS, "01 23", NULL},
        {DEVICE_APNS, "0x12", NULL},
        {DEVICE_FCM, "cXYz:APA91b-_%", "cXYz:APA91b-_%"},
        {DEVICE_FCM, UPPER64, UPPER64},
        {DEVICE_FCM, "", NULL},
        {DEVICE_FCM, "a b", NULL},
        {DEVICE_FCM, "a\n", NULL},
        {DEVICE_FCM, "\x7f", NULL},
        {DEVICE_FCM, "za\xc5\xbc", NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        struct device_claim claim = good;
        claim.service = cases[i].service;
        claim.token = span_str(cases[i].token);
        enum device_refusal refusal = device_check(&claim, token);
        assert_int_equal(refusal, cases[i].kept == NULL ? DEVICE_BAD_TOKEN : DEVICE_FINE);
        if (cases[i].kept != NULL)
            assert_string_equal(token, cases[i].kept);
    }
}

static void a_token_may_be_as_long_as_its_service_makes_them_and_no_longer(void **state)
{
    (void)state;
    static char text[1100];
    memset(text, 'a', sizeof(text));
    static const struct {
        enum device_service service;
        size_t len;
        enum device_refusal expected;
    } cases[] = {
        {DEVICE_APNS, 200, DEVICE_FINE},
        {DEVICE_APNS, 202, DEVICE_BAD_TOKEN},
        {DEVICE_FCM, 1024, DEVICE_FINE},
        {DEVICE_FCM, 1025, DEVICE_BAD_TOKEN},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        struct device_claim claim = good;
        claim.service = cases[i].service;
        claim.token = span_of(text, cases[i].len);
        assert_int_equal(device_check(&claim, token), cases[i].expected);
    }
}

static void names_are_of_few_letters_and_bounded(void **state)
{
    (void)state;
    static char longest[300];
    memset(longest, 'x', sizeof(longest));
    static const struct {
        const char *text;
        size_t len;
        bool is_fine;
    } installations[] = {
        {"12345678", 8, true},   {"1234567", 7, false},   {"a.b_c-D9", 8, true},
        {longest, 64, true},     {longest, 65, false},    {"1234 5678", 9, false},
        {"12345678/", 9, false}, {"1234567\0", 8, false}, {"1234567\xc4", 8, false},
    };
    for (size_t i = 0; i < sizeof(installations) / sizeof(installations[0]); ++i) {
        struct device_claim claim = good;
        claim.installation = span_of(installations[i].text, installations[i].len);
        assert_int_equal(device_check(&claim, token),
                         installations[i].is_fine ? DEVICE_FINE : DEVICE_BAD_INSTALLATION);
    }
    struct device_claim claim = good;
    claim.app = span_of(longest, 201);
    assert_int_equal(device_check(&claim, token), DEVICE_BAD_APP);
    claim.app = SPAN_LIT("");
    assert_int_equal(device_check(&claim, token), DEVICE_BAD_APP);
    claim.app = SPAN_LIT("com.bank|fcm");
    assert_int_equal(device_check(&claim, token), DEVICE_BAD_APP);
}

static void a_reference_is_what_an_import_would_take(void **state)
{
    (void)state;
    static char longest[80];
    memset(longest, 'x', sizeof(longest));
    assert_true(device_customer_is_fine(SPAN_LIT("K/2026 \xc5\xbb"
                                                 "1")));
    assert_true(device_customer_is_fine(span_of(longest, 64)));
    assert_false(device_customer_is_fine(span_of(longest, 65)));
    assert_false(device_customer_is_fine(SPAN_LIT("")));
    assert_false(device_customer_is_fine(SPAN_LIT(" K")));
    assert_false(device_customer_is_fine(SPAN_LIT("K ")));
    assert_false(device_customer_is_fine(SPAN_LIT("K\n1")));
    assert_false(device_customer_is_fine(SPAN_LIT("K\0001")));
}

static void fcm_has_one_environment_and_apns_one_kind_of_target(void **state)
{
    (void)state;
    struct device_claim claim = good;
    claim.is_sandbox = true;
    assert_int_equal(device_check(&claim, token), DEVICE_FINE);
    claim.is_fid = true;
    assert_int_equal(device_check(&claim, token), DEVICE_BAD_TARGET_KIND);
    claim.service = DEVICE_FCM;
    assert_int_equal(device_check(&claim, token), DEVICE_BAD_ENVIRONMENT);
    claim.is_sandbox = false;
    assert_int_equal(device_check(&claim, token), DEVICE_FINE);
}

static void each_refusal_has_words_that_quote_nothing(void **state)
{
    (void)state;
    for (int i = DEVICE_BAD_CUSTOMER; i <= DEVICE_BAD_TOKEN; ++i)
        assert_true(strlen(device_refusal_text((enum device_refusal)i)) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_must_have_the_shape_of_its_service),
        cmocka_unit_test(a_token_may_be_as_long_as_its_service_makes_them_and_no_longer),
        cmocka_unit_test(names_are_of_few_letters_and_bounded),
        cmocka_unit_test(a_reference_is_what_an_import_would_take),
        cmocka_unit_test(fcm_has_one_environment_and_apns_one_kind_of_target),
        cmocka_unit_test(each_refusal_has_words_that_quote_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
