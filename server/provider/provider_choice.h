/* Which account a payment goes to: the first in the creditor's order that takes it and is not
 * resting after failures; where all that take it are resting, the first of those. */
#ifndef DUNLIN_PROVIDER_PROVIDER_CHOICE_H
#define DUNLIN_PROVIDER_PROVIDER_CHOICE_H

#include "provider/provider.h"

enum { PROVIDER_CHOICES_MAX = 16 };

/* Whether it takes BLIK codes that customers give on our own page. */
bool provider_takes_blik(const struct provider_account *);
/* Whether this process leaves it alone for a while, after failures. */
bool provider_is_resting(const struct provider_account *, struct mono now);

/* Whether the account is offered for such a payment at all. */
bool provider_takes(const struct provider_account *, struct span currency, int64_t amount_minor,
                    bool is_blik);

/* All accounts that have the method, in the order in which they are to be tried now; their number.
 * `accounts` is ended by a null provider. */
int provider_choices(const struct provider_account *accounts, bool is_blik, struct mono now,
                     const struct provider_account *choices[PROVIDER_CHOICES_MAX]);

#endif
