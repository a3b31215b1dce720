#include "app/sms_command.h"

#include "app/command_world.h"
#include "app/message_gateways.h"
#include "base/crypto.h"
#include "base/log.h"
#include "channel/sms.h"
#include "domain/csv_value.h"
#include "domain/sms_text.h"
#include "io/fetch.h"
#include "io/timer.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

enum { ID_OCTETS = 9, FETCHES_MAX = 4, WIRE_MS = 30000, TEXT_MAX = 4096 };

struct run {
    const char *number, *text;
    bool has_json, is_plain, is_over;
    int status;
    json_t *lines;
    struct settings settings;
    struct sms_measure measure;
    char to[CSV_PHONE_LEN_MAX + 1], id[2 * ID_OCTETS + 1];
};

static int print_usage(void)
{
    fputs("usage: dunlin sms --to NUMBER --text TEXT [--plain] [--json] [--settings FILE]\n"
          "  --plain writes the text without letters that make an SMS dearer\n",
          stderr);
    return 2;
}

static bool read_arguments(struct run *run, int argc, char **argv)
{
    for (int i = 1; i < argc; ++i) {
        if (strcmp(argv[i], "--json") == 0)
            run->has_json = true;
        else if (strcmp(argv[i], "--plain") == 0)
            run->is_plain = true;
        else if (strcmp(argv[i], "--to") == 0 && i + 1 < argc)
            run->number = argv[++i];
        else if (strcmp(argv[i], "--text") == 0 && i + 1 < argc)
            run->text = argv[++i];
        else
            return false;
    }
    return run->number != NULL && run->text != NULL && run->text[0] != '\0';
}

static void on_trace(void *owner, const char *line)
{
    struct run *run = owner;
    if (run->has_json)
        json_array_append_new(run->lines, json_string(line));
    else
        printf("%s\n", line);
}

static const char *outcome_word(enum channel_outcome outcome)
{
    static const char *const words[] = {[CHANNEL_SENT] = "sent",
                                        [CHANNEL_REFUSED] = "refused",
                                        [CHANNEL_RETRY] = "not sent",
                                        [CHANNEL_UNCERTAIN] = "uncertain"};
    return words[outcome];
}

static void print_outcome(struct run *run, const struct channel_result *result)
{
    const char *outcome = outcome_word(result->outcome);
    if (run->has_json) {
        json_t *all = json_pack(
            "{s:s, s:s%, s:s%, s:i, s:I, s:s, s:i, s:o}", "outcome", outcome, "reason",
            result->reason.base, result->reason.len, "gateway_id",
            result->gateway_id.base == NULL ? "" : result->gateway_id.base, result->gateway_id.len,
            "parts", result->parts, "price_micro", (json_int_t)result->price_micro, "alphabet",
            run->measure.alphabet == SMS_GSM ? "GSM-7" : "UCS-2", "parts_counted",
            (int)run->measure.parts, "exchange", json_incref(run->lines));
        json_dumpf(all, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(all);
        return;
    }
    printf("%s: %.*s", outcome, SPAN_ARG(result->reason));
    if (result->outcome == CHANNEL_SENT)
        printf(", id %.*s, %d part%s, price %lld.%06lld", SPAN_ARG(result->gateway_id),
               result->parts, result->parts == 1 ? "" : "s",
               (long long)(result->price_micro / 1000000),
               (long long)(result->price_micro % 1000000));
    putchar('\n');
    if (result->stops_channel)
        puts("The channel would stop now, and hold its messages until somebody acts.");
}

static void on_sent(void *owner, const struct channel_result *result)
{
    struct run *run = owner;
    print_outcome(run, result);
    run->is_over = true;
    run->status = result->outcome == CHANNEL_SENT ? 0 : 1;
}

/* An id of its own: no code of a reminder has this form, so its report finds nobody. */
static void make_id(struct run *run)
{
    uint8_t bytes[ID_OCTETS];
    random_bytes(bytes, sizeof(bytes));
    hex_print(bytes, sizeof(bytes), run->id);
}

static int exchange(struct run *run, struct http_gateway *gateway, h2o_loop_t *loop,
                    struct span text)
{
    const struct channel_means means = {.sms = gateway};
    const struct channel_message message = {
        .channel = SPAN_LIT("sms"),
        .address = span_str(run->to),
        .body = text,
        .code = span_str(run->id),
        .wire_by = {clock_mono().ns + (int64_t)WIRE_MS * 1000000}};
    struct err err;
    if (sms_channel.send(&means, &message, on_sent, run, &err) != 0) {
        fprintf(stderr, "dunlin: %s\n", err.text);
        return 1;
    }
    while (!run->is_over)
        h2o_evloop_run(loop, INT32_MAX);
    return run->status;
}

static int send_one(struct run *run)
{
    struct message_gateway_room room;
    struct http_gateway_settings settings;
    struct buf text;
    if (!message_gateway_describe(&run->settings, MESSAGE_GATEWAY_SMS, &room, &settings)) {
        fputs("dunlin: the settings have no sms.gateway\n", stderr);
        return 1;
    }
    settings.on_trace = on_trace;
    settings.trace_owner = run;
    buf_init(&text, TEXT_MAX);
    if (run->is_plain)
        sms_text_plain(&text, span_str(run->text));
    else
        buf_add_str(&text, run->text);
    run->measure = sms_text_measure(buf_span(&text));
    make_id(run);
    h2o_loop_t *loop = h2o_evloop_create();
    struct fetch *fetch = fetch_new(loop, FETCHES_MAX);
    struct http_gateway *gateway = http_gateway_new(loop, fetch, &settings);
    int status = exchange(run, gateway, loop, buf_span(&text));
    http_gateway_free(gateway);
    fetch_free(fetch);
    h2o_evloop_run(loop, 0); /* closed sockets are freed by the turn that follows */
    timer_loop_release(loop);
    h2o_evloop_destroy(loop);
    buf_release(&text);
    return status;
}

int sms_command(int argc, char **argv)
{
    struct run run = {.number = NULL};
    const char *file = command_settings_file(&argc, argv);
    if (argc == 0 || !read_arguments(&run, argc, argv))
        return print_usage();
    if (csv_value_phone(span_str(run.number), run.to) != CSV_GOOD) {
        fprintf(stderr, "dunlin: %s is no telephone number\n", run.number);
        return 2;
    }
    log_init(LOG_WARN, "sms");
    run.lines = json_array();
    int status = settings_read_or_print(&run.settings, file, stderr) != 0 ? 1 : send_one(&run);
    settings_release(&run.settings);
    json_decref(run.lines);
    return status;
}
