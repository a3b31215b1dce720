/* The expected hashes were made by the database's own event_hash() and sha256(). */
#include "domain/event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void assert_hash(const uint8_t hash[SHA256_LEN], const char *expected)
{
    char hex[2 * SHA256_LEN + 1];
    hex_print(hash, SHA256_LEN, hex);
    assert_string_equal(hex, expected);
}

static void hash_is_the_database_s(void **state)
{
    (void)state;
    uint8_t hash[SHA256_LEN];
    event_hash(SPAN_LIT(""),
               &(struct event){.customer_id = 1,
                               .invoice_id = 2,
                               .event_no = 1,
                               .at = {INT64_C(1795383320123456)},
                               .kind = SPAN_LIT("invoice.imported"),
                               .facts = SPAN_LIT("{\"a\":\"ż\"}")},
               hash);
    assert_hash(hash, "96e8efc1901b4663837f46880bdb3b810a76c004e01d9c1830dcf17bc0ef10b2");
    event_hash(SPAN_LIT("\x01\x02"),
               &(struct event){.customer_id = INT64_C(68719476735),
                               .invoice_id = 2,
                               .event_no = 3,
                               .at = {-1000000},
                               .kind = SPAN_LIT("x"),
                               .facts = SPAN_LIT("{}"),
                               .personal_hash = SPAN_LIT("\xff")},
               hash);
    assert_hash(hash, "75b7f7e03cb70653c8d4bb0931fc33107c0c8acf1078a3df33db335d63306519");
}

static void personal_part_is_bound_with_its_salt(void **state)
{
    (void)state;
    uint8_t hash[SHA256_LEN], salt[EVENT_SALT_LEN];
    hex_parse(SPAN_LIT("00010203040506070809000102030405"), salt, sizeof salt);
    event_personal_hash(span_of((const char *)salt, sizeof salt), SPAN_LIT("{\"name\":\"Łucja\"}"),
                        hash);
    assert_hash(hash, "71e5148c932752b9a6bcd723aeee08f3c773e8da6e6c6471c50cab4a3e23ddc0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_is_the_database_s),
        cmocka_unit_test(personal_part_is_bound_with_its_salt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
