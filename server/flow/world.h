/* What every use case works in: the process's loop, stores, clock, keys and the creditor's own
 * data. Made by app at start, read-only for everybody else, alive as long as the process. */
#ifndef DUNLIN_FLOW_WORLD_H
#define DUNLIN_FLOW_WORLD_H

#include "base/clock.h"
#include "base/span.h"
#include "domain/demand.h"
#include "domain/offer.h"
#include "domain/plan_policy.h"
#include "domain/dispute.h"
#include "domain/promise.h"
#include "domain/identity.h"
#include "domain/reminder_rules.h"
#include "domain/segment.h"
#include "domain/text_format.h"

#include <h2o.h>

struct store;
struct fetch;
struct keyring;
struct provider_account;
struct channel;
struct gates;
struct metrics;
struct health;
struct callback_queue;
struct callback_refusals;
struct bank_keys;
struct push_apps;
struct page_versions;
struct email;
struct http_gateway;
struct http_report;

/* Who writes and who is owed: shown on the page, in messages and in transfer data. */
struct creditor {
    struct span name; /* "Bank Przykładowy SA" */
    struct span nip;  /* tax number, digits, may be empty */
    struct span phone, email, website;
    struct span account;       /* IBAN used where an invoice names none; may be empty */
    bool takes_euro_transfers; /* the account takes SEPA credit transfers: EPC codes are shown */
    struct span privacy_url;   /* may be empty */
};

/* Links that open the creditor's app; see domain/app_link.h. All may be empty. */
struct app_links {
    struct span origin;       /* where "open in the app" leads, no slash at the end */
    struct span ios, android; /* bodies of the two files that phones ask for */
};

/* Campaigns: see docs/campaigns.md. */
struct campaign_rules {
    int64_t rows_max;
    int64_t part_price_micro;               /* of an SMS */
    int64_t alone_price_micro, alone_count; /* above either somebody else must approve */
};

/* What a customer may do on the page besides paying in full. */
struct page_help {
    bool has_plans, has_promises, has_disputes, has_contact;
    bool has_all_debts; /* see all that they owe, and pay several debts at once */
};

/* Debts in parts: docs/plans.md. */
struct plan_policies {
    const struct plan_policy *policies; /* the first one that fits counts */
    size_t policy_count;
    struct span terms[LANGUAGE_COUNT]; /* what is accepted; null base: shown in Polish */
};

/* Individual offers: docs/offers.md. There are none where there are no Polish terms. */
struct offer_settings {
    const struct offer_rule *rules; /* the first one that fits counts */
    size_t rule_count;
    int64_t forgive_alone_max_minor;   /* a larger one needs a second person */
    struct span terms[LANGUAGE_COUNT]; /* as of plans */
};

/* Demands and what follows them: docs/offers.md. */
struct demand_settings {
    struct demand_terms terms;
    int32_t decide_days; /* to answer a request for restructuring */
};

enum { WORLD_WAYS_MAX = 6, WORLD_APPS_MAX = 16 };

/* The ways to reach people that the settings name, for whoever tells what would be sent. What is
 * sent goes by what the work process has at that moment (reminder_ways). */
struct world_reach {
    struct span ways[WORLD_WAYS_MAX]; /* beside push to devices: "sms", "email", … */
    size_t way_count;
    struct span apps[WORLD_APPS_MAX]; /* whose devices can be told: bundle ids, package names */
    size_t app_count;
};

struct world {
    h2o_loop_t *loop;
    struct store *store;
    struct fetch *fetch;
    const struct keyring *keys;
    struct creditor creditor;
    struct app_links app_links;
    struct span public_url;                   /* "https://p.bank.example", no slash at the end */
    struct span upload_url;                   /* likewise; empty: no files are taken */
    struct span form_hosts;                   /* start origins of the providers and upload_url, for
                                               * form-action */
    struct span callback_url;                 /* public_url + "/callbacks" */
    const struct provider_account *providers; /* in the creditor's order; a null provider ends */
    const struct channel *const *channels;    /* ended by null */
    struct world_reach reach;
    struct gates *gates; /* of the work process, see channel/gate.h; null: no channel has a bound */
    struct reminder_rules reminders;  /* manners of sending */
    struct push_apps *push_apps;      /* of the work process; null without apps */
    struct email *email;              /* of the work process; null without a mail server */
    struct http_gateway *sms, *voice; /* of the work process; null without settings */
    /* Of processes that answer requests; null where no reports are taken. */
    const struct http_report *sms_report, *voice_report;
    struct metrics *metrics;            /* this process's slot; see base/metrics.h */
    const struct health *health;        /* only where operators are answered; see http/health.h */
    struct callback_queue *callbacks;   /* of processes that take callbacks; null in the others */
    struct callback_refusals *refusals; /* likewise */
    struct callback_certificates *certificates; /* likewise */
    struct page_versions *page_versions; /* of processes that show pages; null in the others */
    struct bank_keys *bank_keys;         /* of processes that answer apps; see http/bank_keys.h */
    bool is_demo;
    int64_t import_bytes_max;
    struct campaign_rules campaigns;
    int payment_in_flight_seconds;          /* how long a started payment holds reminders back */
    int payment_starts_max, blik_codes_max; /* of one link, in ten minutes */
    int64_t refund_alone_max_minor;         /* a larger one needs a second person */
    struct page_help help;
    struct plan_policies plans;
    struct offer_settings offers;
    struct demand_settings demands;
    struct segment_rules segments; /* how customers' payments are judged */
    struct promise_policy promises;
    struct dispute_policy disputes;
    struct identity_rules identity;
    struct span identity_facts[LANGUAGE_COUNT]; /* what is asked for, as people call it */
    /* Business time. In production the wall clock; in the demo and in tests it can be moved. */
    struct instant (*now)(void);
};

#endif
