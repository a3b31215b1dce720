#include "app/check_gateway.h"

#include "app/message_gateways.h"
#include "app/settings_gateway.h"
#include "io/fetch.h"
#include "io/timer.h"

#include <stdio.h>
#include <string.h>

enum { FETCHES_MAX = 4 };

struct asking {
    const struct settings *settings;
    struct check_report *report;
    const char *prefix;
    bool is_over;
};

static void add(struct asking *a, enum check_level level, const char *name, const char *text)
{
    char setting[80];
    snprintf(setting, sizeof(setting), "%s.%s", a->prefix, name);
    check_add(a->report, level, settings_line_of(a->settings, setting), setting, "%s", text);
}

static void on_checked(void *owner, enum http_check check, const char *words)
{
    struct asking *a = owner;
    char text[240];
    a->is_over = true;
    if (check == HTTP_CHECK_GOOD) {
        add(a, CHECK_PROOF, "token_file", words);
    } else if (check == HTTP_CHECK_NO_CREDIT) {
        add(a, CHECK_REFUSAL, "token_file", words);
    } else if (check == HTTP_CHECK_REFUSED) {
        snprintf(text, sizeof(text), "the gateway refuses it: %s", words);
        add(a, CHECK_REFUSAL, "token_file", text);
    } else {
        snprintf(text, sizeof(text), "%s (serve starts and tries on)", words);
        add(a, CHECK_WARNING, "gateway", text);
    }
}

static void check_words(struct asking *a, enum message_gateway_kind kind)
{
    const struct settings_gateway *g = message_gateway_of(a->settings, kind);
    if (g->report_secret[0] == '\0')
        add(a, CHECK_WARNING, "report.secret_file",
            "is not there: nothing is heard of what became of messages");
    if (setting_micro(g->spend_per_day) == 0)
        add(a, CHECK_WARNING, "spend_per_day", "is not there: nothing bounds a day's costs");
    if (g->sender[0] == '\0' && strcmp(g->gateway, "smsapi") == 0 && kind == MESSAGE_GATEWAY_SMS)
        add(a, CHECK_WARNING, "sender", "is not there: SMSAPI writes its own name");
    if (g->is_test)
        add(a, CHECK_WARNING, "test", "is on: no message is sent");
}

static void ask(struct asking *a, const struct http_gateway_settings *settings)
{
    struct err err;
    h2o_loop_t *loop = h2o_evloop_create();
    struct fetch *fetch = fetch_new(loop, FETCHES_MAX);
    struct http_gateway *gateway = http_gateway_new(loop, fetch, settings);
    if (http_gateway_check(gateway, on_checked, a, &err) != 0)
        add(a, CHECK_WARNING, "check_url", err.text);
    else
        while (!a->is_over)
            h2o_evloop_run(loop, INT32_MAX);
    http_gateway_free(gateway);
    fetch_free(fetch);
    h2o_evloop_run(loop, 0); /* closed sockets are freed by the turn that follows */
    timer_loop_release(loop);
    h2o_evloop_destroy(loop);
}

void check_gateways(const struct settings *s, struct check_report *report)
{
    static const char *const prefixes[] = {"sms", "voice"};
    for (int kind = MESSAGE_GATEWAY_SMS; kind <= MESSAGE_GATEWAY_VOICE; ++kind) {
        struct message_gateway_room room;
        struct http_gateway_settings settings;
        struct asking asking = {.settings = s, .report = report, .prefix = prefixes[kind]};
        if (!message_gateway_describe(s, (enum message_gateway_kind)kind, &room, &settings))
            continue;
        check_words(&asking, (enum message_gateway_kind)kind);
        ask(&asking, &settings);
    }
}
