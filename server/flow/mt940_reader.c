#include "flow/mt940_reader.h"

#include "domain/calendar.h"
#include "domain/csv_value.h"

#include <assert.h>
#include <stdio.h>

enum {
    LINE_MAX_BYTES = 4096, /* the standard has 65 */
    FIELD_MAX_BYTES = 16384,
};

/* Where in a statement the reading is. */
enum state {
    STATE_OUTSIDE = 0,
    STATE_BEGUN, /* :20: has been read */
    STATE_OPEN,  /* the opening balance, too */
    STATE_CLOSED,
};

static int refuse_at(int64_t line, struct err *err, const char *what)
{
    return err_set(err, ERR_INPUT, "line %lld: %s", (long long)line, what);
}

static int refuse(const struct mt940_reader *r, struct err *err, const char *what)
{
    return refuse_at(r->tag_line_, err, what);
}

void mt940_reader_init(struct mt940_reader *r, enum bank_charset charset,
                       const struct statement_sink *sink)
{
    assert(charset != BANK_CHARSET_AUTO);
    *r = (struct mt940_reader){.sink_ = *sink, .charset_ = charset, .line_no_ = 1};
    buf_init(&r->line_, LINE_MAX_BYTES);
    buf_init(&r->value_, FIELD_MAX_BYTES);
    buf_init(&r->text_, FIELD_MAX_BYTES);
    buf_init(&r->reference_, FIELD_MAX_BYTES);
    buf_init(&r->end_to_end_, FIELD_MAX_BYTES);
    buf_init(&r->extra_, FIELD_MAX_BYTES);
    buf_init(&r->whole_, FIELD_MAX_BYTES * 3);
    bank_details_init(&r->details_);
    entry_ordinals_init(&r->ordinals_);
}

void mt940_reader_release(struct mt940_reader *r)
{
    buf_release(&r->line_);
    buf_release(&r->value_);
    buf_release(&r->text_);
    buf_release(&r->reference_);
    buf_release(&r->end_to_end_);
    buf_release(&r->extra_);
    buf_release(&r->whole_);
    bank_details_release(&r->details_);
    entry_ordinals_release(&r->ordinals_);
}

/* ---- small readers ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_capital(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool are_digits(struct span s, size_t count)
{
    if (s.len < count)
        return false;
    for (size_t i = 0; i < count; ++i)
        if (!is_digit(s.base[i]))
            return false;
    return true;
}

static int two_digits(const char *s)
{
    return (s[0] - '0') * 10 + (s[1] - '0');
}

/* YYMMDD; the standard's century is ours. */
static bool read_date(struct span s, int32_t *days)
{
    if (!are_digits(s, 6))
        return false;
    int year = two_digits(s.base);
    struct date date = {(year < 80 ? 2000 : 1900) + year, two_digits(s.base + 2),
                        two_digits(s.base + 4)};
    if (!date_is_valid(date))
        return false;
    *days = date_to_days(date);
    return true;
}

/* MMDD has no year: the one that brings it nearest to the value date, so that the ends of a year
 * meet. */
static bool read_near_date(struct span s, int32_t near, int32_t *days)
{
    int year = date_from_days(near).year;
    bool is_found = false;
    for (int y = year - 1; are_digits(s, 4) && y <= year + 1; ++y) {
        struct date date = {y, two_digits(s.base), two_digits(s.base + 2)};
        if (!date_is_valid(date))
            continue;
        int32_t found = date_to_days(date);
        int32_t gap = found < near ? near - found : found - near;
        int32_t best_gap = *days < near ? near - *days : *days - near;
        if (!is_found || gap < best_gap)
            *days = found;
        is_found = true;
    }
    return is_found;
}

static struct span first_line(struct span value)
{
    const char *end = value.len == 0 ? NULL : memchr(value.base, '\n', value.len);
    return end == NULL ? value : span_of(value.base, (size_t)(end - value.base));
}

/* UTF-8 of at most `room` bytes, whole letters. */
static void copy_text(struct mt940_reader *r, struct span text, char *out, size_t room)
{
    buf_reset(&r->whole_);
    bank_text_decode(r->charset_, csv_trim(text), &r->whole_);
    struct span s = buf_span(&r->whole_);
    s.len = s.len < room ? s.len : room;
    s.len = span_whole_len(s);
    memcpy(out, s.base, s.len);
    out[s.len] = 0;
}

