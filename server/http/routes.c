#include "http/routes.h"

#include "http/agreed_plans.h"
#include "http/all_debts.h"
#include "http/api_page.h"
#include "http/app_links.h"
#include "http/callbacks.h"
#include "http/campaigns.h"
#include "http/contact.h"
#include "http/customer_channels.h"
#include "http/customers.h"
#include "http/debts.h"
#include "http/demands.h"
#include "http/devices.h"
#include "http/dispute_proofs.h"
#include "http/disputes.h"
#include "http/evidence.h"
#include "http/health.h"
#include "http/identity.h"
#include "http/imports.h"
#include "http/invoices.h"
#include "http/message_reports.h"
#include "http/offer_sheet.h"
#include "http/offers.h"
#include "http/opened.h"
#include "http/pages.h"
#include "http/parts.h"
#include "http/paylinks.h"
#include "http/payments.h"
#include "http/payouts.h"
#include "http/plan.h"
#include "http/plan_sheet.h"
#include "http/promises.h"
#include "http/proofs.h"
#include "http/providers.h"
#include "http/rating.h"
#include "http/refunds.h"
#include "http/reminders.h"
#include "http/restructuring_sheet.h"
#include "http/results.h"
#include "http/scenarios.h"
#include "http/seen.h"
#include "http/sending.h"
#include "http/templates.h"
#include "http/unsubscribe.h"
#include "http/work_items.h"

#include <assert.h>

/* Where apps are not answered their addresses are not there at all. */
#define PUBLIC_ROUTES                                                                              \
    {"GET", "/{code}", ROUTE_OPEN, NULL, pages_show},                                              \
        {"GET", "/{code}/contact", ROUTE_OPEN, NULL, contact_show},                                \
        {"POST", "/{code}/contact", ROUTE_OPEN, NULL, contact_take},                               \
        {"POST", "/{code}/rating", ROUTE_OPEN, NULL, rating_take},                                 \
        {"GET", "/{code}/identity", ROUTE_OPEN, NULL, identity_show},                              \
        {"POST", "/{code}/identity", ROUTE_OPEN, NULL, identity_take},                             \
        {"GET", "/check", ROUTE_OPEN, NULL, pages_show_check},                                     \
        {"GET", "/{code}/qr.svg", ROUTE_OPEN, NULL, pages_show_qr},                                \
        {"POST", "/{code}/payments", ROUTE_OPEN, NULL, payments_start},                            \
        {"GET", "/{code}/parts", ROUTE_OPEN, NULL, parts_show},                                    \
        {"POST", "/{code}/parts/payments", ROUTE_OPEN, NULL, parts_pay},                           \
        {"GET", "/{code}/all", ROUTE_OPEN, NULL, all_debts_show},                                  \
        {"POST", "/{code}/all/payments", ROUTE_OPEN, NULL, all_debts_pay},                         \
        {"GET", "/{code}/offer", ROUTE_OPEN, NULL, offer_sheet_show},                              \
        {"POST", "/{code}/offer", ROUTE_OPEN, NULL, offer_sheet_take},                             \
        {"GET", "/{code}/restructuring", ROUTE_OPEN, NULL, restructuring_sheet_show},              \
        {"POST", "/{code}/restructuring", ROUTE_OPEN, NULL, restructuring_sheet_take},             \
        {"GET", "/{code}/documents/{number}", ROUTE_OPEN, NULL, restructuring_sheet_document},     \
        {"GET", "/{code}/plan", ROUTE_OPEN, NULL, plan_sheet_show},                                \
        {"POST", "/{code}/plan", ROUTE_OPEN, NULL, plan_sheet_take},                               \
        {"GET", "/{code}/promise", ROUTE_OPEN, NULL, promises_show},                               \
        {"POST", "/{code}/promise", ROUTE_OPEN, NULL, promises_take},                              \
        {"GET", "/{code}/dispute", ROUTE_OPEN, NULL, disputes_show},                               \
        {"POST", "/{code}/dispute", ROUTE_OPEN, NULL, disputes_take},                              \
        {"GET", "/{code}/unsubscribe", ROUTE_OPEN, NULL, pages_show_unsubscribe},                  \
        {"POST", "/{code}/unsubscribe", ROUTE_OPEN, NULL, unsubscribe_take},                       \
        {"GET", "/{code}/proof", ROUTE_OPEN, NULL, pages_show_proof},                              \
        {"POST", "/{code}/seen", ROUTE_OPEN, NULL, seen_take},                                     \
        {"GET", "/back/{payment}", ROUTE_OPEN, NULL, payments_back},                               \
        {"POST", "/callbacks/{provider}", ROUTE_OPEN, NULL, callbacks_take},                       \
        {"GET", "/callbacks/sms/{secret}", ROUTE_OPEN, NULL, message_reports_take_sms},            \
        {"POST", "/callbacks/sms/{secret}", ROUTE_OPEN, NULL, message_reports_take_sms},           \
        {"GET", "/callbacks/voice/{secret}", ROUTE_OPEN, NULL, message_reports_take_voice},        \
        {"POST", "/callbacks/voice/{secret}", ROUTE_OPEN, NULL, message_reports_take_voice},       \
        {"GET", "/favicon.svg", ROUTE_OPEN, NULL, pages_show_favicon},                             \
        {"GET", "/favicon.ico", ROUTE_OPEN, NULL, pages_show_favicon},                             \
        {"GET", "/.well-known/apple-app-site-association", ROUTE_OPEN, NULL, app_links_show_ios},  \
        {"GET", "/.well-known/assetlinks.json", ROUTE_OPEN, NULL, app_links_show_android},         \
    {                                                                                              \
        "GET", "/.well-known/security.txt", ROUTE_OPEN, NULL, pages_show_security_txt              \
    }

