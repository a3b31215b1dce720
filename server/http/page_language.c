#include "http/page_language.h"

#include <strings.h>

static struct span take_until(struct span *rest, char end)
{
    const char *found = rest->len == 0 ? NULL : memchr(rest->base, end, rest->len);
    struct span part = found == NULL ? *rest : span_of(rest->base, (size_t)(found - rest->base));
    *rest = span_from(*rest, part.len + (found != NULL));
    return part;
}

static struct span trimmed(struct span s)
{
    while (s.len != 0 && (s.base[0] == ' ' || s.base[0] == '\t'))
        s = span_from(s, 1);
    while (s.len != 0 && (s.base[s.len - 1] == ' ' || s.base[s.len - 1] == '\t'))
        --s.len;
    return s;
}

/* "q=0.8" in thousandths; 1000 when absent, 0 when it is no weight. */
static int weight_of(struct span parameters)
{
    struct span q = trimmed(parameters);
    if (q.len == 0)
        return 1000;
    if (q.len < 3 || strncasecmp(q.base, "q=", 2) != 0 || (q.base[2] != '0' && q.base[2] != '1'))
        return 0;
    int weight = (q.base[2] - '0') * 1000, unit = 100;
    for (size_t i = 4; i < q.len && unit != 0; ++i, unit /= 10) {
        if (q.base[i] < '0' || q.base[i] > '9')
            return 0;
        weight += (q.base[i] - '0') * unit;
    }
    return weight;
}

enum language page_language_accepted(struct span header)
{
    enum language best = LANGUAGE_POLISH;
    int best_weight = 0;
    while (header.len != 0) {
        struct span range = take_until(&header, ',');
        struct span tag = trimmed(take_until(&range, ';'));
        enum language language;
        int weight = weight_of(range);
        if (weight > best_weight && language_find(tag, &language)) {
            best = language;
            best_weight = weight;
        }
    }
    return best;
}

enum page_plural page_language_plural(enum language language, int64_t count)
{
    int64_t tens = count % 100, ones = count % 10;
    bool is_few = ones >= 2 && ones <= 4 && (tens < 12 || tens > 14);
    switch (language) {
    case LANGUAGE_ENGLISH:
        return count == 1 ? PLURAL_ONE : PLURAL_MANY;
    case LANGUAGE_UKRAINIAN:
        return ones == 1 && tens != 11 ? PLURAL_ONE : is_few ? PLURAL_FEW : PLURAL_MANY;
    default:
        return count == 1 ? PLURAL_ONE : is_few ? PLURAL_FEW : PLURAL_MANY;
    }
}
