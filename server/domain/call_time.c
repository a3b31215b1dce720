#include "domain/call_time.h"

#include "domain/working_calendar.h"

#include <assert.h>
#include <stdio.h>

enum {
    HOUR = 3600,
    LEAST_SECONDS = HOUR / 2, /* less of a part is not worth a promise */
    DAYS_WANTED = 2,
    DAYS_SEARCHED = 30, /* far beyond any run of days off */
};

static const int32_t ends[CALL_PART_COUNT + 1] = {0, 12 * HOUR, 16 * HOUR, 24 * HOUR};

const char *call_part_name(enum call_part part)
{
    static const char *const names[CALL_PART_COUNT] = {"morning", "afternoon", "evening"};
    assert(part < CALL_PART_COUNT);
    return names[part];
}

static struct call_hours usual(const struct call_hours *hours)
{
    struct call_hours h = *hours;
    if (h.from_second == 0 && h.to_second == 0) {
        h.from_second = 8 * HOUR;
        h.to_second = 20 * HOUR;
    }
    return h;
}

static bool is_called_on(const struct call_hours *hours, struct date day)
{
    /* 1970-01-01 was a Thursday. */
    int32_t weekday = (int32_t)(((date_to_days(day) + 3) % 7 + 7) % 7);
    return is_working_day(day) && (hours->weekdays == 0 || (hours->weekdays >> weekday & 1) != 0);
}

static int32_t larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

static int32_t smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* The parts of one day of which enough lies behind `from_second`. */
static size_t add_day(const struct call_hours *h, struct date day, int32_t from_second,
                      struct call_time *out)
{
    size_t count = 0;
    for (int part = 0; part < CALL_PART_COUNT; ++part) {
        struct call_time t = {.day = day,
                              .part = (enum call_part)part,
                              .from_second = larger(ends[part], h->from_second),
                              .to_second = smaller(ends[part + 1], h->to_second)};
        if (t.to_second - larger(t.from_second, from_second) >= LEAST_SECONDS)
            out[count++] = t;
    }
    return count;
}

size_t call_times(const struct call_hours *hours, struct date today, int32_t second_of_day,
                  struct call_time out[CALL_TIMES_MAX])
{
    const struct call_hours h = usual(hours);
    size_t count = 0;
    int days = 0;
    for (int ahead = 0; ahead < DAYS_SEARCHED && days < DAYS_WANTED; ++ahead) {
        struct date day = date_add_days(today, ahead);
        if (!is_called_on(&h, day))
            continue;
        size_t added = add_day(&h, day, ahead == 0 ? second_of_day : 0, out + count);
        days += added > 0;
        count += added;
    }
    return count;
}

void call_time_print_value(const struct call_time *t, char out[CALL_TIME_VALUE_MAX])
{
    char day[11];
    date_print(t->day, day);
    snprintf(out, CALL_TIME_VALUE_MAX, "%s.%s", day, call_part_name(t->part));
}

void call_time_print(const struct call_time *t, char out[CALL_TIME_TEXT_MAX])
{
    char day[11];
    date_print(t->day, day);
    snprintf(out, CALL_TIME_TEXT_MAX, "%s %02d:%02d-%02d:%02d", day,
             (int)(t->from_second / HOUR) % 24, (int)(t->from_second % HOUR / 60),
             (int)(t->to_second / HOUR) % 25, (int)(t->to_second % HOUR / 60));
}
