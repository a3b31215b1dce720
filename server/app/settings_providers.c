#include "app/settings_providers.h"

#include "app/setting_checks.h"
#include "app/setting_value.h"
#include "provider/standard_webhooks.h"
#include "provider/webhooks.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>

/* ---- single values ---- */

static const char *check_environment(const char *value, char room[160])
{
    (void)room;
    return strcmp(value, "live") == 0 || strcmp(value, "test") == 0 ? NULL : "must be live or test";
}

static const char *check_name(const char *value, char room[160])
{
    (void)room;
    if (strlen(value) > 64)
        return "must be at most 64 characters";
    for (const char *c = value; *c != '\0'; ++c)
        if (*c <= ' ' || *c > '~' || *c == '"' || *c == '\\' || *c == ':')
            return "must be letters, digits and plain signs, as the provider's panel shows it";
    return NULL;
}

static const char *check_currency(const char *value, char room[160])
{
    (void)room;
    return strlen(value) == 3 && strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3
               ? NULL
               : "must be three capital letters, for instance PLN";
}

static const char *check_public_key(const char *value, char room[160])
{
    (void)room;
    return standard_webhooks_public_key_is_ok(span_str(value))
               ? NULL
               : "must be whpk_ and the base64 of 32 bytes";
}

static const char *check_type(const char *value, char room[160])
{
    struct provider_mapping mapping = {.type_count = 0};
    (void)room;
    return webhooks_add_type(&mapping, value)
               ? NULL
               : "must be a word of theirs and a kind of ours, for instance charge.captured=paid";
}

static const char *check_field(const char *value, char room[160])
{
    struct provider_mapping mapping = webhooks_usual;
    (void)room;
    return webhooks_set_path(&mapping, value)
               ? NULL
               : "must be a field and where it stands, for instance amount=data.charge.amount";
}

/* ---- the table ---- */

#define AT(field) offsetof(struct settings_provider, field)

