/* Splits CSV into rows: Debian's libcsv in strict mode, fed line by line so that every row knows
 * its first line and the byte behind it, where an import can go on after a crash.
 *
 * Works on raw bytes of any encoding whose delimiters, quotes and line breaks are ASCII. Rows are
 * bounded: a row longer than CSV_ROW_BYTES_MAX ends the reading, so an open quote or a gigabyte
 * without a line break costs no memory.
 *
 * A quote inside a field that is not quoted is text, as most exports mean it (PHU "Janex"). What
 * stands behind a closing quote makes the row malformed: it is handed over with that problem and
 * reading goes on at the next line. */
#ifndef DUNLIN_FLOW_CSV_READER_H
#define DUNLIN_FLOW_CSV_READER_H

#include "base/buf.h"
#include "base/err.h"

#include <csv.h>

enum { CSV_FIELDS_MAX = 128, CSV_ROW_BYTES_MAX = 64 * 1024 };

enum csv_problem {
    CSV_FINE = 0,
    CSV_STRAY_QUOTE,     /* text behind a closing quote: this row alone */
    CSV_TOO_MANY_FIELDS, /* more than CSV_FIELDS_MAX: this row alone */
    CSV_OPEN_QUOTE,      /* a quote is never closed: reading ends */
    CSV_ROW_TOO_LONG,    /* reading ends */
};

struct csv_row {
    int64_t line;      /* the row's first line, counted from 1 */
    int64_t next_byte; /* where the next row begins */
    int64_t next_line;
    struct span raw; /* as it stood, without its line break */
    struct span fields[CSV_FIELDS_MAX];
    int field_count; /* 0 when the row has a problem */
    enum csv_problem problem;
};

/* Everything in `row` is borrowed until the callback returns. Return false to stop behind it. */
typedef bool (*csv_row_cb)(void *owner, const struct csv_row *row);

struct csv_reader_options {
    char delimiter;
    char line_end;      /* '\n' (a '\r' before it is dropped) or '\r' */
    int64_t start_byte; /* where the first byte fed lies in the file */
    int64_t start_line;
    csv_row_cb on_row;
    void *owner;
};

struct csv_reader {
    struct csv_reader_options options_;
    struct csv_parser csv_;
    struct buf raw_, text_;
    size_t ends_[CSV_FIELDS_MAX];
    int field_count_;
    int64_t byte_, line_, row_line_;
    bool is_row_complete_, is_stopped_, is_skipping_;
    enum csv_problem row_problem_;
    enum csv_problem problem; /* why reading ended with ERR_INPUT */
    int64_t problem_line;     /* first line of the row at fault */
    struct csv_row row_;
};

void csv_reader_init(struct csv_reader *, const struct csv_reader_options *);
void csv_reader_release(struct csv_reader *);
/* Takes bytes and calls on_row for each row that ends in them. Returns how many were taken: fewer
 * than given when on_row stopped it (feed the rest to go on). Negative: ERR_INPUT, see `problem`.
 */
MUST_CHECK long csv_reader_feed(struct csv_reader *, struct span bytes, struct err *);
/* The input is over: hands over a last row without a line break. */
MUST_CHECK int csv_reader_finish(struct csv_reader *, struct err *);

#endif
