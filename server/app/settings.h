/* All settings of one installation: one YAML file, read and checked once at start against the one
 * table in settings_table.c, which also writes the commented example file (`dunlin settings`).
 *
 * A scalar may be overridden by the environment: DUNLIN_ and the setting's name in capitals with
 * `_` for each dot (DUNLIN_PUBLIC_LISTEN). Secrets are never written in the file: they stand in a
 * file of their own that the setting `…_file` names, or in the environment. Relative paths are
 * relative to the folder of the settings file. Reading reports every mistake, with its line.
 *
 * Text values are NUL-terminated and never null: what is absent is "". */
#ifndef DUNLIN_APP_SETTINGS_H
#define DUNLIN_APP_SETTINGS_H

#include "base/err.h"
#include "base/log.h"
#include "base/span.h"

#include <stdio.h>

enum {
    SETTINGS_LIST_MAX = 16,
    SETTINGS_PROVIDERS_MAX = 16,
    SETTINGS_PLAN_POLICIES_MAX = 16,
    SETTINGS_OFFER_RULES_MAX = 16,
    SETTINGS_PUSH_APPS_MAX = 16, /* each in one or two environments: PUSH_APPS_MAX is twice that */
};

/* A list of texts: trusted addresses, secrets. */
struct settings_list {
    const char *items[SETTINGS_LIST_MAX];
    int count;
};

/* Bounds of one HTTPS listener: the guards that stand before every handler. */
struct settings_limits {
    int64_t connections;             /* open at once, over all worker processes */
    int64_t connections_per_address; /* IPv4 address or IPv6 /64; bites when over half full */
    int64_t answer_deadline_s;       /* from the request to the last byte of its answer */
    int64_t request_timeout_s;       /* header and body together */
    int64_t idle_timeout_s;          /* keep-alive connection without a request */
    int64_t body_bytes;
    int64_t bucket_burst; /* unproved requests a connection may send at once */
    int64_t bucket_per_s; /* and goes on sending */
};

struct settings_listener {
    const char *listen;            /* "0.0.0.0:8443", "[::]:443" */
    const char *url;               /* "https://p.bank.example", no slash at the end */
    const char *certificate, *key; /* PEM files */
    struct settings_limits limits;
};

struct settings_provider {
    const char *provider;     /* a name of the provider registry */
    const char *account;      /* our name for this contract */
    const char *environment;  /* "live", "test" */
    const char *api_url;      /* "": the provider's own, of the environment */
    const char *start_origin; /* scheme and host the browser is sent to; "": the same */
    const char *merchant, *client_id;
    struct settings_list secrets; /* of callbacks, the newest first; read from secret_files */
    const char *api_key;          /* read from api_key_file; "" when none */
    struct settings_list public_keys;
    struct settings_list types, fields; /* Standard Webhooks: "word=kind", "field=path" */
    const char *certificate_url, *root_pem;
    const char *ca_file; /* "" is the system's store */
    bool takes_blik;     /* codes on our page, where the provider takes them */
    struct settings_list currencies;
    int64_t amount_min_minor, amount_max_minor; /* 0: none */
};

/* One app at one service. Either an APNs token key, or a client certificate, or an FCM account. */
struct settings_push_app {
    const char *app;                   /* bundle id or package name */
    const char *service;               /* "apns", "fcm" */
    struct settings_list environments; /* "production", "sandbox": one at least */
    const char *key_pem, *key_id, *team_id;
    const char *certificate_pem, *certificate_key_pem;
    const char *account_json;
    const char *topic;      /* apns-topic; never "" with apns */
    const char *channel_id; /* Android's notification channel */
    const char *text;       /* "neutral", "full", "keys" */
    const char *host;       /* "" is the service's own */
    const char *connect;    /* "" is the host: "address:port" to connect to in its place */
    int64_t port;           /* of the host */
    const char *ca_file;    /* "" is the system's store */
};

