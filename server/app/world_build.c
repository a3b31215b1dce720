#include "app/world_build.h"

#include "app/keys.h"
#include "app/message_gateways.h"
#include "app/provider_accounts.h"
#include "app/settings_gateway.h"
#include "app/settings_identity.h"
#include "app/settings_offers.h"
#include "app/settings_plans.h"
#include "app/settings_promises.h"
#include "app/settings_reminders.h"
#include "base/buf.h"
#include "base/crypto.h"
#include "channel/email.h"
#include "channel/registry.h"
#include "channel/worklist.h"
#include "domain/app_link.h"
#include "domain/keyring.h"
#include "io/fetch.h"
#include "io/timer.h"
#include "provider/provider_call.h"
#include "store/store.h"

#include <assert.h>
#include <stdlib.h>

enum { FETCHES_MAX = 256, CHANNELS_MAX = 16 };
_Static_assert(3 * (PROVIDER_STARTS_MAX + PROVIDER_ASKS_MAX) < FETCHES_MAX,
               "three accounts that do not answer leave calls to a fourth");

/* The world with what it points to, all freed together. */
struct world_house {
    struct world world; /* first: world_free finds the house by it */
    struct provider_accounts accounts;
    const struct channel *channels[CHANNELS_MAX + 1];
    struct http_report sms_report, voice_report;
    struct buf texts; /* "form_hosts\0callback_url" */
    struct buf ios_apps, android_apps;
    struct plan_policy plan_policies[PLAN_POLICIES_MAX];
    struct offer_rule offer_rules[OFFER_RULES_MAX];
    struct keyring *keys, *keys_before; /* the last ones live on: a flow may still hold them */
};

struct creditor world_creditor_of(const struct settings *s)
{
    return (struct creditor){
        .name = span_str(s->creditor.name),
        .nip = span_str(s->creditor.nip),
        .phone = span_str(s->creditor.phone),
        .email = span_str(s->creditor.email),
        .website = span_str(s->creditor.website),
        .account = span_str(s->creditor.account),
        .takes_euro_transfers = s->creditor.takes_euro_transfers,
        .privacy_url = span_str(s->creditor.privacy_url),
    };
}

static bool has_host(const struct settings *s, int count, const char *origin)
{
    for (int i = 0; i != count; ++i)
        if (strcmp(s->providers[i].start_origin, origin) == 0)
            return true;
    return false;
}

static void fill_providers(struct world_house *h, const struct settings *s)
{
    provider_accounts_init(&h->accounts, s);
    for (int i = 0; i != s->provider_count; ++i) {
        const struct settings_provider *p = &s->providers[i];
        assert(h->accounts.all[i].provider != NULL); /* the settings were checked */
        if (p->start_origin[0] == '\0' || has_host(s, i, p->start_origin))
            continue;
        if (buf_span(&h->texts).len != 0)
            buf_add_char(&h->texts, ' ');
        buf_add_str(&h->texts, p->start_origin);
    }
    h->world.providers = h->accounts.all;
}

static void fill_texts(struct world_house *h, const struct settings *s)
{
    if (s->upload.listen[0] != '\0') {
        if (buf_span(&h->texts).len != 0)
            buf_add_char(&h->texts, ' ');
        buf_add_str(&h->texts, s->upload.url);
        h->world.upload_url = span_str(s->upload.url);
    }
    size_t hosts_len = buf_span(&h->texts).len;
    buf_add_str(&h->texts, s->public_.url);
    buf_add_str(&h->texts, "/callbacks");
    struct span all = buf_span(&h->texts);
    h->world.form_hosts = span_of(all.base, hosts_len);
    h->world.callback_url = span_from(all, hosts_len);
    h->world.public_url = span_str(s->public_.url);
}

/* Small: a list has SETTINGS_LIST_MAX items, an item is bounded by app_link.h. Apple reads 128 KiB.
 */
static void fill_app_links(struct world_house *h, const struct settings *s)
{
    const struct settings_list *ios = &s->app_links.ios_app_ids;
    const struct settings_list *android = &s->app_links.android_packages;
    buf_init(&h->ios_apps, 65536);
    buf_init(&h->android_apps, 65536);
    if (ios->count != 0)
        app_link_print_ios(&h->ios_apps, ios->items, ios->count);
    if (android->count != 0)
        app_link_print_android(&h->android_apps, android->items, android->count);
    h->world.app_links = (struct app_links){.origin = span_str(s->app_links.host),
                                            .ios = buf_span(&h->ios_apps),
                                            .android = buf_span(&h->android_apps)};
}

