#include "domain/csv_value.h"

#include <assert.h>

static const struct {
    const char *word, *sentence;
} refusals[CSV_REFUSAL_COUNT] = {[CSV_GOOD] = {"good", "the value is good"},
#define CSV_REFUSAL(name, word, sentence) [CSV_##name] = {word, sentence},
                                 CSV_REFUSALS(CSV_REFUSAL)
#undef CSV_REFUSAL
};

const char *csv_refusal_name(enum csv_refusal r)
{
    assert(r >= CSV_GOOD && r < CSV_REFUSAL_COUNT);
    return refusals[r].word;
}

const char *csv_refusal_text(enum csv_refusal r)
{
    assert(r >= CSV_GOOD && r < CSV_REFUSAL_COUNT);
    return refusals[r].sentence;
}

/* ---- blanks and words ---- */

static bool is_one_of(char c, const char *set)
{
    return c != 0 && strchr(set, c) != NULL;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* How many bytes of blank `s` begins with: ASCII blanks, U+00A0, U+2000 to U+200B, U+202F, U+FEFF.
 */
static size_t blank_len(struct span s)
{
    const uint8_t *b = (const uint8_t *)s.base;
    if (s.len >= 1 && is_one_of(s.base[0], " \t\r\n"))
        return 1;
    if (s.len >= 2 && b[0] == 0xc2 && b[1] == 0xa0)
        return 2;
    if (s.len >= 3 && b[0] == 0xe2 && b[1] == 0x80 &&
        ((b[2] >= 0x80 && b[2] <= 0x8b) || b[2] == 0xaf))
        return 3;
    return s.len >= 3 && b[0] == 0xef && b[1] == 0xbb && b[2] == 0xbf ? 3 : 0;
}

static size_t blank_len_at_end(struct span s)
{
    for (size_t len = 1; len <= 3 && len <= s.len; ++len)
        if (blank_len(span_from(s, s.len - len)) == len)
            return len;
    return 0;
}

struct span csv_trim(struct span text)
{
    for (size_t len; (len = blank_len(text)) > 0;)
        text = span_from(text, len);
    for (size_t len; (len = blank_len_at_end(text)) > 0;)
        text.len -= len;
    return text;
}

/* The plain letter of a Polish one at the start of `s`, which is two bytes, or 0. */
static char plain_letter(struct span s)
{
    static const char marked[] = "ąćęłńóśźżĄĆĘŁŃÓŚŹŻ", plain[] = "acelnoszzacelnoszz";
    if (s.len < 2)
        return 0;
    for (size_t i = 0; plain[i] != 0; ++i)
        if (memcmp(marked + 2 * i, s.base, 2) == 0)
            return plain[i];
    return 0;
}

size_t csv_fold(struct span text, char *out, size_t room)
{
    size_t len = 0;
    bool is_gap = false;
    while (text.len > 0 && len + 2 < room) {
        size_t gap = blank_len(text);
        if (gap > 0 || is_one_of(text.base[0], ".-_")) {
            is_gap = len > 0;
            text = span_from(text, gap > 0 ? gap : 1);
            continue;
        }
        if (is_gap)
            out[len++] = ' ';
        is_gap = false;
        char c = text.base[0], plain = plain_letter(text);
        out[len++] = plain != 0 ? plain : c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
        text = span_from(text, plain != 0 ? 2 : 1);
    }
    out[len] = 0;
    return len;
}

/* Whether `word` is one of the words of `list`, which are separated by blanks. */
static bool is_listed(const char *list, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = list; len > 0 && (at = strstr(at, word)) != NULL; ++at)
        if ((at == list || at[-1] == ' ') && (at[len] == ' ' || at[len] == 0))
            return true;
    return false;
}

/* ---- currencies ---- */

/* False when `text` (trimmed) is no currency. */
static bool find_currency(struct span text, char out[4])
{
    char folded[16], code[4] = {0};
    size_t len = csv_fold(text, folded, sizeof(folded));
    if (is_listed("zl zlotych zlote zloty", folded))
        memcpy(code, "PLN", 3);
    else if (is_listed("€ euro", folded))
        memcpy(code, "EUR", 3);
    else if (len == 3)
        for (int i = 0; i < 3; ++i)
            code[i] = folded[i] >= 'a' && folded[i] <= 'z' ? (char)(folded[i] - 'a' + 'A') : ' ';
    if (currency_exponent(span_str(code)) < 0)
        return false;
    memcpy(out, code, 4);
    return true;
}

