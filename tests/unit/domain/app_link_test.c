/* Expected files: the examples of developer.apple.com ("Supporting associated domains") and
 * developer.android.com ("Configure website associations"), with other names in them. */
#include "domain/app_link.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ONE                                                                                        \
    "14:6D:E9:83:C5:73:06:50:D8:EE:B9:95:2F:34:FC:64:16:A0:83:42:E6:1D:BE:A8:8A:04:96:B2:3F:CF:"   \
    "44:E5"
#define OTHER                                                                                      \
    "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:"   \
    "1E:1F"
#define OTHER_IN_SMALL                                                                             \
    "00:01:02:03:04:05:06:07:08:09:0a:0b:0c:0d:0e:0f:10:11:12:13:14:15:16:17:18:19:1a:1b:1c:1d:"   \
    "1e:1f"

static struct buf out;

static int begin(void **state)
{
    (void)state;
    buf_init(&out, 1 << 16);
    return 0;
}

static int end(void **state)
{
    (void)state;
    buf_release(&out);
    return 0;
}

static void assert_is(const char *expected)
{
    buf_add_char(&out, '\0');
    assert_string_equal(buf_span(&out).base, expected);
}

static void apple_is_told_that_the_apps_open_paths_of_eighteen_characters(void **state)
{
    (void)state;
    const char *apps[] = {"ABCDE12345.com.example.bank", "0123456789.com.example.bank-beta"};
    app_link_print_ios(&out, apps, 2);
    assert_is("{\"applinks\":{\"details\":[{\"appIDs\":[\"ABCDE12345.com.example.bank\","
              "\"0123456789.com.example.bank-beta\"],"
              "\"components\":[{\"/\":\"/??????????????????\"}]}]}}\n");
}

static void google_is_told_all_fingerprints_of_a_package_at_once_and_in_capitals(void **state)
{
    (void)state;
    const char *apps[] = {"com.example.bank=" ONE, "com.example.beta=" ONE,
                          "com.example.bank=" OTHER_IN_SMALL};
    app_link_print_android(&out, apps, 3);
    assert_is("[{\"relation\":[\"delegate_permission/common.handle_all_urls\"],\"target\":{"
              "\"namespace\":\"android_app\",\"package_name\":\"com.example.bank\","
              "\"sha256_cert_fingerprints\":[\"" ONE "\",\"" OTHER "\"]}},"
              "{\"relation\":[\"delegate_permission/common.handle_all_urls\"],\"target\":{"
              "\"namespace\":\"android_app\",\"package_name\":\"com.example.beta\","
              "\"sha256_cert_fingerprints\":[\"" ONE "\"]}}]\n");
}

static void what_is_no_app_is_refused_in_words(void **state)
{
    (void)state;
    static const char *const ios[] = {
        "",
        "com.example.bank",
        "ABCDE1234.com.example.bank",
        "ABCDE123456.com.example.bank",
        "abcde12345.com.example.bank",
        "ABCDE12345",
        "ABCDE12345.",
        "ABCDE12345..bank",
        "ABCDE12345.com.example.",
        "ABCDE12345.com.exa mple",
        "ABCDE12345.com.example\"",
        "ABCDE12345.*",
    };
    static const char *const android[] = {
        "",
        "com.example.bank",
        "com.example.bank=",
        "bank=" ONE,
        ".bank=" ONE,
        "com..bank=" ONE,
        "com.exa-mple=" ONE,
        "com.example.bank= " ONE,
        "com.example.bank=" ONE ":00",
        "com.example.bank=14:6D",
        "com.example.bank=146DE983C5730650D8EEB9952F34FC6416A08342E61DBEA88A0496B23FCF44E5",
    };
    for (size_t i = 0; i != sizeof(ios) / sizeof(ios[0]); ++i)
        if (app_link_wrong_ios(ios[i]) == NULL)
            fail_msg("\"%s\" was taken", ios[i]);
    for (size_t i = 0; i != sizeof(android) / sizeof(android[0]); ++i)
        if (app_link_wrong_android(android[i]) == NULL)
            fail_msg("\"%s\" was taken", android[i]);
}

static void apps_are_taken(void **state)
{
    (void)state;
    assert_null(app_link_wrong_ios("ABCDE12345.com.example.bank-2"));
    assert_null(app_link_wrong_ios("ABCDE12345.bank"));
    assert_null(app_link_wrong_android("com.example_2.bank=" ONE));
    assert_null(app_link_wrong_android("pl.bank=" OTHER_IN_SMALL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            apple_is_told_that_the_apps_open_paths_of_eighteen_characters, begin, end),
        cmocka_unit_test_setup_teardown(
            google_is_told_all_fingerprints_of_a_package_at_once_and_in_capitals, begin, end),
        cmocka_unit_test(what_is_no_app_is_refused_in_words),
        cmocka_unit_test(apps_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
