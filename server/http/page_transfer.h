/* The data of an ordinary bank transfer for what is to be paid now, as the page shows it and as its
 * QR code holds it: both are made here, so they cannot differ. */
#ifndef DUNLIN_HTTP_PAGE_TRANSFER_H
#define DUNLIN_HTTP_PAGE_TRANSFER_H

#include "flow/world.h"
#include "store/page_store.h"

struct page_transfer {
    struct span recipient, account /* IBAN */, title;
};

/* False when no account is known to transfer to. Spans belong to `world` and `row`. */
bool page_transfer_of(struct page_transfer *t, const struct world *world,
                      const struct page_row *row);
/* What the QR code holds is appended to `text`; false, and nothing of use in it, when there is to
 * be no code for this transfer. */
bool page_transfer_qr(const struct page_transfer *t, const struct world *world,
                      const struct page_row *row, struct buf *text, bool *is_medium_correction);

#endif
