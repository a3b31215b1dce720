/* Moments as programs write them (RFC 3339), and people who copy from them. */
#ifndef DUNLIN_DOMAIN_INSTANT_TEXT_H
#define DUNLIN_DOMAIN_INSTANT_TEXT_H

#include "base/clock.h"
#include "base/span.h"

/* "2026-12-01T10:00:00Z", "2026-12-01T10:00+01:00"; fractions of a second are dropped. The zone
 * must be said. Years 1970 to 9998. */
bool instant_read(struct span text, struct instant *out);

#endif
