/* Civil dates of the Gregorian calendar, years 1 to 9999. A date has no zone: who makes one from an
 * instant must say where. Never asks what time it is. */
#ifndef DUNLIN_DOMAIN_CALENDAR_H
#define DUNLIN_DOMAIN_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

struct date {
    int year, month, day; /* month 1 to 12, day 1 to 31 */
};

bool date_is_valid(struct date d);
/* Days since 1970-01-01, negative before. */
int32_t date_to_days(struct date d);
struct date date_from_days(int32_t days);
/* Below, at or above zero when a is before, the same as or after b. */
int date_compare(struct date a, struct date b);
struct date date_add_days(struct date d, int32_t days);
/* On the same day of a later month, or on that month's last day where there is no such day.
 * `months` is not below zero. */
struct date date_add_months(struct date d, int months);
/* From `from` to `to`: 1 when `to` is the day after. */
int32_t date_days_between(struct date from, struct date to);
/* 28 to 31. */
int month_length(int year, int month);
/* "2026-05-12" and a NUL. */
void date_print(struct date d, char out[11]);

#endif
