/* What the handlers of imports have in common: the state of one request that waits for the
 * database, and the answers that each of them may have to give. */
#ifndef DUNLIN_HTTP_IMPORT_JOB_H
#define DUNLIN_HTTP_IMPORT_JOB_H

#include "flow/import_bad_csv.h"
#include "http/request.h"
#include "io/pg.h"
#include "store/import_store.h"

enum { IMPORT_JOB_TEXT_MAX = 64 * 1024 * 1024 };

struct import_job {
    struct request *request;
    struct pg_query query;
    struct pg_tx tx;
    char id[IMPORT_ID_LEN + 1];
    int64_t offset, limit; /* of a PATCH; of a list */
    bool is_found;
    int64_t received_bytes;
    struct import_bad_csv csv;
    struct buf text;
};

/* On the request's pool. */
struct import_job *import_job_new(struct request *);
/* The job of a request whose path names an import; null when it was answered: no such id. */
struct import_job *import_job_of_path(struct request *);
/* For request_on_gone, once something was asked: forgets the answer. */
void import_job_drop(void *job);

void import_reply_database_down(struct request *);
void import_reply_unknown(struct request *);

#endif
