/* What lets one file in through the upload listener: proof that our page asked for it, for this
 * dispute, just now. It stands in the address that the page's form posts to, so it can be judged
 * before a byte of the file is read. Its nonce is used once: the transaction that keeps the file
 * keeps the nonce too.
 *
 * 45 bytes in base64url: seconds since 1970 5 | key number 1 | nonce 12 | invoice 8 | dispute 4 |
 * MAC 15. */
#ifndef DUNLIN_DOMAIN_UPLOAD_TICKET_H
#define DUNLIN_DOMAIN_UPLOAD_TICKET_H

#include "base/clock.h"
#include "domain/paylink.h"

enum {
    UPLOAD_NONCE_LEN = 12,
    UPLOAD_TICKET_LEN = 60,
    UPLOAD_TICKET_SECONDS = 120, /* from the page to the first byte of the file */
};

enum upload_ticket_verdict {
    UPLOAD_TICKET_GOOD = 0,
    UPLOAD_TICKET_FORGED,  /* malformed, of another link, or signed by nobody */
    UPLOAD_TICKET_EXPIRED, /* ours, but too old: the page has a new one */
};

struct upload_ticket {
    int64_t invoice_id;
    int32_t dispute_no;
    struct instant issued_at;
    uint8_t nonce[UPLOAD_NONCE_LEN]; /* random, made by whoever issues it */
};

/* `out` gets UPLOAD_TICKET_LEN characters and a NUL. `link` is whose page shows it. */
void upload_ticket_print(const struct keyring *k, struct paylink_id link,
                         const struct upload_ticket *ticket, char out[UPLOAD_TICKET_LEN + 1]);
/* `now` is the wall clock; a ticket older than `valid_seconds` has expired. *ticket is filled when
 * the verdict is not UPLOAD_TICKET_FORGED. */
enum upload_ticket_verdict upload_ticket_check(const struct keyring *k, struct paylink_id link,
                                               struct span text, struct instant now,
                                               int64_t valid_seconds, struct upload_ticket *ticket);

#endif