/* ---- :20: to :60: ---- */

static int begin_statement(struct mt940_reader *r, struct span value, struct err *err)
{
    if (r->state_ == STATE_BEGUN || r->state_ == STATE_OPEN)
        return refuse(r, err, "the statement before this one has no closing balance");
    r->statement_ = (struct bank_statement){.line = r->tag_line_};
    copy_text(r, value, r->statement_.id, BANK_ID_MAX);
    r->state_ = STATE_BEGUN;
    r->has_account_ = r->has_entry_ = false;
    r->entry_count_ = 0;
    entry_ordinals_reset(&r->ordinals_);
    return 0;
}

/* Banks write a country, a bank's code or a currency around the number, so the last run of letters
 * and digits that is an account number counts. */
static void find_account(struct span text, char out[IBAN_LEN_MAX + 1])
{
    size_t at = 0;
    while (at < text.len) {
        size_t from = at;
        while (at < text.len && (is_digit(text.base[at]) || is_capital(text.base[at])))
            ++at;
        char iban[IBAN_LEN_MAX + 1];
        struct span run = span_of(text.base + from, at - from);
        bool is_found = iban_normalise(run, iban) == IBAN_GOOD;
        if (!is_found && run.len > 3 && is_capital(run.base[run.len - 1])) {
            run.len -= 3; /* a currency behind it */
            is_found = iban_normalise(run, iban) == IBAN_GOOD;
        }
        if (is_found)
            memcpy(out, iban, sizeof(iban));
        at = at == from ? at + 1 : at;
    }
}

static int take_account(struct mt940_reader *r, struct span value, struct err *err)
{
    if (r->state_ != STATE_BEGUN)
        return refuse(r, err, "an account stands outside the head of a statement");
    struct bank_statement *s = &r->statement_;
    copy_text(r, value, s->account_text, BANK_ID_MAX);
    find_account(value, s->account);
    if (s->account[0] == 0 && iban_normalise(value, s->account) != IBAN_GOOD)
        s->account[0] = 0;
    r->has_account_ = s->account_text[0] != 0;
    return 0;
}

struct balance {
    int64_t minor;
    int32_t day;
    char currency[4];
};

/* Sign, YYMMDD, currency, amount. */
static int read_balance(struct mt940_reader *r, struct span value, struct balance *out,
                        struct err *err)
{
    struct span s = csv_trim(first_line(value));
    *out = (struct balance){.minor = 0};
    if (s.len < 11 || (s.base[0] != 'C' && s.base[0] != 'D'))
        return refuse(r, err, "a balance begins with C or D, a day and a currency");
    if (!read_date(span_from(s, 1), &out->day))
        return refuse(r, err, "the balance has no day of the calendar");
    memcpy(out->currency, s.base + 7, 3);
    int exponent = currency_exponent(span_str(out->currency));
    if (exponent < 0)
        return refuse(r, err, "the balance has no known currency");
    enum bank_amount_mistake mistake =
        bank_amount_read(span_from(s, 10), exponent, ',', &out->minor);
    if (mistake != BANK_AMOUNT_GOOD)
        return refuse(r, err, bank_amount_mistake_text(mistake));
    if (s.base[0] == 'D')
        out->minor = -out->minor;
    return 0;
}

static int open_statement(struct mt940_reader *r, struct span value, struct err *err)
{
    struct bank_statement *s = &r->statement_;
    struct balance balance;
    if (r->state_ != STATE_BEGUN)
        return refuse(r, err, "an opening balance stands outside the head of a statement");
    if (!r->has_account_)
        return refuse(r, err, "the statement has no account (:25:)");
    int rc = read_balance(r, value, &balance, err);
    if (rc != 0)
        return rc;
    s->opening_minor = balance.minor;
    s->opened_on = balance.day;
    memcpy(s->currency, balance.currency, sizeof(s->currency));
    r->state_ = STATE_OPEN;
    return r->sink_.on_statement_begun(r->sink_.owner, s, err);
}