static const struct setting rows[] = {
    {.name = "provider",
     .type = SETTING_TEXT,
     .offset = AT(provider),
     .example = "payu",
     .check = setting_check_word,
     .is_required = true,
     .help = "Which provider; docs/providers.md says what each needs."},
    {.name = "account",
     .type = SETTING_TEXT,
     .offset = AT(account),
     .default_ = "default",
     .check = setting_check_word,
     .help = "Our name for this contract, where there are several with one provider."},
    {.name = "environment",
     .type = SETTING_TEXT,
     .offset = AT(environment),
     .default_ = "live",
     .check = check_environment,
     .help = "live or test: where its API is, and which messages are refused."},
    {.name = "api_url",
     .type = SETTING_TEXT,
     .offset = AT(api_url),
     .example = "https://api.provider.example",
     .check = setting_check_url,
     .help = "Where its API is, if not where the provider has it."},
    {.name = "start_origin",
     .type = SETTING_TEXT,
     .offset = AT(start_origin),
     .example = "https://pay.provider.example",
     .check = setting_check_loopback_origin,
     .help = "Scheme and host that the customer's browser is sent to, if not the provider's own."},
    {.name = "merchant",
     .type = SETTING_TEXT,
     .offset = AT(merchant),
     .example = "300746",
     .check = check_name,
     .help = "Who we are there: PayU's POS id, merchant id, Adyen's merchant account."},
    {.name = "client_id",
     .type = SETTING_TEXT,
     .offset = AT(client_id),
     .example = "300746",
     .check = check_name,
     .help = "Of OAuth (PayU, Tpay); Przelewy24: the POS id."},
    {.name = "api_key_file",
     .type = SETTING_SECRET_FILE,
     .offset = AT(api_key),
     .example = "/etc/dunlin/provider.key",
     .help = "File with our key to its API, or the secret of client_id\n"
             "(or DUNLIN_PROVIDER_<PROVIDER>_<ACCOUNT>_API_KEY)."},
    {.name = "secret_files",
     .type = SETTING_SECRET_FILES,
     .offset = AT(secrets),
     .example = "/etc/dunlin/provider.secret",
     .min = 1,
     .max = 2,
     .help =
         "Files with the secret its callbacks are signed with; two while it rotates, the newer\n"
         "first (or DUNLIN_PROVIDER_<PROVIDER>_<ACCOUNT>_SECRET)."},
    {.name = "public_keys",
     .type = SETTING_TEXTS,
     .offset = AT(public_keys),
     .example = "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
     .min = 1,
     .max = 2,
     .check = check_public_key,
     .help = "Standard Webhooks: keys of senders that sign by v1a."},
    {.name = "types",
     .type = SETTING_TEXTS,
     .offset = AT(types),
     .example = "charge.captured=paid",
     .min = 1,
     .max = WEBHOOKS_TYPES_MAX,
     .check = check_type,
     .is_set = true,
     .help = "Standard Webhooks: what its messages are called, where not as the sandbox bank's;\n"
             "all others are no change. Kinds: pending, failed, paid, refunded, refund_failed,\n"
             "refund_reversed, disputed, charged_back, chargeback_reversed."},
    {.name = "fields",
     .type = SETTING_TEXTS,
     .offset = AT(fields),
     .example = "amount=data.charge.amount",
     .min = 1,
     .max = WEBHOOKS_FIELD_COUNT,
     .check = check_field,
     .is_set = true,
     .help =
         "Standard Webhooks: where in its messages type, id, reference, movement, amount (in\n"
         "minor units), currency, reason, live and merchant stand, where not at the usual place."},
    {.name = "certificate_url",
     .type = SETTING_TEXT,
     .offset = AT(certificate_url),
     .example = "https://secure.tpay.com/x509/notifications-jws.pem",
     .check = setting_check_url,
     .help = "Tpay: where the certificate of its notifications is, if not at its usual place."},
    {.name = "root_file",
     .type = SETTING_TEXT_FILE,
     .offset = AT(root_pem),
     .example = "/etc/dunlin/tpay-jws-root.pem",
     .help = "Tpay: PEM file with the root that certificate must come from."},
    {.name = "ca_file",
     .type = SETTING_PATH,
     .offset = AT(ca_file),
     .example = "/etc/dunlin/provider-ca.pem",
     .help = "Certificates to trust for its API instead of the system's."},
    {.name = "blik",
     .type = SETTING_BOOL,
     .offset = AT(takes_blik),
     .default_ = "true",
     .help = "Whether BLIK codes are taken on our own page, where the provider takes them there:\n"
             "PayU's point of sale and Przelewy24's account must be set up for it."},
    {.name = "currencies",
     .type = SETTING_TEXTS,
     .offset = AT(currencies),
     .example = "PLN",
     .min = 1,
     .max = 16,
     .check = check_currency,
     .is_set = true,
     .help = "Which it is offered for; left out: all it takes."},
    {.name = "amount_min",
     .type = SETTING_INT,
     .offset = AT(amount_min_minor),
     .default_ = "0",
     .min = 0,
     .max = INT64_C(1000000000000000),
     .help = "Smallest payment it is offered for, in grosz; 0: any."},
    {.name = "amount_max",
     .type = SETTING_INT,
     .offset = AT(amount_max_minor),
     .default_ = "0",
     .min = 0,
     .max = INT64_C(1000000000000000),
     .help = "Largest payment it is offered for, in grosz; 0: any."},
    {.name = NULL},
};

/* ---- several values of one ---- */

/* DUNLIN_PROVIDER_PAYU_DEFAULT_SECRET. */
static void read_environment(struct settings_reading *r, struct settings_provider *p)
{
    char name[SETTING_NAME_ROOM];
    snprintf(name, sizeof(name), "provider.%.24s.%.24s.secret", p->provider, p->account);
    const char *secret = setting_environment_of(name);
    snprintf(name, sizeof(name), "provider.%.24s.%.24s.api_key", p->provider, p->account);
    const char *api_key = setting_environment_of(name);
    if (secret != NULL) {
        p->secrets.items[0] = setting_keep(r->settings, secret, strlen(secret));
        p->secrets.count = 1;
    }
    if (api_key != NULL)
        p->api_key = setting_keep(r->settings, api_key, strlen(api_key));
}

