#include "domain/phone.h"

bool phone_is_e164(struct span text)
{
    if (text.len < PHONE_LEN_MIN || text.len > PHONE_LEN_MAX || text.base[0] != '+' ||
        text.base[1] == '0')
        return false;
    for (size_t i = 1; i < text.len; ++i)
        if (text.base[i] < '0' || text.base[i] > '9')
            return false;
    return true;
}

/* Nine digits behind the country, none of which begins with a zero. */
bool phone_is_polish(struct span e164)
{
    return span_starts(e164, SPAN_LIT("+48")) && e164.len == 12 && e164.base[3] != '0';
}
