#include "io/pg.h"

#include "base/log.h"
#include "io/pg_link.h"
#include "io/timer.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* Everything asked for is an item. Items wait in `waiting` until the connection is ready, then move
 * to `sent` in the order in which libpq will return their results. Items belong to the pg alone and
 * outlive the handles of their askers: cancelling only clears a pointer.
 *
 * A group is what stands between two syncs. A transaction is a group of its own. Reads of one turn
 * are one group, closed at the end of the turn; when one of them fails the server skips the rest of
 * the group, and those are sent again, each in a group of its own. */

enum { CONNECT_TIMEOUT_DEFAULT_MS = 2000, DEADLINE_SLACK_MS = 5 };

enum item_kind {
    ITEM_SETUP, /* a prepare, listen or set on a fresh connection */
    ITEM_READ,
    ITEM_STATEMENT, /* of a transaction */
    ITEM_SYNC,      /* the end of a group; has `work` when the group is a transaction */
};

/* The transaction behind a pg_tx. */
struct pg_work {
    struct pg *pg;
    struct pg_tx *tx; /* null: cancelled or done */
    pg_done_cb on_done;
    void *owner;
    struct err err; /* of the statement that failed first */
    int items;      /* that point here */
    h2o_linklist_t begun;
};

struct pg_item {
    h2o_linklist_t link;
    enum item_kind kind;
    int statement;
    bool is_answered;
    bool is_again; /* a read sent a second time */
    int64_t asked_ms;
    struct pg_query *query; /* READ; null: cancelled or done */
    struct pg_work *work;   /* STATEMENT, SYNC */
    pg_result_cb on_result;
    void *owner;
    int arg_count;
    int *lengths; /* the three lie behind this struct */
    const char **values;
    const char *bytes;
};

struct pg {
    struct pg_link link;
    struct pg_options options;
    h2o_linklist_t waiting, sent;
    h2o_linklist_t again; /* aborted reads, until the sync of their group */
    size_t count;         /* items in all three lists, without syncs */
    bool is_ready;        /* prepared: items may be sent */
    bool is_group_open;   /* reads were sent and not yet closed by a sync */
    bool is_broken;       /* libpq refused to queue: results no longer match items */
    bool has_setup_failed, is_closing;
    int callbacks; /* depth: pg_free is not allowed inside one */
    int64_t heard_ms;
    int64_t deadline_ms; /* what the timer below is set to */
    struct timer turn_end, deadline;
    char sqlstate[6];
};

static void on_up(void *owner);
static void on_readable(void *owner);
static void on_lost(void *owner, const char *why);
static void on_turn_end(void *owner);
static void on_deadline(void *owner);

static const struct pg_link_events link_events = {
    .on_up = on_up, .on_readable = on_readable, .on_lost = on_lost};

static int64_t now_ms(void)
{
    return clock_mono().ns / 1000000;
}

static struct pg_item *first(h2o_linklist_t *list)
{
    return h2o_linklist_is_empty(list) ? NULL
                                       : H2O_STRUCT_FROM_MEMBER(struct pg_item, link, list->next);
}

struct pg *pg_new(h2o_loop_t *loop, const struct pg_options *options)
{
    struct pg *pg = calloc(1, sizeof(*pg));
    if (pg == NULL)
        abort();
    pg->options = *options;
    if (pg->options.connect_timeout_ms == 0)
        pg->options.connect_timeout_ms = CONNECT_TIMEOUT_DEFAULT_MS;
    h2o_linklist_init_anchor(&pg->waiting);
    h2o_linklist_init_anchor(&pg->sent);
    h2o_linklist_init_anchor(&pg->again);
    timer_init(&pg->turn_end, loop, "pg turn end", on_turn_end, pg);
    timer_init(&pg->deadline, loop, "pg deadline", on_deadline, pg);
    pg->link = (struct pg_link){.loop = loop,
                                .name = options->name,
                                .conninfo = (char *)options->conninfo,
                                .connect_timeout_ms = pg->options.connect_timeout_ms,
                                .events = &link_events,
                                .owner = pg};
    pg->options.conninfo = NULL;
    pg_link_start(&pg->link);
    return pg;
}

bool pg_is_connected(const struct pg *pg)
{
    return pg->is_ready;
}

const char *pg_sqlstate(const struct pg *pg)
{
    return pg->sqlstate;
}

/* ---- items ---- */

