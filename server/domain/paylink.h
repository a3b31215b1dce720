/* The permanent signed link of one debt: its code. */
#ifndef DUNLIN_DOMAIN_PAYLINK_H
#define DUNLIN_DOMAIN_PAYLINK_H

#include "domain/sealed.h"

enum { PAYLINK_CODE_LEN = SEALED_LEN };

struct paylink_id {
    int64_t customer_id;
    int32_t link_no;
};

/* The code after the slash: PAYLINK_CODE_LEN characters and a NUL. The same link gives the same
 * code as long as the signing key stays; codes of older active keys stay good beside it. */
void paylink_print_code(const struct keyring *k, struct paylink_id id,
                        char out[PAYLINK_CODE_LEN + 1]);
/* As sealed_check(). That a link was ever issued under this id is for the database to say. */
bool paylink_check_code(const struct keyring *k, struct span code, struct paylink_id *id);
/* The number of the key that signed a code which passed; 0 to 15 for any other text. */
int paylink_key_no(struct span code);

#endif