const struct route public_routes[] = {
    PUBLIC_ROUTES,
    {NULL, NULL, ROUTE_OPEN, NULL, NULL},
};

const struct route app_routes[] = {
    PUBLIC_ROUTES,
    {"GET", "/app/v1/debts", ROUTE_APP, NULL, debts_list_own},
    {"POST", "/app/v1/opened", ROUTE_APP, NULL, opened_take},
    {"GET", "/app/v1/devices", ROUTE_APP, NULL, devices_list_own},
    {"PUT", "/app/v1/devices/{installation}", ROUTE_APP, NULL, devices_register_own},
    {"DELETE", "/app/v1/devices/{installation}", ROUTE_APP, NULL, devices_remove_own},
    {NULL, NULL, ROUTE_OPEN, NULL, NULL},
};

const struct route upload_routes[] = {
    {"POST", "/{code}/proof/{ticket}", ROUTE_OPEN, NULL, proofs_take},
    {"GET", "/favicon.svg", ROUTE_OPEN, NULL, pages_show_favicon},
    {"GET", "/favicon.ico", ROUTE_OPEN, NULL, pages_show_favicon},
    {NULL, NULL, ROUTE_OPEN, NULL, NULL},
};

const struct route private_routes[] = {
    {"GET", "/", ROUTE_OPEN, NULL, api_page_show},
    {"GET", "/favicon.ico", ROUTE_OPEN, NULL, pages_show_favicon},
    {"GET", "/api/v1/callbacks", ROUTE_API_KEY, "callbacks", callbacks_list},
    {"GET", "/api/v1/callbacks/refused", ROUTE_API_KEY, "callbacks", callbacks_list_refused},
    {"GET", "/api/v1/calls", ROUTE_API_KEY, "calls", work_items_calls},
    {"GET", "/api/v1/calls.csv", ROUTE_API_KEY, "calls", work_items_calls_csv},
    {"POST", "/api/v1/calls/{id}", ROUTE_API_KEY, "calls", work_items_call_settle},
    {"GET", "/api/v1/handovers.csv", ROUTE_API_KEY, "calls", work_items_handovers_csv},
    {"POST", "/api/v1/handovers/export", ROUTE_API_KEY, "calls", work_items_handovers_export},
    {"GET", "/api/v1/customers/{reference}/channels", ROUTE_API_KEY, "customers",
     customer_channels_show},
    {"PUT", "/api/v1/customers/{reference}/channels", ROUTE_API_KEY, "customers",
     customer_channels_change},
    {"GET", "/api/v1/customers/{reference}", ROUTE_API_KEY, "customers", customers_show},
    {"GET", "/api/v1/devices", ROUTE_API_KEY, "devices", devices_list},
    {"GET", "/api/v1/disputes", ROUTE_API_KEY, "disputes", disputes_list},
    {"GET", "/api/v1/disputes/{id}", ROUTE_API_KEY, "disputes", disputes_show_one},
    {"POST", "/api/v1/disputes/{id}/answer", ROUTE_API_KEY, "disputes", disputes_answer},
    {"PUT", "/api/v1/devices/{installation}", ROUTE_API_KEY, "devices", devices_register},
    {"DELETE", "/api/v1/devices/{installation}", ROUTE_API_KEY, "devices", devices_remove},
    {"GET", "/api/v1/disputes/{dispute}/proofs", ROUTE_API_KEY, "disputes", dispute_proofs_list},
    {"GET", "/api/v1/disputes/{dispute}/proofs/{proof}", ROUTE_API_KEY, "disputes",
     dispute_proofs_hand_out},
    {"GET", "/api/v1/invoices", ROUTE_API_KEY, "invoices", invoices_list},
    {"GET", "/api/v1/invoices/{id}", ROUTE_API_KEY, "invoices", invoices_show},
    {"GET", "/api/v1/invoices/{id}/evidence.json", ROUTE_API_KEY, "evidence", evidence_show_json},
    {"GET", "/api/v1/invoices/{id}/evidence.pdf", ROUTE_API_KEY, "evidence", evidence_show_pdf},
    {"GET", "/api/v1/invoices/{id}/plan", ROUTE_API_KEY, "invoices", plan_of_invoice},
    {"GET", "/api/v1/plan", ROUTE_API_KEY, "invoices", plan_of_day},
    {"GET", "/api/v1/invoices/{id}/instalment-plans", ROUTE_API_KEY, "plans",
     agreed_plans_of_invoice},
    {"GET", "/api/v1/instalment-plans", ROUTE_API_KEY, "plans", agreed_plans_list},
    {"POST", "/api/v1/instalment-plans/{id}/approve", ROUTE_API_KEY, "plans", agreed_plans_approve},
    {"POST", "/api/v1/instalment-plans/{id}/refuse", ROUTE_API_KEY, "plans", agreed_plans_refuse},
    {"POST", "/api/v1/instalment-plans/{id}/end", ROUTE_API_KEY, "plans", agreed_plans_end},
    {"POST", "/api/v1/invoices/{id}/holds", ROUTE_API_KEY, "invoices", invoices_hold},
    {"DELETE", "/api/v1/invoices/{id}/holds/{hold}", ROUTE_API_KEY, "invoices",
     invoices_hold_release},
    {"POST", "/api/v1/invoices/{id}/payments/{payment}/refunds", ROUTE_API_KEY, "refunds",
     refunds_ask},
    {"GET", "/api/v1/refunds", ROUTE_API_KEY, "refunds", refunds_list},
    {"POST", "/api/v1/refunds/{id}/approve", ROUTE_API_KEY, "refund_approvals", refunds_approve},
    {"POST", "/api/v1/refunds/{id}/reject", ROUTE_API_KEY, "refund_approvals", refunds_reject},
    {"GET", "/api/v1/offers", ROUTE_API_KEY, "offers", offers_list},
    {"POST", "/api/v1/invoices/{id}/offers", ROUTE_API_KEY, "offers", offers_make},
    {"POST", "/api/v1/offers/{id}/withdraw", ROUTE_API_KEY, "offers", offers_withdraw},
    {"POST", "/api/v1/offers/{id}/approve", ROUTE_API_KEY, "offer_approvals", offers_approve},
    {"POST", "/api/v1/offers/{id}/reject", ROUTE_API_KEY, "offer_approvals", offers_withdraw},
    {"POST", "/api/v1/invoices/{id}/demands", ROUTE_API_KEY, "offers", demands_order},
    {"GET", "/api/v1/restructuring-requests", ROUTE_API_KEY, "offers", demands_list_requests},
    {"POST", "/api/v1/restructuring-requests/{id}/decide", ROUTE_API_KEY, "offers", demands_decide},
    {"GET", "/api/v1/payouts", ROUTE_API_KEY, "payouts", payouts_report},
    {"GET", "/api/v1/payouts.csv", ROUTE_API_KEY, "payouts", payouts_report_csv},
    {"GET", "/api/v1/payouts/days", ROUTE_API_KEY, "payouts", payouts_days},
    {"POST", "/api/v1/payouts", ROUTE_API_KEY, "payouts", payouts_import},
    {"POST", "/api/v1/payouts/arrivals", ROUTE_API_KEY, "payouts", payouts_arrive},
    {"GET", "/api/v1/promises", ROUTE_API_KEY, "disputes", promises_list},
    {"GET", "/api/v1/providers", ROUTE_API_KEY, "providers", providers_list},
    {"POST", "/api/v1/providers/{provider}/{account}/check", ROUTE_API_KEY, "providers",
     providers_check},
    {"GET", "/api/v1/reminders", ROUTE_API_KEY, "invoices", reminders_list},
    {"GET", "/api/v1/results", ROUTE_API_KEY, "results", results_show},
    {"POST", "/api/v1/paylinks", ROUTE_API_KEY, "paylinks", paylinks_manage},
    {"GET", "/api/v1/templates", ROUTE_API_KEY, "templates", templates_list},
    {"POST", "/api/v1/templates/preview", ROUTE_API_KEY, "templates", templates_preview},
    {"GET", "/api/v1/templates/{name}/{tone}/{language}", ROUTE_API_KEY, "templates",
     templates_show},
    {"POST", "/api/v1/templates/{name}/{tone}/{language}", ROUTE_API_KEY, "templates",
     templates_save},
    {"DELETE", "/api/v1/templates/{name}/{tone}/{language}", ROUTE_API_KEY, "templates",
     templates_withdraw},
    {"OPTIONS", "/api/v1/imports", ROUTE_OPEN, NULL, imports_options},
    {"OPTIONS", "/api/v1/imports/{id}", ROUTE_OPEN, NULL, imports_options},
    {"GET", "/api/v1/imports", ROUTE_API_KEY, "imports", imports_list},
    {"POST", "/api/v1/imports", ROUTE_API_KEY, "imports", imports_create},
    {"GET", "/api/v1/imports/{id}", ROUTE_API_KEY, "imports", imports_show},
    {"PATCH", "/api/v1/imports/{id}", ROUTE_API_KEY, "imports", imports_receive},
    {"DELETE", "/api/v1/imports/{id}", ROUTE_API_KEY, "imports", imports_terminate},
    {"GET", "/api/v1/sending", ROUTE_API_KEY, "sending", sending_show_state},
    {"POST", "/api/v1/sending", ROUTE_API_KEY, "sending", sending_switch},
    {"POST", "/api/v1/sending/allowance", ROUTE_API_KEY, "sending", sending_allow_more},
    {"PUT", "/api/v1/payment-feed", ROUTE_API_KEY, "sending", sending_take_feed},
    {"GET", "/api/v1/imports/{id}/bad-rows.csv", ROUTE_API_KEY, "imports", imports_bad_rows},
    {"GET", "/api/v1/scenarios", ROUTE_API_KEY, "scenarios", scenarios_list},
    {"POST", "/api/v1/scenarios", ROUTE_API_KEY, "scenarios", scenarios_save},
    {"GET", "/api/v1/scenarios/{name}", ROUTE_API_KEY, "scenarios", scenarios_show},
    {"DELETE", "/api/v1/scenarios/{name}", ROUTE_API_KEY, "scenarios", scenarios_switch_off},
    {"POST", "/api/v1/scenarios/{name}/activate", ROUTE_API_KEY, "scenarios", scenarios_activate},
    {"POST", "/api/v1/scenarios/{name}/position", ROUTE_API_KEY, "scenarios", scenarios_move},
    {"GET", "/api/v1/scenario-presets", ROUTE_API_KEY, "scenarios", scenarios_list_presets},
    {"POST", "/api/v1/scenario-presets/{name}", ROUTE_API_KEY, "scenarios", scenarios_use_preset},
    {"GET", "/api/v1/campaigns", ROUTE_API_KEY, "campaigns", campaigns_list},
    {"POST", "/api/v1/campaigns", ROUTE_API_KEY, "campaigns", campaigns_make},
    {"GET", "/api/v1/campaigns/{id}", ROUTE_API_KEY, "campaigns", campaigns_show},
    {"POST", "/api/v1/campaigns/{id}/approve", ROUTE_API_KEY, "campaigns", campaigns_approve},
    {"POST", "/api/v1/campaigns/{id}/stop", ROUTE_API_KEY, "campaigns", campaigns_stop_one},
    {"GET", "/api/v1/campaigns/{id}/results", ROUTE_API_KEY, "campaigns", campaigns_results},
    {"GET", "/api/v1/campaigns/{id}/bad-rows.csv", ROUTE_API_KEY, "campaigns", campaigns_bad_rows},
    {"GET", "/api/v1/campaigns/{id}/call-list.csv", ROUTE_API_KEY, "campaigns",
     campaigns_call_list},
    {NULL, NULL, ROUTE_OPEN, NULL, NULL},
};

