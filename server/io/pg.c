#include "io/pg.h"

#include "io/pg_items.h"

#include <assert.h>
#include <stdlib.h>

enum { CONNECT_TIMEOUT_DEFAULT_MS = 2000, DEADLINE_SLACK_MS = 5 };

static void on_lost(void *owner, const char *why);
static void on_turn_end(void *owner);
static void on_deadline(void *owner);

static const struct pg_link_events link_events = {
    .on_up = pg_on_up, .on_readable = pg_on_readable, .on_lost = on_lost};

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
    size_t count = 0;
    while (options->statements[count].name != NULL)
        ++count;
    pg->is_prepared = calloc(count + 1, sizeof(*pg->is_prepared));
    if (pg->is_prepared == NULL)
        abort();
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

bool pg_blames_the_data(const struct pg *pg)
{
    const char *sqlstate = pg_sqlstate(pg);
    return strncmp(sqlstate, "22", 2) == 0 || strncmp(sqlstate, "23", 2) == 0 ||
           strncmp(sqlstate, "P0", 2) == 0;
}

void pg_free(struct pg *pg)
{
    assert(pg->callbacks == 0);
    struct err err;
    err_set(&err, ERR_CLOSED, "closing");
    pg->is_closing = true;
    pg->is_ready = false;
    pg->sqlstate[0] = 0;
    pg_items_fail(pg, &pg->sent, &err);
    pg_items_fail(pg, &pg->again, &err);
    pg_items_fail(pg, &pg->waiting, &err);
    timer_stop(&pg->turn_end);
    timer_stop(&pg->deadline);
    pg_link_release(&pg->link);
    free(pg->is_prepared);
    free(pg);
}

/* ---- sending ---- */

/* Sees to it that the deadlines are looked at when this one passes. */
static void watch_deadline(struct pg *pg, int64_t at_ms)
{
    if (at_ms == INT64_MAX || (timer_is_running(&pg->deadline) && pg->deadline_ms <= at_ms))
        return;
    pg->deadline_ms = at_ms;
    int64_t left = at_ms - pg_now_ms();
    timer_start(&pg->deadline, (uint32_t)(left < 0 ? 0 : left) + DEADLINE_SLACK_MS);
}

void pg_append_sent(struct pg *pg, struct pg_item *item)
{
    if (h2o_linklist_is_linked(&item->link))
        h2o_linklist_unlink(&item->link);
    if (h2o_linklist_is_empty(&pg->sent))
        pg->heard_ms = pg_now_ms();
    h2o_linklist_insert(&pg->sent, &item->link);
}

/* libpq refuses to queue only when the connection is broken or memory is out. The item stays in
 * line and the connection is given up at the end of the turn, which ends it: never inside the call
 * that asked. Until then items line up behind it without reaching libpq: the rest of a transaction
 * must not be committed without the refused statement, and without a sync the server rolls back
 * what it already has of it. */
static void break_later(struct pg *pg)
{
    pg->is_broken = true;
    timer_start(&pg->turn_end, 0);
}

static void send_item(struct pg *pg, struct pg_item *item)
{
    static const int binary[PG_ARGS_MAX] = {[0 ... PG_ARGS_MAX - 1] = 1};
    const struct pg_statement *statement = &pg->options.statements[item->statement];
    pg_append_sent(pg, item);
    if (!pg->is_broken && !PQsendQueryPrepared(pg->link.conn, statement->name, item->arg_count,
                                               item->values, item->lengths, binary, 1))
        break_later(pg);
}

static void send_sync(struct pg *pg, struct pg_item *item)
{
    pg_append_sent(pg, item);
    if (pg->is_broken)
        return;
    if (PQpipelineSync(pg->link.conn))
        pg_link_flush(&pg->link);
    else
        break_later(pg);
}

static void close_group(struct pg *pg)
{
    if (!pg->is_group_open)
        return;
    pg->is_group_open = false;
    send_sync(pg, pg_item_new(ITEM_SYNC, 0, NULL));
}