/* A gateway that takes messages over HTTP. Decimals are texts that setting_micro reads. */
struct settings_gateway {
    const char *gateway; /* "" none, "smsapi", "generic" */
    const char *url, *second_url, *check_url, *ca_file;
    const char *user, *token, *sender;
    bool is_test;
    int64_t parts_max;                             /* of an SMS */
    int64_t tries, interval_s, hour_from, hour_to; /* of voice messages */
    const char *part_price, *point_price, *spend_per_day;
    int64_t per_second, in_flight, timeout_ms, failures_to_rest, rest_ms, stopped_check_s;
    /* "generic" alone. */
    const char *method, *body, *number_form, *id_path, *error_path, *parts_path, *price_path;
    bool refuses_repeats;
    struct settings_list headers, fields, statuses_retry;
    struct settings_list codes_retry, codes_stop, codes_bad_number, codes_dead_number, codes_sent;
    /* Delivery reports. */
    const char *report_secret; /* "" takes none */
    const char *report_id, *report_code, *report_status, *report_time, *report_separator;
    const char *report_reply;
    struct settings_list report_statuses;
};

/* Which debts a policy is for; see domain/debt_condition.h. */
struct settings_condition {
    struct settings_list products, kinds, currencies, segments;
    int64_t amount_from, amount_to, days_late_from, days_late_to;
};

/* See domain/plan_policy.h. Amounts in minor units. */
struct settings_plan_policy {
    const char *name;
    struct settings_condition condition;
    int64_t parts_min, parts_max, part_min, first_percent;
    const char *spacing; /* "month", "two_weeks", "week" */
    bool keeps_working_days;
    struct settings_list pay_days, in_days; /* whole numbers */
    int64_t first_within_days, fee, fee_permille, fee_max, interest_hundredths, plans_a_year;
    const char *approval; /* "none", "above", "always" */
    int64_t approval_above, answer_days, grace_days, missed_max;
};

/* See domain/offer.h. */
struct settings_offer_rule {
    const char *name;
    struct settings_condition condition;
    const char *kind, *spacing;
    int64_t parts, first_days, valid_days, interest_hundredths, forgiven_percent, per_year;
    int64_t grace_days, missed_max;
    bool keeps_working_days;
};

struct settings {
    const char *file; /* where it was read from; "" when only defaults */
    const char *data_dir;
    struct {
        const char *url;       /* libpq, as dunlin_app; "" means the private database */
        const char *owner_url; /* as the owner, for migrations; "" is url */
    } database;
    bool has_role_http, has_role_work;
    int64_t workers; /* http processes; never 0 after reading: 0 became the number of cores */
    int log_level;   /* enum log_level */
    struct settings_listener public_, private_;
    struct settings_listener upload; /* listen is "" where no files are taken */
    const char *operators_listen;
    struct {
        struct settings_list addresses; /* empty: no proxy in front */
        const char *header;
    } trusted_proxy;
    struct {
        const char *host;              /* an origin; "" offers no app on the page */
        const char *certificate, *key; /* PEM files; "" uses the public listener's */
        struct settings_list ios_app_ids, android_packages; /* app_link.h says of which form */
    } app_links;
    struct {
        const char *algorithm; /* "ES256"; "" answers no apps */
        const char *issuer, *audience, *customer_claim;
        int64_t leeway_s, refresh_s, keep_s;
        struct settings_list key_files;
        const char *jwks_url, *ca_file; /* both may be "" */
    } app;
    const char *link_keys_file;   /* absolute */
    const char *ticket_keys_file; /* absolute */
    struct {
        int64_t months, grace_days, debts_min, sometimes_late_percent, chronically_late_percent,
            broken_promises_min;
    } segments; /* see domain/segment.h */
    struct {
        struct settings_list purposes;
        const char *fact_pl, *fact_en, *fact_uk;
        int64_t digits, tries, hours, valid_minutes;
    } identity; /* see domain/identity.h */
    struct {
        const char *name, *nip, *phone, *email, *website, *account, *privacy_url;
        bool takes_euro_transfers;
    } creditor;
    struct settings_provider providers[SETTINGS_PROVIDERS_MAX];
    int provider_count;
    struct {
        struct settings_push_app apps[SETTINGS_PUSH_APPS_MAX];
        int app_count;
    } push;
    struct {
        int64_t bytes_max, part_rows;
    } import;
    struct {
        const char *folder; /* absolute; null: none */
        int64_t report_hour;
    } payouts;
    struct {
        int64_t in_flight_seconds, starts_per_10min, blik_per_10min, refund_alone_max_minor;
    } payments;
    struct {
        bool has_all_debts;
    } page;
    struct {
        const char *window_from, *window_to, *calendar; /* "08:00", "24:00", "PL" */
        struct settings_list window_days;               /* "mon" */
        bool keeps_days_off, merges;
        int64_t budget_day, budget_week, budget_30_days;
        struct settings_list consents; /* channels */
        int64_t feed_age_max_hours, holdout_permille, usual_factor, ramp_start;
        int64_t proposal_parts, proposal_first_days;
    } reminders;
    struct settings_gateway sms, voice;
    struct {
        const char *url; /* "smtps://mail.example"; "": no mail is sent */
        const char *user, *password, *ca_file;
        const char *from, *from_name, *reply_to, *bounce_domain;
        int64_t per_second, in_flight, timeout_s;
        struct {
            const char *url; /* "imaps://mail.example"; "": bounces are not read */
            const char *user, *password, *folder, *done_folder;
            int64_t every_seconds;
        } imap;
    } mail;
    struct {
        int64_t rows_max, part_price_micro, alone_price, alone_count;
    } campaigns;
    struct {
        const char *terms_pl, *terms_en, *terms_uk; /* the texts; "" where there is none */
        struct settings_plan_policy policies[SETTINGS_PLAN_POLICIES_MAX];
        int policy_count;
    } plans; /* see domain/plan_policy.h */
    struct {
        int64_t days_max, days_late_max, grace_days, per_debt_max, per_year_max;
        struct settings_list products, kinds, currencies, segments;
        int64_t amount_from_minor, amount_to_minor, days_late_from;
    } promises; /* see domain/promise.h */
    struct {
        bool is_on, counts_working_days;
        int64_t answer_days, per_debt_max;
    } disputes; /* see domain/dispute.h */
    struct {
        const char *terms_pl, *terms_en, *terms_uk; /* as of plans */
        int64_t forgive_alone_max_minor;
        struct settings_offer_rule rules[SETTINGS_OFFER_RULES_MAX];
        int rule_count;
    } offers;
    struct {
        int64_t delivery_days, working_days, decide_days;
    } demands;

