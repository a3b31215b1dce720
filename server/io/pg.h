/* One libpq connection in pipeline mode on the h2o event loop.
 *
 * Reads and writes use different connections. A pg connection never holds SQL text of its own: it
 * is given a table of statements and prepares all of them when it first connects; it reconnects by
 * itself with back-off, and then prepares each when it is first asked for, as a server that has
 * just begun again has many who come back at once. All parameters and results are in binary format.
 *
 * A read (`pg_read`) reports at its own result. The reads of one loop turn share one sync, and the
 * server sends their answers when it has all of them: slow reads belong on a connection of their
 * own. A write is a `struct pg_tx`: its statements run in one implicit transaction with a sync of
 * their own, and its callback runs once, when that sync has arrived: never at a statement's own
 * result, which may still be rolled back by a later statement of the same transaction.
 *
 * The promise of every call here: it returns an error and never calls back, or returns 0 and calls
 * back exactly once, later, never before it returned. When the connection is lost everything under
 * way ends with ERR_DATABASE: the outcome of such a write is unknown. */
#ifndef DUNLIN_IO_PG_H
#define DUNLIN_IO_PG_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"

#include <h2o.h>
#include <libpq-fe.h>

/* A named statement. Integers are always bound as bigint, so statements cast:
 * $1::bigint. The table ends with a null name. */
struct pg_statement {
    const char *name, *text;
};

enum { PG_ARGS_MAX = 40 };

/* The parameters of one statement, in order $1, $2, … Values are copied in. */
struct pg_args {
    struct buf storage_;
    int count_;
    size_t offsets_[PG_ARGS_MAX];
    int lengths_[PG_ARGS_MAX]; /* -1: null */
};

void pg_args_init(struct pg_args *);
void pg_args_release(struct pg_args *);
void pg_arg_null(struct pg_args *);
void pg_arg_int(struct pg_args *, int64_t);      /* bigint */
void pg_arg_bool(struct pg_args *, bool);        /* boolean */
void pg_arg_text(struct pg_args *, struct span); /* text, jsonb as ::text::jsonb; base null: null */
void pg_arg_bytes(struct pg_args *, struct span);      /* bytea; base null: null */
void pg_arg_instant(struct pg_args *, struct instant); /* timestamptz */
void pg_arg_date(struct pg_args *, int32_t days);      /* date, days since 1970-01-01 */
/* Arrays: bigint[], text[], bytea[], timestamptz[], date[], boolean[]. A span with a null base is a
 * null element; INT64_MIN / PG_NULL_DATE stand for null in the numeric ones. */
#define PG_NULL_INT INT64_MIN
#define PG_NULL_DATE INT32_MIN
void pg_arg_ints(struct pg_args *, const int64_t *, size_t count);
void pg_arg_texts(struct pg_args *, const struct span *, size_t count);
void pg_arg_bytes_array(struct pg_args *, const struct span *, size_t count);
void pg_arg_instants(struct pg_args *, const struct instant *, size_t count);
void pg_arg_dates(struct pg_args *, const int32_t *, size_t count);
void pg_arg_bools(struct pg_args *, const bool *, size_t count);

/* Reading binary results. The types are asserted: a mismatch is a bug in the statement. Spans point
 * into the PGresult and die with it. A null reads as 0 / false / an empty span with null base. */
bool pg_is_null(const PGresult *, int row, int column);
int64_t pg_get_int(const PGresult *, int row, int column); /* int2, int4, int8 */
bool pg_get_bool(const PGresult *, int row, int column);
struct span pg_get_text(const PGresult *, int row, int column); /* text, bytea, bpchar, json */
struct instant pg_get_instant(const PGresult *, int row, int column);
int32_t pg_get_date(const PGresult *, int row, int column); /* days since 1970-01-01 */

struct pg;

