#include "domain/paylink.h"

void paylink_print_code(const struct keyring *k, struct paylink_id id,
                        char out[PAYLINK_CODE_LEN + 1])
{
    sealed_print(k, KEY_PAYLINK, (struct sealed){id.customer_id, id.link_no}, out);
}

bool paylink_check_code(const struct keyring *k, struct span code, struct paylink_id *id)
{
    struct sealed s;
    bool is_good = sealed_check(k, KEY_PAYLINK, code, &s);
    *id = (struct paylink_id){s.customer_id, s.number};
    return is_good;
}

int paylink_key_no(struct span code)
{
    return sealed_key_no(code);
}
