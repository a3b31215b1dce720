/* Uploads by tus 1.0. The bytes are stored in parts; a part counts when its transaction is on disk.
 */
#include "http/auth.h"
#include "http/import_job.h"
#include "http/imports.h"
#include "http/reply.h"
#include "http/tus.h"
#include "http/tus_headers.h"
#include "store/campaign_store.h"

#include <stdio.h>

void imports_options(struct request *r)
{
    reply_header(r, "tus-version", SPAN_LIT("1.0.0"));
    reply_header(r, "tus-extension", SPAN_LIT("creation,termination,checksum"));
    reply_header(r, "tus-checksum-algorithm", SPAN_LIT(TUS_CHECKSUM_ALGORITHMS));
    tus_add_number(r, "tus-max-size", r->world->import_bytes_max);
    reply_empty(r, 204);
}

static void on_created(void *owner, const struct err *err)
{
    struct import_job *job = owner;
    struct request *r = job->request;
    char location[64];
    if (err->code != 0 && strcmp(pg_sqlstate(r->world->store->writes), "DL003") == 0) {
        reply_problem(r, 409, "campaign-awaits-no-file", "The campaign awaits no file",
                      "There is none of that id, or it has its file.");
        return;
    }
    if (err->code != 0) {
        import_reply_database_down(r);
        return;
    }
    snprintf(location, sizeof location, "/api/v1/imports/%s", job->id);
    reply_header(r, "location", span_str(location));
    reply_empty(r, 201);
}

void imports_create(struct request *r)
{
    struct err err;
    int64_t size;
    int64_t campaign_id;
    char name[TUS_NAME_MAX + 1];
    if (!tus_is_spoken(r))
        return;
    if (!tus_read_number(r, "upload-length", &size) || size == 0) {
        reply_problem(r, 400, "upload-length", "Upload-Length must say how many bytes will come",
                      "Upload-Defer-Length is not offered; an empty file is no import.");
        return;
    }
    if (size > r->world->import_bytes_max) {
        reply_problem(r, 413, "import-too-large", "The file is too large",
                      "Tus-Max-Size says how large it may be.");
        return;
    }
    if (request_header_count(r, "upload-metadata") > 1 ||
        !tus_file_name(request_header(r, "upload-metadata"), name) ||
        !tus_metadata_number(request_header(r, "upload-metadata"), "campaign", &campaign_id)) {
        reply_problem(r, 400, "upload-metadata", "Upload-Metadata cannot be read", NULL);
        return;
    }
    if (campaign_id != 0 && !api_key_has_scope(&r->caller->key, "campaigns")) {
        reply_problem(r, 403, "scope", "The key lacks a scope",
                      "The file of a campaign wants campaigns beside imports.");
        return;
    }
    struct import_job *job = import_job_new(r);
    import_id_make(job->id);
    if (pg_tx_begin(r->world->store->writes, &job->tx, on_created, job, &err) != 0) {
        import_reply_database_down(r);
        return;
    }
    import_add_create(&job->tx,
                      &(struct import_new){.id = job->id,
                                           .source = "upload",
                                           .name = span_str(name),
                                           .size_bytes = size,
                                           .state = "receiving",
                                           .now = r->world->now()},
                      NULL);
    if (campaign_id != 0)
        campaign_add_attach(&job->tx, campaign_id, job->id);
    pg_tx_commit(&job->tx);
    request_on_gone(r, import_job_drop, job);
}

/* ---- PATCH ---- */

static void on_offset_known(void *owner, const PGresult *result, const struct err *err)
{
    struct import_job *job = owner;
    struct request *r = job->request;
    if (err->code != 0) {
        import_reply_database_down(r);
        return;
    }
    if (PQntuples(result) == 0) {
        import_reply_unknown(r);
        return;
    }
    struct import_state state = import_state_read(result, 0);
    tus_add_number(r, "upload-offset", state.received_bytes);
    if (state.received_bytes != job->offset)
        reply_problem(r, 409, "upload-offset", "The upload stands at another offset",
                      "HEAD says where it goes on.");
    else if (state.received_bytes == state.size_bytes)
        reply_problem(r, 409, "upload-complete", "The upload is complete", NULL);
    else
        reply_problem(r, 413, "upload-too-long", "More bytes than Upload-Length announced", NULL);
}

