/* Anyone's own bank: it implements the API of docs/providers.md (bank_api.h) and signs its messages
 * by Standard Webhooks, v1 with a secret or v1a with a key of its own (standard_webhooks.h). What
 * its messages are called, and where the facts stand in them, may be told by the settings
 * (webhooks.h).
 *
 * Unsure is nothing but what the standard leaves open: the window of time is 300 s both ways, as in
 * its libraries; and payments, amounts and their units are no part of it, so they are of that API.
 */
#include "provider/standard.h"

#include "provider/bank_api.h"
#include "provider/standard_webhooks.h"
#include "provider/webhooks.h"

static const char *const needs[] = {"api_url", "start_origin", "api_key_file",
                                    "secret_files or public_keys", NULL};

static const char *const scrub[] = {
    "payer",   "name", "payer_name", "email",     "payer_email", "phone", "address",
    "account", "iban", "debtor",     "blik_code", "customer",    NULL,
};

const struct provider standard_provider = {
    .name = "standard",
    .takes_blik_code = true,
    .start_is_repeatable = true,
    .tasks = PROVIDER_TASK(PROVIDER_START) | PROVIDER_TASK(PROVIDER_QUERY) |
             PROVIDER_TASK(PROVIDER_REFUND) | PROVIDER_TASK(PROVIDER_REFUND_QUERY) |
             PROVIDER_TASK(PROVIDER_CHECK),
    .needs = needs,
    .make_request = bank_api_make_request,
    .read_answer = bank_api_read_answer,
    .read_callback = webhooks_read_callback,
    .reread_callback = webhooks_reread_callback,
    .keep_headers = standard_webhooks_keep,
    .answer = "{\"received\":true}",
    .answer_type = "application/json",
    .scrub = scrub,
};
