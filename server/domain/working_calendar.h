/* Which days are worked on in Poland: all but Saturdays, Sundays and public holidays, which are
 * computed. Right for the years 1990 to 9998, as far as today's law goes; what parliament changes
 * has to be changed here. Never asks what day it is. */
#ifndef DUNLIN_DOMAIN_WORKING_CALENDAR_H
#define DUNLIN_DOMAIN_WORKING_CALENDAR_H

#include "domain/calendar.h"

/* Of the western churches. */
struct date easter_sunday(int year);
/* By law, whatever day of the week it is. */
bool is_public_holiday(struct date d);
bool is_working_day(struct date d);
/* The day itself when it is one. */
struct date working_day_at_or_before(struct date d);
struct date working_day_at_or_after(struct date d);
/* The count'th working day after `d`, or before it when `count` is below zero; whether `d` is one
 * does not matter. With 0 it is `d` itself, even a day off. */
struct date working_days_add(struct date d, int32_t count);

#endif
