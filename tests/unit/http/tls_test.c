#include "http/tls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/dunlin-tls-XXXXXX";
static char file[64];

static int open_folder(void **state)
{
    (void)state;
    snprintf(file, sizeof(file), "%s/tickets", mkdtemp(folder));
    return 0;
}

static int close_folder(void **state)
{
    (void)state;
    unlink(file);
    return rmdir(folder);
}

static void the_ticket_secret_is_made_once_and_for_us_alone(void **state)
{
    (void)state;
    uint8_t first[TLS_TICKET_SECRET_LEN], second[TLS_TICKET_SECRET_LEN];
    struct err e = {0};
    struct stat s;
    assert_int_equal(tls_ticket_secret(file, first, &e), 0);
    assert_int_equal(stat(file, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0600);
    assert_int_equal(tls_ticket_secret(file, second, &e), 0);
    assert_memory_equal(first, second, sizeof(first));
}

static void ticket_secret_that_others_may_read_is_refused(void **state)
{
    (void)state;
    uint8_t secret[TLS_TICKET_SECRET_LEN];
    struct err e = {0};
    assert_int_equal(chmod(file, 0640), 0);
    assert_int_equal(tls_ticket_secret(file, secret, &e), ERR_SETTINGS);
    assert_non_null(strstr(e.text, "chmod 600"));
    assert_int_equal(chmod(file, 0600), 0);
    assert_int_equal(tls_ticket_secret(file, secret, &e), 0);
}

static void half_a_ticket_secret_is_refused_with_what_to_do(void **state)
{
    (void)state;
    uint8_t secret[TLS_TICKET_SECRET_LEN];
    struct err e = {0};
    assert_int_equal(truncate(file, 7), 0);
    assert_int_equal(tls_ticket_secret(file, secret, &e), ERR_SETTINGS);
    assert_non_null(strstr(e.text, file));
}

static void a_missing_certificate_is_named(void **state)
{
    (void)state;
    struct err e = {0};
    struct tls_options options = {
        .name = "test", .certificate_file = "/nowhere/a.pem", .key_file = "/nowhere/a.key"};
    assert_null(tls_new(&options, &e));
    assert_int_equal(e.code, ERR_SETTINGS);
    assert_non_null(strstr(e.text, "/nowhere/a.pem"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ticket_secret_is_made_once_and_for_us_alone),
        cmocka_unit_test(ticket_secret_that_others_may_read_is_refused),
        cmocka_unit_test(half_a_ticket_secret_is_refused_with_what_to_do),
        cmocka_unit_test(a_missing_certificate_is_named),
    };
    return cmocka_run_group_tests(tests, open_folder, close_folder);
}
