#include "push/access.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "io/timer.h"
#include "push/backoff.h"
#include "push/verdict.h"

#include <stdio.h>
#include <stdlib.h>

enum { ANSWER_MAX = 16384, TOKEN_MAX = 8192, LIFE_MAX_S = 86400, LIFE_MIN_S = 1, SKEW_MAX_S = 300 };

struct access {
    struct access_settings settings;
    struct fetch *own_fetch; /* where the caller gave none */
    struct fetch_call *call; /* in flight, or null */
    struct timer timer;      /* refresh, or retry */
    char *value;
    size_t value_len;
    uint32_t generation, failures;
    int64_t good_until_ms; /* monotonic */
};

static int64_t now_ms(void)
{
    return clock_mono().ns / 1000000;
}

static void drop(struct access *access)
{
    if (access->value != NULL)
        secret_wipe(access->value, access->value_len);
    free(access->value);
    access->value = NULL;
    access->value_len = 0;
}

static void retry_later(struct access *access, const char *trouble, enum push_alarm alarm)
{
    uint32_t random;
    random_bytes(&random, sizeof(random));
    ++access->failures;
    timer_start(&access->timer,
                backoff_ms((struct backoff){.floor_ms = access->settings.retry_min_ms,
                                            .first_ms = 2 * access->settings.retry_min_ms,
                                            .max_ms = access->settings.retry_max_ms},
                           access->failures, random));
    access->settings.on_change(access->settings.owner, trouble, alarm);
}

/* invalid_grant is said of a wrong clock and of a deleted key alike; the answer's own Date parts
 * the two. True when the clock is it. */
static bool say_clock(struct access *access, const struct fetch_answer *answer)
{
    char text[160];
    int64_t date = http_date_parse(answer->date);
    int64_t skew_s = date - access->settings.wall_s(access->settings.owner);
    int64_t off = skew_s < 0 ? -skew_s : skew_s;
    if (date < 0 || off < SKEW_MAX_S)
        return false;
    snprintf(text, sizeof(text),
             "this machine's clock is %lld min %s the token server's (invalid_grant)",
             (long long)(off + 30) / 60, skew_s > 0 ? "behind" : "ahead of");
    retry_later(access, text, PUSH_ALARM_CLOCK);
    return true;
}

/* OAuth's words for a refusal (RFC 6749 5.2); they name no secret. */
static void say_refused(struct access *access, const struct fetch_answer *answer)
{
    struct err err = {0};
    char text[200];
    json_t *json = json_load(answer->body, (struct json_limits){ANSWER_MAX, 8}, &err);
    struct json_reader reader = json_read(json, "", &err);
    struct span error = json_find_text(&reader, "error", 80);
    struct span words = json_find_text(&reader, "error_description", 400);
    bool is_grant = span_is_str(error, "invalid_grant");
    snprintf(text, sizeof(text), "the token server refuses the account: %d %.*s%s %.*s",
             answer->status, SPAN_ARG(error), is_grant ? " (the key was deleted?)" : "",
             (int)(words.len < 90 ? words.len : 90), words.len == 0 ? "" : words.base);
    json_decref(json);
    if (!is_grant || !say_clock(access, answer))
        retry_later(access, text, PUSH_ALARM_CREDENTIAL);
}

static void take_token(struct access *access, struct span token, int64_t life_s)
{
    drop(access);
    int len = asprintf(&access->value, "Bearer %.*s", SPAN_ARG(token));
    if (len < 0)
        abort();
    access->value_len = (size_t)len;
    ++access->generation;
    access->failures = 0;
    access->good_until_ms = now_ms() + life_s * 1000;
    int64_t early_ms = access->settings.early_ms;
    if (early_ms > life_s * 500)
        early_ms = life_s * 500;
    timer_start(&access->timer, (uint32_t)(life_s * 1000 - early_ms));
    access->settings.on_change(access->settings.owner, NULL, 0);
}

