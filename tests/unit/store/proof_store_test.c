#include "store/proof_store.h"

#include "store/event_store.h"
#include "unit/store/store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

struct fixture {
    struct store_fixture house;
    struct timer alarm;
    int done, code, turns;
    enum proof_refusal refusal;
    struct pg *files;
    struct event_chain chain;
    struct buf read;
    int64_t bytes;
};

static void on_alarm(void *owner)
{
    (void)owner;
    fail_msg("nothing came for too long");
}

static void wait_for(struct fixture *f, const int *what)
{
    timer_start(&f->alarm, 20000);
    for (f->turns = 0; *what == 0; ++f->turns)
        h2o_evloop_run(f->house.loop, INT32_MAX);
    timer_stop(&f->alarm);
}

static int suite_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    store_fixture_new(&f->house);
    timer_init(&f->alarm, f->house.loop, "alarm", on_alarm, f);
    buf_init(&f->read, PROOF_BYTES_MAX);
    *state = f;
    return 0;
}

static int suite_teardown(void **state)
{
    struct fixture *f = *state;
    timer_stop(&f->alarm);
    buf_release(&f->read);
    store_fixture_free(&f->house);
    free(f);
    return 0;
}

static int setup(void **state)
{
    struct fixture *f = *state;
    pg_cluster_sql(
        &f->house.cluster,
        "truncate customer, invoice, event, dispute, proof, proof_content restart identity cascade;"
        "insert into customer (reference, created_at, changed_at)"
        "    values ('A', now(), now());"
        "insert into invoice (customer_id, number, kind, currency, amount_minor,"
        "    due_minor, issue_date, due_date, created_at, changed_at)"
        "values (1, 'F/1', 'invoice', 'PLN', 100, 100, '2026-01-01', '2026-01-15', now(),"
        "    now());"
        "insert into dispute (customer_id, invoice_id, dispute_no, reason, state, hold_no,"
        "    opened_at, opened_event, answer_by)"
        "values (1, 1, 7, 'already_paid', 'open', 1, now(), 1, '2026-02-01')");
    return 0;
}

static void on_kept(void *owner, const struct err *err)
{
    struct fixture *f = owner;
    f->code = err->code;
    f->refusal = err->code == 0 ? PROOF_REFUSAL_NONE : proof_refusal_of(f->files);
    f->done = 1;
}

static struct proof_new proof(uint8_t nonce, struct span content)
{
    struct proof_new p = {.dispute = {1, 1, 7},
                          .nonce = {nonce},
                          .kind = SPAN_LIT("pdf"),
                          .content = content,
                          .now = {INT64_C(1767225600123456)}};
    sha256(content, p.sha256);
    return p;
}

static enum proof_refusal keep(struct fixture *f, const struct proof_new *p)
{
    struct pg_tx tx = {0};
    struct err err;
    f->done = 0;
    f->files = store_files_borrow(f->house.store);
    assert_int_equal(proof_keep(f->files, &tx, p, on_kept, f, &err), 0);
    wait_for(f, &f->done);
    store_files_return(f->house.store);
    assert_true(f->code == 0 || f->refusal != PROOF_REFUSAL_NONE);
    return f->refusal;
}

static void on_verified(void *owner, const struct event_chain *chain, const struct err *err)
{
    struct fixture *f = owner;
    assert_int_equal(err->code, 0);
    f->chain = *chain;
    f->done = 1;
}

static void assert_chain_of(struct fixture *f, int64_t event_count)
{
    struct event_verify op = {0};
    struct err err;
    f->done = 0;
    assert_int_equal(event_verify_begin(&op, f->house.store, 1, 1, on_verified, f, &err), 0);
    wait_for(f, &f->done);
    assert_int_equal(f->chain.verdict, EVENT_CHAIN_WHOLE);
    assert_int_equal(f->chain.event_count, event_count);
}

static void says(struct fixture *f, const char *sql, const char *wanted)
{
    assert_true(store_fixture_says(&f->house, sql, wanted));
}

static void a_file_its_ticket_and_its_event_come_together(void **state)
{
    struct fixture *f = *state;
    struct proof_new p = proof(1, SPAN_LIT("abc"));
    assert_int_equal(keep(f, &p), PROOF_REFUSAL_NONE);
    says(f, "select proof_no || ' ' || kind || ' ' || bytes from proof", "1 pdf 3");
    /* printf abc | sha256sum */
    says(f,
         "select facts::jsonb = jsonb_build_object('dispute_no', 7, 'proof_no', 1, 'kind', 'pdf',"
         " 'bytes', 3, 'sha256',"
         " 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')"
         " from event where kind = 'dispute.proof'",
         "t");
    assert_chain_of(f, 1);
}

