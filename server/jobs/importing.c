#include "jobs/importing.h"

#include "base/log.h"
#include "flow/invoice_import.h"
#include "io/timer.h"

#include <stdio.h>
#include <stdlib.h>

enum { AT_ONCE = 2, LOOKED_AT = 20, POLL_MS = 2000, REST_MS = 2000, REST_MS_MAX = 300000 };
enum { ABANDONED_SECONDS = 7 * 86400, SWEEP_EVERY_MS = 3600 * 1000 };

struct importing;

/* One import under way. */
struct place {
    struct importing *importing;
    struct invoice_import *import; /* null: free */
    char id[IMPORT_ID_LEN + 1];
};

/* An import that could not go on: the same file is under way elsewhere, or the database failed. */
struct resting {
    char id[IMPORT_ID_LEN + 1]; /* "": free */
    uint32_t rest_ms;
    struct mono since;
};

struct importing {
    struct importing_options options;
    struct timer poll, sweep;
    struct pg_query query;
    bool is_looking, is_woken, is_stopped;
    struct place places[AT_ONCE];
    struct resting resting[LOOKED_AT];
};

static void look(struct importing *);

/* ---- who rests ---- */

static struct resting *find_resting(struct importing *w, const char *id)
{
    for (size_t i = 0; i < LOOKED_AT; ++i)
        if (strcmp(w->resting[i].id, id) == 0)
            return &w->resting[i];
    return NULL;
}

static bool is_at_rest(struct importing *w, const char *id)
{
    const struct resting *r = find_resting(w, id);
    return r != NULL && mono_us_since(r->since, clock_mono()) < (int64_t)r->rest_ms * 1000;
}

/* Longer each time. When all places are taken the first one is reused: that import is looked at
 * sooner, no more. */
static void rest(struct importing *w, const char *id)
{
    struct resting *r = find_resting(w, id);
    if (r == NULL)
        r = find_resting(w, "");
    if (r == NULL)
        r = &w->resting[0];
    bool is_known = strcmp(r->id, id) == 0;
    r->rest_ms = !is_known ? REST_MS : r->rest_ms * 2 < REST_MS_MAX ? r->rest_ms * 2 : REST_MS_MAX;
    r->since = clock_mono();
    snprintf(r->id, sizeof r->id, "%s", id);
}

static void forget(struct importing *w, const char *id)
{
    struct resting *r = find_resting(w, id);
    if (r != NULL)
        *r = (struct resting){0};
}

/* ---- one import ---- */

static void on_imported(void *owner, const struct invoice_import_result *result,
                        const struct err *err)
{
    struct place *place = owner;
    struct importing *w = place->importing;
    (void)result;
    place->import = NULL;
    if (err->code == 0) {
        forget(w, place->id);
    } else {
        log_line(LOG_WARN, "import interrupted", "import=%s error=\"%s\"", place->id, err->text);
        rest(w, place->id);
    }
    look(w);
}

static bool is_under_way(const struct importing *w, const char *id)
{
    for (int i = 0; i < AT_ONCE; ++i)
        if (w->places[i].import != NULL && strcmp(w->places[i].id, id) == 0)
            return true;
    return false;
}

static struct place *free_place(struct importing *w)
{
    for (int i = 0; i < AT_ONCE; ++i)
        if (w->places[i].import == NULL)
            return &w->places[i];
    return NULL;
}

static void begin_import(struct importing *w, struct place *place, const char *id, int64_t size,
                         const struct invoice_import_campaign *campaign)
{
    snprintf(place->id, sizeof place->id, "%s", id);
    place->import = invoice_import_begin(&(struct invoice_import_options){
        .world = w->options.world,
        .store = w->options.store,
        .source = import_source_upload(w->options.store->reads, id, size),
        .id = place->id,
        .name = SPAN_LIT(""),
        .campaign = *campaign,
        .part_rows = w->options.part_rows,
        .on_done = on_imported,
        .owner = place});
}

/* ---- looking ---- */

static void on_looked(void *owner, const PGresult *result, const struct err *err)
{
    struct importing *w = owner;
    w->is_looking = false;
    for (int row = 0; err->code == 0 && row < PQntuples(result); ++row) {
        struct place *place = free_place(w);
        char id[IMPORT_ID_LEN + 1];
        snprintf(id, sizeof id, "%.*s", SPAN_ARG(pg_get_text(result, row, 0)));
        if (place != NULL && !is_under_way(w, id) && !is_at_rest(w, id))
            begin_import(
                w, place, id, pg_get_int(result, row, 1),
                &(struct invoice_import_campaign){.id = pg_get_int(result, row, 2),
                                                  .name = pg_get_text(result, row, 3),
                                                  .template = pg_get_text(result, row, 4),
                                                  .is_plain = pg_get_bool(result, row, 5)});
    }
    timer_start(&w->poll, w->is_woken ? 1 : POLL_MS);
    w->is_woken = false;
}

static void look(struct importing *w)
{
    struct err err;
    if (w->is_stopped)
        return;
    if (w->is_looking) {
        w->is_woken = true;
        return;
    }
    timer_start(&w->poll, POLL_MS);
    w->is_looking = free_place(w) != NULL && import_open(w->options.store->reads, &w->query,
                                                         LOOKED_AT, on_looked, w, &err) == 0;
}

static void on_poll(void *owner)
{
    look(owner);
}

/* Uploads that nobody finished in a week. */
static void on_sweep(void *owner)
{
    struct importing *w = owner;
    struct err err;
    struct pg_tx tx = {0};
    timer_start(&w->sweep, SWEEP_EVERY_MS);
    if (pg_tx_begin(w->options.store->writes, &tx, NULL, NULL, &err) != 0)
        return;
    import_add_abandoned(&tx, instant_plus_seconds(w->options.world->now(), -ABANDONED_SECONDS));
    pg_tx_commit(&tx);
    pg_tx_cancel(&tx); /* nobody waits for it */
}

/* ---- life ---- */

struct importing *importing_new(const struct importing_options *options)
{
    struct importing *w = calloc(1, sizeof *w);
    if (w == NULL)
        abort();
    w->options = *options;
    for (int i = 0; i < AT_ONCE; ++i)
        w->places[i].importing = w;
    timer_init(&w->poll, options->world->loop, "importing", on_poll, w);
    timer_init(&w->sweep, options->world->loop, "importing sweep", on_sweep, w);
    timer_start(&w->poll, 1);
    timer_start(&w->sweep, SWEEP_EVERY_MS);
    return w;
}

void importing_wake(struct importing *w)
{
    look(w);
}

void importing_stop(struct importing *w)
{
    w->is_stopped = true;
    timer_stop(&w->poll);
    timer_stop(&w->sweep);
    pg_query_cancel(&w->query);
    for (int i = 0; i < AT_ONCE; ++i) {
        if (w->places[i].import != NULL)
            invoice_import_cancel(w->places[i].import);
        w->places[i].import = NULL;
    }
}

void importing_free(struct importing *w)
{
    free(w);
}
