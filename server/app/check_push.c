#include "app/check_push.h"

#include "app/push_build.h"
#include "app/push_probe.h"
#include "app/push_words.h"
#include "base/crypto.h"
#include "io/timer.h"

#include <signal.h>
#include <stdlib.h>

enum { DEADLINE_MS = 5000, DEVICE_OCTETS = 32, NAME_ROOM = 80 };

/* An app in one environment, asked. */
struct asked {
    struct push_probe probe;
    int index; /* in the settings */
    char device[2 * DEVICE_OCTETS + 1], id[37];
    struct asking *asking;
};

struct asking {
    struct asked all[PUSH_APPS_MAX];
    int count, open;
};

/* ---- findings ---- */

static int line_of(const struct settings *s, int index, const char *row, char name[NAME_ROOM])
{
    snprintf(name, NAME_ROOM, "push.apps[%d].%s", index, row);
    return settings_line_of(s, name);
}

/* At the row, or, where it does not stand in the file, at the app. */
static void add(struct check_report *report, const struct settings *s, int index,
                enum check_level level, const char *row, const struct push_probe *probe,
                const char *text)
{
    char name[NAME_ROOM];
    int line = line_of(s, index, row, name);
    if (line == 0)
        line = line_of(s, index, "app", name);
    check_add(report, level, line, name, "%s at %s (%s): %s", probe->order.app.app,
              probe->order.app.service, probe->order.app.environment, text);
}

static const char *credential_row(const struct settings *s, int index)
{
    const struct settings_push_app *app = &s->push.apps[index];
    return app->account_json[0] != '\0'      ? "account_file"
           : app->certificate_pem[0] != '\0' ? "certificate"
                                             : "key_file";
}

/* The answer that only a good credential gets. A service that takes a push to nobody (a test's, the
 * demo's) believes us, too. */
static bool is_proof(const struct push_probe *probe)
{
    return probe->outcome == PUSH_ACCEPTED ||
           (probe->outcome == PUSH_REFUSED && push_advice_is_of_device(probe->advice));
}

static void judge_word(const struct settings *s, int index, const struct push_probe *probe,
                       const struct push_word *word, struct check_report *report)
{
    char text[260];
    bool is_setting = word->blame == PUSH_BLAME_SETTING;
    bool is_credential = is_setting && (strcmp(word->row, "key_file") == 0);
    snprintf(text, sizeof(text), "%s: %s", word->reason, word->text);
    add(report, s, index, is_setting ? CHECK_REFUSAL : CHECK_WARNING,
        is_credential ? credential_row(s, index)
        : is_setting  ? word->row
                      : "app",
        probe, text);
}

void check_push_judge(const struct settings *s, int index, const struct push_probe *probe,
                      struct check_report *report)
{
    char text[260];
    const struct push_word *word = push_word_find(probe->reason, probe->advice);
    if (probe->alarm == PUSH_ALARM_CLOCK) {
        snprintf(text, sizeof(text), "%s: set the clock, and keep it right by NTP",
                 probe->alarm_text);
        add(report, s, index, CHECK_REFUSAL, "app", probe, text);
    } else if (is_proof(probe)) {
        snprintf(text, sizeof(text), "the credential is good: a push to a made-up device was %s%s",
                 probe->outcome == PUSH_ACCEPTED ? "accepted" : "refused as ", probe->reason);
        add(report, s, index, CHECK_PROOF, credential_row(s, index), probe, text);
    } else if (word != NULL) {
        judge_word(s, index, probe, word, report);
    } else if (probe->alarm == PUSH_ALARM_CREDENTIAL) {
        add(report, s, index, CHECK_REFUSAL, credential_row(s, index), probe, probe->alarm_text);
    } else if (probe->status == 0) {
        snprintf(text, sizeof(text), "cannot be asked now: %s (serve starts and tries on)",
                 probe->alarm == PUSH_ALARM_CONNECTION ? probe->alarm_text : probe->reason);
        add(report, s, index, CHECK_WARNING, "app", probe, text);
    } else {
        snprintf(text, sizeof(text),
                 "the answer to a push to a made-up device was %d %s: that proves nothing",
                 probe->status, probe->reason);
        add(report, s, index, CHECK_WARNING, "app", probe, text);
    }
}

/* ---- asking ---- */

static void on_over(void *owner)
{
    --((struct asked *)owner)->asking->open;
}

static void make_device(char device[2 * DEVICE_OCTETS + 1])
{
    uint8_t bytes[DEVICE_OCTETS];
    random_bytes(bytes, sizeof(bytes));
    hex_print(bytes, sizeof(bytes), device);
}

static struct push_message message_of(const struct asked *a)
{
    bool is_fcm = a->probe.order.settings.kind == PUSH_FCM;
    return (struct push_message){
        .target = span_str(a->device),
        .payload = is_fcm ? SPAN_LIT("{\"notification\":{\"body\":\"dunlin check\"}}")
                          : SPAN_LIT("{\"aps\":{\"alert\":\"dunlin check\"}}"),
        .id = span_str(a->id),
        .topic = span_str(a->probe.order.app.topic),
        .push_type = is_fcm ? SPAN_LIT("") : SPAN_LIT("alert"),
        .is_expiration_now = !is_fcm,
        .is_dry_run = is_fcm,
    };
}

static void ask(struct asking *asking, const struct push_build *build, int index, int environment,
                struct check_report *report)
{
    struct err err;
    struct asked *a = &asking->all[asking->count++];
    a->index = index;
    a->asking = asking;
    make_device(a->device);
    push_probe_make_id(a->id);
    a->probe.order = push_build_order(build, &build->settings->push.apps[index], environment);
    a->probe.message = message_of(a);
    a->probe.deadline_ms = DEADLINE_MS;
    a->probe.on_over = on_over;
    a->probe.owner = a;
    if (push_probe_start(&a->probe, &err) == 0)
        ++asking->open;
    else
        add(report, build->settings, index, CHECK_REFUSAL, "app", &a->probe, err.text);
}

void check_push(const struct settings *s, struct check_report *report)
{
    struct asking *asking = calloc(1, sizeof(*asking));
    if (asking == NULL)
        abort();
    signal(SIGPIPE, SIG_IGN); /* push/ wants it so */
    const struct push_build build = {.settings = s, .loop = h2o_evloop_create()};
    for (int i = 0; i < s->push.app_count; ++i)
        for (int at = 0; at < s->push.apps[i].environments.count; ++at)
            ask(asking, &build, i, at, report);
    while (asking->open > 0)
        h2o_evloop_run(build.loop, INT32_MAX);
    for (int i = 0; i < asking->count; ++i) {
        if (asking->all[i].probe.is_over)
            check_push_judge(s, asking->all[i].index, &asking->all[i].probe, report);
        push_probe_release(&asking->all[i].probe);
    }
    h2o_evloop_run(build.loop, 0); /* closed sockets are freed by the turn that follows */
    timer_loop_release(build.loop);
    h2o_evloop_destroy(build.loop);
    free(asking);
}
