/* Opening a link: the code is checked in memory, one statement fetches what the page shows, and
 * the model of the page is decided. Changes nothing.
 *
 *   paylink_open_begin -> on_page_read -> on_opened
 *
 * A code that is forged or malformed never gets here: it is refused by paylink_check_code, without
 * a query. When the database does not answer, on_opened gets its error and no model. */
#ifndef DUNLIN_FLOW_PAYLINK_OPEN_H
#define DUNLIN_FLOW_PAYLINK_OPEN_H

#include "flow/page_model.h"
#include "flow/world.h"

/* `model` and what it points to live until the callback returns; null when `err` is set. */
typedef void (*paylink_open_cb)(void *owner, const struct page_model *model, const struct err *err);

struct paylink_open {
    struct page_read read_;
    struct page_wishes wishes_;
    struct instant now_;
    paylink_open_cb on_opened_;
    void *owner_;
};

/* Returns an error and never calls back, or 0 and calls back exactly once, later. */
MUST_CHECK int paylink_open_begin(struct paylink_open *op, const struct world *world,
                                  struct paylink_id link, struct page_wishes wishes,
                                  paylink_open_cb on_opened, void *owner, struct err *err);
/* The callback will not run any more. Harmless when it has run. */
void paylink_open_cancel(struct paylink_open *op);

#endif
