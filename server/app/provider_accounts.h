/* The accounts with payment providers that the settings name, as everybody who calls a provider
 * wants them. */
#ifndef DUNLIN_APP_PROVIDER_ACCOUNTS_H
#define DUNLIN_APP_PROVIDER_ACCOUNTS_H

#include "app/settings.h"
#include "base/buf.h"
#include "provider/provider_session.h"
#include "provider/webhooks.h"

struct provider_accounts {
    struct provider_account all[SETTINGS_PROVIDERS_MAX + 1]; /* a null provider ends */
    struct provider_session sessions_[SETTINGS_PROVIDERS_MAX];
    struct buf currencies_[SETTINGS_PROVIDERS_MAX]; /* "PLN EUR" */
    struct provider_mapping mappings_[SETTINGS_PROVIDERS_MAX];
};

/* In the order of the settings, which must have been read without a mistake; their texts are
 * borrowed. A name that no provider has is left null. Not to be moved: the accounts point into it.
 */
void provider_accounts_init(struct provider_accounts *, const struct settings *);
/* Wipes what was learnt of the providers, tokens among it. */
void provider_accounts_release(struct provider_accounts *);

#endif
