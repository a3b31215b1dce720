/* A4 pages of headings, paragraphs and tables as PDF, with page numbers and page breaks of its own.
 * Knows nothing of what it says. Text is UTF-8, is never markup, and stays text in the file: it can
 * be searched and copied.
 *
 * Pages are recorded and written at the end, as each says how many there are. */
#ifndef DUNLIN_APP_PAPER_H
#define DUNLIN_APP_PAPER_H

#include "base/buf.h"
#include "base/err.h"

#include <stddef.h>

enum { PAPER_COLUMNS_MAX = 8 };

enum paper_style {
    PAPER_BODY = 0,
    PAPER_TITLE,
    PAPER_SUBTITLE,
    PAPER_STRONG,
    PAPER_CELL,  /* of a table */
    PAPER_SMALL, /* grey: what is beside the point */
    PAPER_CODE,  /* hashes */
    PAPER_STYLE_COUNT,
};

struct paper_options {
    const char *language;          /* of the text, "pl": how lines break */
    const char *title, *author;    /* in the file's own data */
    const char *subject, *made_at; /* made_at: "2026-12-01T10:00:00Z" */
    const char *foot;              /* at the left of each page's foot */
};

struct paper_column {
    const char *heading;
    double share;  /* of the width; all together 1 */
    bool is_right; /* numbers */
    enum paper_style style;
};

struct paper;

/* Options are borrowed until paper_finish. */
struct paper *paper_new(const struct paper_options *);
/* Writes the file and frees all. ERR_SYSTEM when it
 * could not be written. */
MUST_CHECK int paper_finish(struct paper *, struct buf *pdf, struct err *);

/* A section begins; also in the file's outline. */
void paper_heading(struct paper *, const char *text);
/* Lines that break where they must, also from page to page. */
void paper_text(struct paper *, enum paper_style, struct span text);
/* The same with a bar at its side: words of somebody else. */
void paper_quote(struct paper *, struct span text);
/* "Label   value" in two columns. */
void paper_pair(struct paper *, const char *label, enum paper_style, struct span value);
void paper_space(struct paper *, double points);

/* Headings come again on each page. `columns` is borrowed until the end. */
void paper_table_begin(struct paper *, const struct paper_column *columns, size_t count);
void paper_table_row(struct paper *, const struct span *cells);
void paper_table_end(struct paper *);

#endif
