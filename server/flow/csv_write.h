/* Cells of a CSV for spreadsheets: quoted where they must be, and with an apostrophe in front where
 * a spreadsheet would compute them. */
#ifndef DUNLIN_FLOW_CSV_WRITE_H
#define DUNLIN_FLOW_CSV_WRITE_H

#include "base/buf.h"

/* The byte order mark that spreadsheets want of UTF-8. */
#define CSV_BYTE_ORDER_MARK SPAN_LIT("\xef\xbb\xbf")

void csv_write_cell(struct buf *out, struct span cell, char delimiter);

#endif
