/* The list of an import's bad rows as a CSV: the rows as they stood, with their line and the reason
 * behind them, ready to be mended and imported again. UTF-8 with a byte order mark, as spreadsheets
 * want it; cells that a spreadsheet would compute get an apostrophe in front. */
#ifndef DUNLIN_FLOW_IMPORT_BAD_CSV_H
#define DUNLIN_FLOW_IMPORT_BAD_CSV_H

#include "base/buf.h"
#include "base/err.h"

struct import_bad_csv {
    char delimiter, line_end;
    int header_count;
};

/* From the survey kept with the import; writes the header row. ERR_INPUT: there is no survey. */
MUST_CHECK int import_bad_csv_begin(struct import_bad_csv *, struct span survey, struct buf *out,
                                    struct err *);
/* `column` may be empty: the reason is about the row as a whole. */
void import_bad_csv_row(const struct import_bad_csv *, int64_t line, struct span column,
                        struct span reason, struct span raw, struct buf *out);

#endif
