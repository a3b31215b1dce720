#include "store/event_store.h"

#include "base/log.h"
#include "embedded_file.h"
#include "io/timer.h"
#include "migrations.h"
#include "store/migrate.h"
#include "support/pg_cluster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

struct fixture {
    struct pg_cluster cluster;
    h2o_loop_t *loop;
    struct store *store;
    struct timer alarm;
    bool is_late;
    struct event_chain chain;
    int verified, saved, code;
    int64_t appended;
};

static void on_alarm(void *owner)
{
    ((struct fixture *)owner)->is_late = true;
}

#define TURN_UNTIL(fixture, condition)                                                             \
    do {                                                                                           \
        (fixture)->is_late = false;                                                                \
        timer_start(&(fixture)->alarm, 20000);                                                     \
        while (!(condition)) {                                                                     \
            assert_false((fixture)->is_late);                                                      \
            h2o_evloop_run((fixture)->loop, INT32_MAX);                                            \
        }                                                                                          \
        timer_stop(&(fixture)->alarm);                                                             \
    } while (0)

static int suite_setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct err err;
    int applied;
    log_init(LOG_ERROR, "test");
    pg_cluster_new(&fixture->cluster);
    struct migrate_plan plan = {.conninfo = fixture->cluster.conninfo,
                                .files = migrations_files,
                                .count = migrations_count};
    assert_int_equal(migrate_run(&plan, &applied, &err), 0);
    fixture->loop = h2o_evloop_create();
    timer_init(&fixture->alarm, fixture->loop, "alarm", on_alarm, fixture);
    fixture->store = store_new(fixture->loop, &(struct store_options){
                                                  .conninfo = fixture->cluster.app_conninfo,
                                                  .read_timeout_ms = 20000,
                                                  .write_timeout_ms = 20000,
                                              });
    TURN_UNTIL(fixture, store_is_ready(fixture->store));
    *state = fixture;
    return 0;
}

static int suite_teardown(void **state)
{
    struct fixture *fixture = *state;
    store_free(fixture->store);
    timer_loop_release(fixture->loop);
    h2o_evloop_destroy(fixture->loop);
    pg_cluster_free(&fixture->cluster);
    free(fixture);
    return 0;
}

/* One customer with two invoices. */
static int setup(void **state)
{
    struct fixture *fixture = *state;
    pg_cluster_sql(&fixture->cluster,
                   "truncate customer, invoice, event, event_personal restart identity cascade;"
                   "insert into customer (reference, created_at, changed_at)"
                   "    values ('A', now(), now());"
                   "insert into invoice (customer_id, number, kind, currency, amount_minor,"
                   "    due_minor, issue_date, due_date, created_at, changed_at)"
                   "select 1, n, 'invoice', 'PLN', 100, 100, '2026-01-01', '2026-01-15', now(),"
                   "    now() from unnest(array['F/1', 'F/2']) n");
    fixture->verified = fixture->saved = 0;
    fixture->appended = 0;
    return 0;
}

static void on_verified(void *owner, const struct event_chain *chain, const struct err *err)
{
    struct fixture *fixture = owner;
    assert_int_equal(err->code, 0);
    ++fixture->verified;
    fixture->chain = *chain;
}

static struct event_chain verify(struct fixture *fixture, int64_t invoice_id)
{
    struct event_verify op = {0};
    struct err err;
    fixture->verified = 0;
    assert_int_equal(
        event_verify_begin(&op, fixture->store, 1, invoice_id, on_verified, fixture, &err), 0);
    TURN_UNTIL(fixture, fixture->verified == 1);
    return fixture->chain;
}

static void on_appended(void *owner, const PGresult *result, const struct err *err)
{
    struct fixture *fixture = owner;
    if (err->code == 0)
        fixture->appended += pg_get_int(result, 0, 0);
}

static void on_saved(void *owner, const struct err *err)
{
    struct fixture *fixture = owner;
    ++fixture->saved;
    fixture->code = err->code;
}

static void append(struct fixture *fixture, const struct event_new *events, size_t count)
{
    struct pg_tx tx = {0};
    struct err err;
    fixture->saved = 0;
    assert_int_equal(pg_tx_begin(fixture->store->writes, &tx, on_saved, fixture, &err), 0);
    event_append(&tx, events, count, on_appended);
    pg_tx_commit(&tx);
    TURN_UNTIL(fixture, fixture->saved == 1);
    assert_int_equal(fixture->code, 0);
}

static struct event_new event(int64_t invoice_id, const char *kind)
{
    return (struct event_new){.customer_id = 1,
                              .invoice_id = invoice_id,
                              .at = {INT64_C(1767225600123456)}, /* 2026-01-01T00:00:00.123456Z */
                              .kind = span_str(kind),
                              .facts = SPAN_LIT("{\"amount_minor\":1}")};
}

static void assert_whole(struct fixture *fixture, int64_t invoice_id, int64_t event_count)
{
    struct event_chain chain = verify(fixture, invoice_id);
    assert_int_equal(chain.verdict, EVENT_CHAIN_WHOLE);
    assert_int_equal(chain.event_count, event_count);
}

static char *value(struct fixture *fixture, const char *sql)
{
    return pg_cluster_value(&fixture->cluster, sql);
}

