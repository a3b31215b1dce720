/* Files that customers sent with a dispute, for the creditor's systems. A dispute is known by
 * customer, debt and number: "12-34-1". */
#ifndef DUNLIN_HTTP_DISPUTE_PROOFS_H
#define DUNLIN_HTTP_DISPUTE_PROOFS_H

#include "http/request.h"
#include "store/proof_store.h"

#include <jansson.h>

void dispute_proofs_list(struct request *);     /* GET /api/v1/disputes/{dispute}/proofs */
void dispute_proofs_hand_out(struct request *); /* GET /api/v1/disputes/{dispute}/proofs/{proof} */

/* The rows of proof_list as the array that both this list and a dispute itself show. */
json_t *dispute_proofs_json(const PGresult *);

#endif
