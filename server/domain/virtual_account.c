#include "domain/virtual_account.h"

#include "domain/iban.h"

#include <assert.h>
#include <stdio.h>

enum { BODY_LEN = 24, BANK_LEN = 8 }; /* an account number without PL and its check digits */

static bool is_digits(struct span s)
{
    for (size_t i = 0; i < s.len; ++i)
        if (s.base[i] < '0' || s.base[i] > '9')
            return false;
    return true;
}

/* The last of the bank's eight digits follows from the others (weights 3 9 7 1 3 9 7). */
static bool is_bank_number(const char *digits)
{
    static const int weights[BANK_LEN - 1] = {3, 9, 7, 1, 3, 9, 7};
    int sum = 0;
    for (int i = 0; i < BANK_LEN - 1; ++i)
        sum += weights[i] * (digits[i] - '0');
    return (10 - sum % 10) % 10 == digits[BANK_LEN - 1] - '0';
}

/* H. M. Damm, "Total anti-symmetrische Quasigruppen", 2004: notices every single wrong digit and
 * every two neighbours that have changed places, also where a bank tells the id alone. A number
 * with our prefix that we have never made fails it nine times in ten. */
static int damm_digit(struct span digits)
{
    static const uint8_t table[10][10] = {
        {0, 3, 1, 7, 5, 9, 8, 6, 4, 2}, {7, 0, 9, 2, 1, 5, 4, 8, 6, 3},
        {4, 2, 0, 6, 8, 7, 1, 3, 5, 9}, {1, 7, 5, 0, 9, 8, 3, 4, 2, 6},
        {6, 1, 2, 3, 0, 4, 5, 9, 7, 8}, {3, 6, 7, 4, 2, 0, 9, 5, 8, 1},
        {5, 8, 6, 9, 7, 2, 0, 1, 3, 4}, {8, 9, 4, 5, 3, 6, 2, 0, 1, 7},
        {9, 4, 3, 8, 6, 1, 7, 2, 0, 5}, {2, 5, 8, 1, 4, 3, 6, 7, 9, 0},
    };
    int interim = 0;
    for (size_t i = 0; i < digits.len; ++i)
        interim = table[interim][digits.base[i] - '0'];
    return interim;
}

bool virtual_account_prefix_is_good(struct span prefix)
{
    return prefix.len >= VIRTUAL_ACCOUNT_PREFIX_MIN && prefix.len <= VIRTUAL_ACCOUNT_PREFIX_MAX &&
           is_digits(prefix) && is_bank_number(prefix.base);
}

bool virtual_account_complete(struct span digits, char out[VIRTUAL_ACCOUNT_LEN + 1])
{
    if (digits.len != BODY_LEN || !is_digits(digits))
        return false;
    int remainder = 0;
    for (size_t i = 0; i < BODY_LEN; ++i)
        remainder = (remainder * 10 + (digits.base[i] - '0')) % 97;
    remainder = remainder * 10000 % 97 * 100 % 97; /* "252100": PL and no check digits yet */
    remainder = (remainder + 252100) % 97;
    snprintf(out, VIRTUAL_ACCOUNT_LEN + 1, "PL%02d%.*s", 98 - remainder, SPAN_ARG(digits));
    return true;
}

enum virtual_account_refusal virtual_account_make(struct span prefix, int64_t id,
                                                  char out[VIRTUAL_ACCOUNT_LEN + 1])
{
    char body[BODY_LEN + 1], inner[BODY_LEN + 1];
    if (!virtual_account_prefix_is_good(prefix))
        return VIRTUAL_ACCOUNT_PREFIX_WRONG;
    int room = BODY_LEN - (int)prefix.len - 1;
    if (id <= 0 || id > INT64_C(99999999999) || snprintf(NULL, 0, "%lld", (long long)id) > room)
        return VIRTUAL_ACCOUNT_ID_TOO_LARGE;
    snprintf(inner, sizeof(inner), "%0*lld", room, (long long)id);
    snprintf(body, sizeof(body), "%.*s%s%d", SPAN_ARG(prefix), inner, damm_digit(span_str(inner)));
    bool is_made = virtual_account_complete(span_str(body), out);
    assert(is_made);
    return VIRTUAL_ACCOUNT_GOOD;
}

enum virtual_account_refusal virtual_account_read_tail(struct span prefix, struct span digits,
                                                       int64_t *id)
{
    *id = 0;
    if (!virtual_account_prefix_is_good(prefix))
        return VIRTUAL_ACCOUNT_PREFIX_WRONG;
    if (digits.len != BODY_LEN - prefix.len || !is_digits(digits))
        return VIRTUAL_ACCOUNT_NO_ACCOUNT;
    if (damm_digit(digits) != 0)
        return VIRTUAL_ACCOUNT_INNER_WRONG;
    for (size_t i = 0; i + 1 < digits.len; ++i)
        *id = *id * 10 + (digits.base[i] - '0');
    return *id > 0 ? VIRTUAL_ACCOUNT_GOOD : VIRTUAL_ACCOUNT_INNER_WRONG;
}

enum virtual_account_refusal virtual_account_read(struct span prefix, struct span account,
                                                  int64_t *id)
{
    char iban[IBAN_LEN_MAX + 1];
    *id = 0;
    if (!virtual_account_prefix_is_good(prefix))
        return VIRTUAL_ACCOUNT_PREFIX_WRONG;
    if (iban_normalise(account, iban) != IBAN_GOOD || memcmp(iban, "PL", 2) != 0)
        return VIRTUAL_ACCOUNT_NO_ACCOUNT;
    struct span body = span_of(iban + 4, BODY_LEN);
    if (!span_starts(body, prefix))
        return VIRTUAL_ACCOUNT_NOT_OURS;
    return virtual_account_read_tail(prefix, span_from(body, prefix.len), id);
}
