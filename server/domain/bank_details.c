#include "domain/bank_details.h"

#include "domain/csv_value.h"
#include "domain/virtual_account.h"

enum {
    TEXT_MAX = 16384, /* many times what a bank sends */
    NUMBER_COUNT = 67,
    WIDTH = 27,      /* characters that fill a numbered piece */
    WIDTH_WIDE = 35, /* at banks whose pieces are longer */
};

/* ---- what all forms need ---- */

void bank_details_init(struct bank_details *d)
{
    buf_init(&d->title, TEXT_MAX);
    buf_init(&d->name, TEXT_MAX);
    buf_init(&d->collect_id, TEXT_MAX);
    buf_init(&d->joined_, TEXT_MAX);
    d->account[0] = 0;
}

void bank_details_release(struct bank_details *d)
{
    buf_release(&d->title);
    buf_release(&d->name);
    buf_release(&d->collect_id);
    buf_release(&d->joined_);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Lines are cut anywhere, also inside a number: they are joined with nothing. */
static void join_lines(struct bank_details *d, struct span text)
{
    buf_reset(&d->joined_);
    for (size_t i = 0; i < text.len; ++i)
        if (text.base[i] != '\n' && text.base[i] != '\r')
            buf_add_char(&d->joined_, text.base[i]);
}

/* The first place of `word` in `text` from `from` on, or text.len. */
static size_t find(struct span text, size_t from, const char *word)
{
    size_t len = strlen(word);
    for (size_t i = from; i + len <= text.len; ++i)
        if (memcmp(text.base + i, word, len) == 0)
            return i;
    return text.len;
}

static size_t find_last(struct span text, const char *word)
{
    size_t at = text.len, next = 0;
    while ((next = find(text, next, word)) < text.len)
        at = next++;
    return at;
}

static struct span cut(struct span text, size_t from, size_t to)
{
    return csv_trim(span_of(text.base + from, to > from ? to - from : 0));
}

static void take_account(struct bank_details *d, struct span text)
{
    char iban[IBAN_LEN_MAX + 1];
    if (d->account[0] == 0 && iban_normalise(text, iban) == IBAN_GOOD)
        memcpy(d->account, iban, sizeof(iban));
}

/* ---- numbered pieces: 020~00PRZELEW~20FV/11/2026/77~21RATA 3~32JAN WZOR ---- */

static bool is_known_number(int number)
{
    return number == 0 || number == 10 || number == 11 || (number >= 20 && number <= 34) ||
           number == 38 || (number >= 60 && number <= 66);
}

/* The separator stands behind the bank's code of the operation, before the first number. */
static char separator_of(struct span text)
{
    size_t at = 0;
    while (at < 3 && at < text.len && is_digit(text.base[at]))
        ++at;
    bool is_separator = at + 2 < text.len && strchr("?~<^+@", text.base[at]) != NULL &&
                        is_digit(text.base[at + 1]) && is_digit(text.base[at + 2]);
    return is_separator ? text.base[at] : 0;
}

/* The number that begins at `at` with its separator, or -1. */
static int number_at(struct span text, size_t at, char separator)
{
    if (at + 2 >= text.len || text.base[at] != separator || !is_digit(text.base[at + 1]) ||
        !is_digit(text.base[at + 2]))
        return -1;
    int number = (text.base[at + 1] - '0') * 10 + (text.base[at + 2] - '0');
    return is_known_number(number) ? number : -1;
}

static void split(struct span text, char separator, struct span pieces[NUMBER_COUNT])
{
    int number = -1;
    size_t from = 0;
    for (size_t at = 0; at < text.len; ++at) {
        int next = number_at(text, at, separator);
        if (next < 0)
            continue;
        if (number >= 0)
            pieces[number] = span_of(text.base + from, at - from);
        number = next;
        from = at + 3;
    }
    if (number >= 0)
        pieces[number] = span_from(text, from);
}

static size_t letter_count(struct span text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; ++i)
        count += ((unsigned char)text.base[i] & 0xc0) != 0x80 ? 1 : 0;
    return count;
}

/* A full piece may go on in the middle of a word; behind a shorter one a new word begins. */
static void join_pieces(const struct span *pieces, size_t count, struct buf *out)
{
    size_t width = WIDTH;
    for (size_t i = 0; i < count; ++i)
        if (letter_count(pieces[i]) > WIDTH)
            width = WIDTH_WIDE;
    bool was_full = true;
    for (size_t i = 0; i < count; ++i) {
        if (pieces[i].len == 0)
            continue;
        if (!was_full)
            buf_add_char(out, ' ');
        buf_add(out, pieces[i]);
        was_full = letter_count(pieces[i]) >= width;
    }
}

