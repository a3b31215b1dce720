/* The codes and their meanings are RFC 3463's and RFC 7505's; what is done about each is the table
 * of docs/mail.md. */
#include "domain/mail_status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

static void codes_are_judged_by_what_they_speak_of(void **state)
{
    static const struct {
        const char *text;
        enum mail_verdict verdict;
    } rows[] = {
        {"2.0.0", MAIL_VERDICT_GOOD},     {"2.1.5", MAIL_VERDICT_GOOD},
        {"4.0.0", MAIL_VERDICT_SOFT},     {"4.2.2", MAIL_VERDICT_SOFT},
        {"4.4.1", MAIL_VERDICT_SOFT},     {"4.7.1", MAIL_VERDICT_SOFT},
        {"5.1.1", MAIL_VERDICT_DEAD},     {"5.1.2", MAIL_VERDICT_DEAD},
        {"5.1.3", MAIL_VERDICT_DEAD},     {"5.1.6", MAIL_VERDICT_DEAD},
        {"5.1.10", MAIL_VERDICT_DEAD},    {"5.1.0", MAIL_VERDICT_FAILED},
        {"5.1.7", MAIL_VERDICT_POLICY},   {"5.1.8", MAIL_VERDICT_POLICY},
        {"5.1.4", MAIL_VERDICT_FAILED},   {"5.2.1", MAIL_VERDICT_SOFT},
        {"5.2.2", MAIL_VERDICT_SOFT},     {"5.3.4", MAIL_VERDICT_FAILED},
        {"5.7.1", MAIL_VERDICT_POLICY},   {"5.7.26", MAIL_VERDICT_POLICY},
        {"5.7.509", MAIL_VERDICT_POLICY}, {"5.0.0", MAIL_VERDICT_POLICY},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct mail_status status;
        if (!mail_status_read(span_str(rows[i].text), &status))
            fail_msg("not read: %s", rows[i].text);
        if (mail_status_judge(status) != rows[i].verdict)
            fail_msg("%s judged %d", rows[i].text, mail_status_judge(status));
    }
}

static void other_words_are_no_codes(void **state)
{
    static const char *const bad[] = {"",       "5",      "5.1",    "5.1.",    "5..1",   "5.1.1.1",
                                      "1.1.1",  "3.1.1",  "5.1.x",  "x5.1.1",  "-5.1.1", "5.1.1000",
                                      "55.1.1", "5 .1.1", "5.1. 1", "5.1111.1"};
    struct mail_status status;
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); ++i)
        if (mail_status_read(span_str(bad[i]), &status))
            fail_msg("read: %s", bad[i]);
}

static void replies_carry_them_behind_their_own_code(void **state)
{
    struct mail_status status;
    (void)state;
    assert_true(mail_status_read_reply(SPAN_LIT("550 5.1.1 no such user"), &status));
    assert_int_equal(status.class_ * 100 + status.subject * 10 + status.detail, 511);
    assert_true(mail_status_read_reply(SPAN_LIT("451-4.7.1"), &status));
    assert_false(mail_status_read_reply(SPAN_LIT("550 no such user"), &status));
    assert_false(mail_status_read_reply(SPAN_LIT("550"), &status));
    assert_false(mail_status_read_reply(SPAN_LIT("5505.1.1"), &status));
    assert_false(mail_status_read_reply(SPAN_LIT(""), &status));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_are_judged_by_what_they_speak_of),
        cmocka_unit_test(other_words_are_no_codes),
        cmocka_unit_test(replies_carry_them_behind_their_own_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
