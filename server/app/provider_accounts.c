#include "app/provider_accounts.h"

#include "base/crypto.h"

#include <assert.h>

static struct span keep_list(struct buf *texts, const struct settings_list *list)
{
    size_t from = buf_span(texts).len;
    for (int i = 0; i < list->count; ++i) {
        if (i > 0)
            buf_add_char(texts, ' ');
        buf_add_str(texts, list->items[i]);
    }
    return span_from(buf_span(texts), from);
}

static struct provider_account account_of(const struct settings_provider *p,
                                          struct provider_session *session, struct buf *currencies)
{
    buf_init(currencies, 256);
    struct provider_account a = {
        .provider = provider_find(span_str(p->provider)),
        .account = span_str(p->account),
        .is_live = strcmp(p->environment, "live") == 0,
        .api_url = span_str(p->api_url),
        .start_origin = span_str(p->start_origin),
        .merchant = span_str(p->merchant),
        .client_id = span_str(p->client_id),
        .api_key = span_str(p->api_key),
        .certificate_url = span_str(p->certificate_url),
        .root_pem = span_str(p->root_pem),
        .ca_file = span_str(p->ca_file),
        .is_without_blik = !p->takes_blik,
        .currencies = keep_list(currencies, &p->currencies),
        .amount_min_minor = p->amount_min_minor,
        .amount_max_minor = p->amount_max_minor,
        .session = session,
    };
    for (int i = 0; i < p->secrets.count && i < 2; ++i)
        a.secrets[i] = span_str(p->secrets.items[i]);
    for (int i = 0; i < p->public_keys.count && i < 2; ++i)
        a.public_keys[i] = span_str(p->public_keys.items[i]);
    return a;
}

/* Null where nothing is called otherwise than usual. */
static const struct provider_mapping *mapping_of(const struct settings_provider *p,
                                                 struct provider_mapping *mapping)
{
    bool is_ok = true;
    if (p->types.count == 0 && p->fields.count == 0)
        return NULL;
    *mapping = webhooks_usual;
    if (p->types.count > 0)
        mapping->type_count = 0;
    for (int i = 0; i < p->types.count; ++i)
        is_ok &= webhooks_add_type(mapping, p->types.items[i]);
    for (int i = 0; i < p->fields.count; ++i)
        is_ok &= webhooks_set_path(mapping, p->fields.items[i]);
    assert(is_ok); /* the settings were checked */
    return mapping;
}

void provider_accounts_init(struct provider_accounts *accounts, const struct settings *s)
{
    memset(accounts, 0, sizeof(*accounts));
    for (int i = 0; i < s->provider_count; ++i) {
        const struct settings_provider *p = &s->providers[i];
        accounts->all[i] = account_of(p, &accounts->sessions_[i], &accounts->currencies_[i]);
        accounts->all[i].mapping = mapping_of(p, &accounts->mappings_[i]);
    }
}

void provider_accounts_release(struct provider_accounts *accounts)
{
    for (int i = 0; i < SETTINGS_PROVIDERS_MAX; ++i)
        buf_release(&accounts->currencies_[i]);
    secret_wipe(accounts, sizeof(*accounts));
}
