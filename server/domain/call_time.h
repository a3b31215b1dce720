/* When a customer may ask to be called: parts of the next working days, within the hours in which
 * the creditor reaches people. */
#ifndef DUNLIN_DOMAIN_CALL_TIME_H
#define DUNLIN_DOMAIN_CALL_TIME_H

#include "base/span.h"
#include "domain/calendar.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum call_part { CALL_MORNING = 0, CALL_AFTERNOON, CALL_EVENING, CALL_PART_COUNT };

/* "morning", "afternoon", "evening". */
const char *call_part_name(enum call_part);

struct call_time {
    struct date day;
    enum call_part part;
    int32_t from_second, to_second; /* of the day, where the customer is */
};

/* Seconds of the day, the end excluded; both 0: from 8 to 20. weekdays: bit 0 is Monday; 0: all. */
struct call_hours {
    int32_t from_second, to_second;
    uint8_t weekdays;
};

enum { CALL_TIMES_MAX = 2 * CALL_PART_COUNT, CALL_TIME_VALUE_MAX = 24, CALL_TIME_TEXT_MAX = 32 };

/* Morning to 12, afternoon to 16, evening after it, of the first two working days that have any
 * left, today among them as long as half an hour of the part is left. Returns how many. */
size_t call_times(const struct call_hours *, struct date today, int32_t second_of_day,
                  struct call_time out[CALL_TIMES_MAX]);
/* "2026-12-01.morning", as a form sends it. */
void call_time_print_value(const struct call_time *, char out[CALL_TIME_VALUE_MAX]);
/* "2026-12-01 08:00-12:00", for whoever calls. */
void call_time_print(const struct call_time *, char out[CALL_TIME_TEXT_MAX]);

#endif
