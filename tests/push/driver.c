/* Pushes by the library alone, for tests in any language and for measuring: see USAGE beside this
 * file, which `push_driver --help` prints. */
#include "push/push.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "push_usage.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { FILE_MAX = 1 << 20, TRIES_MAX = 32, INPUT_MAX = 256 << 20 };

struct item {
    uint64_t n;
    char id[64];
    struct push *push; /* null once it has its outcome */
    bool is_paid;
    uint8_t tries[TRIES_MAX];
    size_t try_count;
};

struct waiting {
    json_t *line;
    struct waiting *next;
};

static struct driver {
    struct push_settings settings;
    struct push_service *service;
    const char *topic, *push_type;
    uint32_t deadline_ms, start_within_ms, attempts_max, concurrency;
    uint64_t generate, payload_len, generated;
    bool resends_unknown, is_quiet, is_at_end, is_by_room;
    int64_t clock_s, step_after, step_s;
    struct buf input, output;
    struct waiting *head, **tail;
    json_t *items; /* id -> address of the item */
    uint64_t n, open, outcomes, rejected, unknown_before, asked, rooms;
    char *payload;
} driver = {
    .topic = "io.dunlin.demo", .push_type = "alert", .deadline_ms = 30000, .concurrency = 100};

/* ---- output ---- */

static void flush_output(void)
{
    struct span rest = buf_span(&driver.output);
    while (rest.len > 0) {
        ssize_t written = write(1, rest.base, rest.len);
        if (written < 0 && errno != EINTR)
            exit(1);
        rest = span_from(rest, written > 0 ? (size_t)written : 0);
    }
    buf_reset(&driver.output);
}

static void print_json(json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT);
    buf_add_str(&driver.output, text);
    buf_add_char(&driver.output, '\n');
    free(text);
    json_decref(json);
    if (buf_span(&driver.output).len > 65536)
        flush_output();
}

static json_t *text_json(struct span text)
{
    json_t *json = json_stringn(text.len == 0 ? "" : text.base, text.len);
    return json != NULL ? json : json_string("(no UTF-8)");
}

static void on_alarm(void *owner, enum push_alarm alarm, const char *text)
{
    (void)owner;
    print_json(json_pack("{s:s,s:s}", "alarm", push_alarm_name(alarm), "text", text));
}

static void on_trace(void *owner, const char *line)
{
    (void)owner;
    fprintf(stderr, "%s\n", line);
}

static int64_t now_us(void *owner)
{
    (void)owner;
    int64_t step_s =
        driver.step_s != 0 && (int64_t)driver.outcomes >= driver.step_after ? driver.step_s : 0;
    return clock_wall().us + (driver.clock_s + step_s) * 1000000;
}

/* ---- pushes ---- */

static bool may_send(void *owner, struct push *push, enum push_try try)
{
    (void)push;
    struct item *item = owner;
    if (item->try_count < TRIES_MAX)
        item->tries[item->try_count++] = (uint8_t)try;
    return !item->is_paid && (try != PUSH_TRY_UNKNOWN || driver.resends_unknown);
}

static json_t *tries_json(const struct item *item)
{
    static const char *const names[] = {"", "first", "safe", "refused", "unknown"};
    json_t *tries = json_array();
    for (size_t i = 0; i < item->try_count; ++i)
        json_array_append_new(tries, json_string(names[item->tries[i]]));
    return tries;
}

static void on_done(void *owner, struct push *push, const struct push_result *r)
{
    struct item *item = owner;
    (void)push;
    item->push = NULL;
    --driver.open;
    ++driver.outcomes;
    driver.unknown_before += r->unknown_before;
    if (!driver.is_quiet)
        print_json(json_pack(
            "{s:I,s:s,s:s,s:i,s:o,s:s,s:o,s:o,s:I,s:I,s:I,s:I,s:I,s:o}", "n", (json_int_t)item->n,
            "id", item->id, "outcome", push_outcome_name(r->outcome), "status", r->status, "reason",
            text_json(r->reason), "advice", push_advice_name(r->advice), "service_id",
            text_json(r->service_id), "unique_id", text_json(r->unique_id), "dead_since",
            (json_int_t)r->dead_since_ms, "retry_after", (json_int_t)r->retry_after_ms, "attempts",
            (json_int_t)r->attempts, "unknown_before", (json_int_t)r->unknown_before, "took_us",
            (json_int_t)r->took_us, "tries", tries_json(item)));
    if (driver.generate > 0)
        free(item);
}

static const struct push_handler handler = {.may_send = may_send, .on_done = on_done};

