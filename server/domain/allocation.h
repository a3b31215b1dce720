/* What one payment is for: debts of one customer, each with its amount, in a fixed order; and how
 * what moves through the payment is spread over them.
 *
 * The rule: what came in fills them in their order, each up to its amount, and a surplus goes to
 * the last. What goes back comes off in the reverse order, never more than lies there. Where more
 * went back than ever came in, the first one bears it, as a payment for one debt does.
 *
 * So what lies on each depends on the sum of all movements alone, whatever the order in which they
 * came, and a movement's share is the difference that it makes. */
#ifndef DUNLIN_DOMAIN_ALLOCATION_H
#define DUNLIN_DOMAIN_ALLOCATION_H

#include <stddef.h>
#include <stdint.h>

enum { ALLOCATIONS_MAX = 50 }; /* debts of one payment */

struct allocation {
    int64_t invoice_id;
    int64_t amount_minor; /* above zero */
};

/* How `movement_minor` (above zero: it came in; below: it went back) is spread when
 * `before_minor`, the sum of all movements before, lies on them: shares_minor[i] is what moves on
 * allocations[i], with the movement's sign or zero. The shares sum to the movement. `count` is 1 …
 * ALLOCATIONS_MAX; sums stay below 2^62. */
void allocation_spread(const struct allocation *allocations, size_t count, int64_t before_minor,
                       int64_t movement_minor, int64_t *shares_minor);

#endif
