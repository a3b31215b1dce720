/* The text beside an entry of an MT940 file (:86:), in the Polish banks' ways of writing it:
 * numbered pieces with a separator of the bank's own, mBank's labels, code words between strokes,
 * or plain text. It tells who, from which account, and why. */
#ifndef DUNLIN_DOMAIN_BANK_DETAILS_H
#define DUNLIN_DOMAIN_BANK_DETAILS_H

#include "base/buf.h"
#include "domain/iban.h"

struct bank_details {
    struct buf title, name; /* UTF-8; empty: not told */
    struct buf collect_id;  /* mBank's "ID IPH", by which it knows a mass payment's target */
    char account[IBAN_LEN_MAX + 1]; /* the other side's; "": not told */
    struct buf joined_;
};

void bank_details_init(struct bank_details *);
void bank_details_release(struct bank_details *);
/* `text` is all of the field in UTF-8, its lines with a line feed between. What was there before is
 * forgotten. */
void bank_details_read(struct bank_details *, struct span text);

#endif
