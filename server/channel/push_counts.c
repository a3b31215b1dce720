#include "channel/push_counts.h"

#include "channel/push_apps.h"

/* Words of APNs, of FCM, of google.rpc, and of push/ for what was not answered. A push that ends
 * unsent because there is no connection has a sentence for a reason: that is "other". */
static const char *const words[] = {
    "",
    "other",
    "BadCollapseId",
    "BadDeviceToken",
    "BadExpirationDate",
    "BadMessageId",
    "BadPriority",
    "BadTopic",
    "DuplicateHeaders",
    "InvalidPushType",
    "MissingDeviceToken",
    "MissingTopic",
    "PayloadEmpty",
    "DeviceTokenNotForTopic",
    "IdleTimeout",
    "TopicDisallowed",
    "BadCertificate",
    "BadCertificateEnvironment",
    "ExpiredProviderToken",
    "InvalidProviderToken",
    "MissingProviderToken",
    "UnrelatedKeyIdInToken",
    "BadEnvironmentKeyIdInToken",
    "BadEnvironmentKeyInToken",
    "Forbidden",
    "BadPath",
    "MethodNotAllowed",
    "Unregistered",
    "ExpiredToken",
    "PayloadTooLarge",
    "TooManyRequests",
    "TooManyProviderTokenUpdates",
    "InternalServerError",
    "ServiceUnavailable",
    "Shutdown",
    "INVALID_ARGUMENT",
    "THIRD_PARTY_AUTH_ERROR",
    "UNAUTHENTICATED",
    "SENDER_ID_MISMATCH",
    "PERMISSION_DENIED",
    "UNREGISTERED",
    "NOT_FOUND",
    "QUOTA_EXCEEDED",
    "RESOURCE_EXHAUSTED",
    "INTERNAL",
    "UNAVAILABLE",
    "UNSPECIFIED_ERROR",
    "ENHANCE_YOUR_CALM",
    "deadline",
    "withdrawn",
    "stopping",
    "no answer in time",
    "connection lost",
    "reset",
    "reset: ENHANCE_YOUR_CALM",
};

enum { WORD_COUNT = sizeof(words) / sizeof(words[0]), WORD_OTHER = 1 };

_Static_assert((int)WORD_COUNT <= (int)PUSH_COUNTS_REASONS, "each known word has its number");

/* Upper ends, in microseconds and as Prometheus writes them. */
static const struct {
    int64_t us;
    const char *le;
} buckets[PUSH_COUNTS_BUCKETS] = {
    {5000, "0.005"},  {10000, "0.01"},  {25000, "0.025"}, {50000, "0.05"},
    {100000, "0.1"},  {250000, "0.25"}, {500000, "0.5"},  {1000000, "1"},
    {2500000, "2.5"}, {5000000, "5"},   {10000000, "10"}, {INT64_MAX, "+Inf"},
};

static int word_of(struct span reason)
{
    for (int i = 0; i < (int)WORD_COUNT; ++i)
        if (span_is_str(reason, words[i]))
            return i;
    return WORD_OTHER;
}

const char *push_reason_known(struct span reason)
{
    return words[word_of(reason)];
}

void push_counts_add(struct push_counts *counts, const struct push_result *result)
{
    int bucket = 0;
    ++counts->reasons[result->outcome][word_of(result->reason)];
    if (result->took_us <= 0)
        return; /* not answered */
    while (result->took_us > buckets[bucket].us)
        ++bucket;
    ++counts->took[bucket];
    counts->took_us += result->took_us;
}

void push_counts_alarm(struct push_counts *counts, enum push_alarm alarm, int64_t now_s)
{
    ++counts->alarms[alarm];
    counts->alarmed_at_s[alarm] = now_s;
}

/* ---- printing ---- */

/* A label's value: backslash, quote and line end are escaped. */
static void print_label(struct buf *out, const char *before, const char *value)
{
    buf_add_str(out, before);
    buf_add_str(out, "=\"");
    for (; *value != '\0'; ++value) {
        if (*value == '\\' || *value == '"')
            buf_add_char(out, '\\');
        if (*value == '\n')
            buf_add_str(out, "\\n");
        else
            buf_add_char(out, *value);
    }
    buf_add_char(out, '"');
}

/* The beginning of a sample, its labels not yet closed. */
static void print_sample(struct buf *out, const char *name, const struct push_app *app)
{
    buf_add_str(out, name);
    print_label(out, "{app", app->app);
    print_label(out, ",service", app->service);
    print_label(out, ",environment", app->environment);
}

static void print_value(struct buf *out, uint64_t value)
{
    buf_printf(out, "} %llu\n", (unsigned long long)value);
}