static struct pg_item *item_new(enum item_kind kind, int statement, const struct pg_args *args)
{
    int count = args == NULL ? 0 : args->count_;
    size_t values_size = (size_t)count * sizeof(char *), lengths_size = (size_t)count * sizeof(int);
    struct span bytes = args == NULL ? (struct span){0} : buf_span(&args->storage_);
    struct pg_item *item = malloc(sizeof(*item) + values_size + lengths_size + bytes.len);
    if (item == NULL)
        abort();
    *item = (struct pg_item){
        .kind = kind, .statement = statement, .asked_ms = now_ms(), .arg_count = count};
    item->values = (const char **)(item + 1);
    item->lengths = (int *)(item->values + count);
    char *copy = (char *)(item->lengths + count);
    if (bytes.len > 0)
        memcpy(copy, bytes.base, bytes.len);
    for (int i = 0; i < count; ++i) {
        bool is_null = args->lengths_[i] < 0;
        item->lengths[i] = is_null ? 0 : args->lengths_[i];
        item->values[i] = is_null ? NULL : copy + args->offsets_[i];
    }
    return item;
}

static void item_free(struct pg *pg, struct pg_item *item)
{
    if (h2o_linklist_is_linked(&item->link))
        h2o_linklist_unlink(&item->link);
    if (item->query != NULL)
        item->query->item_ = NULL;
    if (item->work != NULL && --item->work->items == 0)
        free(item->work);
    if (item->kind == ITEM_READ || item->kind == ITEM_STATEMENT)
        --pg->count;
    free(item);
}

static void call_result(struct pg *pg, pg_result_cb on_result, void *owner, const PGresult *result,
                        const struct err *err)
{
    ++pg->callbacks;
    on_result(owner, result, err);
    --pg->callbacks;
}

/* Tells a transaction's owner how it ended, once. */
static void work_finish(struct pg *pg, struct pg_work *work, const struct err *err)
{
    if (work->tx == NULL)
        return;
    work->tx->work_ = NULL;
    work->tx = NULL;
    pg_done_cb on_done = work->on_done;
    struct err copy = *err;
    ++pg->callbacks;
    on_done(work->owner, &copy);
    --pg->callbacks;
}

/* Reports to whoever still waits for this item; the item itself stays. */
static void item_report(struct pg *pg, struct pg_item *item, const PGresult *result,
                        const struct err *err)
{
    if (item->kind == ITEM_READ && item->query != NULL) {
        item->query->item_ = NULL;
        item->query = NULL;
        call_result(pg, item->on_result, item->owner, result, err);
    } else if (item->kind == ITEM_STATEMENT && item->on_result != NULL) {
        pg_result_cb on_result = item->on_result;
        item->on_result = NULL;
        if (item->work->tx != NULL)
            call_result(pg, on_result, item->work->owner, result, err);
    }
}

/* Ends an item without an answer from the server. Should the answer come after all, its transaction
 * keeps this error: its statements have been told. */
static void item_fail(struct pg *pg, struct pg_item *item, const struct err *err)
{
    if (item->work != NULL && item->work->err.code == 0)
        item->work->err = *err;
    item_report(pg, item, NULL, err);
    if (item->kind == ITEM_SYNC && item->work != NULL)
        work_finish(pg, item->work, err);
}

static void list_fail(struct pg *pg, h2o_linklist_t *list, const struct err *err)
{
    h2o_linklist_t ending;
    h2o_linklist_init_anchor(&ending);
    h2o_linklist_insert_list(&ending, list);
    for (struct pg_item *item; (item = first(&ending)) != NULL;) {
        item_fail(pg, item, err);
        item_free(pg, item);
    }
}

void pg_free(struct pg *pg)
{
    assert(pg->callbacks == 0);
    struct err err;
    err_set(&err, ERR_CLOSED, "closing");
    pg->is_closing = true;
    pg->is_ready = false;
    pg->sqlstate[0] = 0;
    list_fail(pg, &pg->sent, &err);
    list_fail(pg, &pg->again, &err);
    list_fail(pg, &pg->waiting, &err);
    timer_stop(&pg->turn_end);
    timer_stop(&pg->deadline);
    pg_link_release(&pg->link);
    free(pg);
}

/* ---- sending ---- */

