#include "http/callbacks.h"

#include "base/crash_point.h"
#include "flow/callback_apply.h"
#include "flow/callback_refuse.h"
#include "http/callback_certificates.h"
#include "http/reply.h"

struct callback_wait {
    struct request *request;
    struct callback_job *job;
    const struct provider *provider;
};

static struct span get_header(void *owner, const char *name, int *count)
{
    const struct request *r = owner;
    *count = request_header_count(r, name);
    return request_header(r, name);
}

/* All accounts with this provider call back at one address: the one whose secret signed it is
 * meant, and of several with one secret the one that it names. */
static enum callback_verdict read_callback(struct request *r,
                                           const struct callback_headers *headers,
                                           const struct provider_account **account,
                                           struct callback_facts *facts)
{
    enum callback_verdict verdict = CALLBACK_FORGED;
    for (const struct provider_account *a = r->world->providers; a->provider != NULL; ++a) {
        if (!span_is_str(r->params[0], a->provider->name))
            continue;
        enum callback_verdict one =
            a->provider->read_callback(a, headers, request_body(r), clock_wall(), facts);
        if (*account == NULL || verdict == CALLBACK_FORGED) {
            *account = a;
            verdict = one;
        }
        if (one != CALLBACK_FORGED && one != CALLBACK_FOREIGN) {
            *account = a;
            return one;
        }
    }
    return verdict;
}

static void reply_come_again(struct request *r)
{
    reply_problem(r, 503, "callback-not-kept", "The callback could not be kept", "Send it again.");
}

static void reply_malformed(struct request *r, const char *detail)
{
    request_prove(r);
    reply_problem(r, 400, "callback-malformed", "The callback cannot be read", detail);
}

static void reply_refused(struct request *r, enum callback_verdict verdict)
{
    if (verdict == CALLBACK_MALFORMED)
        reply_malformed(r, "It is signed, but its body is not what this provider sends.");
    else if (verdict == CALLBACK_FOREIGN)
        reply_problem(r, 403, "callback-foreign", "The callback is not meant for us",
                      "It is signed, but of another merchant, or of test payments where money is "
                      "real, or the reverse.");
    else if (verdict == CALLBACK_STALE)
        reply_problem(r, 401, "callback-stale", "The callback is too old or from the future",
                      "Sign it again with the present time.");
    else
        reply_problem(r, 401, "callback-forged", "The callback is not signed by this provider",
                      NULL);
}

static void on_applied(void *owner, enum callback_result result)
{
    struct callback_wait *wait = owner;
    if (result != CALLBACK_KEPT) {
        reply_come_again(wait->request);
        return;
    }
    crash_point("callback_before_answer");
    reply_bytes(wait->request, 200, wait->provider->answer_type, span_str(wait->provider->answer));
}

static void on_request_gone(void *owner)
{
    struct callback_wait *wait = owner;
    callback_job_forget(wait->job);
}

static void apply(struct request *r, const struct callback_message *message)
{
    struct callback_wait *wait = request_alloc(r, sizeof(*wait));
    struct err err;
    *wait = (struct callback_wait){.request = r, .provider = message->account->provider};
    if (callback_apply(r->world->callbacks, message, on_applied, wait, &wait->job, &err) != 0) {
        reply_come_again(r);
        return;
    }
    request_on_gone(r, on_request_gone, wait);
}

void callbacks_take(struct request *r)
{
    const struct provider_account *account = NULL;
    struct callback_headers headers = {get_header, r};
    struct callback_facts facts;
    enum callback_verdict verdict = read_callback(r, &headers, &account, &facts);
    if (account == NULL) {
        reply_problem(r, 404, "provider-unknown", "There is no such provider here", NULL);
        return;
    }
    if (verdict != CALLBACK_GENUINE)
        callback_certificates_look(r->world->certificates);
    if (verdict == CALLBACK_NOT_READY) {
        reply_come_again(r);
        return;
    }
    if (verdict != CALLBACK_GENUINE) {
        callback_refuse(r->world->refusals, account, verdict, &headers, request_body(r));
        reply_refused(r, verdict);
        return;
    }
    request_prove(r);
    struct buf kept;
    buf_init(&kept, PROVIDER_HEADERS_KEPT_MAX);
    account->provider->keep_headers(&headers, &kept);
    if (buf_is_overflowed(&kept)) {
        callback_refuse(r->world->refusals, account, CALLBACK_MALFORMED, &headers, request_body(r));
        reply_malformed(r, "It is signed, but its headers are longer than can be kept.");
    } else {
        apply(r, &(struct callback_message){.account = account,
                                            .facts = &facts,
                                            .headers = buf_span(&kept),
                                            .body = request_body(r),
                                            .may_wait = request_is_first(r)});
    }
    buf_release(&kept);
}
