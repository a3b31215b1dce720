/* The happy path:
 *
 *   begin            takes a place among the account's calls, copies the task
 *   want_token       only where the provider has OAuth and the session holds none
 *   on_token         kept in the session for what its life leaves
 *   send_round       the adapter writes the request
 *   on_answered      the adapter reads the answer: done, or another round
 *   finish
 *
 * How it fails: whatever the network or the provider does that is neither yes nor no ends UNCLEAR,
 * with was_never_sent when no request but the token's can have left this machine. So does what
 * finds no place. */
#include "provider/provider_call.h"

#include "base/crash_point.h"
#include "base/crypto.h"
#include "io/fetch.h"
#include "io/timer.h"
#include "provider/provider_session.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    URL_MAX = 2048,
    HEADERS_MAX = 8192,
    BODY_MAX = 16384,
    TASK_TEXT_MAX = 16384,
    TOKEN_MARGIN_SECONDS = 60, /* a token this near its end is not used any more */
};

struct provider_call {
    h2o_loop_t *loop;
    struct fetch *fetch;
    const struct provider_account *account;
    struct provider_task task; /* its texts lie in `texts` */
    struct buf texts;
    int round, rounds_left;
    bool has_place, has_tried, has_sent, has_new_token;
    struct fetch_call *under_way;
    struct mono begun_at;
    struct timer later; /* calls back what could not even begin */
    struct provider_result result;
    provider_call_cb on_done;
    void *owner;
};

static bool take_place(struct provider_call *call);
static void turn_away(struct provider_call *call);
static void want_token(struct provider_call *call);
static void on_token(void *owner, const struct fetch_answer *answer, const struct err *err);
static void send_round(struct provider_call *call);
static void on_answered(void *owner, const struct fetch_answer *answer, const struct err *err);
static void finish(void *owner);

/* Where the texts of a task stand in it. */
static struct span *text_at(struct provider_task *task, int i)
{
    struct span *const texts[] = {
        &task->reference,   &task->provider_reference, &task->currency,  &task->title,
        &task->return_url,  &task->callback_url,       &task->language,  &task->blik_code,
        &task->payer_email, &task->payer_name,         &task->payer_ip,  &task->user_agent,
        &task->movement,    &task->refund_reference,   &task->refund_id,
    };
    return i < (int)(sizeof(texts) / sizeof(texts[0])) ? texts[i] : NULL;
}

static void copy_task(struct provider_call *call, const struct provider_task *task)
{
    call->task = *task;
    /* Room first: spans into a buffer that grows would move. */
    size_t len = 0;
    struct span *text;
    for (int i = 0; (text = text_at(&call->task, i)) != NULL; ++i)
        len += text->len;
    assert(len <= TASK_TEXT_MAX);
    buf_init_secret(&call->texts, len);
    char *at = buf_grow(&call->texts, len);
    for (int i = 0; (text = text_at(&call->task, i)) != NULL; ++i) {
        if (text->len > 0)
            memcpy(at, text->base, text->len);
        text->base = at;
        at += text->len;
    }
}

/* How many of the account's calls of this kind are under way. */
static int *count_of(const struct provider_call *call)
{
    struct provider_session *session = call->account->session;
    return call->task.kind == PROVIDER_START ? &session->starts_under_way
                                             : &session->asks_under_way;
}

static int count_max(const struct provider_call *call)
{
    return call->task.kind == PROVIDER_START ? PROVIDER_STARTS_MAX : PROVIDER_ASKS_MAX;
}

static void call_free(struct provider_call *call)
{
    timer_stop(&call->later);
    if (call->has_place)
        --*count_of(call);
    buf_release(&call->texts);
    secret_wipe(call, sizeof(*call));
    free(call);
}

