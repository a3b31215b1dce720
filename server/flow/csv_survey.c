#include "flow/csv_survey.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

/* The header must lie in the first 64 KiB, and a row is no longer. */
enum { HEAD_MAX = CSV_ROW_BYTES_MAX };
/* 2^25 bits and four hashes: among a million numbers about 200 innocent ones are suspected. */
enum { BLOOM_BITS_LOG2 = 25, BLOOM_HASHES = 4 };

struct csv_survey {
    struct buf head; /* the first bytes, until the shape is known */
    bool has_begun;
    bool has_reader;
    struct csv_reader reader;
    EVP_MD_CTX *digest;
    uint8_t sha256[SHA256_LEN];
    struct csv_text_counts text;
    struct csv_shape shape;
    struct buf header_raw, header;
    struct csv_row header_row; /* lengths only: its bytes are in header_fields */
    struct buf header_fields;
    int64_t row_count;
    int number_at;
    int64_t rows_max; /* of a campaign's file; 0: an ordinary one */
    char (*fields)[CSV_FIELD_MAX + 1];
    uint64_t *bloom;
    uint64_t *suspects;
    size_t suspect_count;
    enum survey_refusal refusal;
    struct err detail;
};

const char *survey_refusal_word(enum survey_refusal refusal)
{
    static const char *const words[] = {
        [SURVEY_ACCEPTED] = "accepted",
        [SURVEY_EMPTY] = "csv-empty",
        [SURVEY_UTF_16] = "csv-utf-16",
        [SURVEY_NO_CSV] = "csv-no-csv",
        [SURVEY_LINE_TOO_LONG] = "csv-line-too-long",
        [SURVEY_QUOTE_OPEN] = "csv-quote-open",
        [SURVEY_HEADER_TWICE] = "csv-header-twice",
        [SURVEY_COLUMN_MISSING] = "csv-column-missing",
        [SURVEY_TOO_MANY_COLUMNS] = "csv-too-many-columns",
        [SURVEY_TOO_MANY_REPEATS] = "csv-too-many-repeats",
        [SURVEY_TOO_MANY_ROWS] = "csv-too-many-rows",
    };
    return words[refusal];
}

struct csv_survey *csv_survey_new(void)
{
    struct csv_survey *s = calloc(1, sizeof *s);
    if (s == NULL)
        abort();
    s->digest = EVP_MD_CTX_new();
    s->bloom = calloc((size_t)1 << BLOOM_BITS_LOG2 >> 6, sizeof *s->bloom);
    s->suspects = calloc(CSV_SUSPECTS_MAX, sizeof *s->suspects);
    if (s->digest == NULL || s->bloom == NULL || s->suspects == NULL ||
        EVP_DigestInit_ex(s->digest, EVP_sha256(), NULL) != 1)
        abort();
    buf_init(&s->head, HEAD_MAX);
    buf_init(&s->header_raw, HEAD_MAX);
    buf_init(&s->header, 4 * (size_t)HEAD_MAX);
    buf_init(&s->header_fields, 4 * (size_t)HEAD_MAX);
    return s;
}

void csv_survey_free(struct csv_survey *s)
{
    if (s->has_reader)
        csv_reader_release(&s->reader);
    EVP_MD_CTX_free(s->digest);
    free(s->fields);
    free(s->bloom);
    free(s->suspects);
    buf_release(&s->head);
    buf_release(&s->header_raw);
    buf_release(&s->header);
    buf_release(&s->header_fields);
    free(s);
}

void csv_survey_for_campaign(struct csv_survey *s, int64_t rows_max)
{
    s->rows_max = rows_max;
    s->fields = calloc(CSV_FIELDS_MAX, sizeof *s->fields);
    if (s->fields == NULL)
        abort();
}

static bool refuse(struct csv_survey *s, enum survey_refusal refusal, const char *detail)
{
    s->refusal = refusal;
    err_set(&s->detail, ERR_INPUT, "%s", detail);
    return false;
}

/* ---- invoice numbers that may stand there twice ---- */

/* As the reader of values will see it: without blanks around and the apostrophe that protects a
 * formula. */
