/* One import of one file: survey, then part by part into the database.
 *
 *   1. read the whole input once and survey it; what is no import is refused, nothing is changed
 *   2. take the lock of this file's content and the import's place: new, or where a process died
 *   3. read rows until a part is full; meanwhile the part before is saved
 *   4. a part: load what is known about its rows, fetch ids, decide, save in one transaction that
 *      also moves the import on; when somebody moved first, load and decide again
 *   5. mark it done, forget the uploaded bytes, unlock
 *
 * Lost connection, kill -9: whatever was committed stays, the next one goes on from there. Another
 * process that took it over: this one ends with ERR_BUSY. The same content being imported
 * elsewhere: ERR_BUSY, before anything is changed. */
#ifndef DUNLIN_FLOW_INVOICE_IMPORT_H
#define DUNLIN_FLOW_INVOICE_IMPORT_H

#include "flow/import_source.h"
#include "flow/world.h"
#include "store/import_store.h"

struct invoice_import;

struct invoice_import_progress {
    bool is_surveyed; /* false: bytes_done counts what the survey has read */
    int64_t bytes_done, size_bytes, row_count;
    int64_t created_count, changed_count, same_count, bad_count;
};

struct invoice_import_result {
    char id[IMPORT_ID_LEN + 1]; /* "" when refused before there was one */
    const char *problem;        /* null: imported; else a stable word, as "csv-no-csv" */
    char problem_detail[1000];
    int64_t created_count, changed_count, same_count, bad_count;
};

/* Of a campaign: its file is checked by its text, its debts are its own, and it is checked when the
 * last row is in; when the file is refused, so is the campaign. The same content as an earlier
 * campaign's: refused while that one is under way, or has been; after it was stopped, or its call
 * list is out, the debts that it brought are used, so that nobody owes twice. */
struct invoice_import_campaign {
    int64_t id;                 /* 0: none */
    struct span name, template; /* copied */
    bool is_plain;
};

struct invoice_import_options {
    struct world *world;
    struct store *store;          /* connections of its own: its transactions are long */
    struct import_source *source; /* taken over */
    const char *id;               /* of an upload; null: a file from disk */
    struct span name;             /* of the file; copied */
    struct invoice_import_campaign campaign;
    size_t part_rows;
    void (*on_progress)(void *owner, const struct invoice_import_progress *); /* may be null */
    /* err is never null. With err->code 0 the result says how it went. Frees the import: the handle
     * is gone when this is called. */
    void (*on_done)(void *owner, const struct invoice_import_result *, const struct err *err);
    void *owner;
};

/* Never calls back before it returned. */
struct invoice_import *invoice_import_begin(const struct invoice_import_options *);
/* Gives up without calling back. What is committed stays; a transaction under way goes on. */
void invoice_import_cancel(struct invoice_import *);

#endif
