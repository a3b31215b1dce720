#include "domain/message_code.h"

void message_code_print(const struct keyring *k, struct message_id id,
                        char out[MESSAGE_CODE_LEN + 1])
{
    sealed_print(k, KEY_MESSAGE, (struct sealed){id.customer_id, id.message_no}, out);
}

bool message_code_check(const struct keyring *k, struct span code, struct message_id *id)
{
    struct sealed sealed;
    bool is_good = sealed_check(k, KEY_MESSAGE, code, &sealed);
    *id = (struct message_id){sealed.customer_id, sealed.number};
    return is_good;
}
