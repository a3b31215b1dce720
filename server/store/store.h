/* What all stores share: the two connections of a process and how statements append events.
 *
 * SQL lives in <noun>.sql beside this file, `-- name: noun_verb` above each statement; the build
 * turns them into `enum sql_id { SQL_NOUN_VERB, … }` and sql_table (generated/sql.h).
 * <noun>_store.c binds and reads. */
#ifndef DUNLIN_STORE_STORE_H
#define DUNLIN_STORE_STORE_H

#include "io/pg.h"

struct store {
    struct pg *reads;               /* pages, look-ups: short deadlines */
    struct pg *writes;              /* transactions: what moved is durable when they are done */
    struct page_reads *page_reads;  /* pages asked for together are read together */
    struct store_reports *reports_; /* see store_reports */
    struct store_files *files_;     /* see store_files_borrow */
};

struct store_options {
    const char *conninfo;
    /* From asking to an answer or ERR_DATABASE. 0: 1700 and 3000, so that a page apologises within
     * two seconds and a callback is answered within five when the database is frozen. */
    int read_timeout_ms, write_timeout_ms;
    size_t queue_max; /* statements under way on each connection; 0: 2000 */
    /* NOTIFY on the write connection; may be null. */
    const char *const *listen;
    void (*on_notified)(void *owner, const char *channel, const char *payload);
    void *owner;
};

/* Connects in the background and stays connected. */
struct store *store_new(h2o_loop_t *, const struct store_options *);
/* Everything under way ends with ERR_CLOSED inside this call. */
void store_free(struct store *);
/* A connection for what takes seconds, made when it is first asked for: a few questions at a time
 * (more are ERR_BUSY), each planned for what it asks. */
struct pg *store_reports(struct store *);
/* A connection for files, which take long on the wire and would hold up all that is asked behind
 * them. libpq keeps the room that its largest message needed, so the connection ends a few seconds
 * after the last one has given it back. */
struct pg *store_files_borrow(struct store *);
/* Also from a callback of that connection. */
void store_files_return(struct store *);
/* Both connections stand and know all statements. */
bool store_is_ready(const struct store *);

#endif