static bool is_header_text(struct span text)
{
    for (size_t i = 0; i < text.len; ++i)
        if (text.base[i] <= ' ' || text.base[i] >= 127)
            return false;
    return text.len > 0;
}

static void on_fetched(void *owner, const struct fetch_answer *answer, const struct err *failed)
{
    struct access *access = owner;
    access->call = NULL;
    if (failed->code != 0) {
        retry_later(access, failed->text, PUSH_ALARM_CONNECTION);
        return;
    }
    if (answer->status >= 400 && answer->status < 500 && answer->status != 429) {
        say_refused(access, answer);
        return;
    }
    struct err err = {0};
    json_t *json = json_load(answer->body, (struct json_limits){ANSWER_MAX, 8}, &err);
    struct json_reader reader = json_read(json, "", &err);
    struct span token = json_get_text(&reader, "access_token", TOKEN_MAX);
    int64_t life_s = json_get_int(&reader, "expires_in", LIFE_MIN_S, LIFE_MAX_S);
    if (answer->status == 200 && err.code == 0 && is_header_text(token))
        take_token(access, token, life_s);
    else
        retry_later(access, "the token server's answer is none", PUSH_ALARM_CONNECTION);
    json_decref(json);
}

static void begin(struct access *access)
{
    const struct access_settings *settings = &access->settings;
    struct err err;
    char *assertion = fcm_assertion_sign(settings->account, settings->wall_s(settings->owner));
    char *body;
    int len = asprintf(&body,
                       "grant_type=urn%%3Aietf%%3Aparams%%3Aoauth%%3Agrant-type%%3Ajwt-bearer"
                       "&assertion=%s",
                       assertion);
    if (len < 0)
        abort();
    free(assertion);
    if (settings->fetch == NULL && access->own_fetch == NULL)
        access->own_fetch = fetch_new(settings->loop, 1);
    const struct fetch_request request = {
        .method = "POST",
        .url = span_str(settings->token_uri),
        .headers = SPAN_LIT("Content-Type: application/x-www-form-urlencoded\n"),
        .body = span_of(body, (size_t)len),
        .ca_file = span_str(settings->ca_file),
        .timeout_ms = (int)settings->timeout_ms,
        .answer_max = ANSWER_MAX};
    struct fetch *fetch = settings->fetch != NULL ? settings->fetch : access->own_fetch;
    int failed = fetch_begin(fetch, &request, on_fetched, access, &access->call, &err);
    secret_wipe(body, (size_t)len);
    free(body);
    if (failed != 0)
        retry_later(access, err.text, PUSH_ALARM_CONNECTION);
}

static void on_due(void *owner)
{
    struct access *access = owner;
    if (access->call == NULL)
        begin(access);
}

struct access *access_new(const struct access_settings *settings)
{
    struct access *access = calloc(1, sizeof(*access));
    if (access == NULL)
        abort();
    access->settings = *settings;
    timer_init(&access->timer, settings->loop, "push access token", on_due, access);
    return access;
}

void access_free(struct access *access)
{
    if (access == NULL)
        return;
    timer_stop(&access->timer);
    if (access->call != NULL)
        fetch_cancel(access->call);
    if (access->own_fetch != NULL)
        fetch_free(access->own_fetch);
    drop(access);
    free(access);
}

struct span access_get(struct access *access)
{
    if (access->value != NULL && now_ms() >= access->good_until_ms)
        drop(access);
    if (access->value == NULL && access->call == NULL && !timer_is_running(&access->timer))
        timer_start(&access->timer, 0);
    return span_of(access->value, access->value_len);
}

uint32_t access_generation(const struct access *access)
{
    return access->generation;
}

bool access_refused(struct access *access, uint32_t generation)
{
    if (generation != access->generation)
        return true;
    drop(access);
    timer_start(&access->timer, 0);
    return true;
}
