#include "app/settings_table.h"

#include "app/setting_row.h"
#include "app/settings_app.h"
#include "app/settings_creditor.h"
#include "app/settings_database.h"
#include "app/settings_gateway.h"
#include "app/settings_identity.h"
#include "app/settings_listeners.h"
#include "app/settings_mail.h"
#include "app/settings_offers.h"
#include "app/settings_plans.h"
#include "app/settings_promises.h"
#include "app/settings_providers.h"
#include "app/settings_push.h"
#include "app/settings_reminders.h"
#include "app/settings_segments.h"

static const struct setting data_dir[] = {
    PATH("data_dir", data_dir, "/var/lib/dunlin",
         "Where Dunlin keeps its own files: the private database, the link keys, the ticket keys."),
    {.name = NULL},
};

static const struct setting processes[] = {
    {.name = "roles",
     .type = SETTING_ROLES,
     .default_ = "http, work",
     .help =
         "What this machine does: http answers requests, work sends reminders, finishes imports\n"
         "and serves the operators. Both on one machine, or split over several."},
    INT("workers", workers, "0", 0, 32, "Processes that answer requests; 0 is one a core."),
    {.name = "log_level",
     .type = SETTING_LOG_LEVEL,
     .offset = AT(log_level),
     .default_ = "info",
     .help = "error, warn, info or debug. Lines go to standard error."},
    {.name = NULL},
};

static const struct setting key_files[] = {
    PATH("link_keys_file", link_keys_file, NULL,
         "The keys that make and check links; made at first start, 0600. Whoever has it can make\n"
         "links. Lose it and every link is dead: keep a copy. Default: link.keys in data_dir.",
         .example = "/var/lib/dunlin/link.keys"),
    PATH(
        "ticket_keys_file", ticket_keys_file, NULL,
        "The keys that let TLS sessions resume on every process and machine; made at first start.\n"
        "Default: ticket.keys in data_dir.",
        .example = "/var/lib/dunlin/ticket.keys"),
    {.name = NULL},
};

static const struct setting import_and_payments[] = {
    SECTION("import", "Files of invoices."),
    INT("import.bytes_max", import.bytes_max, "1073741824", 1024, INT64_C(1) << 40,
        "Largest file."),
    INT("import.part_rows", import.part_rows, "5000", 1, 100000,
        "Rows a transaction; a file that was cut off goes on after the last one."),

    SECTION("payments", "Starting a payment costs a provider session or rings somebody's phone."),
    INT("payments.in_flight_seconds", payments.in_flight_seconds, "1800", 60, 86400,
        "How long a started payment holds reminders back."),
    INT("payments.starts_per_10min", payments.starts_per_10min, "5", 1, 1000,
        "Payments one link may start in ten minutes."),
    INT("payments.blik_per_10min", payments.blik_per_10min, "5", 1, 1000,
        "BLIK codes one link may send in ten minutes."),
    INT("payments.refund_alone_max", payments.refund_alone_max_minor, "100000", 0,
        INT64_C(1000000000000000),
        "Largest refund, in grosz, that one person may ask for alone; of a larger one somebody "
        "else\n"
        "must approve."),

    SECTION("page", "What a customer can do on the page of a debt besides paying it."),
    BOOL(
        "page.all_debts", page.has_all_debts, "false",
        "Each page leads to a list of all that its customer owes, where several debts are paid at\n"
        "once. Whoever has one link of a customer then sees them all."),
    {.name = NULL},
};

static const struct setting payouts[] = {
    SECTION("payouts", "What providers settle, against the ledger: docs/payouts.md."),
    PATH(
        "payouts.folder", payouts.folder, NULL,
        "Where their files are dropped, each into PROVIDER/ACCOUNT below it: taken in by the work\n"
        "role, then in done/ there, or in bad/ with the reason beside it. Without it they come by\n"
        "the command and the API alone.",
        .example = "/var/lib/dunlin/payouts"),
    INT("payouts.report_hour", payouts.report_hour, "7", 0, 23,
        "From this hour on, in Warsaw, the day before is reported on."),
    {.name = NULL},
};

static const struct setting campaigns[] = {
    SECTION("campaigns", "One message to each row of a file: docs/campaigns.md."),
    INT("campaigns.rows_max", campaigns.rows_max, "100000", 1, 1000000, "Rows of one file."),
    INT("campaigns.part_price_micro", campaigns.part_price_micro, "90000", 0, 10000000,
        "What one part of an SMS costs, in millionths of the currency: 90000 is 0.09. A "
        "campaign's\n"
        "price is reckoned by it before it is approved, unless sms.part_price is there."),
    INT("campaigns.second_person_above_price", campaigns.alone_price, "2000", 0, 1000000000,
        "A campaign that costs more than this, in whole units of the currency, …"),
    INT("campaigns.second_person_above_count", campaigns.alone_count, "10000", 0, 1000000000,
        "… or has more rows than this, is approved by somebody else than who made it. 0: always."),
    {.name = NULL},
};

static const struct setting disputes[] = {
    SECTION(
        "disputes",
        "On the page a customer may say that a debt is paid, not theirs or wrong: reminders rest\n"
        "until the creditor has answered. See docs/disputes.md."),
    BOOL("disputes.taken", disputes.is_on, "false",
         "Whether it is offered. Who says yes must answer: GET /api/v1/disputes lists what waits."),
    INT("disputes.answer_days", disputes.answer_days, "30", 1, 365,
        "Within so many days each is to be answered; the customer is told the day."),
    BOOL("disputes.working_days", disputes.counts_working_days, "false",
         "Whether these are working days (reminders.calendar)."),
    INT("disputes.per_debt", disputes.per_debt_max, "3", 1, 100,
        "How often one debt may be disputed, whatever became of it."),
    {.name = NULL},
};

const struct setting *const settings_table[] = {
    data_dir,
    settings_database,
    processes,
    settings_listeners,
    settings_app,
    key_files,
    settings_creditor,
    import_and_payments,
    settings_reminders,
    settings_segments,
    settings_plans,
    settings_promises,
    settings_identity,
    disputes,
    settings_offers,
    campaigns,
    settings_push,
    settings_gateways,
    settings_mail,
    settings_providers,
    payouts,
    NULL,
};
