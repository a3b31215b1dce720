/* A debt in parts: what is proposed, in a message, to somebody who cannot pay all at once. The
 * parts sum to the debt, to the smallest unit. Plans that a customer chooses are plan_policy.h. */
#ifndef DUNLIN_DOMAIN_INSTALMENT_H
#define DUNLIN_DOMAIN_INSTALMENT_H

#include "domain/calendar.h"

#include <stddef.h>

enum { INSTALMENTS_MAX = 36 };

struct instalment {
    struct date due;
    int64_t amount_minor;
};

/* The one rule for what does not divide: equal amounts, of which the first ones are one minor unit
 * larger. `count` is above zero; `amount_minor` is not below it where none may be empty. */
void instalment_split(int64_t amount_minor, size_t count, int64_t out[]);

/* `count` parts, one a month from `first` on: on its day of the month, or the month's last day
 * where there is no such day. Their amounts are split as above. Returns how many: fewer when there
 * are not so many minor units, none of nothing. */
size_t instalment_proposal(int64_t amount_minor, size_t count, struct date first,
                           struct instalment out[INSTALMENTS_MAX]);

#endif
