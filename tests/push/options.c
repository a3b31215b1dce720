#include "options.h"

#include "driver.h"
#include "push_usage.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One table says of each option where its value goes. Taken in three passes, as --service decides
 * about the defaults of the rest, and --tune wins over --hurry. */

enum { FILE_MAX = 1 << 20 };

enum kind { FLAG, TEXT, SPAN, CONTENT, NUMBER, WIDE, SIGNED, CALL };
enum pass { SERVICE, ALL, LAST, PASSES };

struct option_row {
    const char *name;
    enum kind kind;
    enum pass pass;
    void *to;                   /* a bool, const char *, struct span, uint32_t, uint64_t, int64_t */
    void (*call)(const char *); /* with CALL */
};

static void usage(FILE *to, int status)
{
    fputs(push_usage_files[0].bytes, to);
    exit(status);
}

static void wrong(const char *what, const char *why)
{
    fprintf(stderr, "push_driver: %s: %s\n", what, why);
    exit(2);
}

/* ---- options that are more than a value ---- */

static void help(const char *value)
{
    (void)value;
    usage(stdout, 0);
}

static void choose_service(const char *name)
{
    driver.settings.kind = strcmp(name, "fcm") == 0    ? PUSH_FCM
                           : strcmp(name, "apns") == 0 ? PUSH_APNS
                                                       : 0;
    if (driver.settings.kind == 0)
        usage(stderr, 2);
    push_tuning_default(&driver.settings.tuning, driver.settings.kind);
}

static void name_host(const char *name)
{
    driver.settings.host = name[0] == 0 ? NULL : name;
}

static void hurry(const char *value)
{
    uint32_t by = (uint32_t)strtoul(value, NULL, 10);
    struct push_tuning *t = &driver.settings.tuning;
    uint32_t *waits[] = {
        &t->retry_min,  &t->retry_max,  &t->connect_backoff, &t->connect_backoff_max,
        &t->quota_wait, &t->probe_wait, &t->rate_ramp};
    for (size_t i = 0; i < sizeof(waits) / sizeof(*waits); ++i)
        *waits[i] = *waits[i] / (by == 0 ? 1 : by);
}

static void step_clock(const char *value)
{
    const char *colon = strchr(value, ':');
    driver.step_after = atoll(value);
    driver.step_s = colon == NULL ? 0 : atoll(colon + 1);
}

static void print_trace(void *owner, const char *line)
{
    (void)owner;
    fprintf(stderr, "%s\n", line);
}

static void trace(const char *value)
{
    (void)value;
    driver.settings.on_trace = print_trace;
}

static const struct {
    const char *name;
    size_t at;
} tunes[] = {
#define TUNE(name)                                                                                 \
    {                                                                                              \
#name, offsetof(struct push_tuning, name)                                                  \
    }
    TUNE(connections_min),  TUNE(connections_max), TUNE(streams_max),     TUNE(queue_max),
    TUNE(queue_bytes_max),  TUNE(connect_timeout), TUNE(answer_timeout),  TUNE(ping_busy),
    TUNE(ping_idle),        TUNE(ping_timeout),    TUNE(connect_backoff), TUNE(connect_backoff_max),
    TUNE(connection_good),  TUNE(idle_close),      TUNE(retry_min),       TUNE(retry_max),
    TUNE(quota_wait),       TUNE(token_age),       TUNE(token_age_min),   TUNE(token_early),
    TUNE(breaker_failures), TUNE(probe_wait),      TUNE(rate_max),        TUNE(rate_ramp),
#undef TUNE
};

static void tune(const char *text)
{
    const char *equals = strchr(text, '=');
    for (size_t i = 0; equals != NULL && i < sizeof(tunes) / sizeof(*tunes); ++i)
        if (span_is_str(span_of(text, (size_t)(equals - text)), tunes[i].name)) {
            uint32_t value = (uint32_t)strtoul(equals + 1, NULL, 10);
            memcpy((char *)&driver.settings.tuning + tunes[i].at, &value, sizeof(value));
            return;
        }
    wrong(text, "no such thing to tune");
}

/* ---- the table ---- */

