/* Which debts a rule is for: the creditor's policies on plans, promises and offers each begin with
 * one. What is not said fits everything. */
#ifndef DUNLIN_DOMAIN_DEBT_CONDITION_H
#define DUNLIN_DOMAIN_DEBT_CONDITION_H

#include "base/span.h"
#include "domain/segment.h"

#include <stddef.h>
#include <stdint.h>

enum { DEBT_CONDITION_WORDS_MAX = 16, DEBT_CONDITION_DAYS_MAX = 3650 };

/* Any of these; none: all. A product may end in "*". */
struct debt_words {
    const char *const *items;
    int count;
};

struct debt_condition {
    struct debt_words products, kinds, currencies, segments;
    int64_t amount_from_minor, amount_to_minor; /* of what is left to pay; 0: no bound */
    int32_t days_late_from, days_late_to; /* below zero: before the due date; both ends count */
};

/* What a condition looks at. */
struct debt_facts {
    struct span product, kind, currency;
    enum segment segment;
    bool is_segment_known; /* false: any may fit, as on a page that has not looked */
    int64_t due_minor;
    int32_t days_late;
};

bool debt_condition_fits(const struct debt_condition *, const struct debt_facts *);

#endif
