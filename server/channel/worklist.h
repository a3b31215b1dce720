/* The channels whose messages people carry out: "call" puts a row on the call list, "handover"
 * hands the debt over for collection, and holds it, so that no further reminder of it goes out. */
#ifndef DUNLIN_CHANNEL_WORKLIST_H
#define DUNLIN_CHANNEL_WORKLIST_H

#include "channel/channel.h"

extern const struct channel worklist_channel;

#endif