enum csv_refusal csv_value_currency(struct span text, char out[4])
{
    text = csv_trim(text);
    if (text.len == 0)
        return CSV_EMPTY;
    return find_currency(text, out) ? CSV_GOOD : CSV_CURRENCY_UNKNOWN;
}

/* ---- amounts ---- */

enum { NUMBER_LEN_MAX = 40 };

/* A number as written: digits, '.', ',' and, for blanks and apostrophes of all kinds, ' ' and '\''.
 */
struct number {
    char text[NUMBER_LEN_MAX + 1];
    int len;
    int decimal_at; /* the decimal separator, or len */
};

/* Reads the number that `text` begins with; what follows stays in *rest. */
static enum csv_refusal read_number(struct span text, struct number *n, struct span *rest)
{
    n->len = 0;
    while (text.len > 0) {
        size_t blank = blank_len(text);
        bool is_quote = span_starts(text, SPAN_LIT("\xe2\x80\x99"));
        char c = blank > 0 ? ' ' : is_quote ? '\'' : text.base[0];
        if (!is_digit(c) && !is_one_of(c, " .,'"))
            break;
        if (n->len == NUMBER_LEN_MAX)
            return CSV_AMOUNT_MALFORMED;
        n->text[n->len++] = c;
        text = span_from(text, blank > 0 ? blank : is_quote ? 3 : 1);
    }
    while (n->len > 0 && n->text[n->len - 1] == ' ')
        --n->len;
    n->text[n->len] = 0;
    *rest = csv_trim(text);
    return CSV_GOOD;
}

static int count_of(const struct number *n, char c)
{
    int count = 0;
    for (int i = 0; i < n->len; ++i)
        count += n->text[i] == c;
    return count;
}

/* Finds the decimal separator, or that there is none, or that nobody can tell. */
static enum csv_refusal find_decimal(struct number *n)
{
    int dots = count_of(n, '.'), commas = count_of(n, ',');
    const char *last = dots == 0 && commas == 0 ? NULL : n->text + strcspn(n->text, ".,");
    n->decimal_at = n->len;
    if (last == NULL || (dots > 1 && commas == 0) || (commas > 1 && dots == 0))
        return CSV_GOOD;
    if (dots > 0 && commas > 0) {
        const char *dot = strrchr(n->text, '.'), *comma = strrchr(n->text, ',');
        last = dot > comma ? dot : comma;
        if ((dot > comma ? dots : commas) > 1)
            return CSV_AMOUNT_MALFORMED;
    }
    int before = (int)(last - n->text), after = n->len - before - 1;
    bool may_be_thousands = before >= 1 && before <= 3 && n->text[0] != '0' && after == 3 &&
                            strspn(last + 1, "0123456789") == 3;
    if (dots + commas == 1 && may_be_thousands)
        return CSV_AMOUNT_AMBIGUOUS;
    n->decimal_at = before;
    return CSV_GOOD;
}

/* Digits in front of the decimal separator stand together or in threes behind one kind of
 * separator; those behind it stand together. */
static bool is_well_grouped(const struct number *n)
{
    char separator = 0;
    int run = 0;
    for (int i = 0; i < n->decimal_at; ++i) {
        char c = n->text[i];
        if (is_digit(c)) {
            ++run;
            continue;
        }
        if (separator == 0 ? run < 1 || run > 3 : c != separator || run != 3)
            return false;
        separator = c;
        run = 0;
    }
    if (separator != 0 && run != 3)
        return false;
    if (n->decimal_at == n->len)
        return run > 0;
    int digits = (int)strspn(n->text + n->decimal_at + 1, "0123456789");
    return digits > 0 && n->decimal_at + 1 + digits == n->len;
}

static enum csv_refusal to_minor(const struct number *n, int exponent, int64_t *minor)
{
    int fraction_digits = 0;
    *minor = 0;
    for (int i = 0; i < n->len; ++i) {
        if (!is_digit(n->text[i]))
            continue;
        if (i > n->decimal_at && ++fraction_digits > exponent) {
            if (n->text[i] != '0')
                return CSV_AMOUNT_TOO_PRECISE;
            continue;
        }
        *minor = *minor * 10 + (n->text[i] - '0');
        if (*minor > MONEY_MINOR_MAX)
            return CSV_AMOUNT_TOO_LARGE;
    }
    for (; fraction_digits < exponent; ++fraction_digits) {
        *minor *= 10;
        if (*minor > MONEY_MINOR_MAX)
            return CSV_AMOUNT_TOO_LARGE;
    }
    return *minor == 0 ? CSV_AMOUNT_ZERO : CSV_GOOD;
}

