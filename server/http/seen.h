/* That a person, and no scanner, has opened a page: what they do there says so, or a small script
 * that tells of their first touch, key or scroll. */
#ifndef DUNLIN_HTTP_SEEN_H
#define DUNLIN_HTTP_SEEN_H

#include "domain/paylink.h"
#include "http/request.h"

/* POST /{code}/seen with the page's token (FORM_SEEN): 204, whatever becomes of it. */
void seen_take(struct request *);
/* For the handlers of what people do on the page, once they know that the form was good. `page` is
 * what the form said of itself, see flow/page_version.h. Nobody waits for it, and where the
 * database has no time it is let go. */
void seen_note(struct world *, struct paylink_id, struct span page);
/* What calls itself a robot; for statistics alone. */
bool seen_is_robot(struct span user_agent);

#endif
