/* How a customer pays: on time, sometimes late, or chronically late. Decided by counting the debts
 * of the last months: which count, which of them were late, and what share is how much; and by the
 * promises to pay that they gave and broke.
 *
 * store/segment.sql says the same over whole sets; a test holds the two together. */
#ifndef DUNLIN_DOMAIN_SEGMENT_H
#define DUNLIN_DOMAIN_SEGMENT_H

#include "domain/calendar.h"

enum segment {
    SEGMENT_ON_TIME = 0, /* also who is not known well enough */
    SEGMENT_SOMETIMES_LATE,
    SEGMENT_CHRONICALLY_LATE,
};
/* "on_time", "sometimes_late", "chronically_late": as in customer.segment. */
const char *segment_name(enum segment);

struct segment_rules {
    int32_t months;                   /* debts due longer ago do not count */
    int32_t grace_days;               /* paid so many days after the due date is on time still */
    int32_t debts_min;                /* with fewer that count a customer is on time */
    int32_t sometimes_late_percent;   /* of the debts that count, this many late */
    int32_t chronically_late_percent; /* at least sometimes_late_percent */
    /* Who broke so many promises, and more than they kept, is one segment worse; 0: promises do not
     * count. */
    int32_t broken_promises_min;
};

/* One debt, in civil dates where the customer is. */
struct segment_debt {
    struct date due;
    bool is_paid;      /* nothing is left to pay */
    struct date paid;  /* if it is paid: since when */
    bool is_set_aside; /* disputed, or in an agreed plan, and not settled yet */
};

enum segment_debt_fate {
    SEGMENT_DEBT_APART = 0, /* does not count: too old, still open, or set aside */
    SEGMENT_DEBT_ON_TIME,
    SEGMENT_DEBT_LATE,
};

/* The first due date that counts: so many months before today, at most the end of that month. */
struct date segment_since(const struct segment_rules *, struct date today);
/* A paid debt counts by when it was paid. An unpaid one counts as late once its grace is over. */
enum segment_debt_fate segment_debt_fate(const struct segment_rules *, const struct segment_debt *,
                                         struct date today);

struct segment_counts {
    int64_t debts; /* that count */
    int64_t late;  /* of them */
    /* Promises for a day in those months. */
    int64_t kept_promises, broken_promises;
};

enum segment segment_of(const struct segment_rules *, struct segment_counts);

#endif
