#include "flow/payout_file.h"

#include "domain/calendar.h"
#include "domain/csv_value.h"
#include "domain/money.h"
#include "domain/payment_reference.h"
#include "flow/csv_columns.h"
#include "flow/csv_reader.h"
#include "flow/csv_text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

enum column {
    COLUMN_PAYOUT = 0,
    COLUMN_DATE,
    COLUMN_KIND,
    COLUMN_GROSS,
    COLUMN_FEE,
    COLUMN_NET,
    COLUMN_CURRENCY,
    COLUMN_MOVEMENT,
    COLUMN_REFERENCE,
    COLUMN_BALANCE, /* Stripe's id of the line itself */
    COLUMN_SOURCE,  /* Stripe's id of the refund or dispute behind it */
    COLUMN_COUNT,
};

/* How a form calls its columns, as csv_field_of() writes them; null: it has none. */
struct form {
    const char *names[COLUMN_COUNT];
    bool needs[COLUMN_COUNT];
    bool has_times; /* dates with a time of day behind them */
    bool is_stripe; /* kinds and ids are Stripe's */
};

static const struct form plain = {
    .names = {[COLUMN_PAYOUT] = "payout_id",
              [COLUMN_DATE] = "payout_date",
              [COLUMN_KIND] = "kind",
              [COLUMN_GROSS] = "gross",
              [COLUMN_FEE] = "fee",
              [COLUMN_NET] = "net",
              [COLUMN_CURRENCY] = "currency",
              [COLUMN_MOVEMENT] = "movement",
              [COLUMN_REFERENCE] = "reference"},
    .needs = {[COLUMN_PAYOUT] = true,
              [COLUMN_DATE] = true,
              [COLUMN_KIND] = true,
              [COLUMN_GROSS] = true,
              [COLUMN_FEE] = true,
              [COLUMN_NET] = true,
              [COLUMN_CURRENCY] = true},
};

/* payout_reconciliation.itemized, as Stripe documents it. A payment's movement in our ledger is its
 * PaymentIntent, so that column must have been chosen when the report was made. */
static const struct form stripe = {
    .names = {[COLUMN_PAYOUT] = "automatic_payout_id",
              [COLUMN_DATE] = "automatic_payout_effective_at",
              [COLUMN_KIND] = "reporting_category",
              [COLUMN_GROSS] = "gross",
              [COLUMN_FEE] = "fee",
              [COLUMN_NET] = "net",
              [COLUMN_CURRENCY] = "currency",
              [COLUMN_MOVEMENT] = "payment_intent_id",
              [COLUMN_BALANCE] = "balance_transaction_id",
              [COLUMN_SOURCE] = "source_id"},
    .needs = {[COLUMN_PAYOUT] = true,
              [COLUMN_DATE] = true,
              [COLUMN_KIND] = true,
              [COLUMN_GROSS] = true,
              [COLUMN_FEE] = true,
              [COLUMN_NET] = true,
              [COLUMN_CURRENCY] = true,
              [COLUMN_MOVEMENT] = true,
              [COLUMN_BALANCE] = true,
              [COLUMN_SOURCE] = true},
    .has_times = true,
    .is_stripe = true,
};

/* Stripe's reporting categories that have a word of ours, and which of its ids the ledger goes by.
 */
static const struct {
    const char *category;
    enum payout_kind kind;
    enum column movement;
} stripe_kinds[] = {
    {"charge", PAYOUT_PAYMENT, COLUMN_MOVEMENT},
    {"refund", PAYOUT_REFUND, COLUMN_SOURCE},
    {"dispute", PAYOUT_CHARGEBACK, COLUMN_SOURCE},
    {"dispute_reversal", PAYOUT_CHARGEBACK_REVERSAL, COLUMN_SOURCE},
    {"fee", PAYOUT_FEE, COLUMN_BALANCE},
};

struct reading {
    struct payout_file *file;
    const struct keyring *keys;
    const struct form *form; /* null: the headings are still to come */
    int at[COLUMN_COUNT];
    const struct csv_row *row;
    bool is_bad; /* the line at hand */
};

/* ---- what is bad ---- */

void payout_file_add_bad(struct payout_file *file, int64_t line, const char *column,
                         const char *reason)
{
    if (file->bad_count++ >= PAYOUT_FILE_BAD_MAX)
        return;
    struct payout_file_bad *bad = &file->bad[file->bad_count - 1];
    *bad = (struct payout_file_bad){.line = line, .reason = reason};
    snprintf(bad->column, sizeof(bad->column), "%s", column);
}

