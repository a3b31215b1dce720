/* The terms that a customer accepts, kept as evidence. Whoever lets them be accepted keeps them in
 * the transaction of the event that says so, and names the version in its facts as "terms":
 *
 *     char version[TEXT_VERSION_LEN + 1];
 *     terms_keep(&op->tx, &(struct terms){language, text}, now, version);
 *     … facts: {"terms": version, …}
 *
 * The export of a debt's evidence shows the texts of all versions that its events name so. */
#ifndef DUNLIN_STORE_TERMS_STORE_H
#define DUNLIN_STORE_TERMS_STORE_H

#include "base/clock.h"
#include "base/span.h"
#include "domain/text_version.h"

struct pg_tx;

struct terms {
    struct span language; /* two letters, "pl" */
    struct span text;     /* the very words shown, UTF-8, with nothing personal in them */
};

/* Adds a statement to the transaction; a text that is kept already stays as it is. All spans are
 * copied. `version` is filled at once. */
void terms_keep(struct pg_tx *, const struct terms *, struct instant now,
                char version[TEXT_VERSION_LEN + 1]);

#endif
