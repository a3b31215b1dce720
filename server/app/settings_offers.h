/* The settings `offers.*` and `demands.*`: individual offers that are made by rule, the terms that
 * customers accept with any of them, and the clocks of demands and of requests for restructuring.
 */
#ifndef DUNLIN_APP_SETTINGS_OFFERS_H
#define DUNLIN_APP_SETTINGS_OFFERS_H

#include "app/settings_table.h"
#include "domain/offer.h"

extern const struct setting settings_offers[];

/* What depends on several of them. */
void settings_finish_offers(struct settings_reading *);

/* In their order; returns how many. Texts are the settings' own. */
size_t settings_offer_rules(const struct settings *, struct offer_rule out[OFFER_RULES_MAX]);

#endif
