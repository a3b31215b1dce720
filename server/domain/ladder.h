/* The ladder of reminders: which steps there are, and which of them are still to come for an
 * invoice. Callers pass the ladder on, so that editable scenarios can take the place of the one
 * constant table; a thank-you is no step, it follows a payment ("thanks_3" for the third). */
#ifndef DUNLIN_DOMAIN_LADDER_H
#define DUNLIN_DOMAIN_LADDER_H

#include "domain/calendar.h"

#include <stddef.h>

enum ladder_anchor {
    LADDER_FROM_ISSUE = 1, /* offsets count from the issue date */
    LADDER_FROM_DUE,
};

struct ladder_step {
    const char *name; /* as in reminder.step */
    enum ladder_anchor anchor;
    int offset_days;
};

struct ladder {
    const struct ladder_step *steps; /* at most 32 */
    size_t count;
    int send_second; /* of the day, in the customer's time zone */
    int over_days;   /* after so many days past the due date nothing is sent any more */
};

/* On issue, 2 days before, on the due day, 2 days after, then weekly until 3 weeks are over; at ten
 * in the morning. */
extern const struct ladder ladder_standard;

struct date ladder_step_date(const struct ladder_step *step, struct date issue, struct date due);

/* Where the customer is: the civil date and time in their zone. */
struct local_time {
    struct date date;
    int second; /* of the day */
};

struct ladder_plan {
    uint32_t steps; /* bit i: step i is to be sent, at its own time unless it is `missed` */
    int missed;     /* the step to be sent at once, as its time has passed; -1: none */
};

/* What is left of the ladder at `now`. Of the steps whose time has passed only the newest is sent,
 * at once; when the ladder is over, none at all. */
struct ladder_plan ladder_plan(const struct ladder *ladder, struct date issue, struct date due,
                               struct local_time now);

#endif
