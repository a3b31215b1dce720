#include "store/proof_store.h"

#include "sql.h"

#include <string.h>

bool proof_dispute_read(struct span text, struct proof_dispute *dispute)
{
    int64_t *const parts[] = {&dispute->customer_id, &dispute->invoice_id, &dispute->dispute_no};
    size_t at = 0;
    for (int part = 0; part < 3; ++part) {
        size_t from = at;
        for (*parts[part] = 0;
             at < text.len && at - from < 18 && text.base[at] >= '0' && text.base[at] <= '9'; ++at)
            *parts[part] = *parts[part] * 10 + (text.base[at] - '0');
        bool is_last = part == 2;
        if (at == from || (is_last ? at != text.len : at == text.len || text.base[at++] != '-'))
            return false;
    }
    return true;
}

static void add_dispute(struct pg_args *args, const struct proof_dispute *dispute)
{
    pg_args_init(args);
    pg_arg_int(args, dispute->customer_id);
    pg_arg_int(args, dispute->invoice_id);
    pg_arg_int(args, dispute->dispute_no);
}

static struct span nonce_of(const uint8_t nonce[UPLOAD_NONCE_LEN])
{
    return span_of((const char *)nonce, UPLOAD_NONCE_LEN);
}

int proof_admit(struct store *store, struct pg_query *query, const struct proof_dispute *dispute,
                const uint8_t nonce[UPLOAD_NONCE_LEN], pg_result_cb on_result, void *owner,
                struct err *err)
{
    struct pg_args args;
    add_dispute(&args, dispute);
    pg_arg_bytes(&args, nonce_of(nonce));
    int code = pg_read(store->reads, query, SQL_PROOF_ADMIT, &args, on_result, owner, err);
    pg_args_release(&args);
    return code;
}

void proof_read_room(const PGresult *result, struct proof_room *room)
{
    room->is_open = pg_get_bool(result, 0, 0);
    room->is_used = pg_get_bool(result, 0, 1);
    room->proof_count = pg_get_int(result, 0, 2);
}

static void add_content(struct pg_tx *tx, const struct proof_new *proof)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, proof->dispute.customer_id);
    pg_arg_bytes(&args, nonce_of(proof->nonce));
    pg_arg_bytes(&args, proof->content);
    pg_tx_add(tx, SQL_PROOF_KEEP_CONTENT, &args, NULL);
    pg_args_release(&args);
}

static void add_lock(struct pg_tx *tx, int64_t customer_id)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, customer_id);
    pg_tx_add(tx, SQL_PAYMENT_LOCK, &args, NULL);
    pg_args_release(&args);
}

static void add_proof(struct pg_tx *tx, const struct proof_new *proof)
{
    struct pg_args args;
    add_dispute(&args, &proof->dispute);
    pg_arg_bytes(&args, nonce_of(proof->nonce));
    pg_arg_text(&args, proof->kind);
    pg_arg_int(&args, (int64_t)proof->content.len);
    pg_arg_bytes(&args, span_of((const char *)proof->sha256, SHA256_LEN));
    pg_arg_instant(&args, proof->now);
    pg_arg_text(&args, proof->page.name);
    pg_tx_add(tx, SQL_PROOF_KEEP, &args, NULL);
    pg_args_release(&args);
}

int proof_keep(struct pg *files, struct pg_tx *tx, const struct proof_new *proof,
               pg_done_cb on_done, void *owner, struct err *err)
{
    int code = pg_tx_begin(files, tx, on_done, owner, err);
    if (code != 0)
        return code;
    add_content(tx, proof);
    add_lock(tx, proof->dispute.customer_id);
    page_version_keep(tx, &proof->page, proof->now);
    add_proof(tx, proof);
    pg_tx_commit(tx);
    return 0;
}

enum proof_refusal proof_refusal_of(const struct pg *files)
{
    const char *sqlstate = pg_sqlstate(files);
    if (strcmp(sqlstate, "23505") == 0)
        return PROOF_REFUSAL_USED;
    if (strcmp(sqlstate, "23514") == 0)
        return PROOF_REFUSAL_FULL;
    return strcmp(sqlstate, "23502") == 0 ? PROOF_REFUSAL_CLOSED : PROOF_REFUSAL_NONE;
}

int proof_list(struct store *store, struct pg_query *query, const struct proof_dispute *dispute,
               pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    add_dispute(&args, dispute);
    int code = pg_read(store->reads, query, SQL_PROOF_LIST, &args, on_result, owner, err);
    pg_args_release(&args);
    return code;
}

void proof_read_listed(const PGresult *result, int row, struct proof_listed *listed)
{
    *listed = (struct proof_listed){
        .proof_no = pg_get_int(result, row, 0),
        .kind = pg_get_text(result, row, 1),
        .bytes = pg_get_int(result, row, 2),
        .sha256 = pg_get_text(result, row, 3),
        .uploaded_at = pg_get_instant(result, row, 4),
        .is_erased = pg_get_bool(result, row, 5),
    };
}

int proof_read(struct store *store, struct pg_query *query, const struct proof_dispute *dispute,
               int64_t proof_no, int64_t after, pg_result_cb on_result, void *owner,
               struct err *err)
{
    struct pg_args args;
    add_dispute(&args, dispute);
    pg_arg_int(&args, proof_no);
    pg_arg_int(&args, after);
    pg_arg_int(&args, PROOF_PIECE_BYTES);
    int code = pg_read(store->reads, query, SQL_PROOF_PIECE, &args, on_result, owner, err);
    pg_args_release(&args);
    return code;
}

void proof_read_piece(const PGresult *result, struct proof_piece *piece)
{
    *piece = (struct proof_piece){0};
    if (PQntuples(result) == 0)
        return;
    piece->kind = pg_get_text(result, 0, 0);
    piece->bytes = pg_get_int(result, 0, 1);
    piece->piece = pg_get_text(result, 0, 2);
}
