/* Where providers call back, and where people see what could not be booked. */
#ifndef DUNLIN_HTTP_CALLBACKS_H
#define DUNLIN_HTTP_CALLBACKS_H

#include "http/request.h"

/* POST /callbacks/{provider}: 200 when it is on disk, 401 forged or stale, 400 not readable, 403
 * meant for others, 404 unknown provider, 503 come again. What is refused is counted and shown by
 * callbacks_list_refused, and does nothing else. */
void callbacks_take(struct request *);

/* GET /api/v1/callbacks?state=parked: {"items":[…],"next":cursor or null}, oldest first, with the
 * raw messages, scrubbed. Query: limit (1 to 100), cursor. */
void callbacks_list(struct request *);

/* GET /api/v1/callbacks/refused: likewise, newest first. */
void callbacks_list_refused(struct request *);

#endif
