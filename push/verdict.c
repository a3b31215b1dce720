#include "push/verdict.h"

#include <stdio.h>
#include <time.h>

enum { DAY_S = 86400 };

void verdict_set_reason(struct verdict *verdict, struct span reason)
{
    size_t len = 0;
    for (size_t i = 0; i < reason.len && len < sizeof(verdict->reason) - 1; ++i) {
        char c = reason.base[i];
        if (c > ' ' && c < 127 && c != '"' && c != '\\')
            verdict->reason[len++] = c;
    }
    verdict->reason[len] = 0;
}

void verdict_set_row(struct verdict *verdict, const struct verdict_row *row)
{
    verdict->kind = row->kind;
    verdict->advice = row->advice;
    verdict->alarm = row->alarm;
    verdict->flags = row->flags;
}

int64_t http_date_parse(struct span value)
{
    char text[40];
    struct tm tm = {0};
    if (value.len == 0 || value.len >= sizeof(text))
        return -1;
    memcpy(text, value.base, value.len);
    text[value.len] = 0;
    const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    return end == NULL || *end != 0 ? -1 : (int64_t)timegm(&tm);
}

uint32_t retry_after_parse(struct span value, int64_t now_s)
{
    int64_t seconds = 0;
    size_t digits = 0;
    while (digits < value.len && value.base[digits] >= '0' && value.base[digits] <= '9') {
        seconds = seconds * 10 + (value.base[digits++] - '0');
        if (seconds > DAY_S)
            seconds = DAY_S;
    }
    if (digits == 0 || digits < value.len) {
        int64_t date = http_date_parse(value);
        seconds = date < 0 ? 0 : date - now_s;
    }
    if (seconds <= 0)
        return 0;
    return (uint32_t)((seconds > DAY_S ? DAY_S : seconds) * 1000);
}
