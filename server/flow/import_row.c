#include "flow/import_row.h"

#include "domain/csv_value.h"
#include "domain/identity.h"

#include <stdio.h>

enum { TEXT_MAX = 200, REFERENCE_MAX = 64, FAULT_VALUE_MAX = 200 };

/* Reads one row: cells in UTF-8, the first fault sticks. */
struct cells {
    const struct csv_shape *shape;
    const struct csv_row *row;
    h2o_mem_pool_t *pool;
    struct import_fault *fault;
    struct span campaign; /* null base: none */
    bool is_bad;
};

static bool is_needed(const struct cells *c, enum csv_column column)
{
    return c->campaign.base == NULL ? csv_column_is_needed(column)
                                    : csv_column_is_needed_by_campaign(column);
}

static struct span keep(h2o_mem_pool_t *pool, struct span s)
{
    if (s.base == NULL)
        return s;
    h2o_iovec_t copy = h2o_strdup(pool, s.base, s.len);
    return span_of(copy.base, copy.len);
}

/* Cut at a letter's begin, so that what is kept is text still. */
static struct span cut(struct span s, size_t len_max)
{
    if (s.len <= len_max)
        return s;
    while (len_max > 0 && ((unsigned char)s.base[len_max] & 0xc0) == 0x80)
        --len_max;
    return span_of(s.base, len_max);
}

static void spoil_named(struct cells *c, const char *column, struct span value, const char *reason)
{
    if (c->is_bad)
        return;
    c->is_bad = true;
    c->fault->column = column;
    c->fault->value = keep(c->pool, cut(value, FAULT_VALUE_MAX));
    c->fault->reason = reason;
}

static void spoil(struct cells *c, int column, struct span value, const char *reason)
{
    spoil_named(c, column < 0 ? NULL : csv_column_name((enum csv_column)column), value, reason);
}

static struct span decode(const struct cells *c, struct span raw, bool *is_text)
{
    struct buf text;
    if (c->shape->encoding == CSV_UTF_8) {
        *is_text = utf8_is_valid(raw);
        return keep(c->pool, raw);
    }
    buf_init(&text, 4 * (size_t)CSV_ROW_BYTES_MAX);
    *is_text = csv_text_decode(c->shape->encoding, raw, &text);
    struct span kept = keep(c->pool, buf_span(&text));
    buf_release(&text);
    return kept;
}

/* For the list of bad rows, so whatever is no text becomes a question mark. */
static struct span decode_raw(const struct cells *c)
{
    struct buf text;
    if (c->shape->encoding == CSV_UTF_8 && utf8_is_valid(c->row->raw))
        return keep(c->pool, c->row->raw);
    buf_init(&text, 4 * (size_t)CSV_ROW_BYTES_MAX);
    csv_text_decode_lossy(c->shape->encoding, c->row->raw, &text);
    struct span kept = keep(c->pool, buf_span(&text));
    buf_release(&text);
    return kept;
}

/* A cell without the blanks around it; null base when it is empty or the row or file has none. An
 * apostrophe that keeps a spreadsheet from computing the cell (as our own lists of bad rows have
 * it) is no part of the value. */
static struct span cell_at(struct cells *c, int at, const char *name)
{
    bool is_text = true;
    if (at < 0 || at >= c->row->field_count)
        return (struct span){NULL, 0};
    struct span value = c->row->fields[at];
    value = decode(c, value, &is_text);
    if (!is_text) {
        spoil_named(c, name, (struct span){NULL, 0},
                    "the value is not text in the file's encoding");
        return (struct span){NULL, 0};
    }
    value = csv_trim(value);
    if (value.len > 1 && value.base[0] == '\'' && strchr("=+-@", value.base[1]) != NULL)
        value = span_from(value, 1);
    return value.len == 0 ? (struct span){NULL, 0} : value;
}

static struct span cell(struct cells *c, enum csv_column column)
{
    return cell_at(c, c->shape->columns.at[column], csv_column_name(column));
}

/* Text for people: line breaks and tabs become blanks, other controls are refused. */
static struct span as_text(struct cells *c, struct span value, const char *name, size_t len_max)
{
    char *letters = (char *)value.base; /* our own copy in the pool */
    for (size_t i = 0; i < value.len; ++i) {
        unsigned char letter = (unsigned char)letters[i];
        if (letter == '\n' || letter == '\r' || letter == '\t')
            letters[i] = ' ';
        else if (letter < 0x20 || letter == 0x7f)
            spoil_named(c, name, (struct span){NULL, 0}, "the value holds control characters");
    }
    if (value.len > len_max)
        spoil_named(c, name, value, "the value is too long");
    return value;
}

static struct span text_cell(struct cells *c, enum csv_column column, size_t len_max)
{
    struct span value = as_text(c, cell(c, column), csv_column_name(column), len_max);
    if (value.base == NULL && is_needed(c, column))
        spoil(c, column, value, csv_refusal_text(CSV_EMPTY));
    return value;
}