static struct span bare_number(struct span raw)
{
    while (raw.len > 0 && (raw.base[0] == ' ' || raw.base[0] == '\t'))
        raw = span_from(raw, 1);
    while (raw.len > 0 && (raw.base[raw.len - 1] == ' ' || raw.base[raw.len - 1] == '\t'))
        --raw.len;
    if (raw.len > 1 && raw.base[0] == '\'' && strchr("=+-@", raw.base[1]) != NULL)
        raw = span_from(raw, 1);
    return raw;
}

uint64_t csv_number_fingerprint(struct span raw)
{
    raw = bare_number(raw);
    uint64_t h = 1469598103934665603u; /* FNV-1a, then a mixer: the filter wants every bit good */
    for (size_t i = 0; i < raw.len; ++i)
        h = (h ^ (unsigned char)raw.base[i]) * 1099511628211u;
    h = (h ^ h >> 33) * 0xff51afd7ed558ccdu;
    h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53u;
    return h ^ h >> 33;
}

/* True when all bits were set already. */
static bool bloom_add(uint64_t *bloom, uint64_t fingerprint)
{
    bool was_there = true;
    uint64_t step = fingerprint >> 32 | 1;
    for (int i = 0; i < BLOOM_HASHES; ++i) {
        uint64_t bit = (fingerprint + (uint64_t)i * step) & (((uint64_t)1 << BLOOM_BITS_LOG2) - 1);
        uint64_t mask = (uint64_t)1 << (bit & 63);
        was_there = was_there && (bloom[bit >> 6] & mask) != 0;
        bloom[bit >> 6] |= mask;
    }
    return was_there;
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void sort_suspects(struct csv_survey *s)
{
    size_t kept = 0;
    qsort(s->suspects, s->suspect_count, sizeof *s->suspects, compare_u64);
    for (size_t i = 0; i < s->suspect_count; ++i)
        if (kept == 0 || s->suspects[kept - 1] != s->suspects[i])
            s->suspects[kept++] = s->suspects[i];
    s->suspect_count = kept;
}

static bool note_number(struct csv_survey *s, struct span raw)
{
    uint64_t fingerprint = csv_number_fingerprint(raw);
    if (!bloom_add(s->bloom, fingerprint))
        return true;
    if (s->suspect_count == CSV_SUSPECTS_MAX)
        sort_suspects(s); /* one number many times is one suspect */
    if (s->suspect_count == CSV_SUSPECTS_MAX)
        return refuse(s, SURVEY_TOO_MANY_REPEATS,
                      "more than 100000 invoice numbers stand in the file twice");
    s->suspects[s->suspect_count++] = fingerprint;
    return true;
}

/* ---- rows ---- */

static void keep_header(struct csv_survey *s, const struct csv_row *row)
{
    s->header_row = *row;
    s->shape.rows_byte = row->next_byte;
    s->shape.rows_line = row->next_line;
    s->shape.header_count = row->field_count;
    buf_add(&s->header_raw, row->raw);
    for (int i = 0; i < row->field_count; ++i)
        buf_add(&s->header_fields, row->fields[i]);
}

static bool on_row(void *owner, const struct csv_row *row)
{
    struct csv_survey *s = owner;
    if (s->shape.header_count == 0) {
        if (row->problem == CSV_TOO_MANY_FIELDS)
            return refuse(s, SURVEY_TOO_MANY_COLUMNS, "the header has more than 128 columns");
        if (row->field_count == 0)
            return refuse(s, SURVEY_NO_CSV, "the first line is no header");
        keep_header(s, row);
        return true;
    }
    ++s->row_count;
    if (s->rows_max > 0 && s->row_count > s->rows_max)
        return refuse(s, SURVEY_TOO_MANY_ROWS,
                      "the file has more rows than the setting campaigns.rows_max");
    if (s->number_at < 0 || s->number_at >= row->field_count)
        return true;
    return note_number(s, row->fields[s->number_at]);
}

/* ---- the shape, from the first bytes ---- */

static bool has_bytes(struct span head, const char *magic, size_t len)
{
    return span_starts(head, span_of(magic, len));
}

static bool refuse_other_formats(struct csv_survey *s, struct span head)
{
    if (has_bytes(head, "\xff\xfe", 2) || has_bytes(head, "\xfe\xff", 2))
        return refuse(s, SURVEY_UTF_16, "the file is UTF-16: save it as CSV UTF-8");
    if (has_bytes(head, "PK\x03\x04", 4) || has_bytes(head, "\xd0\xcf\x11\xe0", 4))
        return refuse(s, SURVEY_NO_CSV, "this is a spreadsheet: save it as CSV");
    if (has_bytes(head, "%PDF", 4) || has_bytes(head, "\x1f\x8b", 2))
        return refuse(s, SURVEY_NO_CSV, "this is a PDF or a compressed file, not a CSV");
    return true;
}

struct probe {
    int found, field_count; /* recognised headers, fields of the first row */
    int number_at;
};

/* A header's encoding is not known yet: the guess in which more columns have a name wins. */
static bool on_probe_row(void *owner, const struct csv_row *row)
{
    struct probe *probe = owner;
    struct buf text;
    buf_init(&text, 4 * (size_t)HEAD_MAX);
    probe->field_count = row->problem == CSV_TOO_MANY_FIELDS ? CSV_FIELDS_MAX : row->field_count;
    for (enum csv_encoding e = CSV_UTF_8; e <= CSV_ISO_8859_2; ++e) {
        struct csv_columns columns;
        struct span fields[CSV_FIELDS_MAX];
        size_t ends[CSV_FIELDS_MAX];
        buf_reset(&text);
        for (int i = 0; i < row->field_count; ++i) {
            csv_text_decode(e, row->fields[i], &text);
            ends[i] = buf_span(&text).len;
        }
        for (int i = 0; i < row->field_count; ++i) {
            size_t begin = i == 0 ? 0 : ends[i - 1];
            fields[i] = span_of(buf_span(&text).base + begin, ends[i] - begin);
        }
        int found = csv_columns_map(&columns, fields, row->field_count);
        if (e != CSV_UTF_8 && found <= probe->found)
            continue;
        probe->found = found;
        probe->number_at = columns.at[CSV_NUMBER];
    }
    buf_release(&text);
    return false;
}

static struct probe probe_with(struct span head, char delimiter, char line_end)
{
    struct probe probe = {.number_at = -1};
    struct csv_reader reader;
    csv_reader_init(&reader, &(struct csv_reader_options){.delimiter = delimiter,
                                                          .line_end = line_end,
                                                          .on_row = on_probe_row,
                                                          .owner = &probe});
    struct err ignored;
    long taken = csv_reader_feed(&reader, head, &ignored);
    if (taken == (long)head.len && probe.field_count == 0 &&
        csv_reader_finish(&reader, &ignored) != 0)
        probe.field_count = 0;
    csv_reader_release(&reader);
    return probe;
}

/* Excel's own hint: a first line "sep=;". Returns its length with the line break, or 0. */
static size_t separator_line(struct span head, char line_end, char *delimiter)
{
    if (head.len < 6 || !(has_bytes(head, "sep=", 4) || has_bytes(head, "SEP=", 4)))
        return 0;
    size_t end = head.base[5] == '\r' && line_end == '\n' ? 6 : 5;
    if (end >= head.len || head.base[end] != line_end || strchr(";,\t", head.base[4]) == NULL)
        return 0;
    *delimiter = head.base[4];
    return end + 1;
}

/* `hinted`: only that one; '\0': the one that names the most columns. */
static void choose_delimiter(struct csv_survey *s, struct span head, char hinted)
{
    static const char candidates[] = {';', ',', '\t'};
    struct probe best = {.found = -1, .number_at = -1};
    for (size_t i = 0; i < sizeof candidates; ++i) {
        if (hinted != '\0' && hinted != candidates[i])
            continue;
        struct probe probe = probe_with(head, candidates[i], s->shape.line_end);
        if (probe.found < best.found ||
            (probe.found == best.found && probe.field_count <= best.field_count))
            continue;
        best = probe;
        s->number_at = probe.number_at;
        s->shape.delimiter = candidates[i];
    }
}

static bool feed_reader(struct csv_survey *s, struct span bytes)
{
    struct err err;
    if (csv_reader_feed(&s->reader, bytes, &err) >= 0)
        return s->refusal == SURVEY_ACCEPTED;
    return refuse(s, s->reader.problem == CSV_OPEN_QUOTE ? SURVEY_QUOTE_OPEN : SURVEY_LINE_TOO_LONG,
                  err.text);
}

static bool begin(struct csv_survey *s)
{
    struct span head = buf_span(&s->head);
    int64_t start_byte = 0, start_line = 1;
    char hinted = '\0';
    s->has_begun = true;
    if (!refuse_other_formats(s, head))
        return false;
    if (has_bytes(head, "\xef\xbb\xbf", 3)) {
        head = span_from(head, 3);
        start_byte = 3;
    }
    s->shape.line_end =
        memchr(head.base, '\n', head.len) == NULL && memchr(head.base, '\r', head.len) ? '\r'
                                                                                       : '\n';
    size_t hint_len = separator_line(head, s->shape.line_end, &hinted);
    if (hint_len > 0) {
        head = span_from(head, hint_len);
        start_byte += (int64_t)hint_len;
        ++start_line;
    }
    choose_delimiter(s, head, hinted);
    csv_reader_init(&s->reader, &(struct csv_reader_options){.delimiter = s->shape.delimiter,
                                                             .line_end = s->shape.line_end,
                                                             .start_byte = start_byte,
                                                             .start_line = start_line,
                                                             .on_row = on_row,
                                                             .owner = s});
    s->has_reader = true;
    return feed_reader(s, head);
}

/* Bytes no text has: NUL and the controls beside tab, line breaks, form feed and DOS's end mark. */
static bool is_binary(struct span bytes)
{
    if (memchr(bytes.base, '\0', bytes.len) != NULL)
        return true;
    for (size_t i = 0; i < bytes.len; ++i) {
        unsigned char c = (unsigned char)bytes.base[i];
        if (c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != 0x1a && c != 0x1b)
            return true;
    }
    return false;
}

bool csv_survey_feed(struct csv_survey *s, struct span bytes)
{
    if (s->refusal != SURVEY_ACCEPTED || bytes.len == 0)
        return s->refusal == SURVEY_ACCEPTED;
    if (EVP_DigestUpdate(s->digest, bytes.base, bytes.len) != 1)
        abort();
    if (!s->has_begun) {
        size_t room = HEAD_MAX - buf_span(&s->head).len;
        struct span first = span_of(bytes.base, bytes.len < room ? bytes.len : room);
        buf_add(&s->head, first);
        bytes = span_from(bytes, first.len);
        if (!refuse_other_formats(s, buf_span(&s->head)))
            return false;
        if (is_binary(first))
            return refuse(s, SURVEY_NO_CSV, "the file holds bytes that no text has");
        csv_text_count(&s->text, first);
        if (bytes.len == 0 && buf_span(&s->head).len < HEAD_MAX)
            return true;
        if (!begin(s))
            return false;
    }
    if (is_binary(bytes))
        return refuse(s, SURVEY_NO_CSV, "the file holds bytes that no text has");
    csv_text_count(&s->text, bytes);
    return feed_reader(s, bytes);
}

/* ---- the verdict ---- */

static bool is_needed(const struct csv_survey *s, enum csv_column column)
{
    return s->rows_max > 0 ? csv_column_is_needed_by_campaign(column)
                           : csv_column_is_needed(column);
}

/* "kod", and where there is one before it "kod_2"; "column_7" where nothing is left of a heading.
 */
static void name_field(struct csv_survey *s, int at, struct span header)
{
    char *field = s->fields[at];
    if (csv_column_of(header) >= 0)
        return;
    csv_field_of(header, field);
    if (field[0] == '\0')
        snprintf(field, CSV_FIELD_MAX + 1, "column_%d", at + 1);
    size_t len = strlen(field);
    for (int again = 2, i = 0; i < at; ++i) {
        if (strcmp(s->fields[i], field) != 0)
            continue;
        if (len > CSV_FIELD_MAX - 4)
            len = CSV_FIELD_MAX - 4;
        snprintf(field + len, CSV_FIELD_MAX + 1 - len, "_%d", again++);
        i = -1; /* from the beginning: that name may be taken too */
    }
}

static bool judge_columns(struct csv_survey *s)
{
    struct span fields[CSV_FIELDS_MAX];
    size_t ends[CSV_FIELDS_MAX], begin_raw = 0;
    int count = s->shape.header_count, first, second;
    struct buf text;
    buf_init(&text, 4 * (size_t)HEAD_MAX);
    for (int i = 0; i < count; ++i) {
        size_t len = s->header_row.fields[i].len;
        csv_text_decode(s->shape.encoding,
                        span_of(buf_span(&s->header_fields).base + begin_raw, len), &text);
        begin_raw += len;
        ends[i] = buf_span(&text).len;
    }
    for (int i = 0; i < count; ++i) {
        size_t begin_text = i == 0 ? 0 : ends[i - 1];
        fields[i] = span_of(buf_span(&text).base + begin_text, ends[i] - begin_text);
    }
    int found = csv_columns_map(&s->shape.columns, fields, count);
    int twice = csv_columns_twice(fields, count, &first, &second);
    for (int i = 0; i < count && s->fields != NULL; ++i)
        name_field(s, i, fields[i]);
    s->shape.fields = s->fields;
    buf_release(&text);
    char detail[200];
    if (twice >= 0) {
        snprintf(detail, sizeof detail, "columns %d and %d both mean the %s: keep one", first + 1,
                 second + 1, csv_column_name((enum csv_column)twice));
        return refuse(s, SURVEY_HEADER_TWICE, detail);
    }
    if (found == 0)
        return refuse(s, SURVEY_NO_CSV, "the first line names no column that is known here");
    for (int column = 0; column < CSV_COLUMN_COUNT; ++column) {
        if (!is_needed(s, (enum csv_column)column) || s->shape.columns.at[column] >= 0)
            continue;
        snprintf(detail, sizeof detail, "the column \"%s\" is missing",
                 csv_column_name((enum csv_column)column));
        return refuse(s, SURVEY_COLUMN_MISSING, detail);
    }
    return true;
}

static bool judge(struct csv_survey *s)
{
    struct err err;
    if (s->refusal != SURVEY_ACCEPTED)
        return false;
    if (buf_span(&s->head).len == 0)
        return refuse(s, SURVEY_EMPTY, "the file is empty");
    if (!s->has_begun && !begin(s))
        return false;
    if (csv_reader_finish(&s->reader, &err) != 0)
        return refuse(s, SURVEY_QUOTE_OPEN, err.text);
    if (s->refusal != SURVEY_ACCEPTED)
        return false;
    if (s->shape.header_count == 0)
        return refuse(s, SURVEY_EMPTY, "the file holds no line");
    s->shape.encoding = csv_text_judge(&s->text);
    if (!csv_text_decode(s->shape.encoding, buf_span(&s->header_raw), &s->header))
        return refuse(s, SURVEY_NO_CSV, "the header is no text");
    return judge_columns(s);
}

enum survey_refusal csv_survey_finish(struct csv_survey *s, struct csv_shape *shape,
                                      struct err *detail)
{
    bool is_good = judge(s);
    unsigned len = SHA256_LEN;
    if (EVP_DigestFinal_ex(s->digest, s->sha256, &len) != 1)
        abort();
    sort_suspects(s);
    if (is_good)
        *shape = s->shape;
    else if (detail != NULL)
        *detail = s->detail;
    return s->refusal;
}

int64_t csv_survey_row_count(const struct csv_survey *s)
{
    return s->row_count;
}

void csv_survey_sha256(const struct csv_survey *s, uint8_t out[SHA256_LEN])
{
    memcpy(out, s->sha256, SHA256_LEN);
}

struct span csv_survey_header(const struct csv_survey *s)
{
    return buf_span(&s->header);
}

const uint64_t *csv_survey_suspects(const struct csv_survey *s, size_t *count)
{
    *count = s->suspect_count;
    return s->suspects;
}
