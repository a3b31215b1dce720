/* One round: read what is due, offer each to the callback queue of this process as a retry, wait
 * until all have an answer. A full round is followed by the next at once, any other by the poll. */
#include "jobs/parked.h"

#include "base/log.h"
#include "flow/callback_apply.h"
#include "flow/world.h"
#include "io/timer.h"
#include "provider/asked.h"
#include "store/callback_store.h"
#include "store/store.h"

#include <stdlib.h>

enum { POLL_MS = 2000, RETRY_MS = 5000, ROUND_MAX = 64, ACCOUNTS_MAX = 32 };

struct parked {
    struct world *world;
    struct callback_queue *queue;
    struct timer timer;
    struct pg_query query;
    int pending; /* offered, not yet answered */
    bool is_busy, is_woken, is_full, is_failed, is_stopped;
};

static void look(void *owner);

struct parked *parked_new(struct world *world)
{
    struct parked *p = calloc(1, sizeof(*p));
    if (p == NULL)
        abort();
    p->world = world;
    p->queue = callback_queue_new(world);
    timer_init(&p->timer, world->loop, "parked", look, p);
    timer_start(&p->timer, 0);
    return p;
}

void parked_wake(struct parked *p)
{
    if (p->is_busy)
        p->is_woken = true;
    else if (!p->is_stopped)
        timer_start(&p->timer, 0);
}

void parked_stop(struct parked *p)
{
    p->is_stopped = true;
    timer_stop(&p->timer);
}

bool parked_is_idle(const struct parked *p)
{
    return !p->is_busy && callback_queue_is_idle(p->queue);
}

void parked_free(struct parked *p)
{
    timer_stop(&p->timer);
    pg_query_cancel(&p->query);
    p->is_stopped = true;
    callback_queue_free(p->queue);
    free(p);
}

static void rest(struct parked *p)
{
    p->is_busy = false;
    if (p->is_stopped)
        return;
    bool is_hurried = p->is_woken || (p->is_full && !p->is_failed);
    timer_start(&p->timer, p->is_failed ? RETRY_MS : is_hurried ? 1 : POLL_MS);
    p->is_woken = false;
}

static void on_applied(void *owner, enum callback_result result)
{
    struct parked *p = owner;
    p->is_failed |= result != CALLBACK_KEPT;
    if (--p->pending == 0)
        rest(p);
}

static const struct provider_account *find_account(const struct world *world,
                                                   const struct callback_parked *c)
{
    for (const struct provider_account *a = world->providers; a->provider != NULL; ++a)
        if (span_is_str(c->provider, a->provider->name) && span_is(c->account, a->account))
            return a;
    return NULL;
}

static void offer(struct parked *p, const struct callback_parked *c)
{
    const struct provider_account *account = find_account(p->world, c);
    struct callback_facts facts;
    struct err err;
    if (account == NULL)
        return;
    bool is_readable =
        asked_or_called_reread(account, c->headers, c->body, &facts) == CALLBACK_GENUINE &&
        span_is_str(c->dedup_key, facts.dedup_key);
    if (!is_readable) {
        facts = (struct callback_facts){0};
        snprintf(facts.dedup_key, sizeof(facts.dedup_key), "%.*s", SPAN_ARG(c->dedup_key));
    }
    struct callback_message message = {.account = account,
                                       .facts = &facts,
                                       .headers = c->headers,
                                       .body = c->body,
                                       .is_retry = true,
                                       .is_unreadable = !is_readable};
    if (callback_apply(p->queue, &message, on_applied, p, NULL, &err) == 0)
        ++p->pending;
    else
        p->is_failed = true;
}

static void on_due(void *owner, const PGresult *result, const struct err *err)
{
    struct parked *p = owner;
    p->is_failed = err->code != 0;
    p->is_full = err->code == 0 && PQntuples(result) == ROUND_MAX;
    for (int row = 0; err->code == 0 && row < PQntuples(result); ++row) {
        struct callback_parked parked;
        callback_read_parked(result, row, &parked);
        offer(p, &parked);
    }
    if (p->pending == 0)
        rest(p);
}

static void look(void *owner)
{
    struct parked *p = owner;
    struct span providers[ACCOUNTS_MAX], accounts[ACCOUNTS_MAX];
    struct callback_accounts known = {providers, accounts, 0};
    const struct provider_account *a = p->world->providers;
    for (; a->provider != NULL && known.count < ACCOUNTS_MAX; ++a) {
        providers[known.count] = span_str(a->provider->name);
        accounts[known.count++] = a->account;
    }
    struct err err = {0};
    p->is_busy = true;
    if (callback_parked_due(p->world->store, &p->query, clock_wall(), ROUND_MAX, &known, on_due, p,
                            &err) != 0) {
        p->is_failed = true;
        rest(p);
    }
}
