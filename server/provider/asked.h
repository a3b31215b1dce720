/* Facts that the provider told when it was asked, instead of calling back. They go the way of
 * callbacks, and are kept like those: what is kept as their raw message is the facts themselves, as
 * they were understood, one JSON object. */
#ifndef DUNLIN_PROVIDER_ASKED_H
#define DUNLIN_PROVIDER_ASKED_H

#include "provider/provider.h"

/* The headers that such a message is kept with. */
#define ASKED_HEADERS SPAN_LIT("{\"asked\":true}")

/* Sets the facts apart from what a callback says with the same key, and writes them. */
void asked_keep(struct callback_facts *, struct buf *json);

/* Reads a kept message again, whichever way it came. */
enum callback_verdict asked_or_called_reread(const struct provider_account *, struct span headers,
                                             struct span body, struct callback_facts *);

#endif