static void first_event_has_the_hash_of_its_words(void **state)
{
    struct fixture *fixture = *state;
    struct event_new one = event(1, "invoice.imported");
    append(fixture, &one, 1);
    char *hash = value(fixture, "select encode(hash, 'hex') from event");
    /* printf '1|1|1|1767225600123456|invoice.imported|{"amount_minor":1}' | sha256sum */
    assert_string_equal(hash, "8e8fec27eed8755a4466287afddefdd36097fd25ec57272b8f7d0e682616330e");
    free(hash);
    assert_whole(fixture, 1, 1);
}

static void events_of_several_invoices_are_chained_in_the_order_given(void **state)
{
    struct fixture *fixture = *state;
    struct event_new events[] = {event(2, "a"), event(1, "b"), event(2, "c"), event(2, "d"),
                                 event(1, "e")};
    append(fixture, events, 5);
    append(fixture, events, 1);
    assert_int_equal(fixture->appended, 6);
    assert_whole(fixture, 1, 2);
    assert_whole(fixture, 2, 4);
    char *kinds = value(fixture, "select string_agg(kind, '' order by event_no) from event "
                                 "where invoice_id = 2");
    assert_string_equal(kinds, "acda");
    free(kinds);
}

static void events_of_unknown_invoices_are_not_counted(void **state)
{
    struct fixture *fixture = *state;
    struct event_new events[] = {event(1, "a"), event(77, "b")};
    append(fixture, events, 2);
    assert_int_equal(fixture->appended, 1);
    assert_int_equal(verify(fixture, 77).verdict, EVENT_CHAIN_UNKNOWN);
    append(fixture, events, 0);
    assert_whole(fixture, 1, 1);
}

static void personal_part_can_be_erased_but_not_changed(void **state)
{
    struct fixture *fixture = *state;
    struct event_new events[] = {event(1, "a"), event(1, "b")};
    events[1].personal = SPAN_LIT("{\"name\":\"Żaneta\"}");
    append(fixture, events, 2);
    assert_whole(fixture, 1, 2);
    pg_cluster_sql(&fixture->cluster, "update event_personal set data = '{}'");
    struct event_chain chain = verify(fixture, 1);
    assert_int_equal(chain.verdict, EVENT_CHAIN_BROKEN);
    assert_int_equal(chain.first_bad, 2);
    pg_cluster_sql(&fixture->cluster, "delete from event_personal");
    assert_whole(fixture, 1, 2);
}

static void every_kind_of_tampering_is_found(void **state)
{
    static const struct {
        const char *sql;
        int64_t first_bad;
    } rows[] = {
        {"update event set facts = '{\"amount_minor\":2}' where event_no = 2", 2},
        {"update event set kind = 'x' where event_no = 3", 3},
        {"update event set at = at + interval '1 microsecond' where event_no = 1", 1},
        {"delete from event where event_no = 1", 2},
        {"delete from event where event_no = 2", 3},
        {"delete from event where event_no = 3", 0}, /* at the end: only the head tells */
        {"update invoice set event_count = 2 where invoice_id = 1", 0},
        {"update invoice set chain_head = '\\x00' where invoice_id = 1", 0},
        {"update event set hash = event_hash(prev_hash, customer_id, invoice_id, event_no, at, "
         "kind, '{}', null), facts = '{}' where event_no = 2",
         3},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); ++i) {
        struct event_new events[] = {event(1, "a"), event(1, "b"), event(1, "c")};
        setup(state);
        append(fixture, events, 3);
        assert_whole(fixture, 1, 3);
        pg_cluster_sql(&fixture->cluster, rows[i].sql);
        struct event_chain chain = verify(fixture, 1);
        if (chain.verdict != EVENT_CHAIN_BROKEN || chain.first_bad != rows[i].first_bad)
            fail_msg("%d %d: %s", (int)chain.verdict, (int)chain.first_bad, rows[i].sql);
    }
}

/* Two connections append to the same invoices at once; neither fails and no event is lost. */
static void writers_at_once_wait_for_each_other(void **state)
{
    enum { ROUNDS = 40 };
    struct fixture *fixture = *state;
    struct store *other =
        store_new(fixture->loop, &(struct store_options){.conninfo = fixture->cluster.app_conninfo,
                                                         .read_timeout_ms = 20000,
                                                         .write_timeout_ms = 20000});
    TURN_UNTIL(fixture, store_is_ready(other));
    struct event_new there[] = {event(1, "a"), event(2, "b")};
    struct event_new back[] = {event(2, "c"), event(1, "d")};
    struct pg_tx tx[2 * ROUNDS] = {0};
    struct err err;
    for (int i = 0; i < 2 * ROUNDS; ++i) {
        struct pg *pg = i % 2 == 0 ? fixture->store->writes : other->writes;
        assert_int_equal(pg_tx_begin(pg, &tx[i], on_saved, fixture, &err), 0);
        event_append(&tx[i], i % 2 == 0 ? there : back, 2, on_appended);
        pg_tx_commit(&tx[i]);
    }
    TURN_UNTIL(fixture, fixture->saved == 2 * ROUNDS);
    assert_int_equal(fixture->appended, 4 * ROUNDS);
    assert_whole(fixture, 1, 2 * ROUNDS);
    assert_whole(fixture, 2, 2 * ROUNDS);
    store_free(other);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(first_event_has_the_hash_of_its_words),
        TEST(events_of_several_invoices_are_chained_in_the_order_given),
        TEST(events_of_unknown_invoices_are_not_counted),
        TEST(personal_part_can_be_erased_but_not_changed),
        TEST(every_kind_of_tampering_is_found),
        TEST(writers_at_once_wait_for_each_other),
    };
    return cmocka_run_group_tests(tests, suite_setup, suite_teardown);
}
