/* Two kinds of time that must not be mixed. `struct instant` is a point on the wall clock (UTC) and
 * is what business rules take as `now`; `struct mono` only measures how long something took.
 * Only app and io call the readers; everything below is handed its times. */
#ifndef DUNLIN_BASE_CLOCK_H
#define DUNLIN_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct instant {
    int64_t us; /* microseconds since 1970-01-01T00:00:00Z */
};

struct mono {
    int64_t ns;
};

/* The machine's wall clock: for what is judged against the outside world (signatures, TLS). */
struct instant clock_wall(void);
struct mono clock_mono(void);

static inline struct instant instant_plus_seconds(struct instant t, int64_t seconds)
{
    return (struct instant){t.us + seconds * 1000000};
}

static inline int64_t instant_seconds(struct instant t)
{
    return t.us / 1000000;
}

static inline int64_t mono_us_since(struct mono from, struct mono to)
{
    return (to.ns - from.ns) / 1000;
}

/* "2026-11-22T21:35:20Z" into at least 21 bytes. */
void instant_print(struct instant t, char out[21]);
/* "2026-11-22T21:35:20Z", or with "+01:00" at the end; fractions of a second are cut. False when it
 * is no such text. */
bool instant_scan(const char *text, size_t len, struct instant *t);

#endif
