#include "store/store.h"

#include "io/timer.h"
#include "sql.h"
#include "store/page_store.h"

#include <stdlib.h>
#include <string.h>

enum { READ_TIMEOUT_MS = 1700, WRITE_TIMEOUT_MS = 3000, CONNECT_TIMEOUT_MS = 1500 };
enum { QUEUE_MAX = 2000 };
enum { REPORT_TIMEOUT_MS = 50000, REPORTS_MAX = 4 };
enum { FILE_TIMEOUT_MS = 30000, FILE_STATEMENTS_MAX = 64, FILES_IDLE_MS = 5000 };

struct store_reports {
    h2o_loop_t *loop;
    struct pg *pg;   /* null until it is asked for */
    char conninfo[]; /* kept for that moment */
};

struct store_files {
    h2o_loop_t *loop;
    struct pg *pg; /* null while nobody needs it */
    int borrowers;
    struct timer idle;
    char conninfo[];
};

/* The server gives up first (statement_timeout), so that one slow statement does not cost the
 * connection. */
static struct pg_options options_for(const struct store_options *options, const char *name,
                                     int timeout_ms)
{
    return (struct pg_options){
        .conninfo = options->conninfo,
        .statements = sql_table,
        .name = name,
        .statement_timeout_ms = timeout_ms - timeout_ms / 5,
        .connect_timeout_ms = timeout_ms < CONNECT_TIMEOUT_MS ? timeout_ms : CONNECT_TIMEOUT_MS,
        .answer_timeout_ms = timeout_ms,
        .queue_max = options->queue_max == 0 ? QUEUE_MAX : options->queue_max,
    };
}

static struct store_reports *reports_new(h2o_loop_t *loop, const char *conninfo)
{
    size_t len = strlen(conninfo);
    struct store_reports *reports = calloc(1, sizeof(*reports) + len + 1);
    if (reports == NULL)
        abort();
    reports->loop = loop;
    memcpy(reports->conninfo, conninfo, len);
    return reports;
}

struct pg *store_reports(struct store *store)
{
    struct store_reports *reports = store->reports_;
    const struct store_options options = {.conninfo = reports->conninfo, .queue_max = REPORTS_MAX};
    if (reports->pg == NULL) {
        struct pg_options of = options_for(&options, "report", REPORT_TIMEOUT_MS);
        of.reads_sets = true;
        reports->pg = pg_new(reports->loop, &of);
    }
    return reports->pg;
}

/* ---- files ---- */

static void on_files_idle(void *owner)
{
    struct store_files *files = owner;
    pg_free(files->pg);
    files->pg = NULL;
}

static struct store_files *files_new(h2o_loop_t *loop, const char *conninfo)
{
    size_t len = strlen(conninfo);
    struct store_files *files = calloc(1, sizeof(*files) + len + 1);
    if (files == NULL)
        abort();
    files->loop = loop;
    memcpy(files->conninfo, conninfo, len);
    timer_init(&files->idle, loop, "files idle", on_files_idle, files);
    return files;
}

static void files_free(struct store_files *files)
{
    timer_stop(&files->idle);
    if (files->pg != NULL)
        pg_free(files->pg);
    timer_stop(&files->idle); /* who was told of the end has given it back */
    free(files);
}

struct pg *store_files_borrow(struct store *store)
{
    struct store_files *files = store->files_;
    timer_stop(&files->idle);
    ++files->borrowers;
    if (files->pg == NULL) {
        const struct store_options options = {.conninfo = files->conninfo,
                                              .queue_max = FILE_STATEMENTS_MAX};
        struct pg_options of = options_for(&options, "file", FILE_TIMEOUT_MS);
        of.has_generic_plans = true;
        of.prepares_when_asked = true;
        files->pg = pg_new(files->loop, &of);
    }
    return files->pg;
}

void store_files_return(struct store *store)
{
    if (--store->files_->borrowers == 0)
        timer_start(&store->files_->idle, FILES_IDLE_MS);
}

/* ---- the store ---- */

struct store *store_new(h2o_loop_t *loop, const struct store_options *options)
{
    struct store *store = calloc(1, sizeof(*store));
    if (store == NULL)
        abort();
    int read_ms = options->read_timeout_ms, write_ms = options->write_timeout_ms;
    struct pg_options reads = options_for(options, "read", read_ms ? read_ms : READ_TIMEOUT_MS);
    /* The links of a page read come as arrays: planning anew for each would cost ten times the
     * look-up. */
    reads.has_generic_plans = true;
    store->reads = pg_new(loop, &reads);
    struct pg_options writes =
        options_for(options, "write", write_ms ? write_ms : WRITE_TIMEOUT_MS);
    writes.has_generic_plans = true;
    writes.listen = options->listen;
    writes.on_notified = options->on_notified;
    writes.owner = options->owner;
    store->writes = pg_new(loop, &writes);
    store->page_reads = page_reads_new(loop, store->reads);
    store->reports_ = reports_new(loop, options->conninfo);
    store->files_ = files_new(loop, options->conninfo);
    return store;
}

void store_free(struct store *store)
{
    if (store->reports_->pg != NULL)
        pg_free(store->reports_->pg);
    free(store->reports_);
    files_free(store->files_);
    pg_free(store->writes);
    pg_free(store->reads);
    page_reads_free(store->page_reads);
    free(store);
}

bool store_is_ready(const struct store *store)
{
    return pg_is_connected(store->reads) && pg_is_connected(store->writes);
}