/* Those whose settings are there; returns how many. */
static size_t channels_of(const struct settings *s, const struct channel *out[CHANNELS_MAX + 1])
{
    size_t count = 0;
    if (s->mail.url[0] != '\0')
        out[count++] = &email_channel;
    return count + message_gateway_channels(s, &out[count]);
}

struct world_reach world_reach_of(const struct settings *s, const struct channel *const *channels)
{
    static const char *const all[WORLD_WAYS_MAX] = {"push",  "sms",  "email",
                                                    "voice", "call", "handover"};
    const struct channel *own[CHANNELS_MAX + 1] = {NULL};
    struct world_reach reach = {.way_count = 0};
    if (channels == NULL) {
        own[channels_of(s, own)] = &worklist_channel;
        channels = own;
    }
    for (int i = 0; i < s->push.app_count && reach.app_count < WORLD_APPS_MAX; ++i)
        reach.apps[reach.app_count++] = span_str(s->push.apps[i].app);
    for (size_t i = reach.app_count > 0; i < WORLD_WAYS_MAX; ++i)
        if (channel_find(channels, span_str(all[i])) != NULL)
            reach.ways[reach.way_count++] = span_str(all[i]);
    return reach;
}

/* Those of the settings stand before the demo's and the tests'. */
static void fill_channels(struct world_house *h, const struct gateway *g)
{
    size_t count = channels_of(g->settings, h->channels);
    for (size_t i = 0; g->channels != NULL && g->channels[i] != NULL; ++i) {
        assert(count < CHANNELS_MAX - 1);
        h->channels[count++] = g->channels[i];
    }
    h->channels[count++] = &worklist_channel;
    h->world.channels = h->channels;
    h->world.reach = world_reach_of(g->settings, h->channels);
}

static void fill_reports(struct world_house *h, const struct settings *s)
{
    if (message_gateway_describe_report(s, MESSAGE_GATEWAY_SMS, &h->sms_report))
        h->world.sms_report = &h->sms_report;
    if (message_gateway_describe_report(s, MESSAGE_GATEWAY_VOICE, &h->voice_report))
        h->world.voice_report = &h->voice_report;
}

static struct segment_rules segments_of(const struct settings *s)
{
    return (struct segment_rules){
        .months = (int32_t)s->segments.months,
        .grace_days = (int32_t)s->segments.grace_days,
        .debts_min = (int32_t)s->segments.debts_min,
        .sometimes_late_percent = (int32_t)s->segments.sometimes_late_percent,
        .chronically_late_percent = (int32_t)s->segments.chronically_late_percent,
        .broken_promises_min = (int32_t)s->segments.broken_promises_min,
    };
}

static struct dispute_policy disputes_of(const struct settings *s)
{
    return (struct dispute_policy){
        .is_on = s->disputes.is_on,
        .answer_days = (int32_t)s->disputes.answer_days,
        .counts_working_days = s->disputes.counts_working_days,
        .per_debt_max = (int32_t)s->disputes.per_debt_max,
    };
}

static void fill_plans(struct world_house *h, const struct settings *s)
{
    const char *const terms[LANGUAGE_COUNT] = {[LANGUAGE_POLISH] = s->plans.terms_pl,
                                               [LANGUAGE_ENGLISH] = s->plans.terms_en,
                                               [LANGUAGE_UKRAINIAN] = s->plans.terms_uk};
    struct plan_policies *plans = &h->world.plans;
    plans->policy_count = settings_plan_policies(s, h->plan_policies);
    plans->policies = h->plan_policies;
    for (int i = 0; i != LANGUAGE_COUNT; ++i)
        if (terms[i][0] != '\0')
            plans->terms[i] = span_str(terms[i]);
    h->world.help.has_plans = plans->policy_count > 0;
}

static void fill_offers(struct world_house *h, const struct settings *s)
{
    const char *const terms[LANGUAGE_COUNT] = {[LANGUAGE_POLISH] = s->offers.terms_pl,
                                               [LANGUAGE_ENGLISH] = s->offers.terms_en,
                                               [LANGUAGE_UKRAINIAN] = s->offers.terms_uk};
    struct offer_settings *offers = &h->world.offers;
    offers->rule_count = settings_offer_rules(s, h->offer_rules);
    offers->rules = h->offer_rules;
    offers->forgive_alone_max_minor = s->offers.forgive_alone_max_minor;
    for (int i = 0; i != LANGUAGE_COUNT; ++i)
        if (terms[i][0] != '\0')
            offers->terms[i] = span_str(terms[i]);
    h->world.demands = (struct demand_settings){
        .terms = {.delivery_days = (int32_t)s->demands.delivery_days,
                  .working_days = (int32_t)s->demands.working_days},
        .decide_days = (int32_t)s->demands.decide_days,
    };
}

