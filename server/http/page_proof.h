/* The form that sends a file with a dispute: where proof.mustache posts to. The sheet of a dispute
 * has [[> proof.mustache]] in its template and calls sheet_set_proof before its reply. */
#ifndef DUNLIN_HTTP_PAGE_PROOF_H
#define DUNLIN_HTTP_PAGE_PROOF_H

#include "domain/upload_ticket.h"
#include "http/sheet.h"

struct page_proof {
    int64_t invoice_id;
    int32_t dispute_no;
    int64_t proof_count; /* files that the dispute has: with PROOFS_MAX there is no form */
};

/* Sets the form's address, {{proof_url}}, with a ticket that is good for two minutes and one file.
 * Nothing is set, and so no form shown, where no files are taken or no more are. */
void sheet_set_proof(struct sheet *, const struct page_proof *);

/* For that and its test: appends the address. `language` is of one that was chosen; null: none. */
struct page_proof_form {
    struct span code;
    struct paylink_id link;
    const char *language;
    struct upload_ticket ticket;
};
void page_proof_print(const struct world *, const struct page_proof_form *, struct buf *out);

#endif