static void refuse(struct reading *r, enum column column, const char *reason)
{
    r->is_bad = true;
    payout_file_add_bad(r->file, r->row->line, r->form->names[column], reason);
}

static void refuse_line(struct reading *r, int64_t line, const char *reason)
{
    r->is_bad = true;
    payout_file_add_bad(r->file, line, "", reason);
}

/* ---- the headings ---- */

static int find_heading(const struct csv_row *row, const char *name, int *count)
{
    int at = -1;
    *count = 0;
    for (int i = 0; i < row->field_count; ++i) {
        char field[CSV_FIELD_MAX + 1];
        csv_field_of(row->fields[i], field);
        if (strcmp(field, name) != 0)
            continue;
        at = at < 0 ? i : at;
        ++*count;
    }
    return at;
}

static void read_headings(struct reading *r)
{
    int count;
    r->form = find_heading(r->row, stripe.names[COLUMN_PAYOUT], &count) >= 0 ? &stripe : &plain;
    for (int column = 0; column < COLUMN_COUNT; ++column) {
        const char *name = r->form->names[column];
        r->at[column] = -1;
        if (name == NULL)
            continue;
        r->at[column] = find_heading(r->row, name, &count);
        if (count > 1)
            refuse(r, (enum column)column, "two columns are called so");
        else if (count == 0 && r->form->needs[column])
            refuse(r, (enum column)column, "there is no such column");
    }
    if (r->form == &plain && r->at[COLUMN_MOVEMENT] < 0 && r->at[COLUMN_REFERENCE] < 0)
        refuse(r, COLUMN_MOVEMENT, "there is neither this column nor reference");
}

/* ---- single cells ---- */

static struct span cell(const struct reading *r, enum column column)
{
    int at = r->at[column];
    return at < 0 || at >= r->row->field_count ? (struct span){NULL, 0}
                                               : csv_trim(r->row->fields[at]);
}

static struct span keep(struct payout_file *file, struct span text)
{
    char *at = file->text_ + file->text_len_;
    memcpy(at, text.base, text.len);
    file->text_len_ += text.len;
    return span_of(at, text.len);
}

/* Printable ASCII, as all ids are. */
static struct span read_id(struct reading *r, enum column column)
{
    struct span text = cell(r, column);
    bool is_good = text.len > 0 && text.len <= PAYOUT_ID_MAX;
    for (size_t i = 0; i < text.len; ++i)
        is_good &= text.base[i] > ' ' && text.base[i] <= '~';
    if (text.len == 0)
        refuse(r, column, "the value is missing");
    else if (!is_good)
        refuse(r, column, "an id is at most 80 letters, digits and plain signs");
    return is_good ? keep(r->file, text) : (struct span){NULL, 0};
}

static bool has_shape(struct span text, const char *shape)
{
    if (text.len != strlen(shape))
        return false;
    for (size_t i = 0; i < text.len; ++i)
        if (shape[i] == '0' ? text.base[i] < '0' || text.base[i] > '9' : text.base[i] != shape[i])
            return false;
    return true;
}

static int32_t read_date(struct reading *r)
{
    struct span text = cell(r, COLUMN_DATE);
    struct date date;
    bool is_good = has_shape(text, "0000-00-00") ||
                   (r->form->has_times && has_shape(text, "0000-00-00 00:00:00"));
    if (!is_good)
        refuse(r, COLUMN_DATE, "this is no day such as 2028-01-31");
    else if (csv_value_date(span_of(text.base, 10), &date) == CSV_GOOD)
        return date_to_days(date);
    else
        refuse(r, COLUMN_DATE, "the calendar has no such day");
    return 0;
}

static int read_currency(struct reading *r, char out[4])
{
    struct span text = cell(r, COLUMN_CURRENCY);
    for (size_t i = 0; i < 3; ++i)
        out[i] = i < text.len ? (char)toupper((unsigned char)text.base[i]) : '\0';
    out[3] = '\0';
    int exponent = text.len == 3 ? currency_exponent(span_of(out, 3)) : -1;
    if (exponent < 0)
        refuse(r, COLUMN_CURRENCY, "this is not a currency");
    return exponent;
}

