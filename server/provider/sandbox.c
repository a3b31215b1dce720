#include "provider/sandbox.h"

#include "provider/bank_api.h"
#include "provider/standard_webhooks.h"
#include "provider/webhooks.h"

static const char *const needs[] = {"api_url", "start_origin", "secret_files", NULL};

const struct provider sandbox_provider = {
    .name = "sandbox",
    .takes_blik_code = true,
    .start_is_repeatable = true,
    .tasks = PROVIDER_TASK(PROVIDER_START),
    .needs = needs,
    .make_request = bank_api_make_request,
    .read_answer = bank_api_read_answer,
    .read_callback = webhooks_read_callback,
    .reread_callback = webhooks_reread_callback,
    .keep_headers = standard_webhooks_keep,
    .answer = "{\"received\":true}",
    .answer_type = "application/json",
};
