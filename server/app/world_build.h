/* Makes the world of one process out of the gateway's settings, in the child, after the fork:
 * connections and threads do not survive one. */
#ifndef DUNLIN_APP_WORLD_BUILD_H
#define DUNLIN_APP_WORLD_BUILD_H

#include "app/gateway.h"

/* Null with err when the link keys cannot be read. The database may be away: the store connects in
 * the background. `name` is the process's. */
struct world *world_new(const struct gateway *, int slot, struct err *);
/* Reads the link keys again; on failure the old ones stay. */
MUST_CHECK int world_reload_keys(struct world *, const struct settings *, struct err *);
void world_free(struct world *);

#endif