void provider_call_begin(h2o_loop_t *loop, struct fetch *fetch,
                         const struct provider_account *account, const struct provider_task *task,
                         int round, const struct provider_result *before, provider_call_cb on_done,
                         void *owner, struct provider_call **handle)
{
    assert((account->provider->tasks & PROVIDER_TASK(task->kind)) != 0);
    assert(round == 0 || before != NULL);
    struct provider_call *call = calloc(1, sizeof(*call));
    if (call == NULL)
        abort();
    call->loop = loop;
    call->fetch = fetch;
    call->account = account;
    call->round = round;
    call->begun_at = clock_mono();
    call->has_sent = round > 0;
    call->rounds_left = PROVIDER_ROUNDS_MAX;
    call->on_done = on_done;
    call->owner = owner;
    if (before != NULL)
        call->result = *before;
    timer_init(&call->later, loop, "provider_call", finish, call);
    copy_task(call, task);
    *handle = call;
    if (take_place(call))
        want_token(call);
    else
        turn_away(call);
}

void provider_call_cancel(struct provider_call *call)
{
    if (call->under_way != NULL)
        fetch_cancel(call->under_way);
    call_free(call);
}

static void finish(void *owner)
{
    struct provider_call *call = owner;
    provider_call_cb on_done = call->on_done;
    void *whose = call->owner;
    struct provider_result result = call->result;
    struct mono now = clock_mono();
    if (call->account->session != NULL && call->has_tried)
        provider_health_note(&call->account->session->health, result.verdict != PROVIDER_UNCLEAR,
                             mono_us_since(call->begun_at, now) / 1000, now);
    call_free(call);
    on_done(whose, &result);
}

__attribute__((format(printf, 2, 3))) static void set_unclear(struct provider_call *call,
                                                              const char *format, ...)
{
    va_list args;
    va_start(args, format);
    call->result.verdict = PROVIDER_UNCLEAR;
    call->result.was_never_sent = !call->has_sent;
    vsnprintf(call->result.note, sizeof(call->result.note), format, args);
    va_end(args);
}

static bool take_place(struct provider_call *call)
{
    if (call->account->session == NULL)
        return true;
    if (call->round == 0 && *count_of(call) >= count_max(call))
        return false;
    ++*count_of(call);
    call->has_place = true;
    return true;
}

static void turn_away(struct provider_call *call)
{
    call->has_tried = true; /* it is the account that has them waiting */
    call->result.was_turned_away = true;
    set_unclear(call, "all %d calls that it may have at once are under way", count_max(call));
    timer_start(&call->later, 0);
}

/* libcurl sends a request again by itself when a connection that was kept open turns out dead
 * before any answer. Where the same twice would be two charges, it may not. */
static bool goes_once(const struct provider_call *call)
{
    bool moves_money = call->task.kind == PROVIDER_START || call->task.kind == PROVIDER_REFUND;
    return moves_money && !call->account->provider->start_is_repeatable;
}

static struct mono latest_begin(void)
{
    return (struct mono){clock_mono().ns + PROVIDER_CALL_TIMEOUT_MS * INT64_C(1000000)};
}

/* Zero when it is under way; otherwise the result is set, and told from the loop. */
static int send_request(struct provider_call *call, struct provider_request *request,
                        fetch_cb on_done)
{
    struct err err = {0};
    call->has_tried = true;
    struct fetch_request fetch = {
        .method = request->method,
        .url = buf_span(&request->url),
        .headers = buf_span(&request->headers),
        .body = buf_span(&request->body),
        .ca_file = call->account->ca_file,
        .timeout_ms = PROVIDER_CALL_TIMEOUT_MS,
        .answer_max = PROVIDER_ANSWER_MAX,
        .wire_by = goes_once(call) ? latest_begin() : (struct mono){0},
    };
    bool is_whole = !buf_is_overflowed(&request->url) && !buf_is_overflowed(&request->headers) &&
                    !buf_is_overflowed(&request->body);
    int code = is_whole ? fetch_begin(call->fetch, &fetch, on_done, call, &call->under_way, &err)
                        : err_set(&err, ERR_INPUT, "the request is too large");
    if (code != 0) {
        set_unclear(call, "%.150s", err.text);
        timer_start(&call->later, 0);
    }
    return code;
}

static void request_init(struct provider_request *request)
{
    *request = (struct provider_request){.method = "POST"};
    buf_init(&request->url, URL_MAX);
    buf_init_secret(&request->headers, HEADERS_MAX);
    buf_init_secret(&request->body, BODY_MAX);
}