static void on_received_row(void *owner, const PGresult *result, const struct err *err)
{
    struct import_job *job = owner;
    if (err->code != 0 || PQntuples(result) == 0)
        return;
    job->is_found = true;
    job->received_bytes = pg_get_int(result, 0, 0);
}

static void on_received(void *owner, const struct err *err)
{
    struct import_job *job = owner;
    struct request *r = job->request;
    struct err refusal;
    if (err->code == 0 && job->is_found) {
        tus_add_number(r, "upload-offset", job->received_bytes);
        reply_empty(r, 204);
    } else if (err->code != 0 || import_get(r->world->store->writes, &job->query, job->id,
                                            on_offset_known, job, &refusal) != 0) {
        import_reply_database_down(r);
    }
}

/* False: answered, and nothing of the part is kept. */
static bool checksum_fits(struct request *r, struct span bytes)
{
    struct span header = request_header(r, "upload-checksum");
    if (header.base == NULL)
        return true;
    enum tus_checksum verdict = request_header_count(r, "upload-checksum") == 1
                                    ? tus_checksum_of(header, bytes)
                                    : TUS_CHECKSUM_UNREADABLE;
    if (verdict == TUS_CHECKSUM_UNREADABLE)
        reply_problem(r, 400, "upload-checksum", "Upload-Checksum cannot be read",
                      "Tus-Checksum-Algorithm says which algorithms are known.");
    else if (verdict == TUS_CHECKSUM_WRONG)
        reply_problem(r, 460, "upload-checksum-wrong", "The part is not what was sent", NULL);
    return verdict == TUS_CHECKSUM_GOOD;
}

void imports_receive(struct request *r)
{
    struct err err;
    struct span bytes = request_body(r);
    if (!tus_is_spoken(r))
        return;
    if (!span_is_str(request_header(r, "content-type"), "application/offset+octet-stream")) {
        reply_problem(r, 415, "upload-type",
                      "The content type must be application/offset+octet-stream", NULL);
        return;
    }
    if (bytes.len > IMPORT_PART_BYTES_MAX) {
        reply_problem(r, 413, "upload-part-too-large", "A part holds at most 1 MiB", NULL);
        return;
    }
    if (!checksum_fits(r, bytes))
        return;
    struct import_job *job = import_job_of_path(r);
    if (job == NULL)
        return;
    if (!tus_read_number(r, "upload-offset", &job->offset)) {
        reply_problem(r, 400, "upload-offset", "Upload-Offset must be a number", NULL);
        return;
    }
    if (pg_tx_begin(r->world->store->writes, &job->tx, on_received, job, &err) != 0) {
        import_reply_database_down(r);
        return;
    }
    import_add_receive(&job->tx, job->id, job->offset, bytes, on_received_row);
    pg_tx_commit(&job->tx);
    request_on_gone(r, import_job_drop, job);
}

/* ---- DELETE ---- */

static void on_blocker_known(void *owner, const PGresult *result, const struct err *err)
{
    struct import_job *job = owner;
    if (err->code != 0)
        import_reply_database_down(job->request);
    else if (PQntuples(result) == 0)
        import_reply_unknown(job->request);
    else
        reply_problem(job->request, 409, "import-begun", "The import has begun",
                      "What it has brought in stays.");
}

static void on_terminated_row(void *owner, const PGresult *result, const struct err *err)
{
    struct import_job *job = owner;
    job->is_found = err->code == 0 && PQntuples(result) > 0;
}

static void on_terminated(void *owner, const struct err *err)
{
    struct import_job *job = owner;
    struct request *r = job->request;
    struct err refusal;
    if (err->code == 0 && job->is_found)
        reply_empty(r, 204);
    else if (err->code != 0 || import_get(r->world->store->writes, &job->query, job->id,
                                          on_blocker_known, job, &refusal) != 0)
        import_reply_database_down(r);
}

void imports_terminate(struct request *r)
{
    struct err err;
    if (!tus_is_spoken(r))
        return;
    struct import_job *job = import_job_of_path(r);
    if (job == NULL)
        return;
    if (pg_tx_begin(r->world->store->writes, &job->tx, on_terminated, job, &err) != 0) {
        import_reply_database_down(r);
        return;
    }
    import_add_terminate(&job->tx, job->id, on_terminated_row);
    pg_tx_commit(&job->tx);
    request_on_gone(r, import_job_drop, job);
}