/* Which currency counts, of the row's column and what stands behind the number. */
static enum csv_refusal choose_currency(struct span column, struct span suffix, char out[4])
{
    char behind[4];
    memcpy(out, "PLN", 4);
    if (suffix.len > 0 && !find_currency(suffix, behind))
        return CSV_AMOUNT_MALFORMED;
    if (column.len == 0) {
        if (suffix.len > 0)
            memcpy(out, behind, 4);
        return CSV_GOOD;
    }
    if (currency_exponent(column) < 0)
        return CSV_CURRENCY_UNKNOWN;
    if (suffix.len > 0 && !span_is_str(column, behind))
        return CSV_AMOUNT_CURRENCY_DIFFERS;
    memcpy(out, column.base, 3);
    return CSV_GOOD;
}

static bool is_negative(struct span text, struct span rest)
{
    return span_starts(text, SPAN_LIT("-")) || span_starts(text, SPAN_LIT("\xe2\x88\x92")) ||
           span_is_str(rest, "-");
}

enum csv_refusal csv_value_amount(struct span text, struct span currency, struct money *out)
{
    struct number n;
    struct span rest;
    struct money m;
    text = csv_trim(text);
    if (text.len == 0)
        return CSV_EMPTY;
    enum csv_refusal r = read_number(text, &n, &rest);
    if (r != CSV_GOOD)
        return r;
    if (is_negative(text, rest))
        return CSV_AMOUNT_NEGATIVE;
    if ((r = find_decimal(&n)) != CSV_GOOD)
        return r;
    if (!is_well_grouped(&n))
        return CSV_AMOUNT_MALFORMED;
    if ((r = choose_currency(currency, rest, m.currency)) != CSV_GOOD)
        return r;
    if ((r = to_minor(&n, currency_exponent(span_str(m.currency)), &m.minor)) != CSV_GOOD)
        return r;
    *out = m;
    return CSV_GOOD;
}

/* ---- dates ---- */

/* Reads up to `len_max` digits off the front; 0 when there is none. */
static int read_digits(struct span *text, size_t len_max, int *value)
{
    size_t len = 0;
    *value = 0;
    for (; len < text->len && len < len_max && is_digit(text->base[len]); ++len)
        *value = *value * 10 + (text->base[len] - '0');
    *text = span_from(*text, len);
    return (int)len;
}

/* Takes one of .-/ off the front; 0 when there is none. */
static char read_mark(struct span *text)
{
    if (text->len == 0 || !is_one_of(text->base[0], ".-/"))
        return 0;
    char mark = text->base[0];
    *text = span_from(*text, 1);
    return mark;
}

/* "T00:00:00", " 00:00:00.000", "T23:59:59Z": what exports put behind a date. */
static bool is_time(struct span text)
{
    if (text.len < 6 || (text.base[0] != 'T' && text.base[0] != ' '))
        return false;
    for (size_t i = 1; i < text.len; ++i)
        if (!is_digit(text.base[i]) && !is_one_of(text.base[i], ":.Z+-"))
            return false;
    return is_digit(text.base[1]) && is_digit(text.base[2]) && text.base[3] == ':';
}

enum csv_refusal csv_value_date(struct span text, struct date *out)
{
    int first, second, third;
    text = csv_trim(text);
    if (text.len == 0)
        return CSV_EMPTY;
    int first_len = read_digits(&text, 4, &first);
    char mark = read_mark(&text);
    int second_len = read_digits(&text, 2, &second);
    bool is_year_first = first_len == 4;
    if (mark == 0 || read_mark(&text) != mark || second_len == 0)
        return CSV_DATE_MALFORMED;
    int third_len = read_digits(&text, 4, &third);
    bool has_good_lengths = is_year_first ? third_len >= 1 && third_len <= 2
                                          : first_len >= 1 && first_len <= 2 && third_len == 4;
    if (!has_good_lengths || (text.len > 0 && !is_time(text)))
        return CSV_DATE_MALFORMED;
    struct date d =
        is_year_first ? (struct date){first, second, third} : (struct date){third, second, first};
    if (d.year < 1990 || d.year > 2100)
        return CSV_DATE_OUT_OF_RANGE;
    if (!date_is_valid(d))
        return CSV_DATE_IMPOSSIBLE;
    *out = d;
    return CSV_GOOD;
}

