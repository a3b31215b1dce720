/* The story: one transaction puts the file under its ticket's nonce (a second use meets the key),
 * locks the customer, numbers the proof and appends the event. Nothing is said before it is done.
 *
 * How it fails: a refusal of the rules is a constraint that was hit and becomes a result; a lost
 * connection becomes an error. Whoever was waiting may be gone: the transaction goes on. */
#include "flow/proof_take.h"

#include "base/crash_point.h"
#include "base/log.h"
#include "base/metrics.h"
#include "flow/page_version.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

struct proof_take {
    struct world *world;
    struct pg *files;
    struct pg_tx tx;
    char page[PAGE_NAME_LEN + 1];
    proof_take_cb on_done; /* null: forgotten */
    void *owner;
};

static void on_kept(void *owner, const struct err *err)
{
    static const enum proof_take_result results[] = {
        [PROOF_REFUSAL_USED] = PROOF_TAKE_USED,
        [PROOF_REFUSAL_FULL] = PROOF_TAKE_FULL,
        [PROOF_REFUSAL_CLOSED] = PROOF_TAKE_CLOSED,
    };
    struct proof_take *op = owner;
    struct err told = *err;
    enum proof_take_result result = PROOF_TAKE_KEPT;
    if (told.code != 0 && proof_refusal_of(op->files) != PROOF_REFUSAL_NONE) {
        result = results[proof_refusal_of(op->files)];
        told.code = 0;
    }
    if (told.code != 0)
        log_line(LOG_WARN, "proof not kept", "why=%s", err_name(told.code));
    else if (result == PROOF_TAKE_KEPT && op->world->metrics != NULL)
        metrics_add(op->world->metrics, METRIC_proofs_kept, 1);
    if (err->code == 0)
        page_version_note_kept(op->world->page_versions, span_str(op->page));
    crash_point("proof_kept");
    store_files_return(op->world->store);
    if (op->on_done != NULL)
        op->on_done(op->owner, result, &told);
    free(op);
}

int proof_take_begin(struct world *world, const struct proof_take_options *options,
                     proof_take_cb on_done, void *owner, struct proof_take **out, struct err *err)
{
    assert(options->content.len != 0 && options->content.len <= PROOF_BYTES_MAX);
    assert(options->kind != FILE_KIND_OTHER);
    struct proof_take *op = calloc(1, sizeof(*op));
    if (op == NULL)
        abort();
    *op = (struct proof_take){.world = world, .on_done = on_done, .owner = owner};
    struct proof_new proof = {.dispute = options->dispute,
                              .kind = span_str(file_kind_name(options->kind)),
                              .content = options->content,
                              .page = page_version_shown(world->page_versions, options->page),
                              .now = world->now()};
    snprintf(op->page, sizeof(op->page), "%.*s", SPAN_ARG(proof.page.name));
    memcpy(proof.nonce, options->nonce, sizeof(proof.nonce));
    sha256(options->content, proof.sha256);
    crash_point("proof_read");
    op->files = store_files_borrow(world->store);
    int code = proof_keep(op->files, &op->tx, &proof, on_kept, op, err);
    if (code != 0) {
        store_files_return(world->store);
        free(op);
        return code;
    }
    crash_point("proof_sent");
    *out = op;
    return 0;
}

void proof_take_forget(struct proof_take *op)
{
    op->on_done = NULL;
}