/* ---- :61: and :86: ---- */

/* C, D, or RC and RD, which take a credit or a debit back. */
static size_t read_sign(struct span s, struct bank_entry *e)
{
    e->is_reversal = s.len > 0 && s.base[0] == 'R';
    size_t at = e->is_reversal ? 1 : 0;
    if (at >= s.len || (s.base[at] != 'C' && s.base[at] != 'D'))
        return 0;
    bool is_credit = (s.base[at] == 'C') != e->is_reversal;
    e->direction = is_credit ? BANK_CREDIT : BANK_DEBIT;
    return at + 1;
}

/* Dates, sign, amount: strict. `*rest` is what stands behind the amount. */
static int read_movement(struct mt940_reader *r, struct span s, struct span *rest, struct err *err)
{
    struct bank_entry *e = &r->entry_;
    const char *currency = r->statement_.currency;
    if (!read_date(s, &e->valued_on))
        return refuse(r, err, "the entry has no value date of the calendar");
    s = span_from(s, 6);
    e->booked_on = e->valued_on;
    if (s.len > 0 && is_digit(s.base[0])) {
        if (!read_near_date(s, e->valued_on, &e->booked_on))
            return refuse(r, err, "the entry has no entry date of the calendar");
        s = span_from(s, 4);
    }
    size_t sign_len = read_sign(s, e);
    if (sign_len == 0)
        return refuse(r, err, "the entry is neither C, D, RC nor RD");
    s = span_from(s, sign_len);
    if (s.len > 0 && is_capital(s.base[0])) {
        if (s.base[0] != currency[2])
            return refuse(r, err, "the entry's currency is not the statement's");
        s = span_from(s, 1);
    }
    size_t len = 0;
    while (len < s.len && (is_digit(s.base[len]) || s.base[len] == ','))
        ++len;
    e->amount = money_of(0, currency);
    enum bank_amount_mistake mistake = bank_amount_read(
        span_of(s.base, len), currency_exponent(span_str(currency)), ',', &e->amount.minor);
    if (mistake != BANK_AMOUNT_GOOD)
        return refuse(r, err, bank_amount_mistake_text(mistake));
    *rest = span_from(s, len);
    return 0;
}

/* Type, reference//bank's reference, and the next line's text: lenient. */
static void read_references(struct mt940_reader *r, struct span rest, struct span extra)
{
    bool has_type = rest.len >= 4 && strchr("SNF", rest.base[0]) != NULL;
    rest = span_from(rest, has_type ? 4 : 0);
    size_t at = 0;
    while (at + 1 < rest.len && memcmp(rest.base + at, "//", 2) != 0)
        ++at;
    bool has_bank = at + 1 < rest.len;
    struct span own = csv_trim(has_bank ? span_of(rest.base, at) : rest);
    buf_reset(&r->reference_);
    buf_reset(&r->end_to_end_);
    buf_reset(&r->extra_);
    if (has_bank)
        bank_text_decode(r->charset_, csv_trim(span_from(rest, at + 2)), &r->reference_);
    if (!span_is_str(own, "NONREF"))
        bank_text_decode(r->charset_, own, &r->end_to_end_);
    bank_text_decode(r->charset_, csv_trim(extra), &r->extra_);
}

static struct span behind_line_end(struct span value, struct span line)
{
    return span_from(value, line.len + 1);
}

static int emit_entry(struct mt940_reader *r, struct err *err)
{
    struct bank_entry *e = &r->entry_;
    uint8_t key[BANK_ENTRY_KEY_LEN];
    if (!r->has_entry_)
        return 0;
    r->has_entry_ = false;
    bank_details_read(&r->details_, buf_span(&r->text_));
    e->bank_reference = buf_span(&r->reference_);
    e->end_to_end_id = buf_span(&r->end_to_end_);
    e->title = buf_span(&r->details_.title);
    if (e->title.len == 0)
        e->title = buf_span(&r->extra_);
    e->collect_id = buf_span(&r->details_.collect_id);
    if (e->direction == BANK_CREDIT || e->is_reversal) {
        e->payer_name = buf_span(&r->details_.name);
        memcpy(e->payer_account, r->details_.account, sizeof(e->payer_account));
    }
    bank_entry_key(&r->statement_, e, key);
    e->ordinal = entry_ordinals_next(&r->ordinals_, key);
    return r->sink_.on_entry_read(r->sink_.owner, &r->statement_, e, err);
}

