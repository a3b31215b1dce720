/* The device, by its token or found by its installation; the app of the settings that it belongs
 * to; one push through a service of its own; the outcome and what it means. */
#include "app/push_command.h"

#include "app/command_world.h"
#include "app/push_build.h"
#include "app/push_exchange.h"
#include "app/push_report.h"
#include "base/log.h"
#include "io/timer.h"
#include "store/device_store.h"

#include <ctype.h>
#include <signal.h>
#include <stdlib.h>

enum { DEADLINE_MS = 10000, TOKEN_ROOM = 1025, WORD_ROOM = 160 };

struct run {
    /* the command line; "" where nothing was said */
    const char *device, *installation, *app, *service, *environment, *text, *title;
    bool is_dry_run, has_json;

    struct settings settings;
    /* the device */
    char token[TOKEN_ROOM], app_found[WORD_ROOM], service_found[16], environment_found[16];
    enum push_target target_kind;
    struct command_world *room; /* while it is looked up */
    struct pg_query query;

    struct push_probe probe;
    struct push_exchange exchange;
    struct push_report report;
    json_t *lines; /* --json */
    char *payload;
    char id[37];
};

static int print_usage(void)
{
    fputs("usage: dunlin push --device TOKEN | --installation ID  --text TEXT [--title TEXT]\n"
          "                   [--app APP] [--service apns|fcm] [--environment production|sandbox]\n"
          "                   [--dry-run] [--json] [--settings FILE]\n"
          "  --app, --service and --environment where the settings leave a choice;\n"
          "  --dry-run lets FCM look at the push without sending it\n",
          stderr);
    return 2;
}

/* ---- the command line ---- */

static bool read_arguments(struct run *run, int argc, char **argv)
{
    const struct {
        const char *name, **value;
    } options[] = {{"--device", &run->device}, {"--installation", &run->installation},
                   {"--app", &run->app},       {"--service", &run->service},
                   {"--text", &run->text},     {"--environment", &run->environment},
                   {"--title", &run->title}};
    for (size_t o = 0; o < sizeof(options) / sizeof(options[0]); ++o)
        *options[o].value = "";
    for (int i = 1; i < argc; ++i) {
        const char **value = NULL;
        for (size_t o = 0; o < sizeof(options) / sizeof(options[0]); ++o)
            if (strcmp(argv[i], options[o].name) == 0)
                value = options[o].value;
        if (value != NULL && i + 1 < argc)
            *value = argv[++i];
        else if (strcmp(argv[i], "--dry-run") == 0)
            run->is_dry_run = true;
        else if (strcmp(argv[i], "--json") == 0)
            run->has_json = true;
        else
            return false;
    }
    return (run->device[0] == '\0') != (run->installation[0] == '\0') && run->text[0] != '\0' &&
           strlen(run->device) < TOKEN_ROOM;
}

/* ---- the device ---- */

static int say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("dunlin: ", stderr);
    vfprintf(stderr, format, args);
    fputs("\n", stderr);
    va_end(args);
    return 1;
}

static void copy(struct span text, char *out, size_t room)
{
    snprintf(out, room, "%.*s", SPAN_ARG(text));
}

static int take_found(struct run *run, const PGresult *result)
{
    struct device_found found;
    int rows = PQntuples(result);
    if (rows == 0)
        return say("there is no device of the installation %s", run->installation);
    if (rows > 1)
        return say("several apps have the installation %s: say --app", run->installation);
    device_read_found(result, 0, &found);
    if (!span_is_str(found.state, "live"))
        return say("the device of %s is %.*s: %.*s", run->installation, SPAN_ARG(found.state),
                   SPAN_ARG(found.reason));
    copy(found.token, run->token, sizeof(run->token));
    copy(found.app, run->app_found, sizeof(run->app_found));
    copy(found.service, run->service_found, sizeof(run->service_found));
    copy(found.environment, run->environment_found, sizeof(run->environment_found));
    run->target_kind = span_is_str(found.target_kind, "fid") ? PUSH_FID : PUSH_TOKEN;
    run->app = run->app_found;
    run->service = run->service_found;
    if (run->environment[0] == '\0')
        run->environment = run->environment_found;
    return 0;
}

static void on_found(void *owner, const PGresult *result, const struct err *err)
{
    struct run *run = owner;
    command_world_finish(run->room,
                         err->code != 0 ? say("%s", err->text) : take_found(run, result));
}

static int look_up(struct run *run, const char *settings_file)
{
    struct command_world room;
    struct err err;
    int status = command_world_open(&room, "push", settings_file);
    run->room = &room;
    if (status == 0 && device_find(room.world.store, &run->query, span_str(run->installation),
                                   span_str(run->app), on_found, run, &err) != 0)
        status = say("%s", err.text);
    else if (status == 0)
        status = command_world_run(&room);
    command_world_close(&room);
    return status;
}

static int find_device(struct run *run, const char *settings_file)
{
    if (run->installation[0] != '\0')
        return look_up(run, settings_file);
    snprintf(run->token, sizeof(run->token), "%s", run->device);
    return 0;
}

/* ---- the app ---- */

static bool is_chosen(const char *wanted, const char *have)
{
    return wanted[0] == '\0' || strcmp(wanted, have) == 0;
}

