/* Reads a whole export once before anything is changed: is it a CSV at all, in which shape, with
 * which columns, and how many rows? Bounded memory for any input.
 *
 * It also finds the invoice numbers that may stand in the file more than once, so that the import
 * can judge repeated rows without remembering a million numbers: a Bloom filter of fixed size
 * names the suspects, which are few. */
#ifndef DUNLIN_FLOW_CSV_SURVEY_H
#define DUNLIN_FLOW_CSV_SURVEY_H

#include "base/crypto.h"
#include "flow/csv_columns.h"
#include "flow/csv_reader.h"
#include "flow/csv_text.h"

enum survey_refusal {
    SURVEY_ACCEPTED = 0,
    SURVEY_EMPTY,
    SURVEY_UTF_16,
    SURVEY_NO_CSV,
    SURVEY_LINE_TOO_LONG,
    SURVEY_QUOTE_OPEN,
    SURVEY_HEADER_TWICE,
    SURVEY_COLUMN_MISSING,
    SURVEY_TOO_MANY_COLUMNS,
    SURVEY_TOO_MANY_REPEATS,
    SURVEY_TOO_MANY_ROWS,
};

/* A stable word, the type of a problem: "csv-empty", "csv-column-missing", … */
const char *survey_refusal_word(enum survey_refusal);

/* What the import must know to read the file again. */
struct csv_shape {
    enum csv_encoding encoding;
    char delimiter, line_end;
    int64_t rows_byte; /* where the first row behind the header begins */
    int64_t rows_line;
    int header_count;
    struct csv_columns columns;
    /* Of a campaign's file, the survey's: what each column is called in templates; "" for those
     * that are known. Else null. */
    char (*fields)[CSV_FIELD_MAX + 1];
};

enum { CSV_SUSPECTS_MAX = 100000 };

struct csv_survey;

struct csv_survey *csv_survey_new(void);
void csv_survey_free(struct csv_survey *);
/* Before the first byte: the file is a campaign's, of at most so many rows. */
void csv_survey_for_campaign(struct csv_survey *, int64_t rows_max);
/* Bytes in order. Once it has refused it takes no more: returns false, as feeding can end. */
bool csv_survey_feed(struct csv_survey *, struct span bytes);
/* The input is over. Fills `detail` with plain words (no personal data) when it is refused. */
enum survey_refusal csv_survey_finish(struct csv_survey *, struct csv_shape *, struct err *detail);

/* After finish. */
int64_t csv_survey_row_count(const struct csv_survey *);
void csv_survey_sha256(const struct csv_survey *, uint8_t out[SHA256_LEN]);
/* The header row as it stood, in UTF-8. */
struct span csv_survey_header(const struct csv_survey *);
/* Sorted fingerprints of the numbers that may stand there twice; owned by the survey. */
const uint64_t *csv_survey_suspects(const struct csv_survey *, size_t *count);
/* The fingerprint of an invoice number's raw bytes. */
uint64_t csv_number_fingerprint(struct span raw);

#endif