/* Sees to it that the deadlines are looked at when this one passes. */
static void watch_deadline(struct pg *pg, int64_t at_ms)
{
    if (at_ms == INT64_MAX || (timer_is_running(&pg->deadline) && pg->deadline_ms <= at_ms))
        return;
    pg->deadline_ms = at_ms;
    int64_t left = at_ms - now_ms();
    timer_start(&pg->deadline, (uint32_t)(left < 0 ? 0 : left) + DEADLINE_SLACK_MS);
}

static void append_sent(struct pg *pg, struct pg_item *item)
{
    if (h2o_linklist_is_linked(&item->link))
        h2o_linklist_unlink(&item->link);
    if (h2o_linklist_is_empty(&pg->sent))
        pg->heard_ms = now_ms();
    h2o_linklist_insert(&pg->sent, &item->link);
}

/* libpq refuses to queue only when the connection is broken or memory is out. The item stays in
 * line and the connection is given up at the end of the turn, which ends it: never inside the call
 * that asked. */
static void break_later(struct pg *pg)
{
    pg->is_broken = true;
    timer_start(&pg->turn_end, 0);
}

static void send_item(struct pg *pg, struct pg_item *item)
{
    static const int binary[PG_ARGS_MAX] = {[0 ... PG_ARGS_MAX - 1] = 1};
    const struct pg_statement *statement = &pg->options.statements[item->statement];
    append_sent(pg, item);
    if (!PQsendQueryPrepared(pg->link.conn, statement->name, item->arg_count, item->values,
                             item->lengths, binary, 1))
        break_later(pg);
}

static void send_sync(struct pg *pg, struct pg_item *item)
{
    append_sent(pg, item);
    if (!PQpipelineSync(pg->link.conn))
        break_later(pg);
    pg_link_flush(&pg->link);
}

static void close_group(struct pg *pg)
{
    if (!pg->is_group_open)
        return;
    pg->is_group_open = false;
    send_sync(pg, item_new(ITEM_SYNC, 0, NULL));
}

static void send_read(struct pg *pg, struct pg_item *item)
{
    send_item(pg, item);
    pg->is_group_open = true;
    if (!timer_is_running(&pg->turn_end))
        timer_start(&pg->turn_end, 0);
}

/* Moves what waits to the server, in order. A transaction's items lie together, its sync last. */
static void send_waiting(struct pg *pg)
{
    for (struct pg_item *item; (item = first(&pg->waiting)) != NULL;) {
        if (item->kind == ITEM_READ) {
            send_read(pg, item);
            continue;
        }
        close_group(pg);
        if (item->kind == ITEM_SYNC)
            send_sync(pg, item);
        else
            send_item(pg, item);
    }
}

static void on_turn_end(void *owner)
{
    struct pg *pg = owner;
    if (!pg->is_ready)
        return;
    close_group(pg);
    if (pg->is_broken || PQstatus(pg->link.conn) != CONNECTION_OK)
        pg_link_lose(&pg->link, PQerrorMessage(pg->link.conn));
}

static int check_room(const struct pg *pg, struct err *err)
{
    if (pg->is_closing)
        return err_set(err, ERR_CLOSED, "closing");
    if (pg->count >= pg->options.queue_max)
        return err_set(err, ERR_BUSY, "the %s connection has %zu statements queued",
                       pg->options.name, pg->count);
    return 0;
}

/* The items of a transaction share one `asked_ms`, so that they expire together or not at all. */
static void enqueue(struct pg *pg, struct pg_item *item, int64_t asked_ms)
{
    item->asked_ms = asked_ms;
    h2o_linklist_insert(&pg->waiting, &item->link);
}

/* Sends what was just enqueued, or lets it wait for the connection; both have an end. */
static void proceed(struct pg *pg, int64_t asked_ms)
{
    if (pg->is_ready)
        send_waiting(pg);
    else
        watch_deadline(pg, asked_ms + pg->options.connect_timeout_ms);
    if (pg->options.answer_timeout_ms > 0)
        watch_deadline(pg, asked_ms + pg->options.answer_timeout_ms);
}

int pg_read(struct pg *pg, struct pg_query *query, int statement, const struct pg_args *args,
            pg_result_cb on_result, void *owner, struct err *err)
{
    assert(query->item_ == NULL);
    int failed = check_room(pg, err);
    if (failed)
        return failed;
    struct pg_item *item = item_new(ITEM_READ, statement, args);
    item->query = query;
    item->on_result = on_result;
    item->owner = owner;
    query->item_ = item;
    ++pg->count;
    int64_t asked_ms = now_ms();
    enqueue(pg, item, asked_ms);
    proceed(pg, asked_ms);
    return 0;
}

