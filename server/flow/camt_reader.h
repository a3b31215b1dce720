/* camt.053 (ISO 20022, versions 02 and 08), read as it comes: libxml2's push parser hands over its
 * elements one by one, so no tree is built and memory does not grow with the file. Nothing is
 * fetched and no entity is known: a document type is refused where it begins. */
#ifndef DUNLIN_FLOW_CAMT_READER_H
#define DUNLIN_FLOW_CAMT_READER_H

#include "base/span.h"
#include "flow/statement_sink.h"

enum {
    CAMT_PARTS_MAX = 10000
}; /* of one batch: an entry is handed over when all its parts are known */

struct camt_reader;

struct camt_reader *camt_reader_new(const struct statement_sink *sink);
void camt_reader_free(struct camt_reader *);
/* Takes the next bytes of the file, in the encoding that it declares. 0, ERR_INPUT for what is no
 * statement ("line 7: …", without the file's own words), or what the sink returned. After an error
 * only free may follow. */
MUST_CHECK int camt_reader_feed(struct camt_reader *, struct span bytes, struct err *);
/* The file has ended: tells what is missing. */
MUST_CHECK int camt_reader_finish(struct camt_reader *, struct err *);

#endif
