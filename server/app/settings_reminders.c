#include "app/settings_reminders.h"

#include "app/setting_row.h"
#include "app/setting_value.h"

#include <ctype.h>
#include <stdlib.h>

enum { DAY_SECONDS = 86400 };

static const char *const weekdays[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
static const char *const channels[] = {"push", "sms", "email", "voice", "call", "handover"};

static int index_of(const char *const *words, size_t count, const char *value)
{
    for (size_t i = 0; i < count; ++i)
        if (strcmp(words[i], value) == 0)
            return (int)i;
    return -1;
}

/* Seconds of the day; -1: no time. */
static int32_t second_of(const char *value)
{
    if (strlen(value) != 5 || value[2] != ':' || !isdigit((unsigned char)value[0]) ||
        !isdigit((unsigned char)value[1]) || !isdigit((unsigned char)value[3]) ||
        !isdigit((unsigned char)value[4]))
        return -1;
    int hour = atoi(value), minute = atoi(value + 3);
    bool is_time = minute < 60 && hour * 60 + minute <= 24 * 60;
    return is_time ? (hour * 60 + minute) * 60 : -1;
}

static const char *check_time(const char *value, char room[160])
{
    (void)room;
    return second_of(value) < 0 ? "must be a time of day from 00:00 to 24:00" : NULL;
}

static const char *check_weekday(const char *value, char room[160])
{
    (void)room;
    return index_of(weekdays, 7, value) < 0 ? "must be of mon, tue, wed, thu, fri, sat, sun" : NULL;
}

static const char *check_channel(const char *value, char room[160])
{
    (void)room;
    return index_of(channels, sizeof(channels) / sizeof(channels[0]), value) < 0
               ? "must be of push, sms, email, voice, call, handover"
               : NULL;
}

static const char *check_calendar(const char *value, char room[160])
{
    (void)room;
    return strcmp(value, "PL") == 0 ? NULL : "must be PL";
}

const struct setting settings_reminders[] = {
    SECTION("reminders", "When people may be reminded, how often, and what stops everything."),
    TEXT("reminders.window_from", reminders.window_from, "08:00",
         "Nothing is sent before this time of day, where the customer is …", .check = check_time),
    TEXT("reminders.window_to", reminders.window_to, "20:00",
         "… nor from this one on. What is due outside waits for the next opening. 00:00 and 24:00\n"
         "are no window.",
         .check = check_time),
    {.name = "reminders.window_days",
     .type = SETTING_TEXTS,
     .offset = AT(reminders.window_days),
     .example = "mon, tue, wed, thu, fri",
     .check = check_weekday,
     .is_set = true,
     .help = "Days on which anything is sent; none named: every day."},
    BOOL("reminders.keep_days_off", reminders.keeps_days_off, "false",
         "Whether nothing is sent on public holidays. (On which days its steps fall, a scenario\n"
         "says itself.)"),
    TEXT("reminders.calendar", reminders.calendar, "PL", "Whose public holidays: PL.",
         .check = check_calendar),
    INT("reminders.budget_day", reminders.budget_day, "3", 0, 1000,
        "Most messages to one person in 24 hours, over all debts and channels; thank-yous do not\n"
        "count. What is over waits. 0 is no limit."),
    INT("reminders.budget_week", reminders.budget_week, "7", 0, 1000, "The same in 7 days."),
    INT("reminders.budget_30_days", reminders.budget_30_days, "20", 0, 1000,
        "The same in 30 days."),
    BOOL("reminders.merge", reminders.merges, "true",
         "Whether reminders of several debts of one person, due at once and going the same way,\n"
         "become one message."),
    {.name = "reminders.consent",
     .type = SETTING_TEXTS,
     .offset = AT(reminders.consents),
     .example = "voice, sms",
     .check = check_channel,
     .is_set = true,
     .max = REMINDER_CONSENTS_MAX,
     .help = "Channels that a customer must have consented to; the others need no consent. Who\n"
             "opted out of a channel is left alone there in any case."},
    INT("reminders.feed_age_max_hours", reminders.feed_age_max_hours, "0", 0, 8760,
        "How old the creditor's payment feed (PUT /api/v1/payment-feed) may be for a reminder "
        "past\n"
        "the due date to go; 0 does not ask. Set it where customers also pay past Dunlin."),
    INT("reminders.holdout_permille", reminders.holdout_permille, "0", 0, 500,
        "How many of a thousand customers get no messages, so that the effect of reminding can "
        "be\n"
        "measured. Who they are never changes."),
    INT("reminders.proposal_parts", reminders.proposal_parts, "3", 2, 12,
        "In how many parts a text proposes to pay ({{instalments}}) …"),
    INT("reminders.proposal_first_days", reminders.proposal_first_days, "7", 1, 60,
        "… and in how many days the first of them is due; the others follow month by month."),
    INT("reminders.usual_factor", reminders.usual_factor, "3", 0, 1000,
        "All sending stops for the day at so many times the most messages of any of the 14 days\n"
        "before, until an admin allows more (dunlin sending allow). 0 never stops."),
    INT("reminders.ramp_start", reminders.ramp_start, "20000", 1, 1000000000,
        "So many messages a day are never unusual: what a new installation starts with."),
    {.name = NULL},
};

void settings_finish_reminders(struct settings_reading *r)
{
    const struct settings *s = r->settings;
    int32_t from = second_of(s->reminders.window_from), to = second_of(s->reminders.window_to);
    bool has_to = settings_line_of(s, "reminders.window_to") > 0;
    const char *name = has_to ? "reminders.window_to" : "reminders.window_from";
    if (from >= 0 && to >= 0 && to <= from)
        setting_add_mistake(r->mistakes, settings_line_of(s, name), name,
                            "must be such that window_from is earlier than window_to");
}

struct reminder_rules settings_reminder_rules(const struct settings *s)
{
    struct reminder_rules rules = {
        .window_from_second = second_of(s->reminders.window_from),
        .window_to_second = second_of(s->reminders.window_to),
        .keeps_days_off = s->reminders.keeps_days_off,
        .calendar = span_str(s->reminders.calendar),
        .budget_day = (int32_t)s->reminders.budget_day,
        .budget_week = (int32_t)s->reminders.budget_week,
        .budget_30_days = (int32_t)s->reminders.budget_30_days,
        .merges = s->reminders.merges,
        .feed_age_max_s = s->reminders.feed_age_max_hours * 3600,
        .holdout_permille = (int32_t)s->reminders.holdout_permille,
        .usual_factor = (int32_t)s->reminders.usual_factor,
        .ramp_start = s->reminders.ramp_start,
        .proposal_parts = (int32_t)s->reminders.proposal_parts,
        .proposal_first_days = (int32_t)s->reminders.proposal_first_days,
    };
    if (rules.window_to_second - rules.window_from_second == DAY_SECONDS)
        rules.window_from_second = rules.window_to_second = 0;
    for (int i = 0; i < s->reminders.window_days.count; ++i)
        rules.window_weekdays |=
            (uint8_t)(1 << index_of(weekdays, 7, s->reminders.window_days.items[i]));
    if (rules.window_weekdays == 127)
        rules.window_weekdays = 0;
    for (int i = 0; i < s->reminders.consents.count && i < REMINDER_CONSENTS_MAX; ++i)
        rules.consents[rules.consent_count++] = span_str(s->reminders.consents.items[i]);
    return rules;
}
