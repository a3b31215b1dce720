#include "domain/upload_ticket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct keyring *keys;
static const struct paylink_id link = {4711, 2};
static const struct upload_ticket given = {
    .invoice_id = 815,
    .dispute_no = 3,
    .issued_at = {INT64_C(1795384520) * 1000000},
    .nonce = {0xff, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0xfe},
};

static int make_keys(void **state)
{
    (void)state;
    keys = keyring_new(
        SPAN_LIT("4 1111111111111111111111111111111111111111111111111111111111111111 active"),
        NULL);
    return keys == NULL;
}

static int free_keys(void **state)
{
    (void)state;
    keyring_free(keys);
    return 0;
}

static enum upload_ticket_verdict check(const char *text, struct paylink_id of,
                                        int64_t after_seconds, struct upload_ticket *ticket)
{
    return upload_ticket_check(keys, of, span_str(text),
                               instant_plus_seconds(given.issued_at, after_seconds),
                               UPLOAD_TICKET_SECONDS, ticket);
}

/* Computed apart, with Python's hmac. */
static void a_ticket_reads_as_it_is_documented(void **state)
{
    (void)state;
    char text[UPLOAD_TICKET_LEN + 1];
    upload_ticket_print(keys, link, &given, text);
    assert_string_equal(text, "AGsDZMgE_wIDBAUGBwgJCgv-AAAAAAAAAy8AAAADQws7r49PP9evhqN6ZJYE");
}

static void a_ticket_gives_back_what_it_was_made_of(void **state)
{
    (void)state;
    char text[UPLOAD_TICKET_LEN + 1];
    struct upload_ticket ticket;
    upload_ticket_print(keys, link, &given, text);
    assert_int_equal(check(text, link, 0, &ticket), UPLOAD_TICKET_GOOD);
    assert_int_equal(ticket.invoice_id, given.invoice_id);
    assert_int_equal(ticket.dispute_no, given.dispute_no);
    assert_int_equal(ticket.issued_at.us, given.issued_at.us);
    assert_memory_equal(ticket.nonce, given.nonce, UPLOAD_NONCE_LEN);
}

static void a_ticket_expires_after_two_minutes(void **state)
{
    (void)state;
    char text[UPLOAD_TICKET_LEN + 1];
    struct upload_ticket ticket;
    upload_ticket_print(keys, link, &given, text);
    assert_int_equal(check(text, link, 120, &ticket), UPLOAD_TICKET_GOOD);
    assert_int_equal(check(text, link, 121, &ticket), UPLOAD_TICKET_EXPIRED);
    assert_int_equal(ticket.dispute_no, given.dispute_no);
}

static void a_ticket_is_bound_to_its_link(void **state)
{
    (void)state;
    char text[UPLOAD_TICKET_LEN + 1];
    struct upload_ticket ticket;
    upload_ticket_print(keys, link, &given, text);
    assert_int_equal(check(text, (struct paylink_id){4711, 3}, 0, &ticket), UPLOAD_TICKET_FORGED);
    assert_int_equal(check(text, (struct paylink_id){4712, 2}, 0, &ticket), UPLOAD_TICKET_FORGED);
}

static void a_changed_cut_or_missing_ticket_is_refused(void **state)
{
    (void)state;
    char text[UPLOAD_TICKET_LEN + 2] = "";
    struct upload_ticket ticket;
    assert_int_equal(check(text, link, 0, &ticket), UPLOAD_TICKET_FORGED);
    upload_ticket_print(keys, link, &given, text);
    for (int at = 0; at < UPLOAD_TICKET_LEN; ++at) {
        char kept = text[at];
        for (int c = 0; c < 256; ++c) {
            text[at] = (char)c;
            if (text[at] != kept)
                assert_int_equal(check(text, link, 0, &ticket), UPLOAD_TICKET_FORGED);
        }
        text[at] = kept;
    }
    text[UPLOAD_TICKET_LEN] = 'A';
    assert_int_equal(check(text, link, 0, &ticket), UPLOAD_TICKET_FORGED);
    text[UPLOAD_TICKET_LEN - 1] = 0;
    assert_int_equal(check(text, link, 0, &ticket), UPLOAD_TICKET_FORGED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ticket_reads_as_it_is_documented),
        cmocka_unit_test(a_ticket_gives_back_what_it_was_made_of),
        cmocka_unit_test(a_ticket_expires_after_two_minutes),
        cmocka_unit_test(a_ticket_is_bound_to_its_link),
        cmocka_unit_test(a_changed_cut_or_missing_ticket_is_refused),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
