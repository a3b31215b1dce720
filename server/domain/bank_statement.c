#include "domain/bank_statement.h"

#include <assert.h>
#include <stdio.h>

static const char *const mistake_texts[BANK_STATEMENT_MISTAKE_COUNT] = {
    [BANK_STATEMENT_GOOD] = "the statement agrees",
    [BANK_STATEMENT_BALANCE_WRONG] =
        "the opening balance and the entries do not make the closing balance",
    [BANK_STATEMENT_COUNT_WRONG] = "the statement says another number of entries than it has",
    [BANK_STATEMENT_SUM_WRONG] = "the statement says another sum of its entries than they have",
    [BANK_STATEMENT_NET_WRONG] = "the statement says another net sum of its entries than they have",
};

const char *bank_statement_mistake_text(enum bank_statement_mistake mistake)
{
    assert(mistake < BANK_STATEMENT_MISTAKE_COUNT);
    return mistake_texts[mistake];
}

bool bank_statement_count(struct bank_statement *s, enum bank_direction direction, int64_t minor)
{
    assert(minor >= 0);
    int64_t *sum = direction == BANK_CREDIT ? &s->credit_minor : &s->debit_minor;
    int64_t *count = direction == BANK_CREDIT ? &s->credit_count : &s->debit_count;
    /* Far below the range, so that all sums of sums stay within it. */
    if (minor > INT64_MAX / 8 - *sum)
        return false;
    *sum += minor;
    ++*count;
    return true;
}

static enum bank_statement_mistake check_told(const struct bank_told *told, int64_t count,
                                              int64_t sum_minor)
{
    if (told->has_count && told->count != count)
        return BANK_STATEMENT_COUNT_WRONG;
    if (told->has_sum && told->sum_minor != sum_minor)
        return BANK_STATEMENT_SUM_WRONG;
    return BANK_STATEMENT_GOOD;
}

enum bank_statement_mistake bank_statement_check(const struct bank_statement *s)
{
    int64_t net_minor = s->credit_minor - s->debit_minor;
    if (s->opening_minor + net_minor != s->closing_minor)
        return BANK_STATEMENT_BALANCE_WRONG;
    enum bank_statement_mistake mistakes[] = {
        check_told(&s->told_all, s->credit_count + s->debit_count,
                   s->credit_minor + s->debit_minor),
        check_told(&s->told_credits, s->credit_count, s->credit_minor),
        check_told(&s->told_debits, s->debit_count, s->debit_minor),
    };
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); ++i)
        if (mistakes[i] != BANK_STATEMENT_GOOD)
            return mistakes[i];
    return s->has_net && s->net_minor != net_minor ? BANK_STATEMENT_NET_WRONG : BANK_STATEMENT_GOOD;
}

/* ---- amounts ---- */

static const char *const amount_texts[] = {
    [BANK_AMOUNT_GOOD] = "the amount is good",
    [BANK_AMOUNT_MALFORMED] = "this is not an amount",
    [BANK_AMOUNT_TOO_PRECISE] = "the amount has more decimals than its currency",
    [BANK_AMOUNT_TOO_LARGE] = "the amount is larger than we count",
};

const char *bank_amount_mistake_text(enum bank_amount_mistake mistake)
{
    return amount_texts[mistake];
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

enum bank_amount_mistake bank_amount_read(struct span text, int exponent, char mark, int64_t *minor)
{
    int64_t value = 0;
    int decimals = -1; /* no mark seen */
    *minor = 0;
    if (text.len == 0 || !is_digit(text.base[0]))
        return BANK_AMOUNT_MALFORMED;
    for (size_t i = 0; i < text.len; ++i) {
        char c = text.base[i];
        if (c == mark && decimals < 0) {
            decimals = 0;
            continue;
        }
        if (!is_digit(c))
            return BANK_AMOUNT_MALFORMED;
        if (decimals >= 0 && ++decimals > exponent)
            return BANK_AMOUNT_TOO_PRECISE;
        value = value * 10 + (c - '0');
        if (value > MONEY_MINOR_MAX)
            return BANK_AMOUNT_TOO_LARGE;
    }
    for (int i = decimals < 0 ? 0 : decimals; i < exponent; ++i)
        value *= 10;
    if (value > MONEY_MINOR_MAX)
        return BANK_AMOUNT_TOO_LARGE;
    *minor = value;
    return BANK_AMOUNT_GOOD;
}

/* ---- what an entry is known by ---- */

void bank_entry_key(const struct bank_statement *s, const struct bank_entry *e,
                    uint8_t out[BANK_ENTRY_KEY_LEN])
{
    enum { ALWAYS_COUNT = 4, PARTS_MAX = 24 };
    static const struct span end = {"", 1}; /* a NUL: no text has one */
    char numbers[80];
    struct span parts[PARTS_MAX];
    size_t count = 0;
    snprintf(numbers, sizeof(numbers), "%d %d %d %lld %s", e->booked_on, (int)e->direction,
             e->is_reversal, (long long)e->amount.minor, e->amount.currency);
    const struct span told[] = {
        span_str(s->account[0] != 0 ? s->account : s->account_text),
        span_str(numbers),
        e->bank_reference,
        e->part_count > 1 ? SPAN_LIT("part") : SPAN_LIT(""),
        e->end_to_end_id,
        e->transaction_id,
        span_str(e->payer_account),
        e->payer_name,
        e->collect_id,
        e->title,
    };
    bool is_known_by_reference = e->bank_reference.len > 0 && e->part_count == 1;
    size_t told_count = is_known_by_reference ? ALWAYS_COUNT : sizeof(told) / sizeof(told[0]);
    for (size_t i = 0; i < told_count; ++i) {
        parts[count++] = told[i];
        parts[count++] = end;
    }
    sha256_spans(parts, count, out);
}
