#include "app/installation_visit.h"

#include "domain/paylink.h"
#include "io/timer.h"
#include "store/api_key_store.h"
#include "store/demo_store.h"
#include "store/installation_store.h"
#include "store/sandbox_push_store.h"
#include "store/store.h"

#include <stdio.h>

enum { TIMEOUT_MS = 30000 };

/* One visit to the database. */
struct visit {
    h2o_loop_t *loop;
    struct store *store;
    struct pg_query query;
    struct pg_tx tx;
    bool is_done;
    struct err err;
    struct installation installation;
    bool has_key;
    const struct keyring *keys;
    struct demo_links *links;
};

static void visit_begin(struct visit *visit, const char *conninfo)
{
    *visit = (struct visit){.loop = h2o_evloop_create()};
    const struct store_options options = {
        .conninfo = conninfo, .read_timeout_ms = TIMEOUT_MS, .write_timeout_ms = TIMEOUT_MS};
    visit->store = store_new(visit->loop, &options);
}

static int visit_wait(struct visit *visit, int rc)
{
    while (rc == 0 && !visit->is_done)
        h2o_evloop_run(visit->loop, INT32_MAX);
    visit->is_done = false;
    return visit->err.code;
}

static int visit_end(struct visit *visit, struct err *err)
{
    store_free(visit->store);
    timer_loop_release(visit->loop);
    h2o_evloop_destroy(visit->loop);
    if (visit->err.code != 0)
        *err = visit->err;
    return visit->err.code;
}

static void on_done(void *owner, const struct err *err)
{
    struct visit *visit = owner;
    visit->err = *err;
    visit->is_done = true;
}

static void on_looked(void *owner, const PGresult *result, const struct err *err)
{
    struct visit *visit = owner;
    if (err->code == 0)
        visit->installation = installation_read(result);
    on_done(owner, err);
}

static int look(struct visit *visit)
{
    return visit_wait(
        visit, installation_look(visit->store, &visit->query, on_looked, visit, &visit->err));
}

static void mark(struct visit *visit, const char *kind)
{
    int rc = pg_tx_begin(visit->store->writes, &visit->tx, on_done, visit, &visit->err);
    if (rc == 0) {
        installation_mark(&visit->tx, kind);
        pg_tx_commit(&visit->tx);
    }
    (void)visit_wait(visit, rc);
}

int installation_claim_live(const char *conninfo, struct err *err)
{
    struct visit visit;
    visit_begin(&visit, conninfo);
    int rc = look(&visit);
    if (rc == 0 && visit.installation.kind == INSTALLATION_DEMO)
        err_set(&visit.err, ERR_SETTINGS,
                "this database belongs to a demo: nothing real may go into it");
    else if (rc == 0 && visit.installation.kind != INSTALLATION_LIVE)
        mark(&visit, "live");
    return visit_end(&visit, err);
}

int installation_claim_demo(const char *conninfo, bool *is_empty, struct err *err)
{
    struct visit visit;
    visit_begin(&visit, conninfo);
    int rc = look(&visit);
    enum installation_kind kind = visit.installation.kind;
    if (rc == 0 && kind == INSTALLATION_NEW)
        mark(&visit, "demo");
    else if (rc == 0 && kind != INSTALLATION_DEMO)
        err_set(&visit.err, ERR_SETTINGS,
                "this database holds real data, or data nobody said was a demo's: "
                "the demo leaves it alone");
    *is_empty = !visit.installation.has_customers;
    return visit_end(&visit, err);
}

static void on_key_found(void *owner, const PGresult *result, const struct err *err)
{
    struct visit *visit = owner;
    visit->has_key = err->code == 0 && PQntuples(result) > 0;
    on_done(owner, err);
}

int installation_furnish_demo(const char *conninfo, const struct demo_furniture *furniture,
                              struct instant now, struct err *err)
{
    struct span id, secret;
    if (!api_key_parse(span_str(furniture->key_text), &id, &secret))
        return err_set(err, ERR_SETTINGS, "the demo's API key file holds no key");
    struct api_key key = {.scopes =
                              "imports invoices paylinks callbacks devices scenarios customers "
                              "templates sending campaigns calls results disputes evidence"};
    snprintf(key.id, sizeof(key.id), "%.*s", SPAN_ARG(id));
    sha256(secret, key.secret_hash);
    struct visit visit;
    visit_begin(&visit, conninfo);
    int rc = visit_wait(
        &visit, api_key_find(visit.store, &visit.query, id, on_key_found, &visit, &visit.err));
    if (rc == 0)
        rc = pg_tx_begin(visit.store->writes, &visit.tx, on_done, &visit, &visit.err);
    if (rc == 0) {
        demo_spread_channels(&visit.tx);
        sandbox_push_give_phones(&visit.tx, span_str(furniture->app), now);
        if (furniture->has_past)
            demo_give_past(&visit.tx, now);
        if (!visit.has_key)
            api_key_add(&visit.tx, &key, SPAN_LIT("demo"), now);
        pg_tx_commit(&visit.tx);
        (void)visit_wait(&visit, 0);
    }
    return visit_end(&visit, err);
}

static void on_links(void *owner, const PGresult *result, const struct err *err)
{
    struct visit *visit = owner;
    for (int row = 0; err->code == 0 && row < PQntuples(result) && row < DEMO_LINKS_MAX; ++row) {
        struct paylink_id id = {pg_get_int(result, row, 0), (int32_t)pg_get_int(result, row, 1)};
        paylink_print_code(visit->keys, id, visit->links->codes[visit->links->count++]);
    }
    on_done(owner, err);
}

int installation_demo_links(const char *conninfo, const struct keyring *keys, struct instant now,
                            struct demo_links *links, struct err *err)
{
    struct visit visit;
    visit_begin(&visit, conninfo);
    visit.keys = keys;
    visit.links = links;
    links->count = 0;
    (void)visit_wait(&visit,
                     demo_links(visit.store, &visit.query, (int32_t)(instant_seconds(now) / 86400),
                                DEMO_LINKS_MAX, on_links, &visit, &visit.err));
    return visit_end(&visit, err);
}
