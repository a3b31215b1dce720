/* Channels that stopped because somebody had to act (no credit, a bad token): now and
 * then their gateway is asked whether the credentials are good again, with a request that sends
 * nothing; where it has none, as a mail server, they simply go on after ten times of that, and
 * what is tried then tells. */
#ifndef DUNLIN_JOBS_CHANNEL_WATCH_H
#define DUNLIN_JOBS_CHANNEL_WATCH_H

#include <stdint.h>

struct world;
struct channel_watch;

/* `on_room` is told when a channel goes on. */
struct channel_watch *channel_watch_new(struct world *, uint32_t every_ms,
                                        void (*on_room)(void *owner), void *owner);
void channel_watch_stop(struct channel_watch *);
/* Before the world's gateways and gates. */
void channel_watch_free(struct channel_watch *);

#endif
