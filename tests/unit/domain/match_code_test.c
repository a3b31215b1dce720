#include "domain/match_code.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define ONE "1 1111111111111111111111111111111111111111111111111111111111111111 "
#define TWO "2 2222222222222222222222222222222222222222222222222222222222222222 "

static const char *code_of(const struct keyring *k, int64_t customer_id, int32_t link_no)
{
    static char codes[4][MATCH_CODE_LEN + 1];
    static int at;
    char *out = codes[at++ % 4];
    match_code_print(k, (struct paylink_id){customer_id, link_no}, keyring_signer(k), out);
    return out;
}

/* python3: hmac(hmac(key, b"dunlin match mac"), customer 8 bytes | link 4 bytes), first 8 bytes
 * as a number, written in base 25, lowest digit first. */
static void codes_equal_those_computed_elsewhere(void **state)
{
    (void)state;
    struct keyring *k = keyring_new(SPAN_LIT(ONE "active"), NULL);
    assert_string_equal(code_of(k, 4711, 3), "MK-VH");
    assert_string_equal(code_of(k, 1, 1), "52-9J");
    assert_string_not_equal(code_of(k, 4711, 3), code_of(k, 4711, 4));
    assert_string_not_equal(code_of(k, 4711, 3), code_of(k, 4712, 3));
    keyring_free(k);
}

/* As the page does: the key is that of the code that was followed. */
static void match_of_code(const struct keyring *k, struct span code, char out[MATCH_CODE_LEN + 1])
{
    struct paylink_id id;
    assert_true(paylink_check_code(k, code, &id));
    match_code_print(k, id, paylink_key_no(code), out);
}

static void a_page_says_what_its_message_said_also_after_a_rotation(void **state)
{
    (void)state;
    struct keyring *before = keyring_new(SPAN_LIT(ONE "active"), NULL);
    struct keyring *both = keyring_new(SPAN_LIT(ONE "active\n" TWO "active"), NULL);
    char old_code[PAYLINK_CODE_LEN + 1], new_code[PAYLINK_CODE_LEN + 1];
    char on_page[MATCH_CODE_LEN + 1];
    paylink_print_code(before, (struct paylink_id){7, 1}, old_code);
    paylink_print_code(both, (struct paylink_id){7, 1}, new_code);
    match_of_code(both, span_str(old_code), on_page);
    assert_string_equal(on_page, code_of(before, 7, 1));
    match_of_code(both, span_str(new_code), on_page);
    assert_string_equal(on_page, code_of(both, 7, 1));
    assert_string_not_equal(on_page, code_of(before, 7, 1));
    keyring_free(before);
    keyring_free(both);
}

static void a_code_has_two_pairs_without_look_alikes(void **state)
{
    (void)state;
    struct keyring *k = keyring_new(SPAN_LIT(ONE "active"), NULL);
    int seen[128] = {0}, different = 0;
    for (int32_t i = 1; i <= 2000; ++i) {
        const char *code = code_of(k, 4711, i);
        assert_int_equal(strlen(code), MATCH_CODE_LEN);
        assert_int_equal(code[2], '-');
        for (int c = 0; c < MATCH_CODE_LEN; ++c)
            if (c != 2)
                ++seen[(int)code[c]];
    }
    for (int c = 0; c < 128; ++c)
        different += seen[c] > 0;
    assert_int_equal(different, 25);
    for (const char *c = "0O1ILAEUSZBS"; *c != '\0'; ++c)
        assert_int_equal(seen[(int)*c], 0);
    keyring_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_equal_those_computed_elsewhere),
        cmocka_unit_test(a_page_says_what_its_message_said_also_after_a_rotation),
        cmocka_unit_test(a_code_has_two_pairs_without_look_alikes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
