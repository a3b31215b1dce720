/* A fetch, one at a time:
 *
 *   refresh      begun by the timer or by a token with an unknown key
 *   on_fetched   good: the set replaces what the address gave before; bad: the old keys stay
 *   tell         those who wait look again
 *
 * A bad one after the last good one's keep_ms drops what that gave.
 *
 * After a good one the timer runs for refresh_ms, after bad ones for a second, two, four, up to a
 * minute. */
#include "http/bank_keys.h"

#include "base/buf.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/metrics.h"
#include "io/fetch.h"
#include "io/timer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { RETRY_MS_MIN = 1000, RETRY_MS_MAX = 60 * 1000 };

struct bank_keys {
    struct bank_keys_options options;
    h2o_loop_t *loop;
    struct fetch *fetch;
    struct key_set *from_files, *from_url; /* the latter null until there is one */
    struct key_set *all;
    struct fetch_call *call; /* null: no fetch is under way */
    struct timer timer;
    int retry_ms;
    struct mono fetched_at; /* the last good fetch */
    struct mono asked_at;   /* when a token made us ask; 0: never */
    h2o_linklist_t waiting;
    int waiting_count;
};

static void refresh(void *owner);
static void on_fetched(void *owner, const struct fetch_answer *answer, const struct err *err);

/* ---- Files. ---- */

static int read_file(const char *file, struct buf *out, struct err *err)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return err_set(err, ERR_SETTINGS, "%s: %s", file, strerror(errno));
    ssize_t got = 1;
    while (got > 0) {
        char part[4096];
        got = read(fd, part, sizeof(part));
        if (got > 0)
            buf_add(out, span_of(part, (size_t)got));
        if (buf_is_overflowed(out))
            break;
    }
    int code = got < 0 ? err_set(err, ERR_SETTINGS, "%s: %s", file, strerror(errno)) : 0;
    if (code == 0 && buf_is_overflowed(out))
        code = err_set(err, ERR_SETTINGS, "%s is longer than %d bytes", file, KEY_SET_BYTES_MAX);
    close(fd);
    return code;
}

static int add_file(struct key_set *set, const char *file, struct err *err)
{
    struct buf text;
    buf_init(&text, KEY_SET_BYTES_MAX);
    int code = read_file(file, &text, err);
    if (code == 0 && key_set_add(set, buf_span(&text), err) != 0) {
        err_wrap(err, "%s", file);
        code = err->code = ERR_SETTINGS;
    }
    buf_release(&text);
    return code;
}

static struct key_set *read_files(const struct bank_keys_options *options, struct err *err)
{
    struct key_set *set = key_set_new(options->rules.algorithm);
    for (int i = 0; i < options->file_count; ++i)
        if (add_file(set, options->files[i], err) != 0) {
            key_set_free(set);
            return NULL;
        }
    return set;
}

int bank_keys_check_file(const char *file, enum signature_algorithm algorithm, struct err *err)
{
    struct key_set *set = key_set_new(algorithm);
    int code = add_file(set, file, err);
    key_set_free(set);
    return code;
}

static void join(struct bank_keys *k)
{
    size_t wanted = key_set_count(k->from_files);
    wanted += k->from_url == NULL ? 0 : key_set_count(k->from_url);
    key_set_free(k->all);
    k->all = key_set_new(k->options.rules.algorithm);
    key_set_add_all(k->all, k->from_files);
    if (k->from_url != NULL)
        key_set_add_all(k->all, k->from_url);
    if (wanted > key_set_count(k->all))
        log_line(LOG_ERROR, "bank keys left out", "count=%zu keys=%zu",
                 wanted - key_set_count(k->all), key_set_count(k->all));
}

/* ---- Its life. ---- */

struct bank_keys *bank_keys_new(h2o_loop_t *loop, struct fetch *fetch,
                                const struct bank_keys_options *options, struct err *err)
{
    struct key_set *from_files = read_files(options, err);
    if (from_files == NULL)
        return NULL;
    struct bank_keys *k = calloc(1, sizeof(*k));
    if (k == NULL)
        abort();
    *k = (struct bank_keys){.options = *options,
                            .loop = loop,
                            .fetch = fetch,
                            .from_files = from_files,
                            .retry_ms = RETRY_MS_MIN};
    join(k);
    h2o_linklist_init_anchor(&k->waiting);
    timer_init(&k->timer, loop, "bank keys", refresh, k);
    if (options->url.len != 0)
        refresh(k);
    return k;
}

void bank_keys_free(struct bank_keys *k)
{
    if (k == NULL)
        return;
    timer_stop(&k->timer);
    if (k->call != NULL)
        fetch_cancel(k->call);
    while (!h2o_linklist_is_empty(&k->waiting))
        h2o_linklist_unlink(k->waiting.next);
    key_set_free(k->from_files);
    key_set_free(k->from_url);
    key_set_free(k->all);
    free(k);
}

int bank_keys_reload(struct bank_keys *k, struct err *err)
{
    struct key_set *from_files = read_files(&k->options, err);
    if (from_files == NULL)
        return err->code;
    key_set_free(k->from_files);
    k->from_files = from_files;
    join(k);
    return 0;
}

enum bank_token_verdict bank_keys_judge(const struct bank_keys *k, struct span token,
                                        struct bank_customer *customer)
{
    return bank_token_check(&k->options.rules, k->all, token, clock_wall(), customer);
}

