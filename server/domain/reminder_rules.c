#include "domain/reminder_rules.h"

#include "domain/working_calendar.h"

size_t reminder_days_off(const struct reminder_rules *rules, int32_t today,
                         int32_t days[REMINDER_DAYS_OFF_MAX])
{
    size_t count = 0;
    for (int32_t day = today - 1; rules->keeps_days_off && day < today - 1 + REMINDER_DAYS_OFF_MAX;
         ++day)
        if (is_public_holiday(date_from_days(day)))
            days[count++] = day;
    return count;
}
