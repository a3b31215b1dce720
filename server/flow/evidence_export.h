/* The evidence of one debt as one JSON document (docs/evidence.md): what the tables hold of it,
 * each event with its hashes, the texts that events name, and the anchor above the chain. */
#ifndef DUNLIN_FLOW_EVIDENCE_EXPORT_H
#define DUNLIN_FLOW_EVIDENCE_EXPORT_H

#include "base/buf.h"
#include "flow/world.h"

#include <libpq-fe.h>

#define EVIDENCE_FORMAT "dunlin evidence 1"
enum { EVIDENCE_MAX = 128 * 1024 * 1024 };

/* The row of store/evidence_store.h, with who the creditor is in front. The last byte is a line
 * feed. */
void evidence_export_write(const struct creditor *, const PGresult *, struct buf *out);

#endif
