#include "domain/instalment.h"

#include <assert.h>

void instalment_split(int64_t amount_minor, size_t count, int64_t out[])
{
    assert(count > 0);
    for (size_t i = 0; i < count; ++i)
        out[i] = amount_minor / (int64_t)count + ((int64_t)i < amount_minor % (int64_t)count);
}

size_t instalment_proposal(int64_t amount_minor, size_t count, struct date first,
                           struct instalment out[INSTALMENTS_MAX])
{
    int64_t amounts[INSTALMENTS_MAX];
    assert(date_is_valid(first));
    if (count > INSTALMENTS_MAX)
        count = INSTALMENTS_MAX;
    if (amount_minor < (int64_t)count)
        count = amount_minor > 0 ? (size_t)amount_minor : 0;
    if (count > 0)
        instalment_split(amount_minor, count, amounts);
    for (size_t i = 0; i < count; ++i)
        out[i] =
            (struct instalment){.due = date_add_months(first, (int)i), .amount_minor = amounts[i]};
    return count;
}
