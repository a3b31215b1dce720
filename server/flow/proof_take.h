/* Keeps a file that a customer has sent with a dispute: the file, the use of its ticket and the
 * event in one transaction, over a connection of its own. */
#ifndef DUNLIN_FLOW_PROOF_TAKE_H
#define DUNLIN_FLOW_PROOF_TAKE_H

#include "domain/file_kind.h"
#include "flow/world.h"
#include "store/proof_store.h"

enum proof_take_result {
    PROOF_TAKE_KEPT = 1,
    PROOF_TAKE_USED,   /* the ticket let a file in already: that one is kept */
    PROOF_TAKE_FULL,   /* the dispute has as many files as it may */
    PROOF_TAKE_CLOSED, /* the dispute is not open, any more or at all */
};

struct proof_take_options {
    struct proof_dispute dispute;
    const uint8_t *nonce; /* UPLOAD_NONCE_LEN bytes; copied */
    enum file_kind kind;
    struct span page;    /* its name, see page_version; empty: not told */
    struct span content; /* 1 to PROOF_BYTES_MAX bytes; copied before begin returns */
};

/* `err->code` not 0: perhaps kept, perhaps not; `result` then says nothing. */
typedef void (*proof_take_cb)(void *owner, enum proof_take_result result, const struct err *err);

struct proof_take;

/* An error and no call back, or 0 and exactly one, later, unless it is forgotten. */
MUST_CHECK int proof_take_begin(struct world *, const struct proof_take_options *, proof_take_cb,
                                void *owner, struct proof_take **, struct err *);
/* The sender has gone: nothing is told, the file is kept all the same. */
void proof_take_forget(struct proof_take *);

#endif
