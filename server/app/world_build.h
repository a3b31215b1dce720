/* Makes the world of one process out of the gateway's settings, in the child, after the fork:
 * connections and threads do not survive one. */
#ifndef DUNLIN_APP_WORLD_BUILD_H
#define DUNLIN_APP_WORLD_BUILD_H

#include "app/gateway.h"

/* What to be told of by the database. */
struct world_notices {
    const char *const *listen; /* ended by null; may be null */
    void (*on_notified)(void *owner, const char *channel, const char *payload);
    void *owner;
};

/* Null with err when the link keys cannot be read. The database may be away: the store connects in
 * the background. `name` is the process's. */
struct world *world_new(const struct gateway *, int slot, const struct world_notices *,
                        struct err *);
/* Reads the link keys again; on failure the old ones stay. */
MUST_CHECK int world_reload_keys(struct world *, const struct settings *, struct err *);
void world_free(struct world *);

/* What the settings say of these; texts are the settings' own. */
struct creditor world_creditor_of(const struct settings *);
struct campaign_rules world_campaign_rules(const struct settings *);
/* By these channels (ended by null), or where that is null by those that the settings name. */
struct world_reach world_reach_of(const struct settings *, const struct channel *const *or_null);

#endif