static void send_item(struct item *item, const struct push_message *message)
{
    struct err err;
    if (push_send(driver.service, message, &handler, item, &item->push, &err) == 0) {
        ++driver.open;
        return;
    }
    ++driver.rejected;
    if (!driver.is_quiet)
        print_json(json_pack("{s:I,s:s,s:s,s:s,s:s}", "n", (json_int_t)item->n, "id", item->id,
                             "outcome", "rejected", "error", err_name(err.code), "text", err.text));
    if (driver.generate > 0)
        free(item);
}

/* In place, so that making pushes costs the measured process little. */
static void write_hex(char *at, uint64_t value, int digits)
{
    while (digits-- > 0) {
        at[digits] = "0123456789abcdef"[value & 15];
        value >>= 4;
    }
}

/* One random half for the run, the number for the rest. */
static void make_uuid(uint64_t n, char out[64])
{
    static uint64_t run;
    if (run == 0)
        random_bytes(&run, sizeof(run));
    memcpy(out, "00000000-0000-4000-8000-000000000000", 37);
    write_hex(out, run >> 32, 8);
    write_hex(out + 9, run, 4);
    write_hex(out + 24, n, 12);
}

static struct item *item_new(void)
{
    struct item *item = calloc(1, sizeof(*item));
    if (item == NULL)
        abort();
    item->n = driver.n++;
    return item;
}

static void send_generated(void)
{
    char target[65];
    struct item *item = item_new();
    make_uuid(item->n, item->id);
    memset(target, 'd', 64);
    write_hex(target + 48, item->n, 16);
    write_hex(driver.payload + 18, item->n, 16);
    ++driver.generated;
    send_item(item, &(struct push_message){.target = span_of(target, 64),
                                           .payload = span_of(driver.payload, driver.payload_len),
                                           .id = span_str(item->id),
                                           .topic = span_str(driver.topic),
                                           .push_type = span_str(driver.push_type),
                                           .priority = 10,
                                           .deadline_ms = driver.deadline_ms,
                                           .start_within_ms = driver.start_within_ms,
                                           .attempts_max = driver.attempts_max});
}

/* {"aps":{"alert":"0000000000000000xxxx…"}} */
static void make_payload(void)
{
    static const char head[] = "{\"aps\":{\"alert\":\" ", tail[] = "\"}}";
    if (driver.payload_len < 64)
        driver.payload_len = 64;
    driver.payload = malloc(driver.payload_len + 1);
    if (driver.payload == NULL)
        abort();
    memset(driver.payload, 'x', driver.payload_len);
    memcpy(driver.payload, head, sizeof(head) - 1);
    memcpy(driver.payload + driver.payload_len - 3, tail, 3);
}

/* ---- input ---- */

static struct span text_of(const json_t *line, const char *name, const char *otherwise)
{
    const json_t *value = json_object_get(line, name);
    if (!json_is_string(value))
        return span_str(otherwise);
    return span_of(json_string_value(value), json_string_length(value));
}