    struct settings_line *lines_;
    int line_count_;
    struct settings_memory *memory_; /* all texts; secrets are wiped on release */
};

/* Where a setting stands. */
struct settings_line {
    char name[80];
    int line;
};

/* One mistake. Line 0 is the file as a whole or the environment. */
struct settings_mistake {
    int line;
    char setting[80]; /* "public.limits.connections"; "" when it is not about one */
    char text[200];
    bool is_missing; /* a needed setting that stands nowhere */
};

enum { SETTINGS_MISTAKES_MAX = 100 };

struct settings_mistakes {
    struct settings_mistake items[SETTINGS_MISTAKES_MAX];
    int count; /* further ones are dropped */
};

/* Which file to read when the command line names none: $DUNLIN_SETTINGS, ./dunlin.yaml,
 * /etc/dunlin/dunlin.yaml, or "" when there is none of them. */
const char *settings_find_file(void);

/* Reads the file; "" reads nothing, so that defaults and environment stand alone. ERR_SETTINGS
 * when there is any mistake: `mistakes` then has all of them in the order of the file. `s` is to be
 * released in either case. */
MUST_CHECK int settings_read(struct settings *s, const char *file,
                             struct settings_mistakes *mistakes);
/* The same from text; relative paths are relative to `folder`. For the demo and for tests. */
MUST_CHECK int settings_parse(struct settings *s, struct span yaml, const char *folder,
                              struct settings_mistakes *mistakes);
/* The line on which a setting's value stands in the file; 0 when it does not. */
int settings_line_of(const struct settings *, const char *name);
/* Wipes the secrets and frees every text. */
void settings_release(struct settings *);

/* settings_read for commands: prints every mistake as "FILE:LINE: SETTING: TEXT" on `out`. */
MUST_CHECK int settings_read_or_print(struct settings *, const char *file, FILE *out);
/* The same for commands that open the database alone: what the gateway needs besides may be
 * missing, so that they work without any file. */
MUST_CHECK int settings_read_for_database(struct settings *, const char *file, FILE *out);
void settings_print_mistakes(const struct settings_mistakes *, const char *file, FILE *out);

/* The example file: every setting with its help and its default. */
void settings_print_example(FILE *out);

/* `dunlin settings`: writes the example file to standard output. */
int settings_command(int argc, char **argv);

#endif
