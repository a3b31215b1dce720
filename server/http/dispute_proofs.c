/* A file goes out as it came in, piece by piece: the next one is read when the last was written, so
 * a slow reader costs one piece of memory. It is a stranger's file: an attachment of the kind that
 * its bytes had, never shown in place. */
#include "http/dispute_proofs.h"

#include "domain/file_kind.h"
#include "http/reply.h"
#include "http/stream.h"

#include <stdio.h>
#include <stdlib.h>

struct proof_job {
    struct request *request; /* null when answered or gone */
    struct world *world;
    struct stream *stream; /* null before the first piece is there */
    struct pg_query query;
    struct proof_dispute dispute;
    int64_t proof_no, sent, bytes;
    struct span first; /* of the first result, while it is there */
};

static void reply_nothing(struct request *r)
{
    reply_problem(r, 404, "not-found", "There is no such file", NULL);
}

static void job_end(void *owner)
{
    struct proof_job *job = owner;
    pg_query_cancel(&job->query);
    free(job);
}

static struct proof_job *job_new(struct request *r, const struct proof_dispute *dispute)
{
    struct proof_job *job = calloc(1, sizeof(*job));
    if (job == NULL)
        abort();
    *job = (struct proof_job){.request = r, .world = r->world, .dispute = *dispute};
    request_on_gone(r, job_end, job);
    return job;
}

static void job_check(struct proof_job *job, int code)
{
    if (code == 0)
        return;
    reply_database_away(job->request);
    free(job);
}

/* ---- the list ---- */

static json_t *listed_json(const struct proof_listed *listed)
{
    char at[21], digest[2 * SHA256_LEN + 1];
    json_t *item = json_object();
    hex_print(listed->sha256.base, SHA256_LEN, digest);
    instant_print(listed->uploaded_at, at);
    json_object_set_new(item, "proof", json_integer(listed->proof_no));
    json_object_set_new(item, "kind", reply_text_json(listed->kind));
    json_object_set_new(item, "bytes", json_integer(listed->bytes));
    json_object_set_new(item, "sha256", json_string(digest));
    json_object_set_new(item, "uploaded_at", json_string(at));
    json_object_set_new(item, "erased", json_boolean(listed->is_erased));
    return item;
}

json_t *dispute_proofs_json(const PGresult *result)
{
    json_t *all = json_array();
    for (int row = 0; row < PQntuples(result); ++row) {
        struct proof_listed listed;
        proof_read_listed(result, row, &listed);
        json_array_append_new(all, listed_json(&listed));
    }
    return all;
}

static void on_listed(void *owner, const PGresult *result, const struct err *err)
{
    struct proof_job *job = owner;
    struct request *r = job->request;
    if (err->code != 0) {
        reply_database_away(r);
    } else {
        json_t *body = json_object();
        json_object_set_new(body, "proofs", dispute_proofs_json(result));
        reply_object(r, 200, body);
    }
    free(job);
}

void dispute_proofs_list(struct request *r)
{
    struct proof_dispute dispute;
    struct err err;
    if (!proof_dispute_read(r->params[0], &dispute)) {
        reply_problem(r, 404, "not-found", "There is no such dispute", NULL);
        return;
    }
    struct proof_job *job = job_new(r, &dispute);
    job_check(job, proof_list(r->world->store, &job->query, &dispute, on_listed, job, &err));
}

/* ---- one file ---- */

static void on_piece(void *owner, const PGresult *result, const struct err *err);

static int ask(struct proof_job *job)
{
    struct err err;
    return proof_read(job->world->store, &job->query, &job->dispute, job->proof_no, job->sent,
                      on_piece, job, &err);
}

/* The job may be gone when this returns: the last piece ends the stream. */
static void send_piece(struct proof_job *job, struct span piece)
{
    job->sent += (int64_t)piece.len;
    stream_send(job->stream, piece, job->sent == job->bytes);
}

static void on_wanted(struct stream *stream, void *owner)
{
    struct proof_job *job = owner;
    struct span first = job->first;
    job->stream = stream;
    job->first = span_of(NULL, 0);
    if (first.base != NULL)
        send_piece(job, first);
    else if (ask(job) != 0)
        stream_break(stream);
}

static void begin(struct proof_job *job, const struct proof_piece *piece)
{
    struct request *r = job->request;
    enum file_kind kind = file_kind_find(piece->kind);
    char name[96];
    int len = snprintf(name, sizeof(name), "proof-%lld-%lld-%lld-%lld.%s",
                       (long long)job->dispute.customer_id, (long long)job->dispute.invoice_id,
                       (long long)job->dispute.dispute_no, (long long)job->proof_no,
                       file_kind_name(kind));
    job->request = NULL;
    job->bytes = piece->bytes;
    job->first = piece->piece;
    stream_begin(r, &(struct stream_options){.content_type = file_kind_type(kind),
                                             .file_name = span_of(name, (size_t)len),
                                             .bytes = (uint64_t)piece->bytes,
                                             .on_wanted = on_wanted,
                                             .on_over = job_end,
                                             .owner = job});
}

static void on_piece(void *owner, const PGresult *result, const struct err *err)
{
    struct proof_job *job = owner;
    struct proof_piece piece = {.bytes = 0};
    if (err->code == 0)
        proof_read_piece(result, &piece);
    if (job->stream != NULL && piece.piece.len != 0) {
        send_piece(job, piece.piece);
    } else if (job->stream != NULL) { /* the database is away, or it was erased meanwhile */
        stream_break(job->stream);
    } else if (piece.kind.base != NULL) {
        begin(job, &piece);
    } else {
        if (err->code != 0)
            reply_database_away(job->request);
        else
            reply_nothing(job->request);
        free(job);
    }
}

void dispute_proofs_hand_out(struct request *r)
{
    struct proof_dispute dispute;
    struct span number = r->params[1];
    bool is_number = number.len == 1 && number.base[0] >= '1' && number.base[0] <= '9';
    if (!proof_dispute_read(r->params[0], &dispute) || !is_number) {
        reply_nothing(r);
        return;
    }
    struct proof_job *job = job_new(r, &dispute);
    job->proof_no = number.base[0] - '0';
    job_check(job, ask(job));
}
