#include "domain/payout.h"

#include <assert.h>

static const char *const kind_words[PAYOUT_KIND_COUNT] = {
    [PAYOUT_PAYMENT] = "payment",
    [PAYOUT_REFUND] = "refund",
    [PAYOUT_REFUND_REVERSAL] = "refund_reversal",
    [PAYOUT_CHARGEBACK] = "chargeback",
    [PAYOUT_CHARGEBACK_REVERSAL] = "chargeback_reversal",
    [PAYOUT_FEE] = "fee",
    [PAYOUT_OTHER] = "other",
};

/* What each does to us: gives, takes, or may do either. */
static const int kind_signs[PAYOUT_KIND_COUNT] = {
    [PAYOUT_PAYMENT] = 1,
    [PAYOUT_REFUND] = -1,
    [PAYOUT_REFUND_REVERSAL] = 1,
    [PAYOUT_CHARGEBACK] = -1,
    [PAYOUT_CHARGEBACK_REVERSAL] = 1,
};

static const struct {
    const char *word, *text;
} verdicts[PAYOUT_VERDICT_COUNT] = {
    [PAYOUT_AGREES] = {"agrees", "agrees"},
    [PAYOUT_SETTLED_TWICE] = {"settled_twice", "settled more than once"},
    [PAYOUT_NOT_IN_LEDGER] = {"not_in_ledger", "in the payout, not in the ledger"},
    [PAYOUT_CURRENCY_DIFFERS] = {"currency_differs", "the ledger has it in another currency"},
    [PAYOUT_AMOUNT_DIFFERS] = {"amount_differs", "the ledger has another amount"},
    [PAYOUT_NOT_SETTLED] = {"not_settled", "in the ledger, in no payout"},
    [PAYOUT_NOT_ARRIVED] = {"not_arrived", "not at the bank yet"},
    [PAYOUT_ARRIVED_CURRENCY_DIFFERS] = {"arrived_currency_differs", "arrived in another currency"},
    [PAYOUT_ARRIVED_AMOUNT_DIFFERS] = {"arrived_amount_differs",
                                       "what arrived is not the sum of the payout"},
};

const char *payout_kind_name(enum payout_kind kind)
{
    assert(kind < PAYOUT_KIND_COUNT);
    return kind_words[kind];
}

bool payout_kind_read(struct span word, enum payout_kind *kind)
{
    for (int i = 0; i < PAYOUT_KIND_COUNT; ++i) {
        *kind = (enum payout_kind)i;
        if (span_is_str(word, kind_words[i]))
            return true;
    }
    return false;
}

/* ---- a line of the provider's file ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

enum payout_amount_mistake payout_amount_read(struct span text, int exponent, int64_t *minor)
{
    bool is_below = text.len > 0 && text.base[0] == '-';
    size_t at = is_below, whole_from = at;
    int64_t value = 0;
    int fraction = 0;
    *minor = 0;
    while (at < text.len && is_digit(text.base[at]) && value <= PAYOUT_AMOUNT_MAX_MINOR)
        value = value * 10 + (text.base[at++] - '0');
    if (at == whole_from)
        return PAYOUT_AMOUNT_MALFORMED;
    if (at < text.len && text.base[at] == '.') {
        size_t from = ++at;
        while (at < text.len && is_digit(text.base[at]) && value <= PAYOUT_AMOUNT_MAX_MINOR) {
            value = value * 10 + (text.base[at++] - '0');
            if (++fraction > exponent)
                return PAYOUT_AMOUNT_TOO_PRECISE;
        }
        if (at == from)
            return PAYOUT_AMOUNT_MALFORMED;
    }
    if (at < text.len && !is_digit(text.base[at]))
        return PAYOUT_AMOUNT_MALFORMED;
    for (; fraction < exponent && value <= PAYOUT_AMOUNT_MAX_MINOR; ++fraction)
        value *= 10;
    if (value > PAYOUT_AMOUNT_MAX_MINOR)
        return PAYOUT_AMOUNT_TOO_LARGE;
    *minor = is_below ? -value : value;
    return PAYOUT_AMOUNT_GOOD;
}

enum payout_line_mistake payout_line_check(enum payout_kind kind, const struct payout_amounts *a)
{
    assert(kind < PAYOUT_KIND_COUNT);
    if (a->net_minor != a->gross_minor - a->fee_minor)
        return PAYOUT_LINE_NET_WRONG;
    int sign = kind_signs[kind];
    if (sign == 0)
        return a->gross_minor == 0 && a->fee_minor == 0 ? PAYOUT_LINE_EMPTY : PAYOUT_LINE_GOOD;
    if (a->gross_minor == 0)
        return PAYOUT_LINE_EMPTY;
    return (a->gross_minor > 0) == (sign > 0) ? PAYOUT_LINE_GOOD : PAYOUT_LINE_SIGN_WRONG;
}

/* ---- what does not agree ---- */

const char *payout_verdict_name(enum payout_verdict verdict)
{
    assert(verdict < PAYOUT_VERDICT_COUNT);
    return verdicts[verdict].word;
}

const char *payout_verdict_text(enum payout_verdict verdict)
{
    assert(verdict < PAYOUT_VERDICT_COUNT);
    return verdicts[verdict].text;
}

enum payout_verdict payout_judge(const struct payout_pair *pair, int64_t wait_days)
{
    if (pair->settled_count > 1)
        return PAYOUT_SETTLED_TWICE;
    if (pair->settled_count == 0)
        return pair->is_booked && pair->booked_days > wait_days ? PAYOUT_NOT_SETTLED
                                                                : PAYOUT_AGREES;
    if (pair->kind == PAYOUT_FEE) /* the ledger is of debts: a provider's fee is not in it */
        return PAYOUT_AGREES;
    if (!pair->is_booked)
        return PAYOUT_NOT_IN_LEDGER;
    if (!span_is(pair->settled_currency, pair->booked_currency))
        return PAYOUT_CURRENCY_DIFFERS;
    return pair->settled_minor == pair->booked_minor ? PAYOUT_AGREES : PAYOUT_AMOUNT_DIFFERS;
}

enum payout_verdict payout_judge_arrival(const struct payout_whole *whole, int64_t wait_days)
{
    if (!whole->has_arrived)
        return whole->paid_out_days > wait_days ? PAYOUT_NOT_ARRIVED : PAYOUT_AGREES;
    if (!span_is(whole->currency, whole->arrived_currency))
        return PAYOUT_ARRIVED_CURRENCY_DIFFERS;
    return whole->arrived_minor == whole->net_minor ? PAYOUT_AGREES : PAYOUT_ARRIVED_AMOUNT_DIFFERS;
}
