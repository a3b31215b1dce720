/* What makes a page and a message recognise each other: a few letters and digits that stand on the
 * page of a link, in the messages that lead there and in the creditor's app. Whoever copies our
 * page or writes in our name cannot know them for a debt.
 *
 * "K7-Q2": four of 25 characters without vowels (no words come of them) and without those that are
 * taken for each other (0 O, 1 I L, 5 S and so on keep one of the pair or none). A guess is right
 * once in 390,625. It is no secret of the customer's: it opens nothing. */
#ifndef DUNLIN_DOMAIN_MATCH_CODE_H
#define DUNLIN_DOMAIN_MATCH_CODE_H

#include "domain/paylink.h"

enum { MATCH_CODE_LEN = 5 };

/* Of a link whose code was signed by key `key_no`: paylink_key_no of a code that was followed,
 * keyring_signer for one that is printed now. So a message and the page that its link leads to say
 * the same also after another key has begun to sign. */
void match_code_print(const struct keyring *k, struct paylink_id id, int key_no,
                      char out[MATCH_CODE_LEN + 1]);

#endif
