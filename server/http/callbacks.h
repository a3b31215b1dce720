/* Where providers call back, and where people see what could not be booked. */
#ifndef DUNLIN_HTTP_CALLBACKS_H
#define DUNLIN_HTTP_CALLBACKS_H

#include "http/request.h"

/* POST /callbacks/{provider}: 200 when it is on disk, 401 forged or stale, 400 not readable, 404
 * unknown provider, 503 come again. Nothing of a forged one is kept. */
void callbacks_take(struct request *);

/* GET /api/v1/callbacks?state=parked: {"items":[…],"next":cursor or null}, oldest first, with the
 * raw messages. Query: limit (1 to 100), cursor. */
void callbacks_list(struct request *);

#endif