static int64_t number_of(const json_t *line, const char *name, int64_t otherwise)
{
    const json_t *value = json_object_get(line, name);
    return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

static enum push_target kind_of(const json_t *line)
{
    static const char *const names[] = {"token", "fid", "topic", "condition"};
    struct span name = text_of(line, "target_kind", "token");
    for (int i = 0; i < 4; ++i)
        if (span_is_str(name, names[i]))
            return (enum push_target)i;
    return PUSH_TOKEN;
}

static void send_line(const json_t *line)
{
    struct item *item = item_new();
    const json_t *payload = json_object_get(line, "payload");
    char *dumped = payload == NULL || json_is_string(payload) ? NULL : json_dumps(payload, 0);
    bool is_apns = driver.settings.kind == PUSH_APNS;
    struct span given = text_of(line, "id", NULL);
    if (given.base == NULL && is_apns)
        make_uuid(item->n, item->id);
    else
        snprintf(item->id, sizeof(item->id), "%.*s", SPAN_ARG(given));
    json_object_set_new(driver.items, item->id, json_integer((json_int_t)(intptr_t)item));
    const struct push_message message = {
        .target_kind = kind_of(line),
        .target = text_of(line, "target", ""),
        .payload = dumped != NULL
                       ? span_str(dumped)
                       : text_of(line, "payload", is_apns ? "{\"aps\":{\"alert\":\"x\"}}" : "{}"),
        .id = given.base == NULL ? span_str(item->id) : given,
        .topic = text_of(line, "topic", driver.topic),
        .push_type = text_of(line, "push_type", driver.push_type),
        .collapse_id = text_of(line, "collapse_id", ""),
        .priority = (int)number_of(line, "priority", 0),
        .expires_at_s = number_of(line, "expires_at", 0),
        .is_expiration_now = json_is_true(json_object_get(line, "expiration_now")),
        .is_dry_run = json_is_true(json_object_get(line, "dry_run")),
        .deadline_ms = (uint32_t)number_of(line, "deadline", driver.deadline_ms),
        .start_within_ms = (uint32_t)number_of(line, "start_within", driver.start_within_ms),
        .attempts_max = (uint32_t)number_of(line, "attempts", driver.attempts_max)};
    send_item(item, &message);
    free(dumped);
}

static struct item *item_of(const json_t *line, const char *name)
{
    const char *id = json_string_value(json_object_get(line, name));
    const json_t *address = id == NULL ? NULL : json_object_get(driver.items, id);
    return (struct item *)(intptr_t)json_integer_value(address);
}

static void take_line(struct span text)
{
    struct err err;
    struct item *item;
    if (text.len == 0)
        return;
    json_t *line = json_load(text, (struct json_limits){FILE_MAX, 64}, &err);
    if (line == NULL) {
        fprintf(stderr, "push_driver: a line of input: %s\n", err.text);
        exit(2);
    }
    if ((item = item_of(line, "paid")) != NULL) {
        item->is_paid = true;
    } else if ((item = item_of(line, "withdraw")) != NULL) {
        if (item->push != NULL)
            push_withdraw(item->push);
    } else if (json_object_get(line, "target") != NULL) {
        struct waiting *waiting = malloc(sizeof(*waiting));
        *waiting = (struct waiting){.line = json_incref(line)};
        *driver.tail = waiting;
        driver.tail = &waiting->next;
    }
    json_decref(line);
}

/* True when there was some. */
static bool read_input(void)
{
    bool is_new = false;
    struct pollfd fd = {.fd = 0, .events = POLLIN};
    while (!driver.is_at_end && poll(&fd, 1, 0) > 0) {
        char bytes[65536];
        ssize_t got = read(0, bytes, sizeof(bytes));
        if (got <= 0)
            driver.is_at_end = true;
        else
            buf_add(&driver.input, span_of(bytes, (size_t)got));
        is_new = is_new || got > 0;
        struct span text = buf_span(&driver.input);
        size_t taken = 0;
        for (const char *end; (end = memchr(text.base + taken, '\n', text.len - taken)) != NULL;) {
            take_line(span_of(text.base + taken, (size_t)(end - text.base) - taken));
            taken = (size_t)(end - text.base) + 1;
        }
        buf_drop(&driver.input, taken);
    }
    return is_new;
}

static bool has_more(void)
{
    return driver.generate > 0 ? driver.generated < driver.generate : driver.head != NULL;
}

static void feed_one(void)
{
    struct waiting *waiting = driver.head;
    if (driver.generate > 0) {
        send_generated();
        return;
    }
    driver.head = waiting->next;
    if (driver.head == NULL)
        driver.tail = &driver.head;
    send_line(waiting->line);
    json_decref(waiting->line);
    free(waiting);
}

static void feed(void)
{
    while (driver.open < driver.concurrency && has_more())
        feed_one();
}

/* No more than there is room for; the library says when there is some again. */
static void feed_room(void)
{
    while (has_more()) {
        uint32_t room = push_service_room(driver.service);
        ++driver.asked;
        if (room == 0)
            return;
        for (; room > 0 && has_more(); --room)
            feed_one();
    }
}

static void on_room(void *owner)
{
    (void)owner;
    ++driver.rooms;
    feed_room();
}

static bool is_finished(void)
{
    bool is_read = driver.generate > 0 || driver.is_at_end;
    return is_read && !has_more() && driver.open == 0;
}

/* ---- options ---- */

static struct span read_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *bytes = malloc(FILE_MAX);
    ssize_t len = fd < 0 || bytes == NULL ? -1 : read(fd, bytes, FILE_MAX);
    if (len < 0) {
        fprintf(stderr, "push_driver: %s: %s\n", path, strerror(errno));
        exit(2);
    }
    close(fd);
    return span_of(bytes, (size_t)len); /* kept to the end */
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

static void usage(FILE *to, int status)
{
    fputs(push_usage_files[0].bytes, to);
    exit(status);
}

static void tune(const char *text)
{
    const char *equals = strchr(text, '=');
    for (size_t i = 0; equals != NULL && i < sizeof(tunes) / sizeof(*tunes); ++i)
        if (span_is_str(span_of(text, (size_t)(equals - text)), tunes[i].name)) {
            uint32_t value = (uint32_t)strtoul(equals + 1, NULL, 10);
            memcpy((char *)&driver.settings.tuning + tunes[i].at, &value, sizeof(value));
            return;
        }
    fprintf(stderr, "push_driver: --tune %s: no such thing\n", text);
    exit(2);
}

static void hurry(uint32_t by)
{
    struct push_tuning *t = &driver.settings.tuning;
    uint32_t *waits[] = {
        &t->retry_min,  &t->retry_max,  &t->connect_backoff, &t->connect_backoff_max,
        &t->quota_wait, &t->probe_wait, &t->rate_ramp};
    for (size_t i = 0; i < sizeof(waits) / sizeof(*waits); ++i)
        *waits[i] = *waits[i] / (by == 0 ? 1 : by);
}

enum option_id {
    O_HELP = 256,
    O_SERVICE,
    O_HOST,
    O_CONNECT,
    O_CA,
    O_KEY,
    O_KEY_ID,
    O_TEAM,
    O_CERT,
    O_CERT_KEY,
    O_ACCOUNT,
    O_TOKEN_URI,
    O_TOPIC,
    O_PUSH_TYPE,
    O_DEADLINE,
    O_START_WITHIN,
    O_ATTEMPTS,
    O_GENERATE,
    O_PAYLOAD,
    O_CONCURRENCY,
    O_ROOM,
    O_RESEND,
    O_HURRY,
    O_CLOCK,
    O_CLOCK_STEP,
    O_TUNE,
    O_QUIET,
    O_TRACE,
};

static const struct option options[] = {
    {"help", 0, 0, O_HELP},
    {"service", 1, 0, O_SERVICE},
    {"host", 1, 0, O_HOST},
    {"connect", 1, 0, O_CONNECT},
    {"ca", 1, 0, O_CA},
    {"key", 1, 0, O_KEY},
    {"key-id", 1, 0, O_KEY_ID},
    {"team", 1, 0, O_TEAM},
    {"cert", 1, 0, O_CERT},
    {"cert-key", 1, 0, O_CERT_KEY},
    {"account", 1, 0, O_ACCOUNT},
    {"token-uri", 1, 0, O_TOKEN_URI},
    {"topic", 1, 0, O_TOPIC},
    {"push-type", 1, 0, O_PUSH_TYPE},
    {"deadline", 1, 0, O_DEADLINE},
    {"start-within", 1, 0, O_START_WITHIN},
    {"attempts", 1, 0, O_ATTEMPTS},
    {"generate", 1, 0, O_GENERATE},
    {"payload", 1, 0, O_PAYLOAD},
    {"concurrency", 1, 0, O_CONCURRENCY},
    {"room", 0, 0, O_ROOM},
    {"resend-unknown", 0, 0, O_RESEND},
    {"hurry", 1, 0, O_HURRY},
    {"clock", 1, 0, O_CLOCK},
    {"clock-step", 1, 0, O_CLOCK_STEP},
    {"tune", 1, 0, O_TUNE},
    {"quiet", 0, 0, O_QUIET},
    {"trace", 0, 0, O_TRACE},
    {0},
};

static void take_option(int id, const char *value)
{
    struct push_settings *s = &driver.settings;
    switch (id) {
    case O_HELP:
        usage(stdout, 0);
        break;
    case O_SERVICE:
        break; /* taken first */
    case O_HOST:
        s->host = value;
        break;
    case O_CONNECT:
        s->connect = value;
        break;
    case O_CA:
        s->ca_file = value;
        break;
    case O_KEY:
        s->apns.key_pem = read_file(value);
        break;
    case O_KEY_ID:
        s->apns.key_id = span_str(value);
        break;
    case O_TEAM:
        s->apns.team_id = span_str(value);
        break;
    case O_CERT:
        s->apns.cert_pem = read_file(value);
        break;
    case O_CERT_KEY:
        s->apns.cert_key_pem = read_file(value);
        break;
    case O_ACCOUNT:
        s->fcm.account_json = read_file(value);
        break;
    case O_TOKEN_URI:
        s->fcm.token_uri = span_str(value);
        break;
    case O_TOPIC:
        driver.topic = value;
        break;
    case O_PUSH_TYPE:
        driver.push_type = value;
        break;
    case O_DEADLINE:
        driver.deadline_ms = (uint32_t)atol(value);
        break;
    case O_START_WITHIN:
        driver.start_within_ms = (uint32_t)atol(value);
        break;
    case O_ATTEMPTS:
        driver.attempts_max = (uint32_t)atol(value);
        break;
    case O_GENERATE:
        driver.generate = strtoull(value, NULL, 10);
        break;
    case O_PAYLOAD:
        driver.payload_len = strtoull(value, NULL, 10);
        break;
    case O_CONCURRENCY:
        driver.concurrency = (uint32_t)atol(value);
        break;
    case O_ROOM:
        driver.is_by_room = true;
        break;
    case O_RESEND:
        driver.resends_unknown = true;
        break;
    case O_HURRY:
        hurry((uint32_t)atol(value));
        break;
    case O_CLOCK:
        driver.clock_s = atoll(value);
        break;
    case O_CLOCK_STEP:
        driver.step_after = atoll(value);
        driver.step_s = strchr(value, ':') == NULL ? 0 : atoll(strchr(value, ':') + 1);
        break;
    case O_TUNE:
        break; /* taken last */
    case O_QUIET:
        driver.is_quiet = true;
        break;
    case O_TRACE:
        s->on_trace = on_trace;
        break;
    default:
        usage(stderr, 2);
    }
}

static void take_options(int argc, char **argv, int pass)
{
    optind = 0;
    for (int id; (id = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (pass == 0 && id == O_SERVICE)
            driver.settings.kind = strcmp(optarg, "fcm") == 0    ? PUSH_FCM
                                   : strcmp(optarg, "apns") == 0 ? PUSH_APNS
                                                                 : 0;
        else if (pass == 1)
            take_option(id, optarg);
        else if (pass == 2 && id == O_TUNE)
            tune(optarg);
    }
}

static void print_summary(int64_t started_us)
{
    struct push_stats stats;
    struct rusage used;
    push_service_stats(driver.service, &stats);
    getrusage(RUSAGE_SELF, &used);
    double cpu = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                 (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    print_json(json_pack(
        "{s:{s:I,s:I,s:I,s:I,s:I,s:I,s:f,s:f,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}}",
        "summary", "accepted", (json_int_t)stats.accepted, "refused", (json_int_t)stats.refused,
        "never_sent", (json_int_t)stats.never_sent, "unknown", (json_int_t)stats.unknown,
        "rejected", (json_int_t)driver.rejected, "unknown_before",
        (json_int_t)driver.unknown_before, "seconds",
        (double)(clock_mono().ns / 1000 - started_us) / 1e6, "cpu_seconds", cpu, "rss_kb",
        (json_int_t)used.ru_maxrss, "attempts", (json_int_t)stats.attempts, "resent",
        (json_int_t)stats.resent, "cancelled", (json_int_t)stats.cancelled, "connects",
        (json_int_t)stats.connects, "goaways", (json_int_t)stats.goaways, "pings",
        (json_int_t)stats.pings, "tokens", (json_int_t)stats.tokens, "lost", (json_int_t)stats.lost,
        "answers", (json_int_t)stats.answers, "answer_us", (json_int_t)stats.answer_us, "asked",
        (json_int_t)driver.asked, "rooms", (json_int_t)driver.rooms));
    flush_output();
}

static void run(void)
{
    if (driver.is_by_room) {
        push_service_warm(driver.service);
        feed_room();
    }
    while (!is_finished()) {
        bool is_new = driver.generate == 0 && read_input();
        if (!driver.is_by_room)
            feed();
        else if (is_new)
            feed_room();
        flush_output();
        if (!is_finished())
            h2o_evloop_run(driver.settings.loop, driver.generate > 0 ? 1000 : 2);
    }
}

int main(int argc, char **argv)
{
    struct err err;
    signal(SIGPIPE, SIG_IGN);
    take_options(argc, argv, 0);
    driver.payload_len = 300;
    if (driver.settings.kind != 0)
        push_tuning_default(&driver.settings.tuning, driver.settings.kind);
    driver.settings.host = "localhost";
    take_options(argc, argv, 1);
    take_options(argc, argv, 2);
    if (optind < argc || driver.settings.kind == 0 || driver.settings.connect == NULL)
        usage(stderr, 2);
    buf_init(&driver.input, INPUT_MAX);
    buf_init(&driver.output, INPUT_MAX);
    driver.items = json_object();
    driver.tail = &driver.head;
    make_payload();
    driver.settings.loop = h2o_evloop_create();
    driver.settings.on_alarm = on_alarm;
    driver.settings.on_room = on_room;
    driver.settings.now_us = now_us;
    driver.service = push_service_new(&driver.settings, &err);
    if (driver.service == NULL) {
        fprintf(stderr, "push_driver: %s\n", err.text);
        return 1;
    }
    int64_t started_us = clock_mono().ns / 1000;
    run();
    print_summary(started_us);
    push_service_free(driver.service);
    return 0;
}