static void what_is_refused_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    for (uint8_t nonce = 1; nonce <= PROOFS_MAX; ++nonce) {
        struct proof_new p = proof(nonce, SPAN_LIT("abc"));
        assert_int_equal(keep(f, &p), PROOF_REFUSAL_NONE);
    }
    struct proof_new fourth = proof(9, SPAN_LIT("abc")), again = proof(1, SPAN_LIT("other"));
    assert_int_equal(keep(f, &fourth), PROOF_REFUSAL_FULL);
    assert_int_equal(keep(f, &again), PROOF_REFUSAL_USED);
    struct proof_new nowhere = proof(10, SPAN_LIT("abc"));
    nowhere.dispute.invoice_id = 77;
    assert_int_equal(keep(f, &nowhere), PROOF_REFUSAL_CLOSED);
    pg_cluster_sql(&f->house.cluster, "update dispute set state = 'withdrawn'");
    assert_int_equal(keep(f, &nowhere), PROOF_REFUSAL_CLOSED);
    nowhere.dispute.invoice_id = 1;
    assert_int_equal(keep(f, &nowhere), PROOF_REFUSAL_CLOSED);
    says(f, "select count(*) from proof", "3");
    says(f, "select count(*) from proof_content", "3");
    assert_chain_of(f, 3);
}

static void on_piece(void *owner, const PGresult *result, const struct err *err)
{
    struct fixture *f = owner;
    struct proof_piece piece;
    assert_int_equal(err->code, 0);
    proof_read_piece(result, &piece);
    f->bytes = piece.bytes;
    buf_add(&f->read, piece.piece);
    f->done = 1;
}

/* Eight MiB pass through the loop in many turns, in between which it does other things. */
static void the_largest_file_goes_in_and_comes_out_in_pieces(void **state)
{
    struct fixture *f = *state;
    struct proof_dispute dispute = {1, 1, 7};
    char *content = malloc(PROOF_BYTES_MAX);
    for (size_t i = 0; i != PROOF_BYTES_MAX; ++i)
        content[i] = (char)(i * 2654435761u >> 13);
    struct proof_new p = proof(1, span_of(content, PROOF_BYTES_MAX));
    assert_int_equal(keep(f, &p), PROOF_REFUSAL_NONE);
    assert_true(f->turns > 10);
    buf_reset(&f->read);
    do {
        struct pg_query query = {0};
        struct err err;
        f->done = 0;
        assert_int_equal(proof_read(f->house.store, &query, &dispute, 1,
                                    (int64_t)buf_span(&f->read).len, on_piece, f, &err),
                         0);
        wait_for(f, &f->done);
        assert_true(buf_span(&f->read).len % PROOF_PIECE_BYTES == 0);
    } while ((int64_t)buf_span(&f->read).len < f->bytes);
    assert_true(span_is(buf_span(&f->read), p.content));
    free(content);
}

static void the_database_refuses_what_the_rules_do(void **state)
{
    static const char *const rows[] = {
        "insert into proof_content values (1, '\\x00', 'a')",
        "insert into proof_content values (1, sha224('')::bytea, '')",
        "insert into proof values (1, 1, 1, 4, '\\x000000000000000000000000', 'pdf', 1, "
        "sha256(''), now())",
        "insert into proof values (1, 1, 1, 1, '\\x000000000000000000000000', 'svg', 1, "
        "sha256(''), now())",
        "insert into proof values (1, 1, 1, 1, '\\x000000000000000000000000', 'pdf', 8388609, "
        "sha256(''), now())",
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        char sql[400];
        snprintf(
            sql, sizeof(sql),
            "do $$ begin %s; raise exception 'taken'; exception when check_violation then end $$",
            rows[i]);
        pg_cluster_sql(&f->house.cluster, sql);
    }
}

static void a_dispute_is_read_from_an_address(void **state)
{
    static const struct {
        const char *text;
        bool is_good;
    } rows[] = {
        {"12-34-1", true}, {"", false},
        {"12-34", false},  {"12-34-", false},
        {"-1-2-3", false}, {"12-34-1-", false},
        {"12-x-1", false}, {"12-34-1x", false},
        {"1--2", false},   {"1234567890123456789-1-1", false},
    };
    struct proof_dispute dispute;
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i)
        assert_int_equal(proof_dispute_read(span_str(rows[i].text), &dispute), rows[i].is_good);
    assert_true(proof_dispute_read(SPAN_LIT("12-34-1"), &dispute));
    assert_int_equal(dispute.customer_id, 12);
    assert_int_equal(dispute.invoice_id, 34);
    assert_int_equal(dispute.dispute_no, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_file_its_ticket_and_its_event_come_together, setup),
        cmocka_unit_test_setup(what_is_refused_leaves_nothing, setup),
        cmocka_unit_test_setup(the_largest_file_goes_in_and_comes_out_in_pieces, setup),
        cmocka_unit_test_setup(the_database_refuses_what_the_rules_do, setup),
        cmocka_unit_test(a_dispute_is_read_from_an_address),
    };
    return cmocka_run_group_tests(tests, suite_setup, suite_teardown);
}
