#include "http/providers.h"

#include "base/metrics.h"
#include "flow/world.h"
#include "http/reply.h"
#include "provider/provider_call.h"
#include "provider/provider_choice.h"
#include "provider/provider_session.h"

#include <jansson.h>

/* ---- listing ---- */

static json_t *currencies_json(struct span list)
{
    json_t *all = json_array();
    while (list.len > 0) {
        const char *blank = memchr(list.base, ' ', list.len);
        size_t len = blank == NULL ? list.len : (size_t)(blank - list.base);
        json_array_append_new(all, json_stringn(list.base, len));
        list = span_from(list, blank == NULL ? len : len + 1);
    }
    return all;
}

/* Without a secret or a key each of its callbacks is refused as forged. */
static bool is_believed(const struct provider_account *a)
{
    bool has_certificate = a->certificate_url.len == 0 || a->session->certificate != NULL;
    return has_certificate && (a->secrets[0].len > 0 || a->public_keys[0].len > 0);
}

/* Whether it is left alone after failures is what this process has seen: each sees for itself. */
static json_t *account_json(const struct provider_account *a, int order)
{
    return json_pack("{s:s, s:o, s:s, s:i, s:o, s:b, s:b, s:b}", "provider", a->provider->name,
                     "account", reply_text_json(a->account), "environment",
                     a->is_live ? "live" : "test", "order", order, "currencies",
                     currencies_json(a->currencies), "blik", provider_takes_blik(a), "resting",
                     provider_is_resting(a, clock_mono()), "callbacks_believed", is_believed(a));
}

void providers_list(struct request *request)
{
    json_t *items = json_array();
    int order = 0;
    for (const struct provider_account *a = request->world->providers; a->provider != NULL; ++a)
        json_array_append_new(items, account_json(a, ++order));
    reply_object(request, 200, json_pack("{s:o}", "items", items));
}

/* ---- the test button ---- */

struct check_job {
    struct request *request;
    struct provider_call *call;
};

static void on_gone(void *owner)
{
    struct check_job *job = owner;
    provider_call_cancel(job->call);
}

static void on_answered(void *owner, const struct provider_result *result)
{
    static const char *const words[] = {
        [PROVIDER_UNCLEAR] = "unclear", [PROVIDER_YES] = "good", [PROVIDER_NO] = "refused"};
    struct check_job *job = owner;
    metrics_add(job->request->world->metrics, METRIC_provider_calls_shed, result->was_turned_away);
    const char *note = result->verdict == PROVIDER_YES ? "" : result->note;
    reply_object(job->request, 200,
                 json_pack("{s:s, s:s}", "result", words[result->verdict], "note", note));
}

static const struct provider_account *find_account(const struct request *r)
{
    for (const struct provider_account *a = r->world->providers; a->provider != NULL; ++a)
        if (span_is_str(r->params[0], a->provider->name) && span_is(r->params[1], a->account))
            return a;
    return NULL;
}

void providers_check(struct request *request)
{
    const struct provider_account *account = find_account(request);
    if (account == NULL) {
        reply_problem(request, 404, "unknown-provider", "The settings name no such account", NULL);
        return;
    }
    if ((account->provider->tasks & PROVIDER_TASK(PROVIDER_CHECK)) == 0) {
        reply_problem(request, 409, "provider-not-checked", "This provider cannot be asked", NULL);
        return;
    }
    const struct provider_task task = {.kind = PROVIDER_CHECK, .now = clock_wall()};
    struct check_job *job = request_alloc(request, sizeof(*job));
    *job = (struct check_job){.request = request};
    provider_call_begin(request->world->loop, request->world->fetch, account, &task, 0, NULL,
                        on_answered, job, &job->call);
    request_on_gone(request, on_gone, job);
}