/* ---- ways to reach a person ---- */

/* Digits of a number with the usual marks between them; -1 when there is anything else. */
static int phone_digits(struct span text, char *digits, int len_max)
{
    int len = 0;
    while (text.len > 0) {
        size_t blank = blank_len(text);
        char c = text.base[0];
        text = span_from(text, blank > 0 ? blank : 1);
        if (blank > 0 || is_one_of(c, "-./()"))
            continue;
        if (!is_digit(c) || len == len_max)
            return -1;
        digits[len++] = c;
    }
    digits[len] = 0;
    return len;
}

enum csv_refusal csv_value_phone(struct span text, char out[CSV_PHONE_LEN_MAX + 1])
{
    char room[24] = "48", *digits = room + 2;
    text = csv_trim(text);
    if (text.len == 0)
        return CSV_EMPTY;
    if (text.base[0] == '\'') /* what keeps a spreadsheet from calculating with it */
        text = span_from(text, 1);
    bool has_plus = span_starts(text, SPAN_LIT("+"));
    int len = phone_digits(span_from(text, has_plus), digits, 17);
    if (!has_plus && len > 2 && memcmp(digits, "00", 2) == 0) {
        has_plus = true;
        digits += 2;
        len -= 2;
    }
    if (!has_plus && len == 10 && digits[0] == '0') { /* the old trunk prefix */
        ++digits;
        --len;
    }
    if (!has_plus && len == 9 && digits[0] != '0') {
        digits -= 2;
        memcpy(digits, "48", 2);
        len += 2;
    } else if (!has_plus && (len != 11 || memcmp(digits, "48", 2) != 0)) {
        return CSV_PHONE_MALFORMED;
    }
    bool is_polish = len > 2 && memcmp(digits, "48", 2) == 0;
    if (len < 8 || len > 15 || digits[0] == '0' || (is_polish && len != 11))
        return CSV_PHONE_MALFORMED;
    out[0] = '+';
    memcpy(out + 1, digits, (size_t)len + 1);
    return CSV_GOOD;
}

/* Letters, digits and what is safe unquoted in a header; UTF-8 is let through. */
static bool is_email_char(char c, const char *others)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80) != 0 ||
           is_one_of(c, others);
}

/* Non-empty pieces of allowed characters with single dots between. */
static bool is_dotted(struct span text, const char *others)
{
    if (text.len == 0 || text.base[0] == '.' || text.base[text.len - 1] == '.')
        return false;
    for (size_t i = 0; i < text.len; ++i) {
        bool is_double = text.base[i] == '.' && text.base[i - 1] == '.';
        if (is_double || (text.base[i] != '.' && !is_email_char(text.base[i], others)))
            return false;
    }
    return true;
}

enum csv_refusal csv_value_email(struct span text, char out[CSV_EMAIL_LEN_MAX + 1])
{
    text = csv_trim(text);
    if (text.len == 0)
        return CSV_EMPTY;
    const char *at = memchr(text.base, '@', text.len);
    if (at == NULL || text.len > CSV_EMAIL_LEN_MAX)
        return CSV_EMAIL_MALFORMED;
    struct span local = span_of(text.base, (size_t)(at - text.base));
    struct span domain = span_from(text, local.len + 1);
    if (local.len > 64 || !is_dotted(local, "!#$%&'*+/=?^_`{|}~-"))
        return CSV_EMAIL_MALFORMED;
    if (!is_dotted(domain, "-") || memchr(domain.base, '.', domain.len) == NULL)
        return CSV_EMAIL_MALFORMED;
    memcpy(out, text.base, text.len);
    out[text.len] = 0;
    return CSV_GOOD;
}

/* ---- words ---- */

enum csv_refusal csv_value_language(struct span text, enum language *out)
{
    static const char *const names[LANGUAGE_COUNT] = {
        [LANGUAGE_POLISH] = "pl pol polski polska polish",
        [LANGUAGE_ENGLISH] = "en eng ang angielski english",
        [LANGUAGE_UKRAINIAN] = "uk ua ukr ukrainski ukrainian українська Українська",
    };
    char folded[64];
    text = csv_trim(text);
    if (text.len == 0)
        return CSV_EMPTY;
    if (language_find(text, out))
        return CSV_GOOD;
    csv_fold(text, folded, sizeof(folded));
    for (int i = 0; i < LANGUAGE_COUNT; ++i)
        if (is_listed(names[i], folded)) {
            *out = (enum language)i;
            return CSV_GOOD;
        }
    return CSV_LANGUAGE_UNKNOWN;
}

