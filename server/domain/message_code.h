/* What a message is called outside: the id a gateway keeps, the address bounces come back to.
 * Sealed as a paylink's code is, for another purpose; it leads to the customer without a look-up.
 */
#ifndef DUNLIN_DOMAIN_MESSAGE_CODE_H
#define DUNLIN_DOMAIN_MESSAGE_CODE_H

#include "domain/sealed.h"

enum { MESSAGE_CODE_LEN = SEALED_LEN };

struct message_id {
    int64_t customer_id;
    int32_t message_no; /* reminder.message_no */
};

/* MESSAGE_CODE_LEN characters of [0-9A-Za-z] and a NUL. */
void message_code_print(const struct keyring *k, struct message_id id,
                        char out[MESSAGE_CODE_LEN + 1]);
/* As sealed_check(). */
bool message_code_check(const struct keyring *k, struct span code, struct message_id *id);

#endif
