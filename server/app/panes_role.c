#include "app/panes_role.h"

#include "app/demo_life.h"
#include "app/panes.h"
#include "provider/provider.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

static const struct panes_place *place;

void panes_role_place(const struct panes_place *where)
{
    place = where;
}

static const struct provider_account *find_sandbox(const struct world *world)
{
    for (const struct provider_account *a = world->providers; a->provider != NULL; ++a)
        if (strcmp(a->provider->name, "sandbox") == 0)
            return a;
    return NULL;
}

static int panes_start(const struct worker *worker, void **state, struct err *err)
{
    assert(place != NULL);
    const struct provider_account *account = find_sandbox(worker->world);
    if (account == NULL)
        return err_set(err, ERR_SETTINGS, "the settings name no sandbox provider");
    /* The demo's own people pay at the demo's bank, whose part is played here. It is the last. */
    worker->world->providers = account;
    const struct panes_options options = {
        .world = worker->world,
        .listen_fd = dup(place->listen_fd), /* the first stays for the next start */
        .url = span_str(place->url),
        .private_url = span_str(worker->gateway->settings->private_.url),
        .account = account,
        .apns_fd = dup(place->apns_fd),
        .fcm_fd = dup(place->fcm_fd),
        .push = place->push};
    struct panes *panes = panes_new(&options, err);
    *state = panes;
    if (panes != NULL && *place->wants_life) {
        *place->wants_life = false;
        demo_life_begin(worker->world, panes->bank);
    }
    return panes == NULL ? err->code : 0;
}

static void panes_drain(void *state)
{
    panes_stop(state);
}

static const char *panes_in_hand(void *state)
{
    (void)state; /* what the bank still owes stays in its books */
    return NULL;
}

/* Browsers keep connections open, and libh2o's timers with them, that nothing here counts: they end
 * with the process, before the loop is taken down under them. */
static void panes_end(void *state)
{
    (void)state;
    _exit(0);
}

const struct worker_role panes_role = {
    .start = panes_start,
    .drain = panes_drain,
    .in_hand = panes_in_hand,
    .stop = panes_end,
};
