/* The demand that a lender must send to a consumer who is late, and its clock (Banking Law art.
 * 75c): at least 14 working days to pay, and 14 working days from receipt to ask for another way of
 * paying. The day of receipt does not count; the last of the working days still does. Both end on
 * the same day here. */
#ifndef DUNLIN_DOMAIN_DEMAND_H
#define DUNLIN_DOMAIN_DEMAND_H

#include "domain/calendar.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    DEMAND_WORKING_DAYS_MIN = 14,
    DEMAND_WORKING_DAYS_MAX = 60,
    DEMAND_DELIVERY_DAYS_MAX = 30,
};

struct demand_terms {
    int32_t delivery_days; /* from sending to receipt, where nobody says when that was */
    int32_t working_days;  /* to pay, and to ask */
};

struct demand_dates {
    struct date received_on; /* said or assumed */
    struct date pay_by, request_by;
};

struct demand_dates demand_dates(const struct demand_terms *, struct date sent_on);
/* When somebody knows the day of receipt. */
struct demand_dates demand_dates_from(const struct demand_terms *, struct date received_on);

/* ---- asking for restructuring ---- */

/* What is looked at when a customer asks. */
struct request_standing {
    int64_t due_minor;
    bool has_demand;
    struct date today, request_by; /* of the newest demand */
    bool is_open;                  /* a request waits for its decision */
    bool is_of_demand;             /* one was made about the newest demand, and decided */
};

/* In order of precedence. */
enum request_hindrance {
    REQUEST_MAY = 0,
    REQUEST_PAID, /* nothing is due */
    REQUEST_OPEN, /* it was asked already */
    REQUEST_NONE, /* no demand was sent */
    REQUEST_MADE, /* it was asked and answered: one request a demand */
    REQUEST_LATE, /* the time to ask is over */
};
enum request_hindrance request_hindered(const struct request_standing *);

#endif
