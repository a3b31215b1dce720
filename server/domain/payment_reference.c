#include "domain/payment_reference.h"

void payment_reference_print(const struct keyring *k, struct payment_id id,
                             char out[PAYMENT_REFERENCE_LEN + 1])
{
    sealed_print(k, KEY_PAYMENT, (struct sealed){id.customer_id, id.payment_no}, out);
}

bool payment_reference_print_as(const struct keyring *k, int64_t key_no, struct payment_id id,
                                char out[PAYMENT_REFERENCE_LEN + 1])
{
    struct sealed s = {id.customer_id, id.payment_no};
    return sealed_print_as(k, KEY_PAYMENT, key_no, s, out);
}

bool payment_reference_check(const struct keyring *k, struct span reference, struct payment_id *id)
{
    struct sealed s;
    bool is_good = sealed_check(k, KEY_PAYMENT, reference, &s);
    *id = (struct payment_id){s.customer_id, s.number};
    return is_good;
}
