#include "domain/instant_text.h"

#include "domain/calendar.h"

/* `len` digits at the beginning of `rest`, cut off; -1 when they are not there. */
static int take_digits(struct span *rest, size_t len)
{
    int value = 0;
    if (rest->len < len)
        return -1;
    for (size_t i = 0; i < len; ++i) {
        if (rest->base[i] < '0' || rest->base[i] > '9')
            return -1;
        value = 10 * value + (rest->base[i] - '0');
    }
    *rest = span_from(*rest, len);
    return value;
}

static bool take_char(struct span *rest, char c)
{
    bool is_there = rest->len != 0 && rest->base[0] == c;
    if (is_there)
        *rest = span_from(*rest, 1);
    return is_there;
}

static bool read_date(struct span *rest, struct date *date)
{
    date->year = take_digits(rest, 4);
    bool is_good = take_char(rest, '-');
    date->month = take_digits(rest, 2);
    is_good = is_good && take_char(rest, '-');
    date->day = take_digits(rest, 2);
    return is_good && date_is_valid(*date) && date->year >= 1970 && date->year <= 9998;
}

/* Seconds of a day; -1: it is none. */
static int32_t read_time(struct span *rest)
{
    int second = 0, hour = take_digits(rest, 2);
    bool is_good = take_char(rest, ':');
    int minute = take_digits(rest, 2);
    if (take_char(rest, ':')) {
        second = take_digits(rest, 2);
        if (take_char(rest, '.')) {
            is_good = is_good && take_digits(rest, 1) >= 0;
            while (take_digits(rest, 1) >= 0)
                continue;
        }
    }
    bool is_time =
        hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second < 60;
    return is_good && is_time ? hour * 3600 + minute * 60 + second : -1;
}

/* Seconds ahead of UTC. */
static bool read_zone(struct span *rest, int32_t *ahead)
{
    *ahead = 0;
    if (take_char(rest, 'Z') || take_char(rest, 'z'))
        return true;
    bool is_behind = take_char(rest, '-');
    if (!is_behind && !take_char(rest, '+'))
        return false;
    int hour = take_digits(rest, 2);
    bool is_good = take_char(rest, ':');
    int minute = take_digits(rest, 2);
    *ahead = (is_behind ? -1 : 1) * (hour * 3600 + minute * 60);
    return is_good && hour >= 0 && hour < 24 && minute >= 0 && minute < 60;
}

bool instant_read(struct span text, struct instant *out)
{
    struct date date;
    int32_t ahead = 0;
    if (!read_date(&text, &date) || (!take_char(&text, 'T') && !take_char(&text, 't')))
        return false;
    int32_t second = read_time(&text);
    if (second < 0 || !read_zone(&text, &ahead) || text.len != 0)
        return false;
    out->us = (date_to_days(date) * INT64_C(86400) + second - ahead) * 1000000;
    return true;
}