/* One price of an SMS for what a campaign is to cost, for what may be spent, and for what it did.
 */
static int64_t part_price_micro(const struct settings *s)
{
    int64_t of_gateway = s->sms.gateway[0] == '\0' ? 0 : setting_micro(s->sms.part_price);
    return of_gateway > 0 ? of_gateway : s->campaigns.part_price_micro;
}

struct campaign_rules world_campaign_rules(const struct settings *s)
{
    return (struct campaign_rules){.rows_max = s->campaigns.rows_max,
                                   .part_price_micro = part_price_micro(s),
                                   .alone_price_micro = s->campaigns.alone_price * 1000000,
                                   .alone_count = s->campaigns.alone_count};
}

static struct world_house *house_new(const struct gateway *g, int slot)
{
    struct world_house *h = calloc(1, sizeof(*h));
    if (h == NULL)
        abort();
    const struct settings *s = g->settings;
    h->world = (struct world){
        .creditor = world_creditor_of(s),
        .reminders = settings_reminder_rules(s),
        .metrics = &g->board->metrics[slot],
        .is_demo = g->is_demo,
        .import_bytes_max = s->import.bytes_max,
        .campaigns = world_campaign_rules(s),
        .payment_in_flight_seconds = (int)s->payments.in_flight_seconds,
        .payment_starts_max = (int)s->payments.starts_per_10min,
        .blik_codes_max = (int)s->payments.blik_per_10min,
        .refund_alone_max_minor = s->payments.refund_alone_max_minor,
        .help = {.has_promises = s->promises.days_max > 0,
                 .has_disputes = s->disputes.is_on,
                 .has_all_debts = s->page.has_all_debts,
                 .has_contact = true},
        .promises = settings_promise_policy(s),
        .disputes = disputes_of(s),
        .segments = segments_of(s),
        .identity = settings_identity_rules(s),
        .identity_facts = {[LANGUAGE_POLISH] = span_str(s->identity.fact_pl),
                           [LANGUAGE_ENGLISH] = span_str(s->identity.fact_en),
                           [LANGUAGE_UKRAINIAN] = span_str(s->identity.fact_uk)},
        .now = g->now == NULL ? clock_wall : g->now,
    };
    buf_init(&h->texts, 65536);
    fill_channels(h, g);
    fill_reports(h, s);
    fill_providers(h, s);
    fill_texts(h, s);
    fill_app_links(h, s);
    fill_plans(h, s);
    fill_offers(h, s);
    return h;
}

static void house_free(struct world_house *h)
{
    keyring_free(h->keys);
    keyring_free(h->keys_before);
    buf_release(&h->texts);
    buf_release(&h->ios_apps);
    buf_release(&h->android_apps);
    provider_accounts_release(&h->accounts);
    free(h);
}

struct world *world_new(const struct gateway *g, int slot, const struct world_notices *notices,
                        struct err *e)
{
    struct world_house *h = house_new(g, slot);
    if (world_reload_keys(&h->world, g->settings, e) != 0) {
        house_free(h);
        return NULL;
    }
    struct world *w = &h->world;
    w->loop = h2o_evloop_create();
    struct store_options options = {.conninfo = g->conninfo,
                                    .listen = notices->listen,
                                    .on_notified = notices->on_notified,
                                    .owner = notices->owner};
    w->store = store_new(w->loop, &options);
    w->fetch = fetch_new(w->loop, FETCHES_MAX);
    return w;
}

int world_reload_keys(struct world *world, const struct settings *s, struct err *e)
{
    struct world_house *h = (struct world_house *)(void *)world;
    struct keyring *keys = NULL;
    int bad = keys_load(s->link_keys_file, &keys, e);
    if (bad != 0)
        return bad;
    keyring_free(h->keys_before);
    h->keys_before = h->keys;
    h->keys = keys;
    world->keys = keys;
    return 0;
}

void world_free(struct world *world)
{
    struct world_house *h = (struct world_house *)(void *)world;
    fetch_free(world->fetch);
    store_free(world->store);
    timer_loop_release(world->loop);
    h2o_evloop_run(world->loop, 0); /* closed sockets are freed by the turn that follows */
    h2o_evloop_destroy(world->loop);
    house_free(h);
}