static int64_t read_amount(struct reading *r, enum column column, int exponent)
{
    static const char *const reasons[] = {
        [PAYOUT_AMOUNT_MALFORMED] = "an amount is digits with a point, such as -1234.50",
        [PAYOUT_AMOUNT_TOO_PRECISE] = "the currency has no fractions that small",
        [PAYOUT_AMOUNT_TOO_LARGE] = "the amount is larger than we count",
    };
    int64_t minor;
    enum payout_amount_mistake mistake = payout_amount_read(cell(r, column), exponent, &minor);
    if (mistake != PAYOUT_AMOUNT_GOOD)
        refuse(r, column, reasons[mistake]);
    return minor;
}

static void read_amounts(struct reading *r, struct payout_file_line *line)
{
    static const char *const reasons[] = {
        [PAYOUT_LINE_NET_WRONG] = "net is not gross less fee",
        [PAYOUT_LINE_SIGN_WRONG] = "payments are above zero, refunds and charge-backs below",
        [PAYOUT_LINE_EMPTY] = "nothing has moved",
    };
    int exponent = read_currency(r, line->currency);
    if (exponent < 0)
        return;
    line->amounts.gross_minor = read_amount(r, COLUMN_GROSS, exponent);
    line->amounts.fee_minor = read_amount(r, COLUMN_FEE, exponent);
    line->amounts.net_minor = read_amount(r, COLUMN_NET, exponent);
    if (r->is_bad)
        return;
    enum payout_line_mistake mistake = payout_line_check(line->kind, &line->amounts);
    if (mistake != PAYOUT_LINE_GOOD)
        refuse(r, mistake == PAYOUT_LINE_NET_WRONG ? COLUMN_NET : COLUMN_GROSS, reasons[mistake]);
}

/* ---- which movement ---- */

static void read_stripe_movement(struct reading *r, struct payout_file_line *line)
{
    struct span category = cell(r, COLUMN_KIND);
    line->kind = PAYOUT_OTHER;
    enum column movement = COLUMN_BALANCE;
    for (size_t i = 0; i < sizeof(stripe_kinds) / sizeof(stripe_kinds[0]); ++i)
        if (span_is_str(category, stripe_kinds[i].category)) {
            line->kind = stripe_kinds[i].kind;
            movement = stripe_kinds[i].movement;
        }
    if (category.len == 0)
        refuse(r, COLUMN_KIND, "the value is missing");
    /* A charge that was made without a PaymentIntent is none of ours: its own id names it. */
    if (movement == COLUMN_MOVEMENT && cell(r, COLUMN_MOVEMENT).len == 0)
        movement = COLUMN_SOURCE;
    line->movement = read_id(r, movement);
}

static void read_plain_movement(struct reading *r, struct payout_file_line *line)
{
    struct payment_id id;
    if (!payout_kind_read(cell(r, COLUMN_KIND), &line->kind))
        refuse(r, COLUMN_KIND,
               "a kind is payment, refund, refund_reversal, chargeback, chargeback_reversal, fee "
               "or other");
    if (cell(r, COLUMN_REFERENCE).len > 0)
        line->reference = read_id(r, COLUMN_REFERENCE);
    if (line->reference.base != NULL && payment_reference_check(r->keys, line->reference, &id)) {
        line->customer_id = id.customer_id;
        line->payment_no = id.payment_no;
    }
    if (cell(r, COLUMN_MOVEMENT).len > 0 || line->reference.base == NULL)
        line->movement = read_id(r, COLUMN_MOVEMENT);
    else if (line->kind == PAYOUT_PAYMENT)
        line->movement = line->reference;
    else
        refuse(r, COLUMN_MOVEMENT, "only payments may have a reference alone");
}

/* ---- rows ---- */

static void read_line(struct reading *r)
{
    struct payout_file *file = r->file;
    if (file->line_count == file->line_room_) {
        file->line_room_ = file->line_room_ == 0 ? 256 : file->line_room_ * 2;
        file->lines = realloc(file->lines, file->line_room_ * sizeof(*file->lines));
        if (file->lines == NULL)
            abort();
    }
    struct payout_file_line *line = &file->lines[file->line_count];
    *line = (struct payout_file_line){.line = r->row->line};
    line->payout_id = read_id(r, COLUMN_PAYOUT);
    line->date = read_date(r);
    if (r->form->is_stripe)
        read_stripe_movement(r, line);
    else
        read_plain_movement(r, line);
    read_amounts(r, line);
    if (!r->is_bad)
        ++file->line_count;
}