static int begin_entry(struct mt940_reader *r, struct span value, struct err *err)
{
    struct span line = first_line(value), rest = {"", 0};
    if (r->state_ != STATE_OPEN)
        return refuse(r, err, "an entry stands before an opening balance or behind a closing one");
    int rc = emit_entry(r, err);
    if (rc != 0)
        return rc;
    if (++r->entry_count_ > STATEMENT_ENTRIES_MAX)
        return refuse(r, err, "the statement has more entries than we take");
    r->entry_ = (struct bank_entry){
        .line = r->tag_line_, .status = BANK_ENTRY_BOOKED, .part_no = 1, .part_count = 1};
    rc = read_movement(r, line, &rest, err);
    if (rc != 0)
        return rc;
    read_references(r, rest, behind_line_end(value, line));
    buf_reset(&r->text_);
    r->has_entry_ = true;
    if (!bank_statement_count(&r->statement_, r->entry_.direction, r->entry_.amount.minor))
        return refuse(r, err, bank_amount_mistake_text(BANK_AMOUNT_TOO_LARGE));
    return 0;
}

/* ING writes the field twice: with its code alone, then with all of it. */
static int take_text(struct mt940_reader *r, struct span value, struct err *err)
{
    if (r->state_ == STATE_CLOSED) /* of the whole statement */
        return 0;
    if (!r->has_entry_)
        return refuse(r, err, "a text (:86:) stands before any entry");
    buf_reset(&r->whole_);
    bank_text_decode(r->charset_, value, &r->whole_);
    if (span_starts(buf_span(&r->whole_), buf_span(&r->text_)))
        buf_reset(&r->text_);
    buf_add(&r->text_, buf_span(&r->whole_));
    if (buf_is_overflowed(&r->text_) || buf_is_overflowed(&r->whole_))
        return refuse(r, err, "the text is too long");
    return 0;
}

/* ---- :62: ---- */

static int close_statement(struct mt940_reader *r, struct span value, struct err *err)
{
    struct bank_statement *s = &r->statement_;
    struct balance balance;
    if (r->state_ != STATE_OPEN)
        return refuse(r, err, "a closing balance stands before an opening one");
    int rc = emit_entry(r, err);
    if (rc == 0)
        rc = read_balance(r, value, &balance, err);
    if (rc != 0)
        return rc;
    if (strcmp(balance.currency, s->currency) != 0)
        return refuse(r, err, "the closing balance has another currency than the opening one");
    s->closing_minor = balance.minor;
    s->closed_on = balance.day;
    enum bank_statement_mistake mistake = bank_statement_check(s);
    if (mistake != BANK_STATEMENT_GOOD)
        return refuse(r, err, bank_statement_mistake_text(mistake));
    r->state_ = STATE_CLOSED;
    r->has_statement_ = true;
    return r->sink_.on_statement_ended(r->sink_.owner, s, err);
}

/* ---- lines ---- */

static int finish_field(struct mt940_reader *r, struct err *err)
{
    struct span value = buf_span(&r->value_);
    const char *tag = r->tag_;
    if (tag[0] == 0)
        return 0;
    if (strcmp(tag, "20") == 0)
        return begin_statement(r, value, err);
    if (r->state_ == STATE_OUTSIDE)
        return refuse(r, err, "a field stands before the beginning of a statement (:20:)");
    if (strcmp(tag, "25") == 0)
        return take_account(r, value, err);
    if (strcmp(tag, "28C") == 0 || strcmp(tag, "28") == 0) {
        copy_text(r, value, r->statement_.number, BANK_ID_MAX);
        return 0;
    }
    if (strcmp(tag, "60F") == 0 || strcmp(tag, "60M") == 0)
        return open_statement(r, value, err);
    if (strcmp(tag, "61") == 0)
        return begin_entry(r, value, err);
    if (strcmp(tag, "86") == 0)
        return take_text(r, value, err);
    if (strcmp(tag, "62F") == 0 || strcmp(tag, "62M") == 0)
        return close_statement(r, value, err);
    return 0; /* available balances, and fields of the bank's own */
}

