/* The holidays are those of the Act of 18 January 1951 on days free from work, as it stands: 6
 * January came in 2011 (Dz.U. 2010 nr 224 poz. 1459), 24 December in 2025 (Dz.U. 2024 poz. 1965).
 * 12 November 2018 was given once, for a hundred years of independence (Dz.U. 2018 poz. 2117). */
#include "domain/working_calendar.h"

#include <assert.h>
#include <stddef.h>

static const struct {
    int month, day, from_year;
} fixed_holidays[] = {
    {1, 1, 0},  {1, 6, 2011}, {5, 1, 0},   {5, 3, 0},      {8, 15, 0},
    {11, 1, 0}, {11, 11, 0},  {12, 25, 0}, {12, 24, 2025}, {12, 26, 0},
};

/* Days behind Easter Sunday: itself, Monday, Pentecost, Corpus Christi. */
static const int32_t moving_holidays[] = {0, 1, 49, 60};

/* The anonymous Gregorian computus of 1876, with the names it was published with (J. Meeus,
 * "Astronomical Algorithms", chapter 8). */
struct date easter_sunday(int year)
{
    int a = year % 19, b = year / 100, c = year % 100, d = b / 4, e = b % 4, f = (b + 8) / 25;
    int g = (b - f + 1) / 3, h = (19 * a + b - d - g + 15) % 30, i = c / 4, k = c % 4;
    int l = (32 + 2 * e + 2 * i - h - k) % 7, m = (a + 11 * h + 22 * l) / 451;
    int n = h + l - 7 * m + 114;
    return (struct date){year, n / 31, n % 31 + 1};
}

static bool is_fixed_holiday(struct date d)
{
    for (size_t i = 0; i < sizeof(fixed_holidays) / sizeof(fixed_holidays[0]); ++i)
        if (fixed_holidays[i].month == d.month && fixed_holidays[i].day == d.day)
            return d.year >= fixed_holidays[i].from_year;
    return d.year == 2018 && d.month == 11 && d.day == 12;
}

static bool is_moving_holiday(struct date d)
{
    if (d.month < 3 ||
        d.month > 6) /* 22 March, the first Easter, to 24 June, the last Corpus Christi */
        return false;
    int32_t behind = date_days_between(easter_sunday(d.year), d);
    for (size_t i = 0; i < sizeof(moving_holidays) / sizeof(moving_holidays[0]); ++i)
        if (moving_holidays[i] == behind)
            return true;
    return false;
}

bool is_public_holiday(struct date d)
{
    assert(date_is_valid(d));
    return is_fixed_holiday(d) || is_moving_holiday(d);
}

static bool is_weekend(struct date d)
{
    int32_t days = date_to_days(d) + 3; /* 1970-01-01 was a Thursday; Monday is 0 */
    return ((days % 7) + 7) % 7 >= 5;
}

bool is_working_day(struct date d)
{
    return !is_weekend(d) && !is_public_holiday(d);
}

struct date working_day_at_or_before(struct date d)
{
    while (!is_working_day(d))
        d = date_add_days(d, -1);
    return d;
}

struct date working_day_at_or_after(struct date d)
{
    while (!is_working_day(d))
        d = date_add_days(d, 1);
    return d;
}

struct date working_days_add(struct date d, int32_t count)
{
    int32_t step = count < 0 ? -1 : 1;
    while (count != 0) {
        d = date_add_days(d, step);
        if (is_working_day(d))
            count -= step;
    }
    return d;
}
