#include "store/anchor_store.h"

#include "unit/store/store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

static struct store_fixture fixture;
static int done;
static struct anchor_last last;

static int suite_setup(void **state)
{
    (void)state;
    store_fixture_new(&fixture);
    return 0;
}

static int suite_teardown(void **state)
{
    (void)state;
    store_fixture_free(&fixture);
    return 0;
}

/* Five events, of which the texts of the hashes are all that matters here. */
static int setup(void **state)
{
    (void)state;
    pg_cluster_sql(&fixture.cluster,
                   "truncate event, chain_anchor restart identity;"
                   "insert into event (customer_id, invoice_id, event_no, at, kind, facts,"
                   " prev_hash, hash) select 1, 1, n, now(), 'test', '{}', '', sha256(n::text::"
                   "bytea) from generate_series(1, 5) n");
    done = 0;
    return 0;
}

static void on_written(void *owner, const struct err *err)
{
    (void)owner;
    assert_int_equal(err->code, 0);
    ++done;
}

static void on_last(void *owner, const PGresult *result, const struct err *err)
{
    (void)owner;
    assert_int_equal(err->code, 0);
    anchor_read_last(result, &last);
    ++done;
}

static void turn_until(int wanted)
{
    while (done < wanted)
        h2o_evloop_run(fixture.loop, INT32_MAX);
}

static void write_anchor(int64_t position)
{
    struct pg_tx tx = {NULL};
    struct err err;
    int before = done;
    assert_int_equal(anchor_write(fixture.store, &tx, position, 2,
                                  (struct instant){1795348800000000}, on_written, NULL, &err),
                     0);
    turn_until(before + 1);
}

static void assert_value(const char *query, const char *wanted)
{
    assert_true(store_fixture_says(&fixture, query, wanted));
}

static void each_anchor_covers_the_events_since_the_one_before_and_names_it(void **state)
{
    (void)state;
    write_anchor(3);
    write_anchor(5);
    assert_value("select string_agg(event_count::text, ',' order by anchor_no) from chain_anchor",
                 "3,2");
    assert_value("select (b.prev_hash = a.hash)::text from chain_anchor a, chain_anchor b where"
                 " a.anchor_no = 1 and b.anchor_no = 2",
                 "true");
    /* Recomputed here from the events, not by the statement under test. */
    assert_value(
        "select (b.hash = sha256(a.hash || sha256(sha256((select string_agg(hash, '' order"
        " by position) from event where position in (4, 5)))) || '2|5|2'::bytea))::text from"
        " chain_anchor a, chain_anchor b where a.anchor_no = 1 and b.anchor_no = 2",
        "true");
}

/* Three events in blocks of two. */
static void events_are_hashed_in_blocks(void **state)
{
    (void)state;
    write_anchor(3);
    assert_value("select block_events from chain_anchor", "2");
    assert_value(
        "select (hash = sha256(sha256(sha256((select string_agg(hash, '' order by position)"
        " from event where position in (1, 2))) || sha256((select hash from event where"
        " position = 3))) || '1|3|3'::bytea))::text from chain_anchor",
        "true");
}

static void nothing_new_is_no_anchor(void **state)
{
    (void)state;
    write_anchor(5);
    write_anchor(5);
    assert_value("select count(*) from chain_anchor", "1");
}

static void the_last_anchor_and_the_newest_event_are_told(void **state)
{
    (void)state;
    struct pg_query query = {0};
    struct err err;
    assert_int_equal(anchor_last(fixture.store, &query, on_last, NULL, &err), 0);
    turn_until(1);
    assert_false(last.has_anchor);
    assert_int_equal(last.newest_position, 5);
    write_anchor(4);
    struct pg_query again = {0};
    assert_int_equal(anchor_last(fixture.store, &again, on_last, NULL, &err), 0);
    turn_until(3);
    assert_true(last.has_anchor);
    assert_int_equal(last.anchored_position, 4);
    assert_int_equal(last.at.us, 1795348800000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_anchor_covers_the_events_since_the_one_before_and_names_it,
                               setup),
        cmocka_unit_test_setup(events_are_hashed_in_blocks, setup),
        cmocka_unit_test_setup(nothing_new_is_no_anchor, setup),
        cmocka_unit_test_setup(the_last_anchor_and_the_newest_event_are_told, setup),
    };
    return cmocka_run_group_tests(tests, suite_setup, suite_teardown);
}