/* In a group of its own: in one that fails before it, it would be skipped. */
static void prepare(struct pg *pg, int statement)
{
    const struct pg_statement *text = &pg->options.statements[statement];
    if (pg->is_prepared[statement])
        return;
    close_group(pg);
    pg->is_prepared[statement] = true;
    pg_append_sent(pg, pg_item_new(ITEM_SETUP, statement, NULL));
    if (!pg->is_broken && !PQsendPrepare(pg->link.conn, text->name, text->text, 0, NULL))
        break_later(pg);
    send_sync(pg, pg_item_new(ITEM_SYNC, 0, NULL));
}

/* Before the first of its items is sent. */
static void prepare_all_of(struct pg *pg, struct pg_item *first)
{
    for (h2o_linklist_t *at = &first->link; at != &pg->waiting; at = at->next) {
        struct pg_item *item = H2O_STRUCT_FROM_MEMBER(struct pg_item, link, at);
        if (item->kind == ITEM_SYNC)
            return;
        prepare(pg, item->statement);
    }
}

static void send_transaction(struct pg *pg, struct pg_item *first)
{
    close_group(pg);
    prepare_all_of(pg, first);
    for (struct pg_item *item = first; item->kind != ITEM_SYNC; item = pg_item_first(&pg->waiting))
        send_item(pg, item);
    send_sync(pg, pg_item_first(&pg->waiting));
}

static void send_read(struct pg *pg, struct pg_item *item)
{
    prepare(pg, item->statement);
    send_item(pg, item);
    pg->is_group_open = true;
    if (!timer_is_running(&pg->turn_end))
        timer_start(&pg->turn_end, 0);
}

/* Moves what waits to the server, in order. A transaction's items lie together, its sync last. */
void pg_send_waiting(struct pg *pg)
{
    for (struct pg_item *item; (item = pg_item_first(&pg->waiting)) != NULL;)
        if (item->kind == ITEM_READ)
            send_read(pg, item);
        else
            send_transaction(pg, item);
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
        pg_send_waiting(pg);
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
    struct pg_item *item = pg_item_new(ITEM_READ, statement, args);
    item->query = query;
    item->on_result = on_result;
    item->owner = owner;
    query->item_ = item;
    ++pg->count;
    int64_t asked_ms = pg_now_ms();
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
    struct pg_item *item = pg_item_new(ITEM_STATEMENT, statement, args);
    item->on_result = on_result;
    ++tx->work_->pg->count;
    work_add(tx->work_, item);
}

void pg_tx_commit(struct pg_tx *tx)
{
    struct pg_work *work = tx->work_;
    struct pg *pg = work->pg;
    work_add(work, pg_item_new(ITEM_SYNC, 0, NULL));
    work->pg = NULL; /* committed */
    int64_t asked_ms = pg_now_ms();
    for (struct pg_item *item; (item = pg_item_first(&work->begun)) != NULL;) {
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
    for (struct pg_item *item; (item = pg_item_first(&work->begun)) != NULL;)
        pg_item_free(work->pg, item);
    free(work);
}

void pg_send_again(struct pg *pg)
{
    if (h2o_linklist_is_empty(&pg->again))
        return;
    close_group(pg);
    for (struct pg_item *item; (item = pg_item_first(&pg->again)) != NULL;) {
        item->is_again = item->is_answered = false;
        send_item(pg, item);
        send_sync(pg, pg_item_new(ITEM_SYNC, 0, NULL));
    }
}

static void on_lost(void *owner, const char *why)
{
    struct pg *pg = owner;
    struct err err;
    err_set(&err, ERR_DATABASE, "the connection was lost: %s", why);
    pg->is_ready = pg->is_group_open = false;
    pg->sqlstate[0] = 0;
    timer_stop(&pg->turn_end);
    pg_items_fail(pg, &pg->sent, &err);
    pg_items_fail(pg, &pg->again, &err);
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
    while ((item = pg_item_first(&pg->waiting)) != NULL &&
           now - item->asked_ms >= pg->options.connect_timeout_ms) {
        h2o_linklist_unlink(&item->link);
        h2o_linklist_insert(&late, &item->link);
    }
    pg->sqlstate[0] = 0;
    pg_items_fail(pg, &late, &err);
    item = pg_item_first(&pg->waiting);
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
        pg_item_fail(pg, item, &err);
    }
    return INT64_MAX;
}

static void on_deadline(void *owner)
{
    struct pg *pg = owner;
    int64_t now = pg_now_ms(), most = pg->options.answer_timeout_ms;
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