void pg_query_cancel(struct pg_query *query)
{
    if (query->item_ == NULL)
        return;
    query->item_->query = NULL;
    query->item_ = NULL;
}

int pg_tx_begin(struct pg *pg, struct pg_tx *tx, pg_done_cb on_done, void *owner, struct err *err)
{
    assert(tx->work_ == NULL);
    int failed = check_room(pg, err);
    if (failed)
        return failed;
    struct pg_work *work = calloc(1, sizeof(*work));
    if (work == NULL)
        abort();
    work->pg = pg;
    work->tx = tx;
    work->on_done = on_done;
    work->owner = owner;
    h2o_linklist_init_anchor(&work->begun);
    tx->work_ = work;
    return 0;
}

static void work_add(struct pg_work *work, struct pg_item *item)
{
    item->work = work;
    ++work->items;
    h2o_linklist_insert(&work->begun, &item->link);
}

void pg_tx_add(struct pg_tx *tx, int statement, const struct pg_args *args, pg_result_cb on_result)
{
    struct pg_item *item = item_new(ITEM_STATEMENT, statement, args);
    item->on_result = on_result;
    ++tx->work_->pg->count;
    work_add(tx->work_, item);
}

void pg_tx_commit(struct pg_tx *tx)
{
    struct pg_work *work = tx->work_;
    struct pg *pg = work->pg;
    work_add(work, item_new(ITEM_SYNC, 0, NULL));
    work->pg = NULL; /* committed */
    int64_t asked_ms = now_ms();
    for (struct pg_item *item; (item = first(&work->begun)) != NULL;) {
        h2o_linklist_unlink(&item->link);
        enqueue(pg, item, asked_ms);
    }
    proceed(pg, asked_ms);
}

void pg_tx_cancel(struct pg_tx *tx)
{
    struct pg_work *work = tx->work_;
    if (work == NULL)
        return;
    tx->work_ = NULL;
    work->tx = NULL;
    if (work->pg == NULL)
        return;
    ++work->items; /* holds it while its items go */
    for (struct pg_item *item; (item = first(&work->begun)) != NULL;)
        item_free(work->pg, item);
    free(work);
}

/* ---- a fresh connection ---- */

static void send_setup(struct pg *pg, int statement, const char *sql)
{
    append_sent(pg, item_new(ITEM_SETUP, statement, NULL));
    if (statement >= 0) {
        const struct pg_statement *prepared = &pg->options.statements[statement];
        PQsendPrepare(pg->link.conn, prepared->name, prepared->text, 0, NULL);
    } else {
        PQsendQueryParams(pg->link.conn, sql, 0, NULL, NULL, NULL, NULL, 0);
    }
    /* A sync each, so that every statement that cannot be prepared is named, not only the first. */
    append_sent(pg, item_new(ITEM_SYNC, 0, NULL));
    PQpipelineSync(pg->link.conn);
}

static void on_up(void *owner)
{
    struct pg *pg = owner;
    char sql[160];
    pg->has_setup_failed = pg->is_broken = false;
    snprintf(sql, sizeof(sql), "set statement_timeout = %d", pg->options.statement_timeout_ms);
    send_setup(pg, -1, sql);
    for (const char *const *channel = pg->options.listen; channel != NULL && *channel != NULL;
         ++channel) {
        snprintf(sql, sizeof(sql), "listen \"%s\"", *channel);
        send_setup(pg, -1, sql);
    }
    for (int i = 0; pg->options.statements[i].name != NULL; ++i)
        send_setup(pg, i, NULL);
    pg_link_flush(&pg->link);
}

static void on_setup_failed(struct pg *pg, const struct pg_item *item, const PGresult *result)
{
    pg->has_setup_failed = true;
    log_line(LOG_ERROR, "statement cannot be prepared", "connection=%s statement=%s why=\"%s\"",
             pg->options.name,
             item->statement < 0 ? "(setup)" : pg->options.statements[item->statement].name,
             PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
}

/* True when the connection is ready now; false when it was given up. */
static bool setup_done(struct pg *pg)
{
    if (pg->has_setup_failed) {
        pg_link_lose(&pg->link, "statements cannot be prepared");
        return false;
    }
    pg->is_ready = true;
    pg_link_settled(&pg->link);
    send_waiting(pg);
    return true;
}

static void on_lost(void *owner, const char *why)
{
    struct pg *pg = owner;
    struct err err;
    err_set(&err, ERR_DATABASE, "the connection was lost: %s", why);
    pg->is_ready = pg->is_group_open = false;
    pg->sqlstate[0] = 0;
    timer_stop(&pg->turn_end);
    list_fail(pg, &pg->sent, &err);
    list_fail(pg, &pg->again, &err);
}

/* ---- results ---- */

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
        on_setup_failed(pg, item, result);
        return;
    }
    result_err(pg, item, result, &err);
    if (item->work != NULL && item->work->err.code == 0)
        item->work->err = err;
    item_report(pg, item, NULL, &err);
}