static void fill_addresses(struct settings_provider *p, const struct provider *provider)
{
    bool is_live = strcmp(p->environment, "live") == 0;
    const char *api = is_live ? provider->live_api_url : provider->test_api_url;
    const char *start = is_live ? provider->live_start_origin : provider->test_start_origin;
    const char *certificate =
        is_live ? provider->live_certificate_url : provider->test_certificate_url;
    if (p->api_url[0] == '\0' && api != NULL)
        p->api_url = api;
    if (p->start_origin[0] == '\0' && start != NULL)
        p->start_origin = start;
    if (p->certificate_url[0] == '\0' && certificate != NULL)
        p->certificate_url = certificate;
}

static bool has_one(const struct settings_provider *p, struct span name)
{
    for (const struct setting *row = rows; row->name != NULL; ++row) {
        const void *at = (const char *)p + row->offset;
        if (!span_is_str(name, row->name))
            continue;
        assert(row->type != SETTING_BOOL && row->type != SETTING_INT);
        if (row->type == SETTING_SECRET_FILES || row->type == SETTING_TEXTS)
            return ((const struct settings_list *)at)->count > 0;
        return (*(const char *const *)at)[0] != '\0';
    }
    assert(!"a provider needs a setting that there is not");
    return false;
}

bool settings_provider_has(const struct settings_provider *p, const char *name)
{
    static const char or_word[] = " or ";
    const char *either = strstr(name, or_word);
    if (either == NULL)
        return has_one(p, span_str(name));
    return has_one(p, span_of(name, (size_t)(either - name))) ||
           has_one(p, span_str(either + sizeof(or_word) - 1));
}

static bool names_are_apart(const struct settings_list *list)
{
    for (int i = 0; i < list->count; ++i)
        for (int j = 0; j < i; ++j) {
            size_t len = strcspn(list->items[i], "=") + 1;
            if (strncmp(list->items[i], list->items[j], len) == 0)
                return false;
        }
    return true;
}

/* Each alone was right; two of them may speak of the same. */
static bool mapping_is_whole(const struct settings_provider *p)
{
    struct provider_mapping mapping = {.type_count = 0};
    for (int i = 0; i < p->types.count; ++i)
        if (!webhooks_add_type(&mapping, p->types.items[i]))
            return false;
    return names_are_apart(&p->fields);
}

static void finish(struct settings_reading *r, int index, int line)
{
    struct settings_provider *p = &r->settings->providers[index];
    const struct provider *provider = provider_find(span_str(p->provider));
    char shown[48];
    snprintf(shown, sizeof(shown), "providers[%d].", index);
    read_environment(r, p);
    if (provider != NULL)
        fill_addresses(p, provider);
    if (p->amount_max_minor != 0 && p->amount_max_minor < p->amount_min_minor)
        setting_add_mistake(r->mistakes, line, shown, "has amount_max below amount_min");
    if (!mapping_is_whole(p))
        setting_add_mistake(r->mistakes, line, shown,
                            "has types or fields that say two things of one");
    for (int i = 0; i < index; ++i)
        if (strcmp(r->settings->providers[i].provider, p->provider) == 0 &&
            strcmp(r->settings->providers[i].account, p->account) == 0)
            setting_add_mistake(r->mistakes, line, shown,
                                "is the same provider and account as an earlier one");
}

static const struct setting_tables tables = {
    .rows = rows,
    .first = offsetof(struct settings, providers),
    .item_size = sizeof(struct settings_provider),
    .count = offsetof(struct settings, provider_count),
    .max = SETTINGS_PROVIDERS_MAX,
    .finish = finish,
};

const struct setting settings_providers[] = {
    {.name = "providers",
     .type = SETTING_TABLES,
     .tables = &tables,
     .help = "Payment providers, in the order in which the page offers them."},
    {.name = NULL},
};
