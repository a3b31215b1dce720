/* What reminding brought, for programs and people: the rows of results_ask() as JSON, as CSV, or as
 * a table in words. And the question, as programs and people ask it. */
#ifndef DUNLIN_FLOW_RESULTS_REPORT_H
#define DUNLIN_FLOW_RESULTS_REPORT_H

#include "base/buf.h"
#include "store/results_store.h"

#include <jansson.h>

/* "2028-01-31", "2028-12-31", "segment". Null and the question, or why not, in words. Periods are
 * ten years at most. */
const char *results_read_question(struct span from, struct span to, struct span by,
                                  struct results_question *);

/* An array of objects, one a row. */
json_t *results_json(const PGresult *);
/* RFC 4180, with a heading; a null is empty. */
void results_csv(const PGresult *, struct buf *out);
/* A block of lines each row: what a person wants to know first. */
void results_words(const PGresult *, struct buf *out);

#endif