struct pg_options {
    const char *conninfo; /* libpq connection string; copied. A host name in it is looked up while
                           * the loop stands still: give hostaddr or a socket's folder */
    const struct pg_statement *statements; /* null-terminated; kept */
    const char *name;                      /* for the log: "read", "write"; kept */
    int statement_timeout_ms;              /* 0: none */
    bool has_generic_plans;   /* each statement is planned once, whatever its parameters hold */
    bool prepares_when_asked; /* nothing is prepared before it is first asked for: for connections
                               * that use few of the statements and do not live long */
    bool reads_sets; /* statements over whole tables: planned for their parameters each time, by
                      * hashing; otherwise they go by keys */
    int connect_timeout_ms; /* also how long something queued waits for a connection; 0: 2000 */
    /* How long after it was asked anything may stay without an answer before it ends with
     * ERR_DATABASE; 0: for ever. A server that said nothing at all for so long loses the
     * connection. Set it above statement_timeout_ms, which lets the server give up first and keep
     * it. */
    int answer_timeout_ms;
    size_t queue_max; /* statements queued or in flight; more is ERR_BUSY */
    /* Called for each NOTIFY; may be null. */
    void (*on_notified)(void *owner, const char *channel, const char *payload);
    const char *const *listen; /* null-terminated channel names; may be null; kept */
    void *owner;
};

/* Starts connecting at once; queries before the connection stands are queued up to queue_max. */
struct pg *pg_new(h2o_loop_t *, const struct pg_options *);
/* Ends everything under way with ERR_CLOSED (their callbacks run inside this call; what they start
 * is refused). Not to be called from a callback of this very pg. */
void pg_free(struct pg *);
bool pg_is_connected(const struct pg *);

/* `result` is borrowed and null on failure. */
typedef void (*pg_result_cb)(void *owner, const PGresult *result, const struct err *err);
typedef void (*pg_done_cb)(void *owner, const struct err *err);

struct pg_item;
struct pg_work;

/* A query handle, embedded in the operation that waits for it. Starts as zeroes. */
struct pg_query {
    struct pg_item *item_; /* null: not under way */
};

/* Sends the statement with index `statement` of the table. `args` may be null and is free to be
 * released on return. Reads of one turn share a sync; one that was aborted because another one of
 * them failed is sent again, so a failing neighbour is not noticed. Hence only for statements that
 * may run twice. */
MUST_CHECK int pg_read(struct pg *, struct pg_query *, int statement, const struct pg_args *args,
                       pg_result_cb on_result, void *owner, struct err *err);
/* Forgets the callback: the result is thrown away when it arrives. Harmless when not under way. */
void pg_query_cancel(struct pg_query *);

/* One transaction. Embedded in the operation, starts as zeroes. Usage: pg_tx_begin, pg_tx_add…,
 * pg_tx_commit; all in one go, without returning to the loop. The results of statements are handed
 * to their own callback (may be null) before on_done; they are not durable until on_done says so
 * with err->code == 0. on_done's err is never null. A failing statement fails the whole
 * transaction. */
struct pg_tx {
    struct pg_work *work_; /* null: not under way */
};
MUST_CHECK int pg_tx_begin(struct pg *, struct pg_tx *, pg_done_cb on_done, void *owner,
                           struct err *err);
/* `on_result` may be null; it is called with the owner of the transaction. */
void pg_tx_add(struct pg_tx *, int statement, const struct pg_args *args, pg_result_cb on_result);
void pg_tx_commit(struct pg_tx *);
/* Forgets both kinds of callback; a committed transaction itself goes on, one that was only begun
 * is dropped. Harmless when not under way. */
void pg_tx_cancel(struct pg_tx *);

/* Failures: ERR_CONFLICT for SQLSTATE DL001 (our own statements raise it when a version they
 * decided on has moved), serialization failures and deadlocks; ERR_DATABASE for all else.
 *
 * The SQLSTATE of the last failed statement, for those who branch on it ("P0001", "23505"). Valid
 * inside a callback that carries an error; "" otherwise. */
const char *pg_sqlstate(const struct pg *);
/* There: the rows are to blame (SQLSTATE classes 22, 23, and P0 raised by a function), so that the
 * same statement with the same rows fails again. */
bool pg_blames_the_data(const struct pg *);

#endif
