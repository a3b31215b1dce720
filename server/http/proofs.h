/* The upload listener: files that customers send with a dispute. Its door judges the ticket before
 * the file is read; the handler looks at the form and the file and keeps it.
 *
 * The form is posted from another origin, so nothing but the ticket decides. */
#ifndef DUNLIN_HTTP_PROOFS_H
#define DUNLIN_HTTP_PROOFS_H

#include "http/door.h"
#include "http/request.h"

extern const struct door_rules proofs_door;

/* POST /{code}/proof/{ticket}: a form whose part "file" is the file. */
void proofs_take(struct request *);

#endif
