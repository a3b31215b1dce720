/* Checks an export of evidence with nothing but itself: no database, no keys. docs/evidence.md has
 * the same check in another language, for whoever would rather not ask the program that wrote it.
 */
#ifndef DUNLIN_FLOW_EVIDENCE_CHECK_H
#define DUNLIN_FLOW_EVIDENCE_CHECK_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

/* Appends a line for each thing that was looked at, "ok   …", "BAD  …" or "note …", in plain words
 * that name events by number and nothing personal. `anchor`: the hash of an anchor as it was
 * published, hex, or empty. `*holds` is whether there is no BAD among them. ERR_INPUT: it is no
 * such document. */
MUST_CHECK int evidence_check(struct span document, struct span anchor, struct buf *lines,
                              bool *holds, struct err *);

#endif