/* A shorter first line of the name is the whole name, and what follows is the address. */
static void take_name(struct bank_details *d, const struct span *pieces)
{
    bool is_full = letter_count(pieces[0]) >= WIDTH;
    join_pieces(pieces, is_full ? 2 : 1, &d->name);
}

static void take_numbered_account(struct bank_details *d, const struct span *pieces)
{
    static const int whole[] = {38, 29, 26, 31};
    char digits[24], iban[VIRTUAL_ACCOUNT_LEN + 1];
    for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); ++i)
        take_account(d, pieces[whole[i]]);
    struct span bank = csv_trim(pieces[30]), account = csv_trim(pieces[31]);
    if (d->account[0] != 0 || bank.len != 8 || account.len != 16)
        return;
    memcpy(digits, bank.base, 8);
    memcpy(digits + 8, account.base, 16);
    if (virtual_account_complete(span_of(digits, 24), iban))
        memcpy(d->account, iban, sizeof(iban));
}

static void read_numbered(struct bank_details *d, struct span text, char separator)
{
    struct span pieces[NUMBER_COUNT] = {{NULL, 0}};
    split(text, separator, pieces);
    join_pieces(pieces + 20, 6, &d->title);
    take_numbered_account(d, pieces);
    take_name(d, pieces + 32);
    char iban[IBAN_LEN_MAX + 1];
    if (buf_span(&d->name).len == 0 && iban_normalise(pieces[27], iban) != IBAN_GOOD)
        take_name(d, pieces + 27);
}

/* ---- mBank's labels: 911 TRANSAKCJA COLLECT; ID IPH: …; Z RACH.: …; OD: …; TYT.: …; TNR: … ----
 */

static struct span labelled(struct span text, const char *label, const char *end)
{
    size_t at = find(text, 0, label);
    if (at == text.len)
        return span_of("", 0);
    at += strlen(label);
    return cut(text, at, find(text, at, end));
}

/* Names of the other side and titles may hold a label's separator: a name ends where the title
 * begins, a title where the last of the labels behind it begins. */
static bool read_labelled(struct bank_details *d, struct span text)
{
    size_t title_at = find(text, 0, "; TYT.:");
    struct span head = span_of(text.base, title_at);
    bool is_labelled = title_at < text.len || find(text, 0, "; TNR:") < text.len ||
                       find(text, 0, "; ID IPH:") < text.len;
    if (!is_labelled)
        return false;
    if (title_at < text.len) {
        struct span title = span_from(text, title_at + strlen("; TYT.:"));
        title.len = find_last(title, "; TNR:");
        title.len = find_last(title, "; DATA STEMPLA:");
        buf_add(&d->title, csv_trim(title));
    }
    buf_add(&d->collect_id, labelled(head, "; ID IPH:", ";"));
    take_account(d, labelled(head, "; Z RACH.:", ";"));
    take_account(d, labelled(head, "; NA RACH.:", ";"));
    struct span name = labelled(head, "; OD:", "; TNR:");
    buf_add(&d->name, name.len > 0 ? name : labelled(head, "; DLA:", "; TNR:"));
    return true;
}

/* ---- code words: /ORDP//NAME/…/REMI/… ---- */

static const char *const words[] = {"/REMI/", "/ORDP/", "/BENM/", "/NAME/", "/ACCT/", "/IBAN/",
                                    "/EREF/", "/KREF/", "/PREF/", "/ADDR/", "/TRCD/", "/BIC/",
                                    "/INFO/", "/CSID/", "/MARF/", "/PURP/", "/ID/"};

static struct span behind_word(struct span text, const char *word)
{
    size_t at = find(text, 0, word), to = text.len;
    if (at == text.len)
        return span_of("", 0);
    at += strlen(word);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); ++i) {
        size_t next = find(text, at, words[i]);
        to = next < to ? next : to;
    }
    while (to > at && text.base[to - 1] == '/')
        --to;
    return cut(text, at, to);
}

static bool read_words(struct bank_details *d, struct span text)
{
    if (find(text, 0, "/REMI/") == text.len && find(text, 0, "/ORDP/") == text.len)
        return false;
    buf_add(&d->title, behind_word(text, "/REMI/"));
    buf_add(&d->name, behind_word(text, "/NAME/"));
    take_account(d, behind_word(text, "/ACCT/"));
    take_account(d, behind_word(text, "/IBAN/"));
    return true;
}

void bank_details_read(struct bank_details *d, struct span text)
{
    buf_reset(&d->title);
    buf_reset(&d->name);
    buf_reset(&d->collect_id);
    d->account[0] = 0;
    join_lines(d, text);
    struct span joined = buf_span(&d->joined_);
    char separator = separator_of(joined);
    if (separator != 0)
        read_numbered(d, joined, separator);
    else if (!read_labelled(d, joined) && !read_words(d, joined))
        buf_add(&d->title, csv_trim(joined));
}
