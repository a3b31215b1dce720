#include "http/agreement_id.h"

#include "domain/calendar.h"

enum { LIMIT_DEFAULT = 50, NUMBERS_MAX = 4, DAY_MAX = 2932896 /* 9999-12-31 */ };

static bool read_number(struct span text, int64_t *value)
{
    *value = 0;
    if (text.len == 0 || text.len > 18)
        return false;
    for (size_t i = 0; i < text.len; ++i) {
        if (text.base[i] < '0' || text.base[i] > '9')
            return false;
        *value = *value * 10 + (text.base[i] - '0');
    }
    return true;
}

/* "1-2-3": exactly `count` numbers. */
static bool read_numbers(struct span text, int64_t *values, int count)
{
    for (int i = 0; i < count; ++i) {
        const char *dash = text.len == 0 ? NULL : memchr(text.base, '-', text.len);
        if ((dash == NULL) != (i == count - 1))
            return false;
        size_t len = dash == NULL ? text.len : (size_t)(dash - text.base);
        if (!read_number(span_of(text.base, len), &values[i]))
            return false;
        text = span_from(text, len + 1);
    }
    return true;
}

bool agreement_read_id(struct span text, struct agreement_id *id)
{
    int64_t n[NUMBERS_MAX];
    if (!read_numbers(text, n, 3) || n[2] > INT32_MAX)
        return false;
    *id = (struct agreement_id){n[0], n[1], n[2]};
    return true;
}

json_t *agreement_id_json(struct agreement_id id)
{
    return json_sprintf("%lld-%lld-%lld", (long long)id.customer_id, (long long)id.invoice_id,
                        (long long)id.no);
}

json_t *agreement_id_debt_json(struct agreement_id id)
{
    return json_sprintf("%lld-%lld", (long long)id.customer_id, (long long)id.invoice_id);
}

json_t *agreement_cursor_json(int32_t day, struct agreement_id id)
{
    return json_sprintf("%d-%lld-%lld-%lld", day, (long long)id.customer_id,
                        (long long)id.invoice_id, (long long)id.no);
}

bool agreement_read_cursor(struct span text, int32_t *day, struct agreement_id *id)
{
    int64_t n[NUMBERS_MAX];
    if (text.base == NULL)
        return true;
    if (!read_numbers(text, n, 4) || n[0] > DAY_MAX || n[3] > INT32_MAX)
        return false;
    *day = (int32_t)n[0];
    *id = (struct agreement_id){n[1], n[2], n[3]};
    return true;
}

bool agreement_read_limit(struct span text, int64_t *limit)
{
    *limit = LIMIT_DEFAULT;
    if (text.base == NULL)
        return true;
    return read_number(text, limit) && *limit >= 1 && *limit <= AGREEMENT_LIMIT_MAX;
}

json_t *agreement_day_json(int32_t day)
{
    char text[11];
    date_print(date_from_days(day), text);
    return json_string(text);
}

json_t *agreement_instant_json(bool is_there, struct instant at)
{
    char text[21];
    if (!is_there)
        return json_null();
    instant_print(at, text);
    return json_string(text);
}
