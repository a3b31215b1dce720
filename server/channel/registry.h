/* The channels there are. Adding one is one file and one line in registry.c; which of them an
 * installation uses is in its world. */
#ifndef DUNLIN_CHANNEL_REGISTRY_H
#define DUNLIN_CHANNEL_REGISTRY_H

#include "channel/channel.h"

/* Ended by null. */
extern const struct channel *const channel_registry[];

/* The first of `channels` (ended by null) that takes messages of this kind ("push", "sms",
 * "email"), or null. */
const struct channel *channel_find(const struct channel *const *channels, struct span kind);

#endif