static const struct option_row rows[] = {
    {"help", FLAG, ALL, NULL, help},
    {"service", CALL, SERVICE, NULL, choose_service},
    {"host", CALL, ALL, NULL, name_host},
    {"sandbox", FLAG, ALL, &driver.settings.apns.is_sandbox, NULL},
    {"connect", TEXT, ALL, &driver.settings.connect, NULL},
    {"ca", TEXT, ALL, &driver.settings.ca_file, NULL},
    {"beside", TEXT, ALL, &driver.beside, NULL},
    {"key", CONTENT, ALL, &driver.settings.apns.key_pem, NULL},
    {"key-id", SPAN, ALL, &driver.settings.apns.key_id, NULL},
    {"team", SPAN, ALL, &driver.settings.apns.team_id, NULL},
    {"cert", CONTENT, ALL, &driver.settings.apns.cert_pem, NULL},
    {"cert-key", CONTENT, ALL, &driver.settings.apns.cert_key_pem, NULL},
    {"account", CONTENT, ALL, &driver.settings.fcm.account_json, NULL},
    {"token-uri", SPAN, ALL, &driver.settings.fcm.token_uri, NULL},
    {"topic", TEXT, ALL, &driver.topic, NULL},
    {"push-type", TEXT, ALL, &driver.push_type, NULL},
    {"deadline", NUMBER, ALL, &driver.deadline_ms, NULL},
    {"start-within", NUMBER, ALL, &driver.start_within_ms, NULL},
    {"attempts", NUMBER, ALL, &driver.attempts_max, NULL},
    {"generate", WIDE, ALL, &driver.generate, NULL},
    {"payload", WIDE, ALL, &driver.payload_len, NULL},
    {"concurrency", NUMBER, ALL, &driver.concurrency, NULL},
    {"room", FLAG, ALL, &driver.is_by_room, NULL},
    {"resend-unknown", FLAG, ALL, &driver.resends_unknown, NULL},
    {"hurry", CALL, ALL, NULL, hurry},
    {"clock", SIGNED, ALL, &driver.clock_s, NULL},
    {"clock-step", CALL, ALL, NULL, step_clock},
    {"tune", CALL, LAST, NULL, tune},
    {"quiet", FLAG, ALL, &driver.is_quiet, NULL},
    {"trace", FLAG, ALL, NULL, trace},
};
enum { ROWS = sizeof(rows) / sizeof(*rows) };

static struct span read_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *bytes = malloc(FILE_MAX);
    ssize_t len = fd < 0 || bytes == NULL ? -1 : read(fd, bytes, FILE_MAX);
    if (len < 0)
        wrong(path, strerror(errno));
    close(fd);
    return span_of(bytes, (size_t)len); /* kept to the end */
}

static void take(const struct option_row *row, const char *value)
{
    if (row->call != NULL) {
        row->call(value);
        return;
    }
    switch (row->kind) {
    case FLAG:
        *(bool *)row->to = true;
        return;
    case TEXT:
        *(const char **)row->to = value;
        return;
    case SPAN:
        *(struct span *)row->to = span_str(value);
        return;
    case CONTENT:
        *(struct span *)row->to = read_file(value);
        return;
    case NUMBER:
        *(uint32_t *)row->to = (uint32_t)strtoul(value, NULL, 10);
        return;
    case WIDE:
        *(uint64_t *)row->to = strtoull(value, NULL, 10);
        return;
    case SIGNED:
        *(int64_t *)row->to = atoll(value);
        return;
    case CALL:
        return;
    }
}

void options_take(int argc, char **argv)
{
    struct option options[ROWS + 1] = {0};
    for (int i = 0; i < ROWS; ++i)
        options[i] =
            (struct option){.name = rows[i].name, .has_arg = rows[i].kind != FLAG, .val = i};
    for (int pass = 0; pass < PASSES; ++pass) {
        optind = 0;
        for (int at; (at = getopt_long(argc, argv, "", options, NULL)) != -1;) {
            if (at == '?')
                usage(stderr, 2);
            if ((int)rows[at].pass == pass)
                take(&rows[at], optarg);
        }
    }
    if (optind < argc || driver.settings.kind == 0 || driver.settings.connect == NULL)
        usage(stderr, 2);
}
