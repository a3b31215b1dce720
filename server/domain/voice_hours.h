/* When a voice message may ring in Poland: between two full hours of Polish time, its repeats
 * included. */
#ifndef DUNLIN_DOMAIN_VOICE_HOURS_H
#define DUNLIN_DOMAIN_VOICE_HOURS_H

#include "base/clock.h"

struct voice_hours {
    int from, to;          /* hours of the day, 0 to 24, from < to */
    int32_t takes_seconds; /* from the first ringing to the last repeat */
};

/* Polish time minus UTC: an hour, in summer two (last Sunday of March to last of October, at 1:00
 * UTC, as the European directive 2000/84/EC has it). */
int32_t polish_offset_seconds(struct instant at);

/* How long until it may begin; 0: now. */
int32_t voice_hours_wait_seconds(const struct voice_hours *, struct instant now);

#endif
