#include "domain/instalment.h"

#include <assert.h>

static struct date months_later(struct date d, int months)
{
    int month = d.month - 1 + months;
    struct date later = {.year = d.year + month / 12, .month = month % 12 + 1, .day = d.day};
    int length = month_length(later.year, later.month);
    if (later.day > length)
        later.day = length;
    return later;
}

size_t instalment_proposal(int64_t amount_minor, size_t count, struct date first,
                           struct instalment out[INSTALMENTS_MAX])
{
    assert(date_is_valid(first));
    if (count > INSTALMENTS_MAX)
        count = INSTALMENTS_MAX;
    if (amount_minor < (int64_t)count)
        count = amount_minor > 0 ? (size_t)amount_minor : 0;
    for (size_t i = 0; i < count; ++i) {
        bool is_larger = (int64_t)i < amount_minor % (int64_t)count;
        out[i] = (struct instalment){.due = months_later(first, (int)i),
                                     .amount_minor = amount_minor / (int64_t)count + is_larger};
    }
    return count;
}