static void judge(struct cells *c, enum csv_column column, struct span value,
                  enum csv_refusal refusal)
{
    if (refusal != CSV_GOOD)
        spoil(c, (int)column, value, csv_refusal_text(refusal));
}

static struct span phone_cell(struct cells *c)
{
    char phone[CSV_PHONE_LEN_MAX + 1] = "";
    struct span value = cell(c, CSV_PHONE);
    if (value.base == NULL && is_needed(c, CSV_PHONE))
        judge(c, CSV_PHONE, value, CSV_EMPTY);
    if (value.base == NULL)
        return value;
    judge(c, CSV_PHONE, value, csv_value_phone(value, phone));
    return keep(c->pool, span_str(phone));
}

static struct span email_cell(struct cells *c)
{
    char email[CSV_EMAIL_LEN_MAX + 1] = "";
    struct span value = cell(c, CSV_EMAIL);
    if (value.base == NULL)
        return value;
    judge(c, CSV_EMAIL, value, csv_value_email(value, email));
    return keep(c->pool, span_str(email));
}

static struct span account_cell(struct cells *c)
{
    char account[IBAN_LEN_MAX + 1] = "";
    struct span value = cell(c, CSV_ACCOUNT);
    if (value.base == NULL)
        return value;
    judge(c, CSV_ACCOUNT, value, csv_value_account(value, account));
    return keep(c->pool, span_str(account));
}

static struct span language_cell(struct cells *c)
{
    enum language language = LANGUAGE_POLISH;
    struct span value = cell(c, CSV_LANGUAGE);
    if (value.base == NULL)
        return value;
    judge(c, CSV_LANGUAGE, value, csv_value_language(value, &language));
    return span_str(language_code(language));
}

/* Kept as far as an installation may ask for it. Nothing of it is said in a fault. */
static struct span identity_cell(struct cells *c)
{
    struct span value = cell(c, CSV_IDENTITY), nothing = {"", 0};
    char digits[IDENTITY_DIGITS_MAX + 1];
    if (value.base == NULL)
        return value;
    for (int count = IDENTITY_DIGITS_MAX; count >= IDENTITY_DIGITS_MIN; --count)
        if (identity_digits(value, count, digits))
            return keep(c->pool, span_str(digits));
    judge(c, CSV_IDENTITY, nothing, CSV_IDENTITY_MALFORMED);
    return nothing;
}

static struct span kind_cell(struct cells *c)
{
    enum invoice_kind kind = INVOICE_KIND_INVOICE;
    struct span value = cell(c, CSV_KIND);
    if (value.base == NULL)
        return value;
    judge(c, CSV_KIND, value, csv_value_kind(value, &kind));
    return span_str(invoice_kind_name(kind));
}

static void read_amount(struct cells *c, struct import_row *out)
{
    char code[4] = "";
    struct money money = {0};
    struct span currency = cell(c, CSV_CURRENCY), value = cell(c, CSV_AMOUNT);
    if (currency.base != NULL)
        judge(c, CSV_CURRENCY, currency, csv_value_currency(currency, code));
    if (c->is_bad)
        return;
    judge(c, CSV_AMOUNT, value, csv_value_amount(value, span_str(code), &money));
    out->amount_minor = money.minor;
    out->currency = keep(c->pool, span_str(money.currency));
}

static int32_t date_cell(struct cells *c, enum csv_column column)
{
    struct date date = {1970, 1, 1};
    struct span value = cell(c, column);
    if (value.base == NULL && !is_needed(c, column))
        return IMPORT_NO_DATE;
    judge(c, column, value, csv_value_date(value, &date));
    return c->is_bad ? IMPORT_NO_DATE : date_to_days(date);
}

static void read_said(struct cells *c, struct contact_said *said)
{
    *said = (struct contact_said){.preferred = CONTACT_NONE};
    struct span value = cell(c, CSV_PREFERRED);
    if (value.base != NULL)
        judge(c, CSV_PREFERRED, value, csv_value_channel(value, &said->preferred));
    for (int channel = 0; channel < CONTACT_CHANNEL_COUNT; ++channel) {
        enum csv_column column = (enum csv_column)(CSV_CONSENT + channel);
        bool is_yes = false;
        value = cell(c, column);
        if (value.base == NULL)
            continue;
        judge(c, column, value, csv_value_consent(value, &is_yes));
        *(is_yes ? &said->yes : &said->no) |= (uint8_t)(1u << channel);
    }
}

static uint64_t mix(uint64_t hash, struct span s)
{
    return (hash ^ csv_number_fingerprint(s)) * 1099511628211u;
}