static void request_release(struct provider_request *request)
{
    buf_release(&request->url);
    buf_release(&request->headers);
    buf_release(&request->body);
}

static bool has_token(const struct provider_session *session)
{
    return session->token[0] != 0 && clock_mono().ns < session->token_until.ns;
}

static void want_token(struct provider_call *call)
{
    const struct provider *provider = call->account->provider;
    if (provider->make_token_request == NULL || has_token(call->account->session)) {
        send_round(call);
        return;
    }
    struct provider_request request;
    request_init(&request);
    provider->make_token_request(call->account, &request);
    (void)!send_request(call, &request, on_token);
    request_release(&request);
}

static void on_token(void *owner, const struct fetch_answer *answer, const struct err *err)
{
    struct provider_call *call = owner;
    struct provider_session *session = call->account->session;
    call->under_way = NULL;
    if (err->code != 0) {
        set_unclear(call, "no answer to our sign-in: %.120s", err->text);
        finish(call);
        return;
    }
    struct provider_answer a = {answer->status, answer->body};
    int64_t life_seconds = call->account->provider->read_token(call->account, &a, session->token);
    if (life_seconds <= 0) {
        session->token[0] = 0;
        set_unclear(call, "it does not sign us in (status %d)", answer->status);
        /* Credentials that are refused are what a check wants to know. */
        if (call->task.kind == PROVIDER_CHECK && answer->status >= 400 && answer->status < 500)
            call->result.verdict = PROVIDER_NO;
        finish(call);
        return;
    }
    int64_t use_seconds = life_seconds > 2 * TOKEN_MARGIN_SECONDS
                              ? life_seconds - TOKEN_MARGIN_SECONDS
                              : life_seconds / 2;
    session->token_until.ns = clock_mono().ns + use_seconds * INT64_C(1000000000);
    call->has_new_token = true;
    send_round(call);
}

static void send_round(struct provider_call *call)
{
    const struct provider_account *account = call->account;
    struct span token = account->session == NULL ? SPAN_LIT("") : span_str(account->session->token);
    struct provider_request request;
    request_init(&request);
    --call->rounds_left;
    account->provider->make_request(account, &call->task, call->round, token, &call->result,
                                    &request);
    if (buf_span(&request.url).len == 0) {
        set_unclear(call, "there is no id that the provider could be asked by");
        timer_start(&call->later, 0);
    } else {
        (void)!send_request(call, &request, on_answered);
    }
    request_release(&request);
}

static void drop_token(struct provider_call *call)
{
    struct provider_session *session = call->account->session;
    if (session != NULL)
        secret_wipe(session->token, sizeof(session->token));
}

static void on_answered(void *owner, const struct fetch_answer *answer, const struct err *err)
{
    struct provider_call *call = owner;
    call->under_way = NULL;
    if (err->code != 0) {
        call->has_sent |= answer == NULL || answer->fate != FETCH_NEVER_SENT;
        set_unclear(call, "%.150s", err->text);
        finish(call);
        return;
    }
    struct provider_answer a = {answer->status, answer->body};
    call->result.note[0] = 0;
    enum provider_step step = call->account->provider->read_answer(call->account, &call->task,
                                                                   call->round, &a, &call->result);
    if (step == PROVIDER_TOKEN_REFUSED) {
        drop_token(call);
        if (!call->has_new_token && call->account->provider->make_token_request != NULL) {
            want_token(call);
            return;
        }
        set_unclear(call, "it does not take our token (status %d)", answer->status);
        finish(call);
        return;
    }
    call->has_sent = true;
    if (step == PROVIDER_NEXT && call->rounds_left > 0) {
        ++call->round;
        crash_point("provider_next_round");
        send_round(call);
        return;
    }
    if (step == PROVIDER_NEXT)
        set_unclear(call, "it does not come to an end");
    if (call->result.verdict == PROVIDER_UNCLEAR && call->result.note[0] == 0)
        set_unclear(call, "its answer with status %d cannot be read", answer->status);
    finish(call);
}
