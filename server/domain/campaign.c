#include "domain/campaign.h"

#include "domain/calendar.h"

#include <assert.h>

enum { STATE_COUNT = CAMPAIGN_REFUSED + 1, EVENT_COUNT = CAMPAIGN_WAS_ENDED + 1 };
enum { LATE_SECONDS = 86400, STAYS = -1 };

static const char *const words[STATE_COUNT] = {
    [CAMPAIGN_CHECKING] = "checking", [CAMPAIGN_CHECKED] = "checked",
    [CAMPAIGN_APPROVED] = "approved", [CAMPAIGN_QUEUED] = "queued",
    [CAMPAIGN_DONE] = "done",         [CAMPAIGN_STOPPED] = "stopped",
    [CAMPAIGN_REFUSED] = "refused",
};

/* Columns: checked, refused, approved, queued, stopped, ended. */
static const int moves[STATE_COUNT][EVENT_COUNT] = {
    [CAMPAIGN_CHECKING] = {CAMPAIGN_CHECKED, CAMPAIGN_REFUSED, STAYS, STAYS, CAMPAIGN_STOPPED,
                           STAYS},
    [CAMPAIGN_CHECKED] = {STAYS, STAYS, CAMPAIGN_APPROVED, STAYS, CAMPAIGN_STOPPED, STAYS},
    [CAMPAIGN_APPROVED] = {STAYS, STAYS, STAYS, CAMPAIGN_QUEUED, CAMPAIGN_STOPPED, STAYS},
    [CAMPAIGN_QUEUED] = {STAYS, STAYS, STAYS, STAYS, CAMPAIGN_STOPPED, CAMPAIGN_DONE},
    [CAMPAIGN_DONE] = {STAYS, STAYS, STAYS, STAYS, STAYS, STAYS},
    [CAMPAIGN_STOPPED] = {STAYS, STAYS, STAYS, STAYS, STAYS, STAYS},
    [CAMPAIGN_REFUSED] = {STAYS, STAYS, STAYS, STAYS, STAYS, STAYS},
};

bool campaign_move(enum campaign_state *state, enum campaign_event event)
{
    assert((int)*state >= 0 && (int)*state < STATE_COUNT);
    assert((int)event >= 0 && (int)event < EVENT_COUNT);
    int next = moves[*state][event];
    if (next == STAYS)
        return false;
    *state = (enum campaign_state)next;
    return true;
}

const char *campaign_state_word(enum campaign_state state)
{
    assert((int)state >= 0 && (int)state < STATE_COUNT);
    return words[state];
}

enum campaign_state campaign_state_of(struct span word)
{
    int state = 0;
    while (state < STATE_COUNT && !span_is_str(word, words[state]))
        ++state;
    assert(state < STATE_COUNT);
    return (enum campaign_state)state;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Letters beyond ASCII are let through: their bytes are above it. */
static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

bool campaign_name_is_valid(struct span name)
{
    bool has_other = false;
    if (name.len == 0 || name.len > CAMPAIGN_NAME_MAX)
        return false;
    if ((!is_letter(name.base[0]) && !is_digit(name.base[0])) || name.base[name.len - 1] == ' ')
        return false;
    for (size_t i = 0; i < name.len; ++i) {
        char c = name.base[i];
        if (!is_letter(c) && !is_digit(c) && c != ' ' && c != '-' && c != '_' && c != '.')
            return false;
        has_other = has_other || !is_digit(c);
    }
    return has_other;
}

/* Exactly `count` digits from the front of the rest; -1: there are fewer. */
static int take_digits(struct span *rest, size_t count)
{
    int value = 0;
    if (rest->len < count)
        return -1;
    for (size_t i = 0; i < count; ++i) {
        if (!is_digit(rest->base[i]))
            return -1;
        value = value * 10 + (rest->base[i] - '0');
    }
    *rest = span_from(*rest, count);
    return value;
}

static bool take_one_of(struct span *rest, const char *letters, char *taken)
{
    if (rest->len == 0 || strchr(letters, rest->base[0]) == NULL)
        return false;
    *taken = rest->base[0];
    *rest = span_from(*rest, 1);
    return true;
}

bool campaign_time_read(struct span text, struct instant *at, bool *has_zone)
{
    char taken, sign;
    int second = 0, east_s = 0;
    struct span rest = text;
    struct date day;
    day.year = take_digits(&rest, 4);
    bool is_good = take_one_of(&rest, "-", &taken);
    day.month = take_digits(&rest, 2);
    is_good = is_good && take_one_of(&rest, "-", &taken);
    day.day = take_digits(&rest, 2);
    is_good = is_good && take_one_of(&rest, " T", &taken);
    int hour = take_digits(&rest, 2);
    is_good = is_good && take_one_of(&rest, ":", &taken);
    int minute = take_digits(&rest, 2);
    if (take_one_of(&rest, ":", &taken))
        second = take_digits(&rest, 2);
    *has_zone = take_one_of(&rest, "Z+-", &sign);
    if (*has_zone && sign != 'Z') {
        int hours = take_digits(&rest, 2);
        is_good = is_good && take_one_of(&rest, ":", &taken);
        int minutes = take_digits(&rest, 2);
        is_good = is_good && hours >= 0 && hours <= 14 && minutes >= 0 && minutes <= 59;
        east_s = (hours * 3600 + minutes * 60) * (sign == '-' ? -1 : 1);
    }
    if (!is_good || rest.len != 0 || day.year < 2000 || day.month < 1 || day.day < 1 ||
        !date_is_valid(day) || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
        second > 59)
        return false;
    int64_t seconds = (int64_t)date_to_days(day) * 86400 + hour * 3600 + minute * 60 + second;
    at->us = (seconds - east_s) * 1000000;
    return true;
}

enum campaign_verdict campaign_judge(const struct campaign_approval *a,
                                     const struct campaign_limits *limits)
{
    enum campaign_state next = a->state;
    switch (a->state) {
    case CAMPAIGN_APPROVED:
    case CAMPAIGN_QUEUED:
        return CAMPAIGN_IS_APPROVED;
    case CAMPAIGN_DONE:
    case CAMPAIGN_STOPPED:
        return CAMPAIGN_IS_OVER;
    case CAMPAIGN_CHECKING:
    case CAMPAIGN_REFUSED:
        return CAMPAIGN_NOT_CHECKED;
    case CAMPAIGN_CHECKED:
        break;
    }
    bool has_moved = campaign_move(&next, CAMPAIGN_WAS_APPROVED);
    assert(has_moved);
    if (a->now.us > instant_plus_seconds(a->send_at, LATE_SECONDS).us)
        return CAMPAIGN_TOO_LATE;
    bool is_above = a->price_micro > limits->alone_price_micro || a->count > limits->alone_count;
    return is_above && span_is(a->created_by, a->by) ? CAMPAIGN_NEEDS_SECOND : CAMPAIGN_MAY_GO;
}
