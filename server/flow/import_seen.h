/* What the rows of a file have said so far, where two of them may be about one thing: an invoice's
 * number that stands there twice, a debt of a campaign, a customer's consents. Judged row by row in
 * the order of the file, so that it does not depend on where parts end or an import was resumed. */
#ifndef DUNLIN_FLOW_IMPORT_SEEN_H
#define DUNLIN_FLOW_IMPORT_SEEN_H

#include "flow/csv_survey.h"
#include "flow/import_row.h"

struct import_seen;

enum import_repeat {
    IMPORT_ROW_NEW = 0,
    IMPORT_ROW_SAME, /* says what a row before it said */
    IMPORT_ROW_BAD,
};

/* The survey is over; it is borrowed. */
struct import_seen *import_seen_new(const struct csv_survey *, const struct csv_shape *,
                                    bool is_campaign);
void import_seen_free(struct import_seen *);
/* Whether rows that are in already have to be noted again when an import is resumed. */
bool import_seen_needs_all(const struct import_seen *);
/* The next good row. IMPORT_ROW_BAD: `fault` says why. */
enum import_repeat import_seen_note(struct import_seen *, const struct import_row *,
                                    struct import_fault *fault);

#endif