static void print_head(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

enum push_stat {
    STAT_CONNECTIONS,
    STAT_CONNECTING,
    STAT_SLOTS,
    STAT_ON_WIRE,
    STAT_QUEUED,
    STAT_RESTING,
    STAT_ATTEMPTS,
    STAT_RESENT,
    STAT_CANCELLED,
    STAT_CONNECTS,
    STAT_GOAWAYS,
    STAT_PINGS,
    STAT_TOKENS,
    STAT_COUNT
};

static const struct {
    const char *name, *type, *help;
} stats_table[STAT_COUNT] = {
    [STAT_CONNECTIONS] = {"dunlin_push_connections", "gauge", "connections open"},
    [STAT_CONNECTING] = {"dunlin_push_connecting", "gauge", "connections being opened"},
    [STAT_SLOTS] = {"dunlin_push_streams_allowed", "gauge",
                    "streams that the open connections allow in all"},
    [STAT_ON_WIRE] = {"dunlin_push_streams", "gauge", "pushes on the wire, without an answer yet"},
    [STAT_QUEUED] = {"dunlin_push_queued", "gauge", "pushes waiting for a stream or for a delay"},
    [STAT_RESTING] = {"dunlin_push_resting", "gauge",
                      "1 while nothing is sent: back-off, Retry-After, or a refused credential"},
    [STAT_ATTEMPTS] = {"dunlin_push_attempts_total", "counter", "pushes handed to a connection"},
    [STAT_RESENT] = {"dunlin_push_resent_total", "counter",
                     "attempts that were not processed, for certain, and made again"},
    [STAT_CANCELLED] = {"dunlin_push_cancelled_total", "counter",
                        "attempts without an answer in time"},
    [STAT_CONNECTS] = {"dunlin_push_connects_total", "counter", "connections opened"},
    [STAT_GOAWAYS] = {"dunlin_push_goaways_total", "counter", "GOAWAY frames received"},
    [STAT_PINGS] = {"dunlin_push_pings_total", "counter", "PINGs answered"},
    [STAT_TOKENS] = {"dunlin_push_tokens_total", "counter",
                     "provider tokens minted or access tokens fetched"},
};

static uint64_t stat_of(const struct push_stats *s, enum push_stat stat)
{
    const uint64_t all[STAT_COUNT] = {
        [STAT_CONNECTIONS] = s->connections,
        [STAT_CONNECTING] = s->connecting,
        [STAT_SLOTS] = s->slots,
        [STAT_ON_WIRE] = s->on_wire,
        [STAT_QUEUED] = s->queued,
        [STAT_RESTING] = s->is_resting,
        [STAT_ATTEMPTS] = s->attempts,
        [STAT_RESENT] = s->resent,
        [STAT_CANCELLED] = s->cancelled,
        [STAT_CONNECTS] = s->connects,
        [STAT_GOAWAYS] = s->goaways,
        [STAT_PINGS] = s->pings,
        [STAT_TOKENS] = s->tokens,
    };
    return all[stat];
}

static void print_stats(const struct push_apps *apps, struct buf *out)
{
    struct push_stats stats[PUSH_APPS_MAX];
    for (size_t at = 0; at < push_apps_count(apps); ++at)
        push_service_stats(push_apps_at(apps, at)->pool, &stats[at]);
    for (int stat = 0; stat < STAT_COUNT; ++stat) {
        print_head(out, stats_table[stat].name, stats_table[stat].type, stats_table[stat].help);
        for (size_t at = 0; at < push_apps_count(apps); ++at) {
            print_sample(out, stats_table[stat].name, push_apps_at(apps, at));
            print_value(out, stat_of(&stats[at], (enum push_stat)stat));
        }
    }
}

/* The four outcomes without a word stand there from the start, so that their rates can be seen to
 * begin; the words as they come. */
static void print_reasons(const struct push_app *app, struct buf *out)
{
    for (int outcome = PUSH_ACCEPTED; outcome <= PUSH_UNKNOWN; ++outcome)
        for (int word = 0; word < (int)WORD_COUNT; ++word) {
            uint64_t count = app->counts->reasons[outcome][word];
            if (count == 0 && word != 0)
                continue;
            print_sample(out, "dunlin_push_outcomes_total", app);
            print_label(out, ",outcome", push_outcome_name((enum push_outcome)outcome));
            print_label(out, ",reason", words[word]);
            print_value(out, count);
        }
}

static void print_took(const struct push_app *app, struct buf *out)
{
    uint64_t sum = 0;
    for (int bucket = 0; bucket < PUSH_COUNTS_BUCKETS; ++bucket) {
        sum += app->counts->took[bucket];
        print_sample(out, "dunlin_push_answer_seconds_bucket", app);
        print_label(out, ",le", buckets[bucket].le);
        print_value(out, sum);
    }
    print_sample(out, "dunlin_push_answer_seconds_sum", app);
    buf_printf(out, "} %lld.%06lld\n", (long long)app->counts->took_us / 1000000,
               (long long)app->counts->took_us % 1000000);
    print_sample(out, "dunlin_push_answer_seconds_count", app);
    print_value(out, sum);
}

static void print_alarms(const struct push_app *app, const char *name, bool is_time,
                         struct buf *out)
{
    for (int alarm = PUSH_ALARM_CREDENTIAL; alarm <= PUSH_ALARM_SERVICE; ++alarm) {
        print_sample(out, name, app);
        print_label(out, ",alarm", push_alarm_name((enum push_alarm)alarm));
        print_value(out, is_time ? (uint64_t)app->counts->alarmed_at_s[alarm]
                                 : app->counts->alarms[alarm]);
    }
}

void push_counts_print(const struct push_apps *apps, struct buf *out)
{
    static const char alarms[] = "dunlin_push_alarms_total",
                      alarmed[] = "dunlin_push_alarm_timestamp_seconds";
    size_t count = push_apps_count(apps);
    print_stats(apps, out);
    print_head(out, "dunlin_push_outcomes_total", "counter", "pushes by outcome and reason");
    for (size_t at = 0; at < count; ++at)
        print_reasons(push_apps_at(apps, at), out);
    print_head(out, "dunlin_push_answer_seconds", "histogram",
               "from the request's headers to the service's answer");
    for (size_t at = 0; at < count; ++at)
        print_took(push_apps_at(apps, at), out);
    print_head(out, alarms, "counter", "what somebody must act on; the log says it in words");
    for (size_t at = 0; at < count; ++at)
        print_alarms(push_apps_at(apps, at), alarms, false, out);
    print_head(out, alarmed, "gauge", "when it was last said; 0: never");
    for (size_t at = 0; at < count; ++at)
        print_alarms(push_apps_at(apps, at), alarmed, true, out);
}
