/* One-click unsubscribe (RFC 8058) from what may be refused, at the address that a mail's List-Unsubscribe names, and the
 * page for people there. The code in the address says who; no cookie, no form token: a mailbox
 * provider has none. */
#ifndef DUNLIN_HTTP_UNSUBSCRIBE_H
#define DUNLIN_HTTP_UNSUBSCRIBE_H

#include "http/request.h"

/* POST /{code}/unsubscribe: 200 and never a redirect. GET: pages_show_unsubscribe. */
void unsubscribe_take(struct request *);

#endif
