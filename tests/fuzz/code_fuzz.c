/* Link codes, payment references and form tokens: whatever passes must be what we would print. */
#include "domain/form_token.h"
#include "domain/payment_reference.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char key_file[] =
    "1 1111111111111111111111111111111111111111111111111111111111111111 active\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct keyring *keys;
    if (keys == NULL)
        keys = keyring_new(span_str(key_file), NULL);
    struct span text = span_of((const char *)data, len);
    char again[PAYLINK_CODE_LEN + 1];
    struct paylink_id link;
    struct payment_id payment;
    struct form_token token;
    if (paylink_check_code(keys, text, &link)) {
        paylink_print_code(keys, link, again);
        assert(span_is_str(text, again));
    }
    if (payment_reference_check(keys, text, &payment)) {
        payment_reference_print(keys, payment, again);
        assert(span_is_str(text, again));
    }
    form_token_check(keys, FORM_PAYMENT, link, text, (struct instant){0}, 60, &token);
    keyring_free(keyring_new(text, NULL));
    return 0;
}
