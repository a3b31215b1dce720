/* One callback on its way to the ledger, and the line it waits in. Private to callback_apply.c. */
#ifndef DUNLIN_FLOW_CALLBACK_JOB_H
#define DUNLIN_FLOW_CALLBACK_JOB_H

#include "flow/callback_apply.h"
#include "store/callback_store.h"

#include <h2o.h>

struct keyring;

/* Those that wait, the oldest first. */
struct callback_line {
    h2o_linklist_t jobs;
    size_t count;
    size_t held_bytes; /* of all jobs that came by this line, waiting or taken */
    bool is_urgent;    /* one of those that wait may not be kept waiting */
};

struct callback_job {
    h2o_linklist_t link; /* in the line; once taken, in nothing */
    struct callback_line *line;
    const struct provider_account *account;
    struct callback_facts facts;
    char *bytes; /* headers, then body */
    size_t bytes_len;
    struct span headers, body;
    int64_t customer_id, payment_no; /* sealed in our reference; PG_NULL_INT: not there */
    int64_t refund_no;               /* behind it in that of a refund; likewise */
    uint64_t key_hash;               /* of account and dedup key: equal keys have equal ones */
    struct mono added_at;
    callback_done_cb on_done; /* null: answered, or nobody waits */
    void *owner;
    bool is_retry, is_poison, may_wait;
};

void callback_line_init(struct callback_line *);
/* Within CALLBACK_QUEUE_MAX and CALLBACK_QUEUE_BYTES_MAX. */
bool callback_line_has_room(const struct callback_line *, const struct callback_message *);
/* The oldest; null when nobody waits. */
struct callback_job *callback_line_take(struct callback_line *);
/* To the head of the line: of several, the last first, so that their order stays. */
void callback_line_put_back(struct callback_line *, struct callback_job *);
/* Ends those that wait too long with CALLBACK_UNKNOWN. */
void callback_line_end_late(struct callback_line *, struct mono now);

/* Copies the message to the end of the line; whose it is, is read from our own seal. */
struct callback_job *callback_job_new(struct callback_line *, const struct callback_message *,
                                      const struct keyring *);
/* Waiting since more than CALLBACK_ANSWER_MS_MAX. */
bool callback_job_is_late(const struct callback_job *, struct mono now);
/* What the store is asked for it; points into the job. */
struct callback_wanted callback_job_wanted(const struct callback_job *);
/* Tells whoever waits, once. */
void callback_job_answer(struct callback_job *, enum callback_result);
/* Answers, takes it out of the line where it is still there, and frees it. */
void callback_job_end(struct callback_job *, enum callback_result);

#endif