static uint64_t fingerprint_of(const struct import_row *row)
{
    const struct span values[] = {row->reference, row->name,     row->phone,   row->email,
                                  row->number,    row->product,  row->account, row->language,
                                  row->kind,      row->currency, row->identity};
    uint64_t hash = (uint64_t)row->amount_minor;
    for (size_t i = 0; i < sizeof values / sizeof *values; ++i)
        hash = mix(hash, values[i]);
    hash = (hash ^ (uint32_t)row->issue_date) * 1099511628211u;
    hash = (hash ^ (uint32_t)row->due_date) * 1099511628211u;
    hash = (hash ^ contact_said_word(&row->said)) * 1099511628211u;
    return hash == 0 ? 1 : hash;
}

static void read_cells(struct cells *c, struct import_row *out)
{
    out->reference = text_cell(c, CSV_CUSTOMER, REFERENCE_MAX);
    out->name = text_cell(c, CSV_NAME, TEXT_MAX);
    out->phone = phone_cell(c);
    out->email = email_cell(c);
    out->language = language_cell(c);
    out->identity = identity_cell(c);
    out->number = text_cell(c, CSV_NUMBER, REFERENCE_MAX);
    out->kind = kind_cell(c);
    out->product = text_cell(c, CSV_PRODUCT, TEXT_MAX);
    read_amount(c, out);
    out->issue_date = date_cell(c, CSV_ISSUE_DATE);
    out->due_date = date_cell(c, CSV_DUE_DATE);
    out->account = account_cell(c);
    read_said(c, &out->said);
    if (out->issue_date != IMPORT_NO_DATE && out->due_date != IMPORT_NO_DATE &&
        out->due_date < out->issue_date)
        spoil(c, CSV_DUE_DATE, cell(c, CSV_DUE_DATE), "due before it was issued");
}

/* What a campaign's row does not need to say, and the cells of columns that mean something to its
 * text alone. */
static void make_up(struct cells *c, struct import_row *out)
{
    char made[REFERENCE_MAX + 1];
    out->has_own_reference = out->reference.base != NULL;
    out->has_own_number = out->number.base != NULL;
    if (!out->has_own_reference) {
        snprintf(made, sizeof made, "tel:%.*s", SPAN_ARG(out->phone));
        out->reference = keep(c->pool, span_str(made));
    }
    if (!out->has_own_number) {
        snprintf(made, sizeof made, "%.*s/%lld", SPAN_ARG(c->campaign), (long long)c->row->line);
        out->number = keep(c->pool, span_str(made));
    }
    int count = c->shape->header_count;
    out->cells = h2o_mem_alloc_pool(c->pool, sizeof *out->cells * ((size_t)count + 1));
    for (int i = 0; i < count; ++i) {
        const char *name = c->shape->fields[i];
        out->cells[i] = (struct span){NULL, 0};
        if (name[0] != '\0')
            out->cells[i] = as_text(c, cell_at(c, i, name), name, TEXT_MAX);
    }
    uint64_t debt = mix((uint64_t)out->amount_minor, out->phone);
    debt = mix(debt, out->currency);
    debt = (debt ^ (uint32_t)out->due_date) * 1099511628211u;
    out->debt_fingerprint = mix(debt, out->has_own_number ? out->number : SPAN_LIT(""));
}

/* More cells than the header names, beside empty ones at the end: a delimiter stands in a value. */
static bool has_extra_cells(const struct csv_shape *shape, const struct csv_row *row)
{
    for (int i = shape->header_count; i < row->field_count; ++i)
        if (csv_trim(row->fields[i]).len > 0)
            return true;
    return false;
}

bool import_row_read(const struct csv_shape *shape, const struct csv_row *row, struct span campaign,
                     h2o_mem_pool_t *pool, struct import_row *out, struct import_fault *fault)
{
    struct cells c = {
        .shape = shape, .row = row, .pool = pool, .fault = fault, .campaign = campaign};
    *out = (struct import_row){.line = row->line};
    *fault = (struct import_fault){.line = row->line};
    if (row->problem == CSV_STRAY_QUOTE)
        spoil(&c, -1, (struct span){NULL, 0}, "text stands behind a closing quote");
    else if (row->problem != CSV_FINE)
        spoil(&c, -1, (struct span){NULL, 0}, "the row has too many columns");
    else if (has_extra_cells(shape, row))
        spoil(&c, -1, (struct span){NULL, 0}, "the row has more columns than the header");
    else
        read_cells(&c, out);
    if (campaign.base != NULL && !c.is_bad)
        make_up(&c, out);
    out->raw = fault->raw = decode_raw(&c);
    if (c.is_bad)
        return false;
    int number_at = shape->columns.at[CSV_NUMBER];
    bool has_number = number_at >= 0 && number_at < row->field_count;
    out->number_fingerprint =
        csv_number_fingerprint(has_number ? row->fields[number_at] : out->number);
    out->fingerprint = fingerprint_of(out);
    return true;
}
