#include "domain/reminder_rules.h"

#include "domain/working_calendar.h"

size_t reminder_days_off_between(const struct reminder_rules *rules, int32_t from, int32_t to,
                                 int32_t *days, size_t room)
{
    size_t count = 0;
    for (int32_t day = from; rules->keeps_days_off && day <= to && count < room; ++day)
        if (is_public_holiday(date_from_days(day)))
            days[count++] = day;
    return count;
}

size_t reminder_days_off(const struct reminder_rules *rules, int32_t today,
                         int32_t days[REMINDER_DAYS_OFF_MAX])
{
    return reminder_days_off_between(rules, today - 1, today + REMINDER_DAYS_OFF_MAX - 2, days,
                                     REMINDER_DAYS_OFF_MAX);
}
