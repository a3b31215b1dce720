/* The manners of an installation: when people may be written to, how often, and with whose consent.
 * Plain numbers as the settings `reminders.*` give them; the claim repeats them
 * (store/reminder.sql). All zeroes hold nobody back. */
#ifndef DUNLIN_DOMAIN_REMINDER_RULES_H
#define DUNLIN_DOMAIN_REMINDER_RULES_H

#include "base/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REMINDER_CONSENTS_MAX = 8, REMINDER_DAYS_OFF_MAX = 24 };

struct reminder_rules {
    /* Send window in the customer's time zone, seconds of the day, the end excluded; both 0: any
     * time. */
    int32_t window_from_second, window_to_second;
    uint8_t window_weekdays; /* bit 0 is Monday; 0: every day */
    bool keeps_days_off;     /* nothing goes on a public holiday of the calendar */
    struct span calendar;    /* "PL" */

    /* Messages a person, over all debts and channels, thank-yous free; 0: no limit. */
    int32_t budget_day, budget_week, budget_30_days;
    bool merges; /* what goes to one person the same way at one time is one message */

    struct span consents[REMINDER_CONSENTS_MAX]; /* channels that need the customer's consent */
    size_t consent_count;

    int64_t feed_age_max_s;   /* of the payment feed, for steps past the due date; 0: not asked */
    int32_t holdout_permille; /* of customers, who get no messages, for comparison */

    /* A day's messages: no more than usual_factor times the most of the 14 days before, and
     * ramp_start where that is more; usual_factor 0: no limit. */
    int32_t usual_factor;
    int64_t ramp_start;

    /* In how many parts texts propose to pay, and how many days from then the first is due; 0: as
     * flow/reminder_text.h has it. */
    int32_t proposal_parts, proposal_first_days;
};

/* The public holidays on which nothing is sent, from the day before `today` (UTC, days since
 * 1970-01-01) on, as far as the next opening is looked for. Returns how many. */
size_t reminder_days_off(const struct reminder_rules *, int32_t today,
                         int32_t days[REMINDER_DAYS_OFF_MAX]);
/* Those from one day to another, both included, at most `room`; returns how many. */
size_t reminder_days_off_between(const struct reminder_rules *, int32_t from, int32_t to,
                                 int32_t *days, size_t room);

#endif
