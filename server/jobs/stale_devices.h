/* Devices whose app has not called for so long that the service has given up their token: Firebase
 * does after 270 days. They end as dead, with that reason, so that the reminder goes another way
 * instead of waiting for a refusal. Apple promises no such time; its word is waited for. */
#ifndef DUNLIN_JOBS_STALE_DEVICES_H
#define DUNLIN_JOBS_STALE_DEVICES_H

#include <stdbool.h>

enum { STALE_DEVICES_DAYS = 270, STALE_DEVICES_LOOK_MS = 10 * 60 * 1000 };

struct world;
struct stale_devices;

/* Looks soon, and then every ten minutes; in business time, by batches. */
struct stale_devices *stale_devices_new(struct world *);
void stale_devices_stop(struct stale_devices *);
bool stale_devices_is_idle(const struct stale_devices *);
/* Idle, or after its store is gone. */
void stale_devices_free(struct stale_devices *);

#endif
