#include "domain/voice_hours.h"

#include "domain/calendar.h"

enum { DAY_SECONDS = 86400, HOUR_SECONDS = 3600, CHANGE_HOUR = 1 };

/* 1970-01-01 was a Thursday. */
static int32_t last_sunday(int year, int month)
{
    int32_t last = date_to_days((struct date){year, month, month_length(year, month)});
    return last - (last + 4) % 7;
}

int32_t polish_offset_seconds(struct instant at)
{
    int64_t seconds = instant_seconds(at);
    int year = date_from_days((int32_t)(seconds / DAY_SECONDS)).year;
    int64_t summer = (int64_t)last_sunday(year, 3) * DAY_SECONDS + CHANGE_HOUR * HOUR_SECONDS;
    int64_t winter = (int64_t)last_sunday(year, 10) * DAY_SECONDS + CHANGE_HOUR * HOUR_SECONDS;
    return seconds >= summer && seconds < winter ? 2 * HOUR_SECONDS : HOUR_SECONDS;
}

/* The clock changes at night, when nobody may ring: the wait may then be an hour off, and is asked
 * for again. */
int32_t voice_hours_wait_seconds(const struct voice_hours *hours, struct instant now)
{
    int64_t here = instant_seconds(now) + polish_offset_seconds(now);
    int32_t of_day = (int32_t)(here % DAY_SECONDS);
    int32_t first = hours->from * HOUR_SECONDS;
    int32_t last = hours->to * HOUR_SECONDS - hours->takes_seconds;
    if (of_day < first)
        return first - of_day;
    return of_day < last ? 0 : DAY_SECONDS - of_day + first;
}
