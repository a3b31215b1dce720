/* Files sent with a dispute, in the tables; see proof.sql. A dispute is known by its customer, debt
 * and number; its files are numbered from 1. */
#ifndef DUNLIN_STORE_PROOF_STORE_H
#define DUNLIN_STORE_PROOF_STORE_H

#include "base/crypto.h"
#include "domain/upload_ticket.h"
#include "store/page_version_store.h"
#include "store/store.h"

enum {
    PROOF_BYTES_MAX = 8 * 1024 * 1024, /* of one file */
    PROOFS_MAX = 3,                    /* of one dispute */
    PROOF_PIECE_BYTES = 256 * 1024,
};

struct proof_dispute {
    int64_t customer_id, invoice_id, dispute_no;
};
/* "12-34-1": customer, debt, dispute; for addresses. */
bool proof_dispute_read(struct span text, struct proof_dispute *);

/* Whether a file may come, asked before it does. `nonce` has UPLOAD_NONCE_LEN bytes. */
struct proof_room {
    bool is_open, is_used; /* is_open: the dispute; is_used: the ticket let a file in already */
    int64_t proof_count;
};
MUST_CHECK int proof_admit(struct store *, struct pg_query *, const struct proof_dispute *,
                           const uint8_t nonce[UPLOAD_NONCE_LEN], pg_result_cb on_result,
                           void *owner, struct err *);
void proof_read_room(const PGresult *, struct proof_room *);

struct proof_new {
    struct proof_dispute dispute;
    uint8_t nonce[UPLOAD_NONCE_LEN];
    struct span kind;    /* of domain/file_kind */
    struct span content; /* copied before the call returns */
    uint8_t sha256[SHA256_LEN];
    struct page_shown page; /* on which the customer chose it */
    struct instant now;
};
enum proof_refusal {
    PROOF_REFUSAL_NONE = 0, /* the failure is none of the rules': try again */
    PROOF_REFUSAL_USED,     /* the ticket let a file in already */
    PROOF_REFUSAL_FULL,     /* the dispute has PROOFS_MAX files */
    PROOF_REFUSAL_CLOSED,   /* the dispute is not open, any more or at all */
};
/* One transaction over `files` (store_files_borrow): the file, the use of its ticket and the event
 * are there together or not at all. Ask proof_refusal_of inside an `on_done` that carries an error.
 */
MUST_CHECK int proof_keep(struct pg *files, struct pg_tx *, const struct proof_new *,
                          pg_done_cb on_done, void *owner, struct err *);
enum proof_refusal proof_refusal_of(const struct pg *files);

struct proof_listed {
    int64_t proof_no, bytes;
    struct span kind, sha256; /* SHA256_LEN bytes; both die with the result */
    struct instant uploaded_at;
    bool is_erased;
};
/* The files of a dispute, a row each, for proof_read_listed. */
MUST_CHECK int proof_list(struct store *, struct pg_query *, const struct proof_dispute *,
                          pg_result_cb on_result, void *owner, struct err *);
void proof_read_listed(const PGresult *, int row, struct proof_listed *);

/* PROOF_PIECE_BYTES of a file, or what is left of it, behind `after` bytes. */
struct proof_piece {
    struct span kind;  /* null base: there is no such file, or it was erased */
    int64_t bytes;     /* of the whole */
    struct span piece; /* dies with the result */
};
MUST_CHECK int proof_read(struct store *, struct pg_query *, const struct proof_dispute *,
                          int64_t proof_no, int64_t after, pg_result_cb on_result, void *owner,
                          struct err *);
void proof_read_piece(const PGresult *, struct proof_piece *);

#endif
