/* What io/pg is made of, shared by its files; private to io.
 *
 * Everything asked for is an item. Items wait in `waiting` until the connection is ready, then move
 * to `sent` in the order in which libpq will return their results. Items belong to the pg alone and
 * outlive the handles of their askers: cancelling only clears a pointer.
 *
 * A group is what stands between two syncs. A transaction is a group of its own. Reads of one turn
 * are one group, closed at the end of the turn; when one of them fails the server skips the rest of
 * the group, and those are sent again, each in a group of its own.
 *
 * pg.c asks and sends, pg_setup.c sets up a fresh connection, pg_replies.c takes what comes back,
 * pg_items.c keeps the items and reports to their askers, pg_link.c is the connection. */
#ifndef DUNLIN_IO_PG_ITEMS_H
#define DUNLIN_IO_PG_ITEMS_H

#include "io/pg.h"
#include "io/pg_link.h"
#include "io/timer.h"

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
    int *lengths; /* both, and the bytes, lie behind this struct */
    const char **values;
};

struct pg {
    struct pg_link link;
    struct pg_options options;
    h2o_linklist_t waiting, sent;
    h2o_linklist_t again; /* aborted reads, until the sync of their group */
    size_t count;         /* items in all three lists, without syncs */
    bool is_ready;        /* items may be sent */
    bool *is_prepared;    /* each statement on this connection */
    bool has_been_ready;  /* on this connection or one before it */
    bool is_group_open;   /* reads were sent and not yet closed by a sync */
    bool is_broken; /* libpq refused to queue: it is given nothing more, nor asked for results */
    bool has_setup_failed, is_closing;
    int callbacks; /* depth: pg_free is not allowed inside one */
    int64_t heard_ms;
    int64_t deadline_ms; /* what the timer below is set to */
    struct timer turn_end, deadline;
    char sqlstate[6];
};

int64_t pg_now_ms(void);

/* Null when the list is empty. */
struct pg_item *pg_item_first(h2o_linklist_t *list);
/* With a copy of the parameters; not in a list. */
struct pg_item *pg_item_new(enum item_kind, int statement, const struct pg_args *args);
/* Leaves its list and its transaction; reports nothing. */
void pg_item_free(struct pg *, struct pg_item *);
/* Reports to whoever still waits for this item; the item itself stays. */
void pg_item_report(struct pg *, struct pg_item *, const PGresult *, const struct err *);
/* Ends an item without an answer from the server. Should the answer come after all, its transaction
 * keeps this error: its statements have been told. The item itself stays. */
void pg_item_fail(struct pg *, struct pg_item *, const struct err *);
/* Fails and frees all items of a list. Callbacks may put new ones into it: those stay. */
void pg_items_fail(struct pg *, h2o_linklist_t *list, const struct err *);
/* Tells a transaction's owner how it ended, once. */
void pg_work_finish(struct pg *, struct pg_work *, const struct err *);

/* pg.c: sending. Appends to `sent` what libpq was or is about to be given. */
void pg_append_sent(struct pg *, struct pg_item *);
void pg_send_waiting(struct pg *);
/* Reads that were aborted by a failing neighbour, now in a group each. */
void pg_send_again(struct pg *);

/* pg_setup.c: the first connection learns all statements, so that one that cannot be prepared shows
 * at once; one that came back learns each before its first use. */
void pg_on_up(void *pg);
void pg_on_setup_failed(struct pg *, const struct pg_item *, const PGresult *);
/* True when the connection is ready now; false when it was given up. */
bool pg_setup_done(struct pg *);

/* pg_replies.c */
void pg_on_readable(void *pg);

#endif