/* Headings that are bad, or too many lines, end the reading. */
static bool on_row(void *owner, const struct csv_row *row)
{
    struct reading *r = owner;
    bool is_heading = r->form == NULL;
    r->row = row;
    r->is_bad = false;
    if (row->problem != CSV_FINE) {
        refuse_line(r, row->line, "text behind a closing quote, or too many fields");
        return !is_heading;
    }
    if (is_heading) {
        read_headings(r);
        return !r->is_bad;
    }
    if (r->file->line_count == PAYOUT_FILE_LINES_MAX) {
        refuse_line(r, row->line, "a file has at most 100000 lines");
        return false;
    }
    read_line(r);
    return true;
}

/* ---- what only all lines together show ---- */

static int compare_spans(struct span a, struct span b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len == 0 ? 0 : memcmp(a.base, b.base, len);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* By payout, movement, kind, and place in the file. */
static int compare_lines(const void *left, const void *right)
{
    const struct payout_file_line *a = *(const struct payout_file_line *const *)left;
    const struct payout_file_line *b = *(const struct payout_file_line *const *)right;
    int order = compare_spans(a->payout_id, b->payout_id);
    if (order == 0)
        order = compare_spans(a->movement, b->movement);
    if (order == 0)
        order = (a->kind > b->kind) - (a->kind < b->kind);
    return order != 0 ? order : (a->line > b->line) - (a->line < b->line);
}

static void check_together(struct payout_file *file)
{
    const struct payout_file_line **sorted = calloc(file->line_count + 1, sizeof(*sorted));
    const struct payout_file_line *first = NULL, *before = NULL;
    if (sorted == NULL)
        abort();
    for (size_t i = 0; i < file->line_count; ++i)
        sorted[i] = &file->lines[i];
    qsort(sorted, file->line_count, sizeof(*sorted), compare_lines);
    for (size_t i = 0; i < file->line_count; before = sorted[i++]) {
        const struct payout_file_line *line = sorted[i];
        if (first == NULL || !span_is(first->payout_id, line->payout_id)) {
            first = line;
            continue;
        }
        if (line->date != first->date || strcmp(line->currency, first->currency) != 0)
            payout_file_add_bad(file, line->line, "",
                                "its payout has another day or currency in another line");
        if (span_is(before->movement, line->movement) && before->kind == line->kind)
            payout_file_add_bad(file, line->line, "",
                                "its payout has the same movement in another line");
    }
    free(sorted);
}

/* ---- the whole ---- */

/* The delimiter that the first line has most of. */
static char delimiter_of(struct span text)
{
    static const char delimiters[] = ",;\t";
    size_t counts[3] = {0}, best = 0;
    for (size_t i = 0; i < text.len && text.base[i] != '\n'; ++i)
        for (size_t d = 0; d < 3; ++d)
            counts[d] += text.base[i] == delimiters[d];
    for (size_t d = 1; d < 3; ++d)
        best = counts[d] > counts[best] ? d : best;
    return delimiters[best];
}

static void read_rows(struct reading *r, struct span text)
{
    struct csv_reader reader;
    struct err err;
    csv_reader_init(&reader, &(struct csv_reader_options){.delimiter = delimiter_of(text),
                                                          .line_end = '\n',
                                                          .start_line = 1,
                                                          .on_row = on_row,
                                                          .owner = r});
    long taken = csv_reader_feed(&reader, text, &err);
    bool is_whole = taken == (long)text.len;
    if (taken < 0 || (is_whole && csv_reader_finish(&reader, &err) != 0))
        refuse_line(r, reader.problem_line,
                    reader.problem == CSV_OPEN_QUOTE ? "a quote that is opened is never closed"
                                                     : "the line is too long");
    csv_reader_release(&reader);
}

bool payout_file_read(struct payout_file *file, struct span bytes, const struct keyring *keys)
{
    struct reading reading = {.file = file, .keys = keys};
    *file = (struct payout_file){.line_count = 0};
    if (span_starts(bytes, SPAN_LIT("\xef\xbb\xbf")))
        bytes = span_from(bytes, 3);
    file->text_ = malloc(bytes.len + 1);
    if (file->text_ == NULL)
        abort();
    if (utf8_is_valid(bytes))
        read_rows(&reading, bytes);
    else
        payout_file_add_bad(file, 1, "", "the file is not UTF-8");
    if (file->bad_count == 0)
        check_together(file);
    if (file->bad_count == 0 && file->line_count == 0)
        payout_file_add_bad(file, 1, "", "the file has no lines");
    return file->bad_count == 0;
}

void payout_file_release(struct payout_file *file)
{
    free(file->lines);
    free(file->text_);
    *file = (struct payout_file){.line_count = 0};
}
