/* What a push service's word means to whoever runs a gateway, and what to do about it: for `dunlin
 * check` and `dunlin push`. */
#ifndef DUNLIN_APP_PUSH_WORDS_H
#define DUNLIN_APP_PUSH_WORDS_H

#include "push/push.h"

enum push_blame {
    PUSH_BLAME_DEVICE =
        1,              /* the device's token, if the advice is about it: the credential is good */
    PUSH_BLAME_SETTING, /* the setting `row` of the app */
    PUSH_BLAME_SERVICE, /* the service, or the pace: later */
    PUSH_BLAME_US,      /* what we sent */
};

struct push_word {
    const char *reason;
    enum push_blame blame;
    const char *row;  /* of PUSH_BLAME_SETTING; of APNs' certificate where there is no key_file */
    const char *text; /* what it means and what to do */
};

/* Null for a word that is not in the table. */
const struct push_word *push_word_find(const char *reason, enum push_advice);
/* Whether the answer is about the device alone: who gets it has a good credential. */
bool push_advice_is_of_device(enum push_advice);

extern const struct push_word push_words[]; /* ended by a null reason; for tests */

#endif
