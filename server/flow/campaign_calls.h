/* A campaign's call list as CSV: `;` between cells, UTF-8 with a mark, as spreadsheets here take
 * it; what one would compute has an apostrophe in front. */
#ifndef DUNLIN_FLOW_CAMPAIGN_CALLS_H
#define DUNLIN_FLOW_CAMPAIGN_CALLS_H

#include "base/buf.h"
#include "store/campaign_store.h"

/* The heading. */
void campaign_calls_begin(struct buf *out);
/* A row of campaign_calls' result. */
void campaign_calls_row(const PGresult *, int row, struct buf *out);

#endif
