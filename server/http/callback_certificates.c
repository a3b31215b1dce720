/* One certificate:
 *
 *   look_at       by its timer: in date, then the timer runs on; otherwise it goes, and fetch_it
 *   fetch_it      also by a doubt, at most once a minute
 *   on_fetched    good: it takes the place of the one before; bad: the one before stays while it is
 *                 in date, and without one it is tried again after a second, two, four, up to a
 *                 minute
 */
#include "http/callback_certificates.h"

#include "base/log.h"
#include "base/signing_certificate.h"
#include "io/fetch.h"
#include "io/timer.h"
#include "provider/provider_session.h"

#include <stdlib.h>

enum {
    FETCH_MS = 5000,
    RETRY_MS_MIN = 1000,
    RETRY_MS_MAX = 60 * 1000,
    LOOK_MS = 60 * 1000, /* how late an end of its date is noticed, at most */
};

struct kept {
    struct callback_certificates *all;
    const struct provider_account *account;
    struct fetch_call *call; /* null: no fetch is under way */
    struct timer timer;
    int retry_ms;
    struct mono doubted_at; /* when a doubt made us fetch; 0: never */
};

struct callback_certificates {
    struct fetch *fetch;
    size_t count;
    struct kept items[];
};

static void look_at(void *owner);
static void fetch_it(struct kept *k);
static void on_fetched(void *owner, const struct fetch_answer *answer, const struct err *err);

static bool is_wanted(const struct provider_account *account)
{
    return account->certificate_url.len > 0;
}

struct callback_certificates *callback_certificates_new(h2o_loop_t *loop, struct fetch *fetch,
                                                        const struct provider_account *accounts)
{
    size_t count = 0;
    for (const struct provider_account *a = accounts; a->provider != NULL; ++a)
        count += is_wanted(a);
    struct callback_certificates *all = calloc(1, sizeof(*all) + count * sizeof(all->items[0]));
    if (all == NULL)
        abort();
    all->fetch = fetch;
    for (const struct provider_account *a = accounts; a->provider != NULL; ++a) {
        if (!is_wanted(a))
            continue;
        struct kept *k = &all->items[all->count++];
        *k = (struct kept){.all = all, .account = a, .retry_ms = RETRY_MS_MIN};
        timer_init(&k->timer, loop, "callback certificate", look_at, k);
        fetch_it(k);
    }
    return all;
}

static void drop(struct provider_session *session)
{
    signing_certificate_free(session->certificate);
    session->certificate = NULL;
}

static bool is_in_date(const struct kept *k)
{
    const struct signing_certificate *certificate = k->account->session->certificate;
    return certificate != NULL && signing_certificate_is_in_date(certificate, clock_wall());
}

void callback_certificates_free(struct callback_certificates *all)
{
    for (size_t i = 0; all != NULL && i < all->count; ++i) {
        struct kept *k = &all->items[i];
        timer_stop(&k->timer);
        if (k->call != NULL)
            fetch_cancel(k->call);
        drop(k->account->session);
    }
    free(all);
}

static bool may_doubt(const struct kept *k)
{
    return k->doubted_at.ns == 0 || mono_us_since(k->doubted_at, clock_mono()) >=
                                        CALLBACK_CERTIFICATES_DOUBT_MS * INT64_C(1000);
}

void callback_certificates_look(struct callback_certificates *all)
{
    for (size_t i = 0; all != NULL && i < all->count; ++i) {
        struct kept *k = &all->items[i];
        struct provider_session *session = k->account->session;
        bool is_doubted = session->is_certificate_doubted;
        session->is_certificate_doubted = false;
        if (!is_doubted || k->call != NULL || session->certificate == NULL)
            continue; /* without one its timer is at it */
        if (!is_in_date(k)) {
            look_at(k);
        } else if (may_doubt(k)) {
            k->doubted_at = clock_mono();
            fetch_it(k);
        }
    }
}

static void look_at(void *owner)
{
    struct kept *k = owner;
    if (is_in_date(k)) {
        timer_start(&k->timer, LOOK_MS);
        return;
    }
    drop(k->account->session);
    fetch_it(k);
}

/* With one in date there is no hurry: whoever doubts it again comes back. */
static void on_failed(struct kept *k, const char *reason)
{
    log_line(LOG_WARN, "callback certificate not fetched",
             "provider=%s account=%.*s has_one=%d error=\"%s\"", k->account->provider->name,
             SPAN_ARG(k->account->account), is_in_date(k), reason);
    if (is_in_date(k)) {
        timer_start(&k->timer, LOOK_MS);
        return;
    }
    timer_start(&k->timer, (uint32_t)k->retry_ms);
    k->retry_ms = k->retry_ms > RETRY_MS_MAX / 2 ? RETRY_MS_MAX : 2 * k->retry_ms;
}

static void fetch_it(struct kept *k)
{
    struct fetch_request request = {.method = "GET",
                                    .url = k->account->certificate_url,
                                    .ca_file = k->account->ca_file,
                                    .timeout_ms = FETCH_MS,
                                    .answer_max = SIGNING_CERTIFICATE_PEM_MAX};
    struct err err = {0};
    timer_stop(&k->timer);
    if (fetch_begin(k->all->fetch, &request, on_fetched, k, &k->call, &err) != 0) {
        k->call = NULL;
        on_failed(k, err.text);
    }
}

static struct signing_certificate *read_answer(const struct kept *k,
                                               const struct fetch_answer *answer, struct err *err)
{
    if (answer->status != 200) {
        err_set(err, ERR_INPUT, "the answer's status is %d", answer->status);
        return NULL;
    }
    struct signing_certificate *certificate =
        signing_certificate_new(answer->body, k->account->root_pem, err);
    if (certificate == NULL || signing_certificate_is_in_date(certificate, clock_wall()))
        return certificate;
    signing_certificate_free(certificate);
    err_set(err, ERR_INPUT, "its date has run out, or has not come");
    return NULL;
}

static void on_fetched(void *owner, const struct fetch_answer *answer, const struct err *err)
{
    struct kept *k = owner;
    struct err wrong = *err;
    struct signing_certificate *certificate = NULL;
    k->call = NULL;
    if (err->code == ERR_CLOSED)
        return;
    if (err->code == 0)
        certificate = read_answer(k, answer, &wrong);
    if (certificate == NULL) {
        on_failed(k, wrong.text);
        return;
    }
    drop(k->account->session);
    k->account->session->certificate = certificate;
    k->retry_ms = RETRY_MS_MIN;
    log_line(LOG_INFO, "callback certificate fetched", "provider=%s account=%.*s",
             k->account->provider->name, SPAN_ARG(k->account->account));
    timer_start(&k->timer, LOOK_MS);
}