/* Those of the settings that the command line leaves; the last one in *app and *at. */
static int count_apps(const struct run *run, const struct settings_push_app **app, int *at,
                      FILE *list)
{
    int count = 0;
    for (int i = 0; i < run->settings.push.app_count; ++i) {
        const struct settings_push_app *a = &run->settings.push.apps[i];
        for (int e = 0; e < a->environments.count; ++e) {
            if (!is_chosen(run->app, a->app) || !is_chosen(run->service, a->service) ||
                !is_chosen(run->environment, a->environments.items[e]))
                continue;
            ++count;
            *app = a;
            *at = e;
            if (list != NULL)
                fprintf(list, "  --app %s --service %s --environment %s\n", a->app, a->service,
                        a->environments.items[e]);
        }
    }
    return count;
}

static int choose_app(struct run *run, const struct settings_push_app **app, int *at)
{
    int count = count_apps(run, app, at, NULL);
    if (count == 1)
        return 0;
    if (count > 1) {
        say("the settings have several apps for this; say which:");
        count_apps(run, app, at, stderr);
        return 1;
    }
    if (run->settings.push.app_count == 0)
        return say("the settings have no push.apps");
    say("the settings have no such app; they have:");
    run->app = run->service = run->environment = "";
    count_apps(run, app, at, stderr);
    return 1;
}

/* ---- the message ---- */

static json_t *alert_of(const struct run *run)
{
    json_t *alert = json_pack("{s:s}", "body", run->text);
    if (alert != NULL && run->title[0] != '\0')
        json_object_set_new(alert, "title", json_string(run->title));
    return alert;
}

static json_t *payload_of(const struct run *run, bool is_fcm, const char *channel_id)
{
    if (!is_fcm)
        return json_pack("{s:{s:o, s:s}}", "aps", "alert", alert_of(run), "sound", "default");
    return json_pack("{s:o, s:{s:s, s:{s:s, s:s}}}", "notification", alert_of(run), "android",
                     "priority", "HIGH", "notification", "channel_id", channel_id, "visibility",
                     "PRIVATE");
}

static int make_message(struct run *run, bool is_fcm)
{
    const struct push_app *app = &run->probe.order.app;
    if (run->is_dry_run && !is_fcm)
        return say("APNs cannot look at a push without sending it; `dunlin check` proves the "
                   "credential");
    for (char *c = run->token; !is_fcm && *c != '\0'; ++c)
        *c = (char)tolower((unsigned char)*c); /* APNs wants it so, other tools print capitals */
    json_t *payload = payload_of(run, is_fcm, app->channel_id);
    if (payload == NULL)
        return say("the text is no UTF-8");
    run->payload = json_dumps(payload, JSON_COMPACT);
    json_decref(payload);
    push_probe_make_id(run->id);
    run->probe.message = (struct push_message){.target_kind = run->target_kind,
                                               .target = span_str(run->token),
                                               .payload = span_str(run->payload),
                                               .id = span_str(run->id),
                                               .topic = span_str(app->topic),
                                               .push_type = span_str(is_fcm ? "" : "alert"),
                                               .priority = is_fcm ? 0 : 10,
                                               .is_dry_run = run->is_dry_run};
    return 0;
}

/* ---- sending ---- */

static void on_over(void *owner)
{
    (void)owner;
}

static void on_trace(void *owner, const char *line)
{
    push_exchange_line(&((struct run *)owner)->exchange, line);
}

static int exchange(struct run *run, h2o_loop_t *loop)
{
    struct err err;
    run->lines = json_array();
    run->report = (struct push_report){.probe = &run->probe, .is_dry_run = run->is_dry_run};
    push_exchange_init(&run->exchange, span_str(run->token), run->has_json ? NULL : stdout,
                       run->has_json ? run->lines : NULL);
    run->probe.deadline_ms = DEADLINE_MS;
    run->probe.on_trace = on_trace;
    run->probe.on_over = on_over;
    run->probe.owner = run;
    if (!run->has_json)
        push_report_print_head(&run->report, stdout);
    if (push_probe_start(&run->probe, &err) != 0)
        return say("%s", err.text);
    while (!run->probe.is_over)
        h2o_evloop_run(loop, INT32_MAX);
    if (run->has_json)
        push_report_print_json(&run->report, run->lines, stdout);
    else
        push_report_print_words(&run->report, stdout);
    return run->probe.outcome == PUSH_ACCEPTED ? 0 : 1;
}

static int send_one(struct run *run)
{
    const struct settings_push_app *app = NULL;
    int at = 0;
    if (choose_app(run, &app, &at) != 0)
        return 1;
    const struct push_build build = {.settings = &run->settings, .loop = h2o_evloop_create()};
    run->probe.order = push_build_order(&build, app, at);
    int status = make_message(run, strcmp(app->service, "fcm") == 0);
    if (status == 0)
        status = exchange(run, build.loop);
    push_probe_release(&run->probe);
    h2o_evloop_run(build.loop, 0); /* closed sockets are freed by the turn that follows */
    timer_loop_release(build.loop);
    h2o_evloop_destroy(build.loop);
    json_decref(run->lines);
    free(run->payload);
    return status;
}

int push_command(int argc, char **argv)
{
    struct run run = {.device = ""};
    const char *file = command_settings_file(&argc, argv);
    if (argc == 0 || !read_arguments(&run, argc, argv))
        return print_usage();
    signal(SIGPIPE, SIG_IGN); /* push/ wants it so */
    log_init(LOG_WARN, "push");
    int status = settings_read_or_print(&run.settings, file, stderr);
    status = status != 0 ? 1 : find_device(&run, file);
    if (status == 0)
        status = send_one(&run);
    settings_release(&run.settings);
    return status;
}