bool bank_keys_has_any(const struct bank_keys *k)
{
    return key_set_count(k->all) != 0;
}

/* ---- Fetching. ---- */

static void tell(struct bank_keys *k)
{
    h2o_linklist_t told;
    h2o_linklist_init_anchor(&told);
    h2o_linklist_insert_list(&told, &k->waiting);
    while (!h2o_linklist_is_empty(&told)) {
        struct bank_keys_wait *wait =
            H2O_STRUCT_FROM_MEMBER(struct bank_keys_wait, link_, told.next);
        h2o_linklist_unlink(&wait->link_);
        --k->waiting_count;
        wait->on_asked_(wait->owner_);
    }
}

/* Several processes and machines shall not come at once for ever. */
static uint32_t about(int ms)
{
    uint16_t luck;
    random_bytes(&luck, sizeof(luck));
    return (uint32_t)(ms - ms / 10 + (int64_t)luck * (ms / 5) / UINT16_MAX);
}

static void drop_old(struct bank_keys *k)
{
    if (k->from_url == NULL ||
        mono_us_since(k->fetched_at, clock_mono()) < k->options.keep_ms * INT64_C(1000))
        return;
    log_line(LOG_ERROR, "bank keys dropped", "keys=%zu not_fetched_for_s=%lld",
             key_set_count(k->from_url), (long long)k->options.keep_ms / 1000);
    key_set_free(k->from_url);
    k->from_url = NULL;
    join(k);
}

static void on_failed(struct bank_keys *k, const char *reason)
{
    drop_old(k);
    log_line(LOG_WARN, "bank keys not fetched", "keys=%zu error=\"%s\"", key_set_count(k->all),
             reason);
    if (k->options.metrics != NULL)
        metrics_add(k->options.metrics, METRIC_bank_keys_failures, 1);
    timer_start(&k->timer, about(k->retry_ms));
    k->retry_ms = k->retry_ms > RETRY_MS_MAX / 2 ? RETRY_MS_MAX : 2 * k->retry_ms;
    tell(k);
}

static void refresh(void *owner)
{
    struct bank_keys *k = owner;
    struct fetch_request request = {.method = "GET",
                                    .url = k->options.url,
                                    .headers = SPAN_LIT("Accept: application/json\n"),
                                    .ca_file = k->options.ca_file,
                                    .timeout_ms = BANK_KEYS_FETCH_MS,
                                    .answer_max = KEY_SET_BYTES_MAX};
    struct err err = {0};
    timer_stop(&k->timer);
    if (k->call == NULL && fetch_begin(k->fetch, &request, on_fetched, k, &k->call, &err) != 0) {
        k->call = NULL;
        on_failed(k, err.text);
    }
}

static int take_answer(struct bank_keys *k, const struct fetch_answer *answer, struct err *err)
{
    if (answer->status != 200)
        return err_set(err, ERR_INPUT, "the answer's status is %d", answer->status);
    if (answer->body.len == 0 || memchr(answer->body.base, '{', answer->body.len) == NULL)
        return err_set(err, ERR_INPUT, "this is no JWK set");
    struct key_set *set = key_set_new(k->options.rules.algorithm);
    if (key_set_add(set, answer->body, err) != 0) {
        key_set_free(set);
        return err->code;
    }
    key_set_free(k->from_url);
    k->from_url = set;
    k->fetched_at = clock_mono();
    join(k);
    return 0;
}

static void on_fetched(void *owner, const struct fetch_answer *answer, const struct err *err)
{
    struct bank_keys *k = owner;
    struct err wrong = *err;
    k->call = NULL;
    if (err->code == ERR_CLOSED)
        return;
    if (err->code != 0 || take_answer(k, answer, &wrong) != 0) {
        on_failed(k, wrong.text);
        return;
    }
    log_line(LOG_DEBUG, "bank keys fetched", "keys=%zu", key_set_count(k->all));
    k->retry_ms = RETRY_MS_MIN;
    timer_start(&k->timer, about(k->options.refresh_ms));
    tell(k);
}

/* ---- Waiting. ---- */

static bool may_ask(const struct bank_keys *k)
{
    return k->options.url.len != 0 &&
           (k->asked_at.ns == 0 ||
            mono_us_since(k->asked_at, clock_mono()) >= BANK_KEYS_ASK_MS * INT64_C(1000));
}

bool bank_keys_ask(struct bank_keys *k, struct bank_keys_wait *wait, void (*on_asked)(void *owner),
                   void *owner)
{
    if (k->waiting_count == BANK_KEYS_WAITING_MAX || (k->call == NULL && !may_ask(k)))
        return false;
    if (k->call == NULL) {
        k->asked_at = clock_mono();
        refresh(k);
        if (k->call == NULL)
            return false;
    }
    wait->on_asked_ = on_asked;
    wait->owner_ = owner;
    h2o_linklist_insert(&k->waiting, &wait->link_);
    ++k->waiting_count;
    return true;
}

void bank_keys_wait_cancel(struct bank_keys *k, struct bank_keys_wait *wait)
{
    if (!h2o_linklist_is_linked(&wait->link_))
        return;
    h2o_linklist_unlink(&wait->link_);
    --k->waiting_count;
}
