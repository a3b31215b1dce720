/* The JSON API of a bank of one's own, as docs/providers.md describes it and the sandbox bank
 * speaks it: requests, and what their answers say. The functions are those of struct provider. */
#ifndef DUNLIN_PROVIDER_BANK_API_H
#define DUNLIN_PROVIDER_BANK_API_H

#include "provider/provider.h"

void bank_api_make_request(const struct provider_account *, const struct provider_task *, int round,
                           struct span token, const struct provider_result *,
                           struct provider_request *);
enum provider_step bank_api_read_answer(const struct provider_account *,
                                        const struct provider_task *, int round,
                                        const struct provider_answer *, struct provider_result *);

#endif
