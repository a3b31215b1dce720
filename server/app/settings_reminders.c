#include "app/settings_reminders.h"

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

const char *setting_check_time(const char *value, char room[160])
{
    (void)room;
    return second_of(value) < 0 ? "must be a time of day from 00:00 to 24:00" : NULL;
}

const char *setting_check_weekday(const char *value, char room[160])
{
    (void)room;
    return index_of(weekdays, 7, value) < 0 ? "must be of mon, tue, wed, thu, fri, sat, sun" : NULL;
}

const char *setting_check_channel(const char *value, char room[160])
{
    (void)room;
    return index_of(channels, sizeof(channels) / sizeof(channels[0]), value) < 0
               ? "must be of push, sms, email, voice, call, handover"
               : NULL;
}

const char *setting_check_calendar(const char *value, char room[160])
{
    (void)room;
    return strcmp(value, "PL") == 0 ? NULL : "must be PL";
}

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
