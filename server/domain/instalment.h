/* A debt in parts: what is proposed to somebody who cannot pay all at once. The parts sum to the
 * debt, to the smallest unit. */
#ifndef DUNLIN_DOMAIN_INSTALMENT_H
#define DUNLIN_DOMAIN_INSTALMENT_H

#include "domain/calendar.h"

#include <stddef.h>

enum { INSTALMENTS_MAX = 36 };

struct instalment {
    struct date due;
    int64_t amount_minor;
};

/* `count` parts, one a month from `first` on: on its day of the month, or the month's last day
 * where there is no such day. No two differ by more than one minor unit, and the larger ones come
 * first. Returns how many: fewer when there are not so many minor units, none of nothing. */
size_t instalment_proposal(int64_t amount_minor, size_t count, struct date first,
                           struct instalment out[INSTALMENTS_MAX]);

#endif
