/* The evidence of one debt on paper: an export (flow/evidence_export.h) as PDF, on A4. */
#ifndef DUNLIN_APP_EVIDENCE_PAPER_H
#define DUNLIN_APP_EVIDENCE_PAPER_H

#include "base/buf.h"
#include "base/err.h"

/* `language` is "pl" or "en". Appends the PDF. ERR_INPUT: it is no such document. Takes about a
 * second for a thousand events: not for the loop. */
MUST_CHECK int evidence_paper_draw(struct span document, const char *language, struct buf *pdf,
                                   struct err *);

#endif
