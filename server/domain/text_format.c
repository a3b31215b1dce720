#include "domain/text_format.h"

#include <assert.h>
#include <strings.h>

#define NO_BREAK_SPACE "\xc2\xa0"

static const char *const language_codes[LANGUAGE_COUNT] = {"pl", "en", "uk"};

const char *language_code(enum language language)
{
    assert(language >= 0 && language < LANGUAGE_COUNT);
    return language_codes[language];
}

bool language_find(struct span tag, enum language *language)
{
    if (tag.len < 2 || (tag.len > 2 && tag.base[2] != '-' && tag.base[2] != '_'))
        return false;
    for (int i = 0; i < LANGUAGE_COUNT; ++i)
        if (strncasecmp(tag.base, language_codes[i], 2) == 0) {
            *language = (enum language)i;
            return true;
        }
    return false;
}

/* ---- amounts ---- */

static const char *blank_of(struct text_style style)
{
    return style.place == TEXT_PAGE ? NO_BREAK_SPACE : " ";
}

static const char *symbol_of(const char *currency, struct text_style style)
{
    if (style.place == TEXT_SMS)
        return currency;
    if (strcmp(currency, "EUR") == 0)
        return "€";
    return strcmp(currency, "PLN") == 0 && style.language != LANGUAGE_ENGLISH ? "zł" : currency;
}

/* The digits of `value`, at least `len_min` of them, into the end of `room`. */
static struct span digits_of(uint64_t value, size_t len_min, char room[24])
{
    size_t at = 24;
    while (value > 0 || 24 - at < len_min) {
        room[--at] = (char)('0' + value % 10);
        value /= 10;
    }
    return span_of(room + at, 24 - at);
}

static void add_number(struct buf *out, int64_t minor, size_t exponent, struct text_style style)
{
    bool is_english = style.language == LANGUAGE_ENGLISH;
    char room[25] = {0};
    uint64_t value = minor < 0 ? UINT64_C(0) - (uint64_t)minor : (uint64_t)minor;
    struct span digits = digits_of(value, exponent + 1, room);
    size_t whole_len = digits.len - exponent;
    if (minor < 0)
        buf_add_char(out, '-');
    for (size_t i = 0; i < whole_len; ++i) {
        if (i > 0 && (whole_len - i) % 3 == 0 && style.place != TEXT_SPOKEN)
            buf_add_str(out, is_english ? "," : blank_of(style));
        buf_add_char(out, digits.base[i]);
    }
    bool is_whole = strspn(digits.base + whole_len, "0") >= exponent;
    if (exponent == 0 || (is_whole && style.place == TEXT_SPOKEN))
        return;
    buf_add_char(out, is_english ? '.' : ',');
    buf_add(out, span_from(digits, whole_len));
}

void text_format_amount(struct buf *out, struct money m, struct text_style style)
{
    int exponent = currency_exponent(span_str(m.currency));
    assert(exponent >= 0);
    const char *symbol = symbol_of(m.currency, style);
    if (style.language == LANGUAGE_ENGLISH) {
        buf_add_str(out, symbol);
        if (symbol == m.currency)
            buf_add_str(out, blank_of(style));
        add_number(out, m.minor, (size_t)exponent, style);
        return;
    }
    add_number(out, m.minor, (size_t)exponent, style);
    buf_add_str(out, blank_of(style));
    buf_add_str(out, symbol);
}

/* ---- dates ---- */

/* Polish and Ukrainian in the genitive: "12 maja". */
static const char *const months[LANGUAGE_COUNT][12] = {
    [LANGUAGE_POLISH] = {"stycznia", "lutego", "marca", "kwietnia", "maja", "czerwca", "lipca",
                         "sierpnia", "września", "października", "listopada", "grudnia"},
    [LANGUAGE_ENGLISH] = {"January", "February", "March", "April", "May", "June", "July", "August",
                          "September", "October", "November", "December"},
    [LANGUAGE_UKRAINIAN] = {"січня", "лютого", "березня", "квітня", "травня", "червня", "липня",
                            "серпня", "вересня", "жовтня", "листопада", "грудня"},
};

void text_format_date(struct buf *out, struct date d, struct text_style style)
{
    assert(date_is_valid(d));
    if (style.place == TEXT_SMS && style.language != LANGUAGE_ENGLISH) {
        buf_printf(out, "%02d.%02d.%d", d.day, d.month, d.year);
        return;
    }
    const char *blank = blank_of(style);
    buf_add_int(out, d.day);
    buf_add_str(out, blank);
    buf_add_str(out, months[style.language][d.month - 1]);
    buf_add_str(out, blank);
    buf_add_int(out, d.year);
}

/* Ukrainian counts 2 to 4 apart, also at the end of a number, but for 12 to 14. */
static const char *days_word(int32_t days, enum language language)
{
    int32_t last = days % 10, last_two = days % 100;
    if (language == LANGUAGE_ENGLISH)
        return days == 1 ? "day" : "days";
    if (language == LANGUAGE_POLISH)
        return days == 1 ? "dzień" : "dni";
    if (last == 1 && last_two != 11)
        return "день";
    return last >= 2 && last <= 4 && (last_two < 12 || last_two > 14) ? "дні" : "днів";
}

void text_format_days(struct buf *out, int32_t days, struct text_style style)
{
    assert(days >= 0);
    buf_add_int(out, days);
    buf_add_str(out, blank_of(style));
    buf_add_str(out, days_word(days, style.language));
}

/* ---- accounts and names ---- */

void text_format_account(struct buf *out, struct span account)
{
    for (size_t i = 0; i < account.len; ++i) {
        if (i > 0 && i % 4 == 0)
            buf_add_char(out, ' ');
        buf_add_char(out, account.base[i]);
    }
}

static bool is_letter_start(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           (c & 0xc0) == 0xc0;
}

static size_t letter_len(struct span text)
{
    size_t len = 1;
    while (len < text.len && (text.base[len] & 0xc0) == 0x80)
        ++len;
    return len;
}

void text_format_masked_name(struct buf *out, struct span name)
{
    int count = 0;
    bool is_word_start = true;
    for (size_t i = 0; i < name.len && count < 2; ++i) {
        if (strchr(" \t\r\n", name.base[i]) != NULL) {
            is_word_start = true;
        } else if (is_word_start && is_letter_start(name.base[i])) {
            is_word_start = false;
            struct span rest = span_from(name, i);
            buf_add_str(out, count++ > 0 ? " " : "");
            buf_add(out, span_of(rest.base, letter_len(rest)));
            buf_add_char(out, '.');
        }
    }
}
