#include "domain/contact_terms.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { PUSH = 1, SMS = 2, EMAIL = 4, VOICE = 8, CALL = 16 };

static void a_file_takes_back_what_a_file_said_and_no_more(void **state)
{
    (void)state;
    static const struct {
        struct contact_terms known;
        struct contact_said said;
        struct contact_terms told;
    } rows[] = {
        /* nothing said */
        {{CONTACT_SMS, EMAIL, SMS, 0}, {CONTACT_NONE, 0, 0}, {CONTACT_SMS, EMAIL, SMS, 0}},
        /* yes and no of somebody new */
        {{CONTACT_NONE, 0, 0, 0}, {CONTACT_EMAIL, SMS, CALL}, {CONTACT_EMAIL, CALL, SMS, CALL}},
        /* a yes after a file's no */
        {{CONTACT_NONE, SMS, 0, SMS}, {CONTACT_NONE, SMS, 0}, {CONTACT_NONE, 0, SMS, 0}},
        /* a yes after the customer's own opt-out: neither opened nor a consent */
        {{CONTACT_NONE, SMS, 0, 0}, {CONTACT_NONE, SMS, 0}, {CONTACT_NONE, SMS, 0, 0}},
        /* of two closed ones only the file's opens */
        {{CONTACT_NONE, SMS | EMAIL, 0, EMAIL},
         {CONTACT_NONE, SMS | EMAIL, 0},
         {CONTACT_NONE, SMS, EMAIL, 0}},
        /* a no takes a consent back, whoever gave it */
        {{CONTACT_NONE, 0, SMS | PUSH, 0}, {CONTACT_NONE, 0, SMS}, {CONTACT_NONE, SMS, PUSH, SMS}},
        /* a no does not make the customer's own opt-out the file's */
        {{CONTACT_NONE, VOICE, 0, 0}, {CONTACT_NONE, 0, VOICE}, {CONTACT_NONE, VOICE, 0, 0}},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct contact_terms told = contact_terms_told(&rows[i].known, &rows[i].said);
        if (!contact_terms_equal(&told, &rows[i].told))
            fail_msg("row %zu: preferred %d, opted out %x, consented %x, by file %x", i,
                     told.preferred, told.opted_out, told.consented, told.by_file);
    }
}

static void rows_of_one_customer_may_not_contradict_each_other(void **state)
{
    (void)state;
    static const struct {
        struct contact_said one, other;
        bool is_conflict;
        enum contact_channel column;
    } rows[] = {
        {{CONTACT_NONE, SMS, 0}, {CONTACT_NONE, 0, SMS}, true, CONTACT_SMS},
        {{CONTACT_NONE, 0, CALL}, {CONTACT_NONE, EMAIL | CALL, 0}, true, CONTACT_CALL},
        {{CONTACT_SMS, 0, 0}, {CONTACT_EMAIL, 0, 0}, true, CONTACT_NONE},
        {{CONTACT_SMS, PUSH, EMAIL}, {CONTACT_SMS, PUSH, EMAIL}, false, CONTACT_NONE},
        {{CONTACT_SMS, PUSH, 0}, {CONTACT_NONE, 0, EMAIL}, false, CONTACT_NONE},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        enum contact_channel column;
        assert_int_equal(contact_said_contradicts(&rows[i].one, &rows[i].other, &column),
                         rows[i].is_conflict);
        if (rows[i].is_conflict)
            assert_int_equal(column, rows[i].column);
    }
}

static void what_is_said_fits_in_thirteen_bits(void **state)
{
    (void)state;
    for (uint16_t word = 0; word < 1 << CONTACT_SAID_BITS; ++word) {
        if ((word & 7) > CONTACT_CHANNEL_COUNT)
            continue;
        struct contact_said said = contact_said_of(word);
        assert_int_equal(contact_said_word(&said), word);
        assert_int_equal(contact_said_anything(&said), word != 0);
    }
    const struct contact_said said = {CONTACT_CALL, PUSH | CALL, EMAIL};
    const struct contact_said again = contact_said_of(contact_said_word(&said));
    assert_int_equal(again.preferred, CONTACT_CALL);
    assert_int_equal(again.yes, PUSH | CALL);
    assert_int_equal(again.no, EMAIL);
}

static void sets_are_words(void **state)
{
    (void)state;
    char text[CONTACT_SET_TEXT_LEN];
    assert_int_equal(contact_set_print(0, text), 0);
    assert_string_equal(text, "");
    contact_set_print(PUSH | SMS | EMAIL | VOICE | CALL, text);
    assert_string_equal(text, "push sms email voice call");
    assert_int_equal(contact_set_read(SPAN_LIT("call email")), CALL | EMAIL);
    assert_int_equal(contact_set_read(SPAN_LIT("sms pigeon")), SMS);
    assert_int_equal(contact_set_read(SPAN_LIT("")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_takes_back_what_a_file_said_and_no_more),
        cmocka_unit_test(rows_of_one_customer_may_not_contradict_each_other),
        cmocka_unit_test(what_is_said_fits_in_thirteen_bits),
        cmocka_unit_test(sets_are_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