const struct route operator_routes[] = {
    {"GET", "/healthz", ROUTE_OPEN, NULL, health_live},
    {"GET", "/readyz", ROUTE_OPEN, NULL, health_ready},
    {"GET", "/metrics", ROUTE_OPEN, NULL, health_metrics},
    {NULL, NULL, ROUTE_OPEN, NULL, NULL},
};

static struct span take_segment(struct span *rest)
{
    const char *slash = memchr(rest->base, '/', rest->len);
    size_t len = slash == NULL ? rest->len : (size_t)(slash - rest->base);
    struct span segment = span_of(rest->base, len);
    *rest = span_from(*rest, len);
    return segment;
}

/* The more and the earlier fixed segments, the higher; 0 when the path does not match. */
static unsigned path_rank(const char *pattern, struct span path, struct span *params)
{
    struct span wanted = span_str(pattern);
    unsigned rank = 1;
    size_t param_count = 0;
    while (wanted.len != 0 && path.len != 0) {
        if (wanted.base[0] != '/' || path.base[0] != '/')
            return 0;
        wanted = span_from(wanted, 1);
        path = span_from(path, 1);
        struct span name = take_segment(&wanted), segment = take_segment(&path);
        bool is_param = name.len != 0 && name.base[0] == '{';
        if (is_param ? segment.len == 0 : !span_is(name, segment))
            return 0;
        if (is_param) {
            assert(param_count < REQUEST_PARAMS_MAX);
            params[param_count++] = segment;
        }
        rank = rank * 2 + !is_param;
    }
    return wanted.len == 0 && path.len == 0 ? rank : 0;
}

