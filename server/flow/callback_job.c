#include "flow/callback_job.h"

#include "domain/payment_reference.h"

#include <stdlib.h>

static struct callback_job *job_of(h2o_linklist_t *link)
{
    return H2O_STRUCT_FROM_MEMBER(struct callback_job, link, link);
}

void callback_line_init(struct callback_line *line)
{
    *line = (struct callback_line){.count = 0};
    h2o_linklist_init_anchor(&line->jobs);
}

bool callback_line_has_room(const struct callback_line *line,
                            const struct callback_message *message)
{
    size_t len = message->headers.len + message->body.len;
    return line->count < CALLBACK_QUEUE_MAX && line->held_bytes + len <= CALLBACK_QUEUE_BYTES_MAX;
}

static void leave(struct callback_job *job)
{
    h2o_linklist_unlink(&job->link);
    --job->line->count;
}

struct callback_job *callback_line_take(struct callback_line *line)
{
    if (line->count == 0)
        return NULL;
    struct callback_job *job = job_of(line->jobs.next);
    leave(job);
    return job;
}

void callback_line_put_back(struct callback_line *line, struct callback_job *job)
{
    h2o_linklist_insert(line->jobs.next, &job->link);
    ++line->count;
    line->is_urgent = true;
}

void callback_line_end_late(struct callback_line *line, struct mono now)
{
    for (h2o_linklist_t *next, *at = line->jobs.next; at != &line->jobs; at = next) {
        next = at->next;
        if (callback_job_is_late(job_of(at), now))
            callback_job_end(job_of(at), CALLBACK_UNKNOWN);
    }
}

static void copy_bytes(struct callback_job *job, const struct callback_message *message)
{
    job->bytes_len = message->headers.len + message->body.len;
    job->bytes = malloc(job->bytes_len + 1);
    if (job->bytes == NULL)
        abort();
    memcpy(job->bytes, message->headers.base, message->headers.len);
    if (message->body.len > 0)
        memcpy(job->bytes + message->headers.len, message->body.base, message->body.len);
    job->headers = span_of(job->bytes, message->headers.len);
    job->body = span_of(job->bytes + message->headers.len, message->body.len);
}

/* "…-12": of the payment's twelfth refund (flow/payment_ask.c). */
static int64_t read_refund_no(const char *end)
{
    int64_t number = 0;
    size_t len = end[0] == '-' ? strspn(end + 1, "0123456789") : 0;
    if (len == 0 || len > 9 || end[1 + len] != 0)
        return PG_NULL_INT;
    for (size_t i = 1; i <= len; ++i)
        number = 10 * number + (end[i] - '0');
    return number;
}

/* Whose it claims to be, if our own seal says so. */
static void open_reference(struct callback_job *job, const struct keyring *keys)
{
    struct payment_id id;
    struct span reference = span_str(job->facts.reference);
    job->refund_no = PG_NULL_INT;
    if (reference.len > PAYMENT_REFERENCE_LEN) {
        job->refund_no = read_refund_no(reference.base + PAYMENT_REFERENCE_LEN);
        if (job->refund_no != PG_NULL_INT)
            reference.len = PAYMENT_REFERENCE_LEN;
    }
    bool is_ours = payment_reference_check(keys, reference, &id);
    job->customer_id = is_ours ? id.customer_id : PG_NULL_INT;
    job->payment_no = is_ours ? id.payment_no : PG_NULL_INT;
    if (!is_ours)
        job->refund_no = PG_NULL_INT;
}

/* FNV-1a: only to see quickly that two keys differ. */
static uint64_t hash_key(const struct callback_job *job)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ (uintptr_t)job->account;
    for (const char *c = job->facts.dedup_key; *c != 0; ++c)
        hash = (hash ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
    return hash;
}

struct callback_job *callback_job_new(struct callback_line *line,
                                      const struct callback_message *message,
                                      const struct keyring *keys)
{
    struct callback_job *job = calloc(1, sizeof(*job));
    if (job == NULL)
        abort();
    job->line = line;
    job->account = message->account;
    job->facts = *message->facts;
    job->is_retry = message->is_retry;
    job->is_poison = message->is_unreadable;
    job->may_wait = message->may_wait;
    job->added_at = clock_mono();
    job->key_hash = hash_key(job);
    copy_bytes(job, message);
    open_reference(job, keys);
    h2o_linklist_insert(&line->jobs, &job->link);
    ++line->count;
    line->held_bytes += job->bytes_len;
    line->is_urgent |= !job->may_wait;
    return job;
}

bool callback_job_is_late(const struct callback_job *job, struct mono now)
{
    return mono_us_since(job->added_at, now) > CALLBACK_ANSWER_MS_MAX * INT64_C(1000);
}

struct callback_wanted callback_job_wanted(const struct callback_job *job)
{
    bool has_provider_reference = job->facts.provider_reference[0] != 0;
    bool has_failed_refund =
        job->facts.kind == CALLBACK_REFUND_FAILED && job->facts.movement[0] != 0;
    return (struct callback_wanted){
        .provider = span_str(job->account->provider->name),
        .account = job->account->account,
        .dedup_key = span_str(job->facts.dedup_key),
        .customer_id = job->customer_id,
        .payment_no = job->payment_no,
        .provider_reference = has_provider_reference ? span_str(job->facts.provider_reference)
                                                     : (struct span){NULL, 0},
        .failed_refund = has_failed_refund ? span_str(job->facts.movement) : (struct span){NULL, 0},
    };
}

void callback_job_answer(struct callback_job *job, enum callback_result result)
{
    callback_done_cb on_done = job->on_done;
    job->on_done = NULL;
    if (on_done != NULL)
        on_done(job->owner, result);
}

void callback_job_end(struct callback_job *job, enum callback_result result)
{
    callback_job_answer(job, result);
    if (h2o_linklist_is_linked(&job->link))
        leave(job);
    job->line->held_bytes -= job->bytes_len;
    free(job->bytes);
    free(job);
}

void callback_job_forget(struct callback_job *job)
{
    job->on_done = NULL;
}
