/* Invoices in the API. An invoice's id is "<customer>-<invoice>", as every list and link gives it.
 */
#ifndef DUNLIN_HTTP_INVOICES_H
#define DUNLIN_HTTP_INVOICES_H

#include "base/span.h"

#include <stdbool.h>

struct invoice_key;
struct request;

/* "12-34"; false when it is none. */
bool invoices_read_key(struct span text, struct invoice_key *);

void invoices_list(struct request *); /* GET ?number=&customer=&limit=&cursor= */
void invoices_show(struct request *); /* GET /{id} */
/* POST /{id}/holds {kind: admin|dispute|promise|plan, reason?, until?}: 201 {hold} */
void invoices_hold(struct request *);
void invoices_hold_release(struct request *); /* DELETE /{id}/holds/{hold} */

#endif
