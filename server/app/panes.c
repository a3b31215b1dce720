#include "app/panes.h"

#include "app/bank.h"
#include "app/bank_pages.h"
#include "app/demo_clock.h"
#include "app/demo_month.h"
#include "app/demo_phones.h"
#include "app/pane_campaign.h"
#include "app/pane_evidence.h"
#include "app/pane_files.h"
#include "app/pane_http.h"
#include "app/pane_office.h"
#include "app/pane_scenarios.h"
#include "app/pane_switches.h"
#include "app/pane_tap.h"
#include "app/pane_views.h"
#include "app/pane_work.h"
#include "flow/world.h"
#include "io/timer.h"
#include "provider/provider.h"

#include <stdlib.h>

enum { KEEP_CLOCK_MS = 1000 };

static const struct pane_route routes[] = {
    {"GET", "/", pane_show_overview},
    {"GET", "/phone", pane_show_phone},
    {"GET", "/phone.json", pane_list_messages},
    {"POST", "/phone/opened", pane_tap},
    {"GET", "/inbox", pane_show_inbox},
    {"GET", "/inbox.json", pane_list_mails},
    {"GET", "/bank", pane_show_bank},
    {"GET", "/bank/payments.json", bank_list},
    {"POST", "/bank/payments/*", bank_act},
    {"POST", "/bank/api/payments", bank_api_start},
    {"GET", "/bank/pay/*", bank_page_show},
    {"POST", "/bank/pay/*", bank_page_choose},
    {"GET", "/debtors.json", pane_list_debtors},
    {"GET", "/ladder.json", pane_list_ladder},
    {"GET", "/agreements.json", pane_list_agreements},
    {"GET", "/evidence.pdf", pane_show_evidence_pdf},
    {"GET", "/evidence.json", pane_show_evidence_json},
    {"GET", "/office", pane_show_office},
    {"GET", "/office.json", pane_list_office},
    {"POST", "/office", pane_answer_office},
    {"GET", "/state.json", pane_show_state},
    {"GET", "/scenarios.json", pane_list_scenarios},
    {"POST", "/scenario", pane_choose_scenario},
    {"GET", "/campaigns.json", pane_list_campaigns},
    {"POST", "/campaign", pane_make_campaign},
    {"GET", "/calls.json", pane_list_calls},
    {"GET", "/handovers.json", pane_list_handovers},
    {"GET", "/why.json", pane_show_why},
    {"POST", "/sending", pane_set_sending},
    {"GET", "/clock", pane_show_clock},
    {"POST", "/clock", pane_set_clock},
    {"GET", "/trouble", pane_show_trouble},
    {"POST", "/trouble", pane_set_trouble},
    {"GET", "/assets/*", pane_send_asset},
    {NULL, NULL, NULL},
};

static struct timer keep_timer;

static void on_keep_time(void *owner)
{
    (void)owner;
    demo_clock_keep();
    timer_start(&keep_timer, KEEP_CLOCK_MS);
}

static int start_phones(struct panes *panes, struct err *err)
{
    const struct demo_phones_options phones = {.world = panes->world,
                                               .push = panes->options.push,
                                               .apns_fd = panes->options.apns_fd,
                                               .fcm_fd = panes->options.fcm_fd,
                                               .ca_file = panes->options.account->ca_file};
    panes->phones = demo_phones_new(&phones, err);
    return panes->phones == NULL ? err->code : 0;
}

struct panes *panes_new(const struct panes_options *options, struct err *err)
{
    struct panes *panes = h2o_mem_alloc(sizeof(*panes));
    *panes = (struct panes){.options = *options, .world = options->world};
    if (bank_pages_init(err) != 0 || start_phones(panes, err) != 0) {
        free(panes);
        return NULL;
    }
    const struct bank_options bank = {.world = options->world,
                                      .callback_secret = options->account->secrets[0],
                                      .ca_file = options->account->ca_file};
    panes->bank = bank_new(&bank);
    panes->month = demo_month_new(options->world, panes->bank, panes->phones);
    const struct pane_server_options server = {.listen_fd = options->listen_fd,
                                               .routes = routes,
                                               .owner = panes,
                                               .form_origin = options->world->public_url};
    panes->server = pane_server_new(options->world->loop, &server);
    timer_init(&keep_timer, options->world->loop, "demo clock", on_keep_time, NULL);
    timer_start(&keep_timer, KEEP_CLOCK_MS);
    return panes;
}

void panes_stop(struct panes *panes)
{
    timer_stop(&keep_timer);
    demo_clock_keep();
    demo_month_stop(panes->month);
    bank_stop(panes->bank);
    demo_phones_stop(panes->phones);
    pane_server_stop(panes->server);
}
