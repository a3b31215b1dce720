#include "base/clock.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct instant clock_wall(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (struct instant){(int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000};
}

struct mono clock_mono(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (struct mono){(int64_t)t.tv_sec * 1000000000 + t.tv_nsec};
}

void instant_print(struct instant t, char out[21])
{
    time_t seconds = (time_t)(t.us / 1000000);
    struct tm parts;
    gmtime_r(&seconds, &parts);
    strftime(out, 21, "%Y-%m-%dT%H:%M:%SZ", &parts);
}

/* As many digits as `shape` has of them, and what else it has. */
static bool has_shape(const char *text, const char *shape)
{
    for (; *shape != '\0'; ++shape, ++text)
        if (*shape == '0' ? !isdigit((unsigned char)*text) : *text != *shape)
            return false;
    return true;
}

/* "Z", "+01:00"; seconds east. */
static bool scan_zone(const char *text, int *east_s)
{
    int hour = 0, minute = 0;
    *east_s = 0;
    if (strcmp(text, "Z") == 0)
        return true;
    bool is_offset = has_shape(text, text[0] == '-' ? "-00:00" : "+00:00") && text[6] == '\0';
    if (!is_offset || sscanf(text + 1, "%2d:%2d", &hour, &minute) != 2 || hour > 14 || minute > 59)
        return false;
    *east_s = (text[0] == '-' ? -1 : 1) * (hour * 60 + minute) * 60;
    return true;
}

bool instant_scan(const char *text, size_t len, struct instant *t)
{
    char copy[40];
    struct tm parts = {0};
    int east_s = 0;
    if (len < 20 || len >= sizeof(copy))
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    if (!has_shape(copy, "0000-00-00T00:00:00"))
        return false;
    char *rest = strptime(copy, "%Y-%m-%dT%H:%M:%S", &parts);
    struct tm said = parts;
    if (rest == NULL || rest != copy + 19 || parts.tm_sec > 59)
        return false;
    if (*rest == '.')
        rest += 1 + strspn(rest + 1, "0123456789");
    if (!scan_zone(rest, &east_s))
        return false;
    int64_t seconds = timegm(&parts); /* moves 31 April into May */
    if (parts.tm_mday != said.tm_mday)
        return false;
    t->us = (seconds - east_s) * INT64_C(1000000);
    return true;
}
