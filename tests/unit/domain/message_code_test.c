#include "domain/message_code.h"

#include "domain/payment_reference.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char key_text[] =
    "0 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef active\n";

static struct keyring *make_keys(void)
{
    struct err err;
    struct keyring *keys = keyring_new(span_str(key_text), &err);
    assert_non_null(keys);
    return keys;
}

static void a_code_leads_to_customer_and_message(void **state)
{
    (void)state;
    struct keyring *keys = make_keys();
    char code[MESSAGE_CODE_LEN + 1];
    struct message_id id;
    message_code_print(keys, (struct message_id){SEALED_CUSTOMER_MAX, 524287}, code);
    assert_true(message_code_check(keys, span_str(code), &id));
    assert_true(id.customer_id == SEALED_CUSTOMER_MAX);
    assert_int_equal(id.message_no, 524287);
    keyring_free(keys);
}

static void a_payments_reference_is_no_messages_code(void **state)
{
    (void)state;
    struct keyring *keys = make_keys();
    char reference[PAYMENT_REFERENCE_LEN + 1];
    struct message_id id;
    payment_reference_print(keys, (struct payment_id){7, 3}, reference);
    assert_false(message_code_check(keys, span_str(reference), &id));
    keyring_free(keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_leads_to_customer_and_message),
        cmocka_unit_test(a_payments_reference_is_no_messages_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
