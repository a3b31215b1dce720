#include "provider/provider_choice.h"

#include "provider/provider_session.h"

static bool has_currency(struct span list, struct span currency)
{
    if (list.len == 0)
        return true;
    while (list.len >= currency.len) {
        if (span_starts(list, currency) &&
            (list.len == currency.len || list.base[currency.len] == ' '))
            return true;
        const char *blank = memchr(list.base, ' ', list.len);
        list = blank == NULL ? span_of(list.base, 0)
                             : span_from(list, (size_t)(blank + 1 - list.base));
    }
    return false;
}

bool provider_takes_blik(const struct provider_account *a)
{
    return a->provider->takes_blik_code && !a->is_without_blik;
}

bool provider_takes(const struct provider_account *a, struct span currency, int64_t amount_minor,
                    bool is_blik)
{
    return (!is_blik || (provider_takes_blik(a) && span_is_str(currency, "PLN"))) &&
           has_currency(a->currencies, currency) && amount_minor >= a->amount_min_minor &&
           (a->amount_max_minor == 0 || amount_minor <= a->amount_max_minor);
}

bool provider_is_resting(const struct provider_account *a, struct mono now)
{
    return a->session != NULL && provider_health_is_resting(&a->session->health, now);
}

int provider_choices(const struct provider_account *accounts, bool is_blik, struct mono now,
                     const struct provider_account *choices[PROVIDER_CHOICES_MAX])
{
    int count = 0;
    for (int rests = 0; rests <= 1; ++rests)
        for (const struct provider_account *a = accounts; a->provider != NULL; ++a)
            if (count < PROVIDER_CHOICES_MAX && (!is_blik || provider_takes_blik(a)) &&
                provider_is_resting(a, now) == (rests == 1))
                choices[count++] = a;
    return count;
}
