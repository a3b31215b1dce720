/* What the handlers of campaigns have in common: the state of one request that waits for the
 * database, and the answers that each of them may have to give. */
#ifndef DUNLIN_HTTP_CAMPAIGN_JOB_H
#define DUNLIN_HTTP_CAMPAIGN_JOB_H

#include "http/request.h"
#include "store/campaign_store.h"

#include <jansson.h>

struct campaign_job {
    struct request *request; /* null when gone */
    struct pg_query query;
    struct pg_tx tx;
    int64_t id, limit, behind_line;
    struct buf text;
    json_t *json; /* the answer so far; null: none */
    bool is_found;
};

/* Lives until campaign_job_free; when the request goes first, `request` becomes null. */
struct campaign_job *campaign_job_new(struct request *);
/* The job of a request whose path names a campaign; null when it was answered: no such id. */
struct campaign_job *campaign_job_of_path(struct request *);
void campaign_job_free(struct campaign_job *);
/* For what could not be asked: answers that the database is away and frees the job. */
void campaign_job_check(struct campaign_job *, int rc);

void campaign_reply_down(struct request *);
void campaign_reply_unknown(struct request *);
void campaign_reply_json(struct request *, int status, json_t *taken);
/* The caller's name as campaigns keep it: "key:Anna". At least API_KEY_NAME_MAX + 5 bytes. */
struct span campaign_caller(const struct request *, char *room, size_t room_len);

#endif