static bool method_fits(const struct route *route, struct span method)
{
    return span_is_str(method, route->method) ||
           (span_is_str(method, "HEAD") && strcmp(route->method, "GET") == 0);
}

static void allow_add(char *allow, size_t room, const char *method)
{
    if (strstr(allow, method) != NULL || strlen(allow) + strlen(method) + 3 > room)
        return;
    if (allow[0] != '\0')
        strcat(allow, ", ");
    strcat(allow, method);
}

static void allow_route(struct route_match *match, const struct route *route)
{
    allow_add(match->allow, sizeof(match->allow), route->method);
    if (strcmp(route->method, "GET") == 0)
        allow_add(match->allow, sizeof(match->allow), "HEAD");
}

static bool method_is_known(const struct route *table, struct span method)
{
    for (; table->method != NULL; ++table)
        if (method_fits(table, method))
            return true;
    return span_is_str(method, "GET") || span_is_str(method, "HEAD");
}

/* 405 says what this path takes; where the path is unknown and the method too, what any takes. */
static void refuse(const struct route *table, struct span method, struct span path,
                   struct route_match *match)
{
    struct span params[REQUEST_PARAMS_MAX];
    for (const struct route *route = table; route->method != NULL; ++route)
        if (path_rank(route->path, path, params) != 0)
            allow_route(match, route);
    match->status = match->allow[0] != '\0' || !method_is_known(table, method) ? 405 : 404;
    if (match->status == 404 || match->allow[0] != '\0')
        return;
    allow_add(match->allow, sizeof(match->allow), "GET");
    allow_add(match->allow, sizeof(match->allow), "HEAD");
    for (const struct route *route = table; route->method != NULL; ++route)
        allow_route(match, route);
}

bool route_is_upload(const struct route *table, struct span path)
{
    struct span params[REQUEST_PARAMS_MAX];
    for (const struct route *route = table; route->method != NULL; ++route)
        if (strcmp(route->method, "OPTIONS") == 0 && path_rank(route->path, path, params) != 0)
            return true;
    return false;
}

void route_find(const struct route *table, struct span method, struct span path,
                struct route_match *match)
{
    match->route = NULL;
    match->status = 200;
    match->allow[0] = '\0';
    unsigned best = 0;
    for (const struct route *route = table; route->method != NULL; ++route) {
        if (!method_fits(route, method))
            continue;
        struct span params[REQUEST_PARAMS_MAX] = {{NULL, 0}};
        unsigned rank = path_rank(route->path, path, params);
        if (rank <= best)
            continue;
        best = rank;
        match->route = route;
        memcpy(match->params, params, sizeof(params));
    }
    if (match->route == NULL)
        refuse(table, method, path, match);
}
