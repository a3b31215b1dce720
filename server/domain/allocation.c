#include "domain/allocation.h"

#include <assert.h>
#include <stdbool.h>

/* Of `sum_minor` what lies on the allocation at `i`, when `before_minor` is what those before it
 * are for together. */
static int64_t lies_on(const struct allocation *allocations, size_t count, size_t i,
                       int64_t before_minor, int64_t sum_minor)
{
    if (sum_minor < 0)
        return i == 0 ? sum_minor : 0;
    int64_t rest = sum_minor - before_minor;
    if (rest <= 0)
        return 0;
    bool is_last = i == count - 1;
    return is_last || rest < allocations[i].amount_minor ? rest : allocations[i].amount_minor;
}

void allocation_spread(const struct allocation *allocations, size_t count, int64_t before_minor,
                       int64_t movement_minor, int64_t *shares_minor)
{
    assert(count > 0 && count <= ALLOCATIONS_MAX);
    int64_t filled_minor = 0;
    for (size_t i = 0; i < count; ++i) {
        shares_minor[i] =
            lies_on(allocations, count, i, filled_minor, before_minor + movement_minor) -
            lies_on(allocations, count, i, filled_minor, before_minor);
        filled_minor += allocations[i].amount_minor;
    }
}
