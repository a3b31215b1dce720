#include "app/check_provider.h"

#include "app/provider_accounts.h"
#include "app/settings_providers.h"
#include "io/fetch.h"
#include "io/timer.h"
#include "provider/provider_call.h"

#include <stdio.h>
#include <stdlib.h>

struct asked {
    struct provider_call *call;
    struct provider_result result;
    bool is_asked;
    int *open;
};

struct asking {
    struct provider_accounts accounts;
    struct asked all[SETTINGS_PROVIDERS_MAX];
    int open;
};

static void on_answered(void *owner, const struct provider_result *result)
{
    struct asked *a = owner;
    a->result = *result;
    --*a->open;
}

static bool is_whole(const struct settings_provider *p, const struct provider *provider)
{
    for (int n = 0; provider->needs[n] != NULL; ++n)
        if (!settings_provider_has(p, provider->needs[n]))
            return false;
    return true;
}

static bool may_be_asked(const struct settings_provider *p, const struct provider_account *account)
{
    return account->provider != NULL &&
           (account->provider->tasks & PROVIDER_TASK(PROVIDER_CHECK)) != 0 &&
           is_whole(p, account->provider);
}

static void judge(const struct settings *s, int i, const struct provider_result *result,
                  struct check_report *report)
{
    char name[80], lines_name[80];
    snprintf(lines_name, sizeof(lines_name), "providers[%d].provider", i);
    snprintf(name, sizeof(name), "providers[%d]", i);
    int line = settings_line_of(s, lines_name);
    const struct settings_provider *p = &s->providers[i];
    if (result->verdict == PROVIDER_YES)
        check_add(report, CHECK_PROOF, line, name, "%s/%s knows us", p->provider, p->account);
    else if (result->verdict == PROVIDER_NO)
        check_add(report, CHECK_REFUSAL, line, name, "%s/%s refuses us: %s", p->provider,
                  p->account, result->note);
    else
        check_add(report, CHECK_WARNING, line, name,
                  "%s/%s cannot be asked now: %s (serve starts and tries on)", p->provider,
                  p->account, result->note);
}

void check_provider_credentials(const struct settings *s, struct check_report *report)
{
    const struct provider_task task = {.kind = PROVIDER_CHECK, .now = clock_wall()};
    struct asking *asking = calloc(1, sizeof(*asking));
    if (asking == NULL)
        abort();
    h2o_loop_t *loop = h2o_evloop_create();
    struct fetch *fetch = fetch_new(loop, SETTINGS_PROVIDERS_MAX);
    provider_accounts_init(&asking->accounts, s);
    for (int i = 0; i < s->provider_count; ++i) {
        struct asked *a = &asking->all[i];
        if (!may_be_asked(&s->providers[i], &asking->accounts.all[i]))
            continue;
        a->is_asked = true;
        a->open = &asking->open;
        ++asking->open;
        provider_call_begin(loop, fetch, &asking->accounts.all[i], &task, 0, NULL, on_answered, a,
                            &a->call);
    }
    while (asking->open > 0)
        h2o_evloop_run(loop, INT32_MAX);
    for (int i = 0; i < s->provider_count; ++i)
        if (asking->all[i].is_asked)
            judge(s, i, &asking->all[i].result, report);
    fetch_free(fetch);
    h2o_evloop_run(loop, 0); /* closed sockets are freed by the turn that follows */
    timer_loop_release(loop);
    h2o_evloop_destroy(loop);
    provider_accounts_release(&asking->accounts);
    free(asking);
}