/* For words that some write in one and some in two: "e-mail", "email". */
static void fold_together(struct span text, char *out, size_t room)
{
    size_t len = 0;
    csv_fold(text, out, room);
    for (const char *at = out; *at != 0; ++at)
        if (*at != ' ')
            out[len++] = *at;
    out[len] = 0;
}

enum csv_refusal csv_value_channel(struct span text, enum contact_channel *out)
{
    static const char *const names_of[CONTACT_CHANNEL_COUNT] = {
        [CONTACT_PUSH] = "push app aplikacja",
        [CONTACT_SMS] = "sms text",
        [CONTACT_EMAIL] = "email mail",
        [CONTACT_VOICE] = "voice voicemessage glos glosowa wiadomoscglosowa",
        [CONTACT_CALL] = "call phone telephone telefon telefonicznie rozmowa",
    };
    char folded[64];
    text = csv_trim(text);
    if (text.len == 0)
        return CSV_EMPTY;
    fold_together(text, folded, sizeof(folded));
    for (int i = 0; i < CONTACT_CHANNEL_COUNT; ++i)
        if (is_listed(names_of[i], folded)) {
            *out = (enum contact_channel)i;
            return CSV_GOOD;
        }
    return CSV_CHANNEL_UNKNOWN;
}

enum csv_refusal csv_value_consent(struct span text, bool *out)
{
    char folded[64];
    text = csv_trim(text);
    if (text.len == 0)
        return CSV_EMPTY;
    csv_fold(text, folded, sizeof(folded));
    *out = is_listed("yes y true tak t 1 так Так", folded);
    return *out || is_listed("no n false nie f 0 ні Ні", folded) ? CSV_GOOD : CSV_CONSENT_UNKNOWN;
}

static const struct {
    const char *name, *words; /* folded first words */
} kinds[] = {
    [INVOICE_KIND_INVOICE] = {"invoice", "faktura faktury fv fvat fa vat invoice bill rachunek "
                                         "рахунок"},
    [INVOICE_KIND_INSTALMENT] = {"instalment", "rata raty instalment installment loan pozyczka "
                                               "kredyt leasing"},
    [INVOICE_KIND_PREMIUM] = {"premium", "skladka skladki premium polisa ubezpieczenie insurance"},
    [INVOICE_KIND_OTHER] = {"other", "inne inny inna other pozostale oplata fee"},
};

const char *invoice_kind_name(enum invoice_kind kind)
{
    assert(kind >= INVOICE_KIND_INVOICE && kind <= INVOICE_KIND_OTHER);
    return kinds[kind].name;
}

enum csv_refusal csv_value_kind(struct span text, enum invoice_kind *out)
{
    char folded[64];
    text = csv_trim(text);
    if (text.len == 0)
        return CSV_EMPTY;
    csv_fold(text, folded, sizeof(folded));
    folded[strcspn(folded, " ")] = 0;
    for (int i = INVOICE_KIND_INVOICE; i <= INVOICE_KIND_OTHER; ++i)
        if (is_listed(kinds[i].words, folded)) {
            *out = (enum invoice_kind)i;
            return CSV_GOOD;
        }
    return CSV_KIND_UNKNOWN;
}

enum csv_refusal csv_value_account(struct span text, char out[IBAN_LEN_MAX + 1])
{
    static const enum csv_refusal refusal_of[] = {
        [IBAN_GOOD] = CSV_GOOD,
        [IBAN_MALFORMED] = CSV_ACCOUNT_MALFORMED,
        [IBAN_COUNTRY_UNKNOWN] = CSV_ACCOUNT_COUNTRY_UNKNOWN,
        [IBAN_LENGTH_WRONG] = CSV_ACCOUNT_LENGTH_WRONG,
        [IBAN_CHECK_WRONG] = CSV_ACCOUNT_CHECK_WRONG,
    };
    text = csv_trim(text);
    return text.len == 0 ? CSV_EMPTY : refusal_of[iban_normalise(text, out)];
}
