/* What campaigns say in the messages of one claim: the text that was approved, or, where another
 * amount is owed by now, the same template filled anew. Read in the claim's transaction behind its
 * locks, so that it is of the amount that the claim sees. */
#ifndef DUNLIN_FLOW_CAMPAIGN_WORDS_H
#define DUNLIN_FLOW_CAMPAIGN_WORDS_H

#include "base/buf.h"
#include "store/reminder_store.h"

struct world;
struct campaign_words;

struct campaign_words *campaign_words_new(const struct world *);
void campaign_words_free(struct campaign_words *); /* null is fine */

/* The result of campaign_add_texts; copied. */
void campaign_words_take(struct campaign_words *, const PGresult *);
/* Appends the text with its link. False: there is none, nothing can be sent. */
bool campaign_words_write(const struct campaign_words *, const struct reminder_key *,
                          struct span link, struct buf *out);

#endif
