#include "io/pg_items.h"

#include <assert.h>
#include <stdio.h>

/* Messages that quote values (classes 22 and 23 and what functions raise) are left out: personal
 * data never reaches a log. */
static void result_err(struct pg *pg, const struct pg_item *item, const PGresult *result,
                       struct err *err)
{
    const char *name =
        item->kind == ITEM_SYNC ? "commit" : pg->options.statements[item->statement].name;
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
    snprintf(pg->sqlstate, sizeof(pg->sqlstate), "%s", state == NULL ? "" : state);
    bool is_conflict = strcmp(pg->sqlstate, "DL001") == 0 || strcmp(pg->sqlstate, "40001") == 0 ||
                       strcmp(pg->sqlstate, "40P01") == 0;
    bool is_quoting = strncmp(pg->sqlstate, "22", 2) == 0 || strncmp(pg->sqlstate, "23", 2) == 0 ||
                      strncmp(pg->sqlstate, "P0", 2) == 0;
    err_set(err, is_conflict ? ERR_CONFLICT : ERR_DATABASE, "%s: %s %s%s%s", name, pg->sqlstate,
            is_quoting || message == NULL ? "refused" : message, constraint == NULL ? "" : " by ",
            constraint == NULL ? "" : constraint);
}

static void on_item_failed(struct pg *pg, struct pg_item *item, const PGresult *result)
{
    struct err err;
    if (item->kind == ITEM_SETUP) {
        pg_on_setup_failed(pg, item, result);
        return;
    }
    result_err(pg, item, result, &err);
    if (item->work != NULL && item->work->err.code == 0)
        item->work->err = err;
    pg_item_report(pg, item, NULL, &err);
}

static void on_item_aborted(struct pg *pg, struct pg_item *item)
{
    if (item->kind == ITEM_STATEMENT)
        pg_item_report(pg, item, NULL, &item->work->err);
    if (item->kind == ITEM_READ && item->query != NULL)
        item->is_again = true; /* moved at the end of its results */
}

/* The null that ends the results of one item. */
static void on_item_end(struct pg *pg, struct pg_item *item)
{
    if (item->is_again && item->query != NULL) {
        h2o_linklist_unlink(&item->link);
        h2o_linklist_insert(&pg->again, &item->link);
        return;
    }
    pg_item_free(pg, item);
}

/* False when the connection was given up. */
static bool on_sync(struct pg *pg, struct pg_item *item)
{
    assert(item->kind == ITEM_SYNC);
    if (item->work != NULL) {
        if (item->work->err.code == 0)
            pg->sqlstate[0] = 0;
        pg_work_finish(pg, item->work, &item->work->err);
    }
    pg_item_free(pg, item);
    if (!pg->is_ready)
        return !h2o_linklist_is_empty(&pg->sent) || pg_setup_done(pg);
    pg_send_again(pg);
    return true;
}

/* False when the connection was given up. */
static bool on_result(struct pg *pg, struct pg_item *item, const PGresult *result)
{
    static const struct err none;
    item->is_answered = true;
    switch (PQresultStatus(result)) {
    case PGRES_PIPELINE_SYNC:
        return on_sync(pg, item);
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
        pg->sqlstate[0] = 0;
        pg_item_report(pg, item, result, &none);
        return true;
    case PGRES_PIPELINE_ABORTED:
        on_item_aborted(pg, item);
        return true;
    default:
        on_item_failed(pg, item, result);
        return true;
    }
}

static void take_notifications(struct pg *pg)
{
    for (PGnotify *notify; pg->link.conn != NULL && (notify = PQnotifies(pg->link.conn)) != NULL;) {
        if (pg->options.on_notified != NULL) {
            ++pg->callbacks;
            pg->options.on_notified(pg->options.owner, notify->relname, notify->extra);
            --pg->callbacks;
        }
        PQfreemem(notify);
    }
}

void pg_on_readable(void *owner)
{
    struct pg *pg = owner;
    pg->heard_ms = pg_now_ms();
    int nulls = 0;
    for (struct pg_item *item;
         !pg->is_broken && (item = pg_item_first(&pg->sent)) != NULL && nulls < 2;) {
        if (PQisBusy(pg->link.conn))
            break;
        PGresult *result = PQgetResult(pg->link.conn);
        if (result == NULL) {
            ++nulls;
            if (item->is_answered && item->kind != ITEM_SYNC)
                on_item_end(pg, item);
            continue;
        }
        nulls = 0;
        bool is_alive = on_result(pg, item, result);
        PQclear(result);
        if (!is_alive)
            return;
    }
    if (pg->is_broken || PQstatus(pg->link.conn) != CONNECTION_OK) {
        pg_link_lose(&pg->link, PQerrorMessage(pg->link.conn));
        return;
    }
    pg_link_flush(&pg->link);
    take_notifications(pg);
}
