#include "http/tus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void numbers_are_plain_digits(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t number; /* -1: refused */
    } rows[] = {
        {"0", 0},
        {"1048576", 1048576},
        {"999999999999999999", INT64_C(999999999999999999)},
        {"", -1},
        {"-1", -1},
        {"+1", -1},
        {" 1", -1},
        {"1 ", -1},
        {"0x10", -1},
        {"1e3", -1},
        {"9999999999999999999", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
        int64_t number = -1;
        bool is_number = tus_number(span_str(rows[i].text), &number);
        assert_int_equal(is_number, rows[i].number >= 0);
        if (is_number)
            assert_int_equal(number, rows[i].number);
    }
}

/* Base64 by coreutils' base64. */
static void file_name_is_found_and_is_no_path(void **state)
{
    (void)state;
    static const struct {
        const char *metadata, *name; /* null: the header is broken */
    } rows[] = {
        {"", "upload.csv"},
        {"filename ZmFrdHVyeS5jc3Y=", "faktury.csv"},
        {"filetype dGV4dC9jc3Y=,filename ZmFrdHVyeS5jc3Y=", "faktury.csv"},
        {"is_confidential,filename ZmFrdHVyeS5jc3Y=", "faktury.csv"},
        {"filename Li4vLi4vZXRjL3Bhc3N3ZA==", "passwd"}, /* ../../etc/passwd */
        {"filename QzpcYS5jc3Y=", "a.csv"},              /* C:\a.csv */
        {"filename YQ0KYg==", "upload.csv"},             /* a CR LF b */
        {"filename //4=", "upload.csv"},                 /* no UTF-8 */
        {"filename", "upload.csv"},
        {"filename ???", NULL},
        {"filename ZmFrdHVyeS5jc3Y", NULL}, /* no padding */
        {",", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
        char name[TUS_NAME_MAX + 1];
        bool is_good = tus_file_name(span_str(rows[i].metadata), name);
        assert_int_equal(is_good, rows[i].name != NULL);
        if (is_good)
            assert_string_equal(name, rows[i].name);
    }
}

/* FIPS 180-2, appendices A.1 and B.1, as base64. */
static void checksum_is_compared_with_the_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        enum tus_checksum verdict;
    } rows[] = {
        {"sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", TUS_CHECKSUM_GOOD},
        {"sha256 ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=", TUS_CHECKSUM_GOOD},
        {"sha1 rZk+NkcGgWq6PiVxeFDCbJzQ2J0=", TUS_CHECKSUM_WRONG},
        {"sha256 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", TUS_CHECKSUM_UNREADABLE}, /* too short */
        {"sha1 ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=", TUS_CHECKSUM_UNREADABLE},
        {"SHA1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", TUS_CHECKSUM_UNREADABLE},
        {"md5 kAFQmDzST7DWlj99KOF/cg==", TUS_CHECKSUM_UNREADABLE},
        {"sha1qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", TUS_CHECKSUM_UNREADABLE},
        {"sha1 ", TUS_CHECKSUM_UNREADABLE},
        {"sha1", TUS_CHECKSUM_UNREADABLE},
        {"", TUS_CHECKSUM_UNREADABLE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i)
        assert_int_equal(tus_checksum_of(span_str(rows[i].header), SPAN_LIT("abc")),
                         rows[i].verdict);
}

static void number_of_a_campaign_is_found(void **state)
{
    (void)state;
    static const struct {
        const char *metadata;
        int64_t number; /* -1: refused */
    } rows[] = {
        {"", 0},
        {"filename ZmFrdHVyeS5jc3Y=", 0},
        {"filename ZmFrdHVyeS5jc3Y=,campaign MTc=", 17},
        {"campaign MTc=,filename ZmFrdHVyeS5jc3Y=", 17},
        {"campaign", -1},
        {"campaign eA==", -1},               /* x */
        {"campaign MTc=,campaign MTg=", -1}, /* 17, 18 */
        {"campaign LTE=", -1},               /* -1 */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
        int64_t number;
        bool is_good = tus_metadata_number(span_str(rows[i].metadata), "campaign", &number);
        assert_int_equal(is_good, rows[i].number >= 0);
        if (is_good)
            assert_int_equal(number, rows[i].number);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_plain_digits),
        cmocka_unit_test(file_name_is_found_and_is_no_path),
        cmocka_unit_test(number_of_a_campaign_is_found),
        cmocka_unit_test(checksum_is_compared_with_the_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
