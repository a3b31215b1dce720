/* The conversions count years from 1 March, so that the leap day is a year's last and month lengths
 * follow one formula (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms"). */
#include "domain/calendar.h"

#include <assert.h>

enum {
    DAYS_PER_ERA = 146097, /* 400 years */
    ERA_START = 719468,    /* days from 0000-03-01 to 1970-01-01 */
};

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int month_length(int year, int month)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    assert(month >= 1 && month <= 12);
    return month == 2 && is_leap(year) ? 29 : lengths[month - 1];
}

bool date_is_valid(struct date d)
{
    return d.year >= 1 && d.year <= 9999 && d.month >= 1 && d.month <= 12 && d.day >= 1 &&
           d.day <= month_length(d.year, d.month);
}

int32_t date_to_days(struct date d)
{
    assert(date_is_valid(d));
    int year = d.month > 2 ? d.year : d.year - 1;
    int era = year / 400, year_of_era = year % 400;
    int day_of_year = (153 * (d.month + (d.month > 2 ? -3 : 9)) + 2) / 5 + d.day - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - ERA_START;
}

struct date date_from_days(int32_t days)
{
    int shifted = days + ERA_START;
    assert(shifted >= 306); /* 0001-01-01 */
    int era = shifted / DAYS_PER_ERA, day_of_era = shifted % DAYS_PER_ERA;
    int year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int month = (5 * day_of_year + 2) / 153;
    struct date d = {
        .year = year_of_era + era * 400 + (month >= 10),
        .month = month < 10 ? month + 3 : month - 9,
        .day = day_of_year - (153 * month + 2) / 5 + 1,
    };
    assert(date_is_valid(d));
    return d;
}

int date_compare(struct date a, struct date b)
{
    if (a.year != b.year)
        return a.year - b.year;
    return a.month != b.month ? a.month - b.month : a.day - b.day;
}

struct date date_add_days(struct date d, int32_t days)
{
    return date_from_days(date_to_days(d) + days);
}

struct date date_add_months(struct date d, int months)
{
    int month = d.month - 1 + months;
    struct date later = {.year = d.year + month / 12, .month = month % 12 + 1, .day = d.day};
    int length = month_length(later.year, later.month);
    if (later.day > length)
        later.day = length;
    return later;
}

int32_t date_days_between(struct date from, struct date to)
{
    return date_to_days(to) - date_to_days(from);
}

static char *put_number(char *out, int value, int len)
{
    for (int i = len - 1; i >= 0; --i, value /= 10)
        out[i] = (char)('0' + value % 10);
    return out + len;
}

void date_print(struct date d, char out[11])
{
    assert(date_is_valid(d));
    out = put_number(out, d.year, 4);
    *out++ = '-';
    out = put_number(out, d.month, 2);
    *out++ = '-';
    out = put_number(out, d.day, 2);
    *out = 0;
}