/* How long the tag is that a line begins with (":61:", ":28C:", Nest Bank's ":NS:"); 0: none. */
static size_t tag_len(struct span line)
{
    if (line.len < 4 || line.base[0] != ':')
        return 0;
    if (memcmp(line.base, ":NS:", 4) == 0)
        return 4;
    if (!is_digit(line.base[1]) || !is_digit(line.base[2]))
        return 0;
    if (line.base[3] == ':')
        return 4;
    return line.len > 4 && is_capital(line.base[3]) && line.base[4] == ':' ? 5 : 0;
}

/* The end of a message: what it began must have ended. */
static int end_message(struct mt940_reader *r, struct err *err)
{
    int rc = finish_field(r, err);
    r->tag_[0] = 0;
    buf_reset(&r->value_);
    if (rc == 0 && (r->state_ == STATE_BEGUN || r->state_ == STATE_OPEN))
        return refuse_at(r->line_no_, err, "the statement ends without a closing balance (:62F:)");
    return rc;
}

static int begin_field(struct mt940_reader *r, struct span line, size_t len, struct err *err)
{
    int rc = finish_field(r, err);
    if (rc != 0)
        return rc;
    memcpy(r->tag_, line.base + 1, len - 2);
    r->tag_[len - 2] = 0;
    r->tag_line_ = r->line_no_;
    buf_reset(&r->value_);
    buf_add(&r->value_, span_from(line, len));
    return 0;
}

/* Some banks put control bytes at the ends of their files. */
static struct span without_controls(struct span line)
{
    while (line.len > 0 && (unsigned char)line.base[0] < ' ')
        line = span_from(line, 1);
    while (line.len > 0 && (unsigned char)line.base[line.len - 1] < ' ')
        --line.len;
    return line;
}

static int take_line(struct mt940_reader *r, struct err *err)
{
    struct span line = without_controls(buf_span(&r->line_));
    if (buf_is_overflowed(&r->line_))
        return refuse_at(r->line_no_, err, "the line is too long");
    if (r->line_no_ == 1 && span_starts(line, SPAN_LIT("\xef\xbb\xbf")))
        line = span_from(line, 3);
    size_t len = tag_len(line);
    if (len > 0)
        return begin_field(r, line, len, err);
    if (span_is_str(line, "-") || span_starts(line, SPAN_LIT("-}")))
        return end_message(r, err);
    /* SWIFT's braces stand around a message, and nothing else may. */
    if (r->tag_[0] == 0 && line.len > 0 && line.base[0] != '{')
        return refuse_at(r->line_no_, err, "this is not MT940: a line outside a field");
    if (r->tag_[0] == 0)
        return 0;
    buf_add_char(&r->value_, '\n');
    buf_add(&r->value_, line);
    if (buf_is_overflowed(&r->value_))
        return refuse_at(r->line_no_, err, "the field is too long");
    return 0;
}

static int end_line(struct mt940_reader *r, struct err *err)
{
    int rc = take_line(r, err);
    buf_reset(&r->line_);
    ++r->line_no_;
    return rc;
}

/* CR, LF and CR LF end a line: Nest Bank mixes them. */
int mt940_reader_feed(struct mt940_reader *r, struct span bytes, struct err *err)
{
    for (size_t i = 0; i < bytes.len; ++i) {
        char c = bytes.base[i];
        bool is_second_half = c == '\n' && r->is_after_cr_;
        r->is_after_cr_ = c == '\r';
        if (is_second_half)
            continue;
        if (c != '\r' && c != '\n') {
            buf_add_char(&r->line_, c);
            continue;
        }
        int rc = end_line(r, err);
        if (rc != 0)
            return rc;
    }
    return 0;
}

int mt940_reader_finish(struct mt940_reader *r, struct err *err)
{
    int rc = buf_span(&r->line_).len > 0 ? end_line(r, err) : 0;
    if (rc == 0)
        rc = end_message(r, err);
    if (rc == 0 && !r->has_statement_)
        return refuse_at(1, err, "there is no statement in the file");
    return rc;
}
