#include "domain/money.h"

#include <assert.h>

/* ISO 4217, list one, as of 2026 (funds codes and metals left out): the currencies whose minor unit
 * has that many digits, each followed by a blank; those met most stand first. */
static const char *const codes_by_exponent[] = {
    [0] = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF ",
    [2] =
        "PLN EUR AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN "
        "BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB FJD FKP GBP GEL GHS GIP "
        "GMD "
        "GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL "
        "MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN "
        "PGK PHP PKR QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP "
        "SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG ",
    [3] = "BHD IQD JOD KWD LYD OMR TND ",
};

static bool has_code(const char *codes, struct span code)
{
    for (; codes != NULL && *codes != 0; codes += 4)
        if (memcmp(codes, code.base, 3) == 0)
            return true;
    return false;
}

int currency_exponent(struct span code)
{
    static const int likely_first[] = {2, 0, 3};
    if (code.len != 3)
        return -1;
    for (size_t i = 0; i < sizeof(likely_first) / sizeof(likely_first[0]); ++i)
        if (has_code(codes_by_exponent[likely_first[i]], code))
            return likely_first[i];
    return -1;
}

struct money money_of(int64_t minor, const char *currency)
{
    assert(currency_exponent(span_str(currency)) >= 0);
    struct money m = {.minor = minor};
    memcpy(m.currency, currency, 3);
    return m;
}

bool money_has_currency(struct money m, struct span currency)
{
    return span_is_str(currency, m.currency);
}

int64_t money_share(int64_t minor, int64_t numerator, int64_t denominator)
{
    assert(minor >= 0 && numerator >= 0 && denominator > 0);
    int64_t whole = minor / denominator, rest = minor % denominator;
    return whole * numerator + (rest * numerator + denominator / 2) / denominator;
}
