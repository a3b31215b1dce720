#include "app/push_report.h"

#include "app/push_exchange.h"
#include "app/push_words.h"

#include <ctype.h>

static const char *service_name(const struct push_report *report)
{
    return strcmp(report->probe->order.app.service, "fcm") == 0 ? "FCM" : "APNs";
}

void push_report_print_head(const struct push_report *report, FILE *out)
{
    char device[64];
    const struct push_app *app = &report->probe->order.app;
    push_exchange_print_device(report->probe->message.target, device, sizeof(device));
    fprintf(out, "app      %s at %s, %s\n", app->app, service_name(report), app->environment);
    fprintf(out, "device   %s\n", device);
    fprintf(out, "payload  %.*s\n\n", (int)report->probe->message.payload.len,
            report->probe->message.payload.base);
}

/* What follows for reminders. */
static const char *consequence_of(const struct push_probe *p)
{
    static const char *const unmended =
        "Until that is mended no reminder of this app goes by push.";
    if (p->outcome == PUSH_REFUSED && p->alarm == PUSH_ALARM_CREDENTIAL)
        return unmended;
    switch (p->advice) {
    case PUSH_ADVICE_DROP_TARGET:
    case PUSH_ADVICE_DISABLE_TARGET:
        return "A reminder refused so makes Dunlin forget the device.";
    case PUSH_ADVICE_OTHER_ENVIRONMENT:
        return "A reminder refused so is tried once in the other environment, where the settings "
               "have it; then Dunlin forgets the device.";
    case PUSH_ADVICE_STOP_TOPIC:
    case PUSH_ADVICE_FIX:
        return unmended;
    case PUSH_ADVICE_LATER:
    case PUSH_ADVICE_HOLD_TARGET:
        return p->outcome == PUSH_REFUSED ? "A reminder would be tried again later." : "";
    default:
        return "";
    }
}

/* What the outcome means, and behind `between` what follows; "" when there is nothing to add. */
static void explain(const struct push_report *report, const char *between, char *out, size_t room)
{
    const struct push_probe *p = report->probe;
    const struct push_word *word = push_word_find(p->reason, p->advice);
    const char *consequence = consequence_of(p);
    if (p->outcome == PUSH_ACCEPTED && report->is_dry_run)
        snprintf(out, room, "FCM would have sent it. Nothing was sent.");
    else if (p->outcome == PUSH_ACCEPTED)
        snprintf(out, room, "%s has it; no service promises that the telephone shows it.",
                 service_name(report));
    else if (p->outcome == PUSH_UNKNOWN)
        snprintf(out, room, "The service may have taken it all the same.");
    else if (p->alarm == PUSH_ALARM_CLOCK)
        snprintf(out, room, "Set the clock: %s.", p->alarm_text);
    else if (word != NULL)
        snprintf(out, room, "%c%s.%s%s", toupper((unsigned char)word->text[0]), word->text + 1,
                 consequence[0] == '\0' ? "" : between, consequence);
    else
        snprintf(out, room, "%s", consequence);
}

void push_report_print_words(const struct push_report *report, FILE *out)
{
    const struct push_probe *p = report->probe;
    char meaning[512];
    explain(report, "\n", meaning, sizeof(meaning));
    fputc('\n', out);
    if (p->outcome == PUSH_ACCEPTED)
        fprintf(out, "%s in %.1f ms as %s.\n", report->is_dry_run ? "Valid" : "Accepted",
                (double)p->took_us / 1000, p->service_id);
    else if (p->outcome == PUSH_REFUSED)
        fprintf(out, "Refused: %s (%d).\n", p->reason, p->status);
    else
        fprintf(out, "%s: %s\n", p->outcome == PUSH_UNKNOWN ? "Unknown" : "Not sent", p->reason);
    if (meaning[0] != '\0')
        fprintf(out, "%s\n", meaning);
}

void push_report_print_json(const struct push_report *report, json_t *exchange, FILE *out)
{
    const struct push_probe *p = report->probe;
    char meaning[512], device[64];
    explain(report, " ", meaning, sizeof(meaning));
    push_exchange_print_device(report->probe->message.target, device, sizeof(device));
    json_t *payload = json_loadb(p->message.payload.base, p->message.payload.len, 0, NULL);
    json_t *line = json_pack(
        "{s:s, s:s, s:s, s:s, s:o, s:O, s:b, s:s, s:i, s:s, s:s, s:s, s:s, s:I, s:I}", "app",
        p->order.app.app, "service", p->order.app.service, "environment", p->order.app.environment,
        "device", device, "payload", payload, "exchange", exchange, "dry_run", report->is_dry_run,
        "outcome", push_outcome_name(p->outcome), "status", p->status, "reason", p->reason,
        "advice", push_advice_name(p->advice), "meaning", meaning, "service_id", p->service_id,
        "took_us", (json_int_t)p->took_us, "retry_after_ms", (json_int_t)p->retry_after_ms);
    json_dumpf(line, out, JSON_COMPACT);
    fputc('\n', out);
    json_decref(line);
}
