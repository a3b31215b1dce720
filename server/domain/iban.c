#include "domain/iban.h"

/* Country and length, from the IBAN registry (SWIFT, release 99); the one met most stands first. */
static const struct {
    char country[3];
    uint8_t len;
} countries[] = {
    {"PL", 28}, {"AD", 24}, {"AE", 23}, {"AL", 28}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16},
    {"BG", 22}, {"BH", 22}, {"BI", 27}, {"BR", 29}, {"BY", 28}, {"CH", 21}, {"CR", 22}, {"CY", 28},
    {"CZ", 24}, {"DE", 22}, {"DJ", 27}, {"DK", 18}, {"DO", 28}, {"EE", 20}, {"EG", 29}, {"ES", 24},
    {"FI", 18}, {"FK", 18}, {"FO", 18}, {"FR", 27}, {"GB", 22}, {"GE", 22}, {"GI", 23}, {"GL", 18},
    {"GR", 27}, {"GT", 28}, {"HN", 28}, {"HR", 21}, {"HU", 28}, {"IE", 22}, {"IL", 23}, {"IQ", 23},
    {"IS", 26}, {"IT", 27}, {"JO", 30}, {"KW", 30}, {"KZ", 20}, {"LB", 28}, {"LC", 32}, {"LI", 21},
    {"LT", 20}, {"LU", 20}, {"LV", 21}, {"LY", 25}, {"MC", 27}, {"MD", 24}, {"ME", 22}, {"MK", 19},
    {"MN", 20}, {"MR", 27}, {"MT", 31}, {"MU", 30}, {"NI", 28}, {"NL", 18}, {"NO", 15}, {"OM", 23},
    {"PK", 24}, {"PS", 29}, {"PT", 25}, {"QA", 29}, {"RO", 24}, {"RS", 22}, {"RU", 33}, {"SA", 24},
    {"SC", 31}, {"SD", 18}, {"SE", 24}, {"SI", 19}, {"SK", 24}, {"SM", 27}, {"SO", 23}, {"ST", 25},
    {"SV", 28}, {"TL", 23}, {"TN", 24}, {"TR", 26}, {"UA", 29}, {"VA", 22}, {"VG", 24}, {"XK", 20},
    {"YE", 30},
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_capital(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* How many bytes of separator `s` begins with. */
static size_t separator_len(struct span s)
{
    if (strchr(" \t\r\n-", s.base[0]) != NULL && s.base[0] != 0)
        return 1;
    if (span_starts(s, SPAN_LIT("\xc2\xa0"))) /* no-break space */
        return 2;
    return span_starts(s, SPAN_LIT("\xe2\x80\xaf")) ? 3 : 0; /* its narrow kind */
}

/* Capitals and digits of `text` into `out`; -1 when there is anything else or too much. */
static int strip(struct span text, char out[IBAN_LEN_MAX + 1])
{
    int len = 0;
    while (text.len > 0) {
        char c = text.base[0];
        size_t skip = is_digit(c) ? 0 : separator_len(text);
        text = span_from(text, skip == 0 ? 1 : skip);
        if (skip > 0)
            continue;
        if (c >= 'a' && c <= 'z')
            c = (char)(c - 'a' + 'A');
        if ((!is_digit(c) && !is_capital(c)) || len == IBAN_LEN_MAX)
            return -1;
        out[len++] = c;
    }
    out[len] = 0;
    return len;
}

static int country_len(const char *iban)
{
    for (size_t i = 0; i < sizeof(countries) / sizeof(countries[0]); ++i)
        if (memcmp(countries[i].country, iban, 2) == 0)
            return countries[i].len;
    return -1;
}

/* The number that the first four characters, put last, and letters as 10 to 35 make, modulo 97. */
static int remainder_97(const char *iban, int len)
{
    enum { ROOM = 100000000 }; /* two more digits fit an int then */
    int number = 0;
    for (int i = 4; i < len + 4; ++i) {
        char c = iban[i < len ? i : i - len];
        if (number >= ROOM / 10)
            number %= 97;
        number = is_digit(c) ? number * 10 + (c - '0') : number * 100 + (c - 'A' + 10);
    }
    return number % 97;
}

/* 00, 01 and 99 leave the same remainders as 97, 98 and 02 but are never given out. */
static bool is_check_possible(const char *iban)
{
    int check = (iban[2] - '0') * 10 + (iban[3] - '0');
    return check >= 2 && check <= 98;
}

enum iban_refusal iban_normalise(struct span text, char out[IBAN_LEN_MAX + 1])
{
    char bare[IBAN_LEN_MAX + 3] = "PL", *iban = bare + 2;
    int len = strip(text, iban);
    if (len < 5)
        return IBAN_MALFORMED;
    if (len == 26 && strspn(iban, "0123456789") == 26) {
        iban = bare;
        len = 28;
    }
    if (!is_capital(iban[0]) || !is_capital(iban[1]) || !is_digit(iban[2]) || !is_digit(iban[3]))
        return IBAN_MALFORMED;
    int expected_len = country_len(iban);
    if (expected_len < 0)
        return IBAN_COUNTRY_UNKNOWN;
    if (len != expected_len)
        return IBAN_LENGTH_WRONG;
    if (!is_check_possible(iban) || remainder_97(iban, len) != 1)
        return IBAN_CHECK_WRONG;
    memcpy(out, iban, (size_t)len + 1);
    return IBAN_GOOD;
}
