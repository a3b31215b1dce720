/* Campaigns as JSON, for the API and the command line alike. */
#ifndef DUNLIN_FLOW_CAMPAIGN_STATUS_H
#define DUNLIN_FLOW_CAMPAIGN_STATUS_H

#include "flow/world.h"
#include "store/campaign_store.h"

#include <jansson.h>

/* All that is known of it but its samples. */
json_t *campaign_status_json(const struct campaign_row *);
/* [{"which":"shortest","line":2,"text":"…","parts":1}]: the result of campaign_samples, with a link
 * as long as the real ones. */
json_t *campaign_samples_json(const struct world *, const PGresult *);
/* The sums over all currencies, and the money by currency. */
json_t *campaign_results_json(const PGresult *);

/* Appends millionths as "900.00", rounded up. */
void campaign_print_price(struct buf *out, int64_t micro);
/* How much of the file is read: 0 to 1; while it is uploaded, of the upload. */
double campaign_progress(const struct campaign_row *);

#endif