static void on_item_aborted(struct pg *pg, struct pg_item *item)
{
    if (item->kind == ITEM_STATEMENT)
        item_report(pg, item, NULL, &item->work->err);
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
    item_free(pg, item);
}

static void send_again(struct pg *pg)
{
    if (h2o_linklist_is_empty(&pg->again))
        return;
    close_group(pg);
    for (struct pg_item *item; (item = first(&pg->again)) != NULL;) {
        item->is_again = item->is_answered = false;
        send_item(pg, item);
        send_sync(pg, item_new(ITEM_SYNC, 0, NULL));
    }
}

/* False when the connection was given up. */
static bool on_sync(struct pg *pg, struct pg_item *item)
{
    assert(item->kind == ITEM_SYNC);
    if (item->work != NULL) {
        if (item->work->err.code == 0)
            pg->sqlstate[0] = 0;
        work_finish(pg, item->work, &item->work->err);
    }
    item_free(pg, item);
    if (!pg->is_ready)
        return !h2o_linklist_is_empty(&pg->sent) || setup_done(pg);
    send_again(pg);
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
        item_report(pg, item, result, &none);
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

static void on_readable(void *owner)
{
    struct pg *pg = owner;
    pg->heard_ms = now_ms();
    int nulls = 0;
    for (struct pg_item *item; (item = first(&pg->sent)) != NULL && nulls < 2;) {
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
    if (PQstatus(pg->link.conn) != CONNECTION_OK) {
        pg_link_lose(&pg->link, PQerrorMessage(pg->link.conn));
        return;
    }
    pg_link_flush(&pg->link);
    take_notifications(pg);
}

/* ---- deadlines ---- */

/* Ends what waited too long for a connection; returns when the next one does. */
static int64_t expire_waiting(struct pg *pg, int64_t now)
{
    struct err err;
    err_set(&err, ERR_DATABASE, "no connection in time");
    h2o_linklist_t late;
    h2o_linklist_init_anchor(&late);
    struct pg_item *item;
    while ((item = first(&pg->waiting)) != NULL &&
           now - item->asked_ms >= pg->options.connect_timeout_ms) {
        h2o_linklist_unlink(&item->link);
        h2o_linklist_insert(&late, &item->link);
    }
    pg->sqlstate[0] = 0;
    list_fail(pg, &late, &err);
    item = first(&pg->waiting);
    return item == NULL ? INT64_MAX : item->asked_ms + pg->options.connect_timeout_ms;
}

/* Ends what waited too long for its answer: that will still come and be thrown away. Returns when
 * the next one does. Callbacks may append to `sent` but never remove. */
static int64_t expire_sent(struct pg *pg, int64_t now)
{
    struct err err;
    err_set(&err, ERR_DATABASE, "no answer in time");
    pg->sqlstate[0] = 0;
    for (h2o_linklist_t *at = pg->sent.next; at != &pg->sent; at = at->next) {
        struct pg_item *item = H2O_STRUCT_FROM_MEMBER(struct pg_item, link, at);
        if (now - item->asked_ms < pg->options.answer_timeout_ms)
            return item->asked_ms + pg->options.answer_timeout_ms;
        item_fail(pg, item, &err);
    }
    return INT64_MAX;
}

static void on_deadline(void *owner)
{
    struct pg *pg = owner;
    int64_t now = now_ms(), most = pg->options.answer_timeout_ms;
    watch_deadline(pg, expire_waiting(pg, now));
    if (most == 0 || h2o_linklist_is_empty(&pg->sent))
        return;
    if (now - pg->heard_ms >= most) {
        pg_link_lose(&pg->link, "no answer in time");
        return;
    }
    watch_deadline(pg, expire_sent(pg, now));
    watch_deadline(pg, pg->heard_ms + most);
}
