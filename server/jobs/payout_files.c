/* A round, account by account:
 *
 *   look          the folder's next file is read
 *   take          bad lines -> bad/; else into the database
 *   on_imported   done/, or bad/ when the database knows otherwise of a line
 *   look          the same account again, until it has no more
 *
 * What goes wrong but for the file (the database, the folder itself) leaves it where it is, for the
 * next round. */
#include "jobs/payout_files.h"

#include "base/log.h"
#include "base/metrics.h"
#include "flow/payout_import.h"
#include "flow/world.h"
#include "io/drop_folder.h"
#include "io/timer.h"
#include "provider/provider.h"

#include <stdio.h>
#include <stdlib.h>

enum { FIRST_LOOK_MS = 1000, LOOK_MS = 10 * 1000, PATH_ROOM = 4096, WHY_MAX = 32 * 1024 };

struct payout_files {
    struct world world; /* with the store for large files */
    const char *folder;
    struct timer timer;
    const struct provider_account *account; /* whose folder is looked at; its end: rest */
    char path[PATH_ROOM];
    struct drop_file dropped;
    struct payout_file file;
    struct payout_import import;
    bool is_busy, is_stopped;
};

static void look(void *owner);
static void on_imported(void *owner, int64_t new_count, const struct err *err);

static void rest(struct payout_files *p, uint32_t delay_ms)
{
    payout_file_release(&p->file);
    p->file = (struct payout_file){.lines = NULL};
    drop_file_release(&p->dropped);
    p->is_busy = false;
    if (!p->is_stopped)
        timer_start(&p->timer, delay_ms);
}

/* The next account's; behind the last one the first again, after a while. */
static void look_further(struct payout_files *p)
{
    ++p->account;
    bool is_round = p->account->provider == NULL;
    if (is_round)
        p->account = p->world.providers;
    rest(p, is_round ? LOOK_MS : 0);
}

static void leave(struct payout_files *p, const struct err *err)
{
    if (err->code != ERR_CLOSED)
        log_line(LOG_WARN, "payout file not taken in", "provider=%s account=%.*s error=\"%s\"",
                 p->account->provider->name, SPAN_ARG(p->account->account), err->text);
    look_further(p);
}

/* The lines as `dunlin payouts import` tells them. */
static void write_why(const struct payout_file *file, struct buf *why)
{
    for (size_t i = 0; i < file->bad_count && i < PAYOUT_FILE_BAD_MAX; ++i) {
        const struct payout_file_bad *bad = &file->bad[i];
        buf_printf(why, "line %lld%s%s: %s\n", (long long)bad->line,
                   bad->column[0] == '\0' ? "" : ", ", bad->column, bad->reason);
    }
    buf_printf(why, "Refused, nothing was taken: %zu bad lines.\n", file->bad_count);
}

static void put_away(struct payout_files *p, const char *why, int64_t new_count)
{
    struct err err = {0};
    if (drop_folder_put_away(p->path, p->dropped.name, why, &err) != 0) {
        leave(p, &err);
        return;
    }
    metrics_add(p->world.metrics, why == NULL ? METRIC_payout_files_taken : METRIC_payout_files_bad,
                1);
    log_line(why == NULL ? LOG_INFO : LOG_WARN,
             why == NULL ? "payout file taken in" : "payout file refused",
             "provider=%s account=%.*s lines=%zu new=%lld bad=%zu", p->account->provider->name,
             SPAN_ARG(p->account->account), p->file.line_count, (long long)new_count,
             p->file.bad_count);
    rest(p, 0);
}

static void refuse(struct payout_files *p)
{
    struct buf why;
    buf_init(&why, WHY_MAX);
    write_why(&p->file, &why);
    buf_add_char(&why, '\0');
    put_away(p, buf_is_overflowed(&why) ? "Refused, nothing was taken.\n" : buf_span(&why).base, 0);
    buf_release(&why);
}

static void take(struct payout_files *p)
{
    const struct payout_account of = {span_str(p->account->provider->name), p->account->account};
    struct err err;
    if (p->dropped.bytes == NULL) {
        put_away(p, "Refused, nothing was taken: it has more than 32 MiB.\n", 0);
        return;
    }
    if (!payout_file_read(&p->file, span_of(p->dropped.bytes, p->dropped.len), p->world.keys))
        refuse(p);
    else if (payout_import_begin(&p->import, &p->world, &of, &p->file, on_imported, p, &err) != 0)
        leave(p, &err);
}

static void on_imported(void *owner, int64_t new_count, const struct err *err)
{
    struct payout_files *p = owner;
    if (err->code != 0)
        leave(p, err);
    else if (p->file.bad_count > 0)
        refuse(p);
    else
        put_away(p, NULL, new_count);
}

static void look(void *owner)
{
    struct payout_files *p = owner;
    struct err err = {0};
    p->is_busy = true;
    int len = snprintf(p->path, sizeof(p->path), "%s/%s/%.*s", p->folder,
                       p->account->provider->name, SPAN_ARG(p->account->account));
    if (len >= PATH_ROOM)
        err_set(&err, ERR_INPUT, "the folder's name is too long");
    if (err.code != 0 || drop_folder_next(p->path, PAYOUT_FILE_BYTES_MAX, &p->dropped, &err) != 0)
        leave(p, &err);
    else if (p->dropped.name[0] == 0)
        look_further(p);
    else
        take(p);
}

struct payout_files *payout_files_new(struct world *world, struct store *store, const char *folder)
{
    struct payout_files *p = calloc(1, sizeof(*p));
    if (p == NULL)
        abort();
    p->world = *world;
    p->world.store = store;
    p->folder = folder;
    p->account = world->providers;
    if (!drop_folder_is_there(folder))
        log_line(LOG_ERROR, "no folder for files of payouts, or not ours to change",
                 "setting=payouts.folder");
    timer_init(&p->timer, world->loop, "payout files", look, p);
    timer_start(&p->timer, FIRST_LOOK_MS);
    return p;
}

void payout_files_stop(struct payout_files *p)
{
    p->is_stopped = true;
    timer_stop(&p->timer);
}

bool payout_files_is_idle(const struct payout_files *p)
{
    return !p->is_busy;
}

void payout_files_free(struct payout_files *p)
{
    timer_stop(&p->timer);
    payout_import_cancel(&p->import);
    payout_file_release(&p->file);
    drop_file_release(&p->dropped);
    free(p);
}
