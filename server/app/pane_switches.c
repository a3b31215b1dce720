#include "app/pane_switches.h"

#include "app/bank.h"
#include "app/demo_clock.h"
#include "app/demo_month.h"
#include "app/demo_phones.h"
#include "app/pane_http.h"
#include "app/pane_input.h"
#include "app/panes.h"
#include "flow/world.h"
#include "jobs/dispatch.h"
#include "store/debtor_store.h"

#include <stdlib.h>

json_t *pane_clock_json(struct panes *panes)
{
    struct demo_clock_state state = demo_clock_read();
    char now[21];
    instant_print(state.now, now);
    return json_pack("{s:s, s:b, s:i, s:o}", "now", now, "running", state.is_running, "speed",
                     state.speed, "month", demo_month_json(panes->month));
}

/* The switches of the bank by the names people and scripts use. */
static bool *trouble_of(struct bank_trouble *trouble, struct span name)
{
    const struct {
        const char *name;
        bool *is_on;
    } switches[] = {
        {"late", &trouble->is_late},
        {"twice", &trouble->is_twice},
        {"disorder", &trouble->is_disordered},
        {"before_return", &trouble->is_before_return},
        {"wrong_signature", &trouble->is_wrongly_signed},
        {"refund", &trouble->is_refunded},
        {"charge_back", &trouble->is_charged_back},
    };
    for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); ++i)
        if (span_is_str(name, switches[i].name))
            return switches[i].is_on;
    return NULL;
}

static const struct {
    const char *name;
    enum push_sandbox_kind kind;
} services[] = {{"apns", PUSH_SANDBOX_APNS}, {"fcm", PUSH_SANDBOX_FCM}};

enum { SERVICE_COUNT = sizeof(services) / sizeof(services[0]) };

/* The switches of a push service. */
static bool *push_trouble_of(struct push_trouble *trouble, struct span name)
{
    const struct {
        const char *name;
        bool *is_on;
    } switches[] = {
        {"goaway", &trouble->goes_away},  {"429", &trouble->is_overrun},
        {"503", &trouble->is_down},       {"unregistered", &trouble->is_unregistered},
        {"silence", &trouble->is_silent},
    };
    for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); ++i)
        if (span_is_str(name, switches[i].name))
            return switches[i].is_on;
    return NULL;
}

static json_t *push_trouble_json(struct panes *panes)
{
    json_t *all = json_object();
    for (size_t i = 0; i < SERVICE_COUNT; ++i) {
        const struct push_trouble *trouble = demo_phones_trouble(panes->phones, services[i].kind);
        json_object_set_new(all, services[i].name,
                            json_pack("{s:b, s:b, s:b, s:b, s:b}", "goaway", trouble->goes_away,
                                      "429", trouble->is_overrun, "503", trouble->is_down,
                                      "unregistered", trouble->is_unregistered, "silence",
                                      trouble->is_silent));
    }
    return all;
}

json_t *pane_trouble_json(struct panes *panes)
{
    const struct bank_trouble *trouble = bank_trouble_of(panes->bank);
    return json_pack("{s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:o}", "late", trouble->is_late, "twice",
                     trouble->is_twice, "disorder", trouble->is_disordered, "before_return",
                     trouble->is_before_return, "wrong_signature", trouble->is_wrongly_signed,
                     "refund", trouble->is_refunded, "charge_back", trouble->is_charged_back,
                     "push", push_trouble_json(panes));
}

void pane_show_clock(struct pane_request *request)
{
    pane_reply_json(request, 200, pane_clock_json(request->owner));
}

static void on_woken(void *owner, const struct err *err)
{
    (void)err; /* the poll behind it does the same a second later */
    free(owner);
}

static void wake_dispatch(struct panes *panes)
{
    struct pg_tx *tx = h2o_mem_alloc(sizeof(*tx));
    *tx = (struct pg_tx){.work_ = NULL};
    struct err err;
    if (debtor_wake(panes->world->store, tx, DISPATCH_CHANNEL, on_woken, tx, &err) != 0)
        free(tx);
}

static int move_clock(struct panes *panes, struct pane_input *input, struct err *err)
{
    struct span action = pane_input_text(input, "action");
    int64_t seconds = pane_input_int(input, "seconds", 0);
    int64_t speed = pane_input_int(input, "speed", 1);
    if (span_is_str(action, "advance"))
        return demo_clock_advance(seconds, err);
    if (span_is_str(action, "pause"))
        demo_clock_pause();
    else if (span_is_str(action, "month"))
        demo_month_begin(panes->month);
    else if (span_is_str(action, "run") && speed >= 1 && speed <= DEMO_CLOCK_SPEED_MAX)
        demo_clock_run((int)speed);
    else
        return err_set(err, ERR_INPUT, "no such action or speed");
    return 0;
}

void pane_set_clock(struct pane_request *request)
{
    struct pane_input input;
    struct err err;
    pane_input_init(&input, request);
    int rc = move_clock(request->owner, &input, &err);
    pane_input_release(&input);
    if (rc != 0) {
        pane_reply_problem(request, 422, "clock_not_understood");
        return;
    }
    wake_dispatch(request->owner);
    pane_reply_json(request, 200, pane_clock_json(request->owner));
}

void pane_show_trouble(struct pane_request *request)
{
    pane_reply_json(request, 200, pane_trouble_json(request->owner));
}

static bool set_bank_trouble(struct panes *panes, struct span name, bool is_on)
{
    bool *trouble = trouble_of(bank_trouble_of(panes->bank), name);
    if (trouble == NULL)
        return false;
    *trouble = is_on;
    if (!is_on)
        bank_hurry(panes->bank);
    return true;
}

/* Of one push service, or of both when none is named. */
static bool set_push_trouble(struct panes *panes, struct span name, struct span service, bool is_on)
{
    bool is_found = false;
    for (size_t i = 0; i < SERVICE_COUNT; ++i) {
        bool *trouble = push_trouble_of(demo_phones_trouble(panes->phones, services[i].kind), name);
        if (trouble == NULL || (service.len > 0 && !span_is_str(service, services[i].name)))
            continue;
        *trouble = is_on;
        is_found = true;
    }
    if (is_found)
        demo_phones_changed(panes->phones);
    return is_found;
}

void pane_set_trouble(struct pane_request *request)
{
    struct panes *panes = request->owner;
    struct pane_input input;
    pane_input_init(&input, request);
    struct span name = pane_input_text(&input, "switch");
    bool is_on = pane_input_bool(&input, "on");
    bool is_found = set_bank_trouble(panes, name, is_on) ||
                    set_push_trouble(panes, name, pane_input_text(&input, "service"), is_on);
    pane_input_release(&input);
    if (is_found)
        pane_reply_json(request, 200, pane_trouble_json(panes));
    else
        pane_reply_problem(request, 422, "no_such_switch");
}
