#include "io/pg.h"

#include "base/log.h"
#include "io/timer.h"
#include "support/pg_cluster.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

enum {
    ECHO,
    INSERT,
    FAIL,
    SLEEP,
    ALL_TYPES,
    ARRAYS,
    COUNT,
    RAISE_CONFLICT,
    DEFERRED,
    NOTIFY,
    BIG,
    PREPARED
};

static const struct pg_statement statements[] = {
    [ECHO] = {"echo", "select $1::bigint"},
    [INSERT] = {"insert", "insert into thing (id) values ($1::bigint)"},
    [FAIL] = {"fail", "select 1 / ($1::bigint - $1::bigint)"},
    [SLEEP] = {"sleep", "select 1::bigint from pg_sleep($1::bigint / 1000.0)"},
    [ALL_TYPES] = {"all_types", "select $1::bigint, $2::boolean, $3::text, $4::bytea, "
                                "$5::timestamptz, $6::date, $5::text, $6::text, $7::text"},
    [ARRAYS] = {"arrays", "select $1::bigint[]::text, $2::text[]::text, $3::bytea[]::text, "
                          "$4::timestamptz[]::text, $5::date[]::text, $6::boolean[]::text, "
                          "$7::bigint[]::text"},
    [COUNT] = {"count", "select count(*) from thing"},
    [RAISE_CONFLICT] = {"raise_conflict", "select raise_conflict($1::bigint)"},
    [DEFERRED] = {"deferred", "insert into deferred (id) values ($1::bigint)"},
    [NOTIFY] = {"notify", "select pg_notify('news', $1::text)"},
    [BIG] = {"big", "select length($1::text)::bigint"},
    [PREPARED] = {"prepared", "select count(*) from pg_prepared_statements"},
    {NULL, NULL},
};

struct fixture {
    struct pg_cluster cluster;
    h2o_loop_t *loop;
    struct pg *pg;
    char notified[64];
    struct timer alarm;
    bool is_late;
};

/* What a callback saw. */
struct seen {
    struct pg_query query;
    struct pg_tx tx;
    struct fixture *fixture;
    int results, dones, code;
    int64_t value;
    int order;
    bool is_inside_call;
    char sqlstate[6];
};

static int order_count;
static bool is_calling;
static int sends_until_refusal; /* 1: the next one */

/* Stands before libpq's, to refuse as it does when memory is out. */
int PQsendQueryPrepared(PGconn *conn, const char *name, int count, const char *const *values,
                        const int *lengths, const int *formats, int result_format)
{
    static __typeof__(&PQsendQueryPrepared) libpqs;
    if (libpqs == NULL)
        *(void **)&libpqs = dlsym(RTLD_NEXT, "PQsendQueryPrepared");
    if (sends_until_refusal > 0 && --sends_until_refusal == 0)
        return 0;
    return libpqs(conn, name, count, values, lengths, formats, result_format);
}

static void on_alarm(void *owner)
{
    ((struct fixture *)owner)->is_late = true;
}

static void on_notified(void *owner, const char *channel, const char *payload)
{
    struct fixture *fixture = owner;
    snprintf(fixture->notified, sizeof(fixture->notified), "%s:%s", channel, payload);
}

/* Turns the loop until the condition holds; the test fails after 20 s. */
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

static struct pg *new_pg(struct fixture *fixture, const struct pg_options *changes)
{
    static const char *const channels[] = {"news", NULL};
    struct pg_options options = *changes;
    options.conninfo = fixture->cluster.conninfo;
    if (options.statements == NULL)
        options.statements = statements;
    options.name = "test";
    options.on_notified = on_notified;
    options.listen = channels;
    options.owner = fixture;
    if (options.queue_max == 0)
        options.queue_max = 1000;
    return pg_new(fixture->loop, &options);
}

static int suite_setup(void **state)
{
    log_init(LOG_ERROR, "test");
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    pg_cluster_new(&fixture->cluster);
    pg_cluster_sql(&fixture->cluster,
                   "create table thing (id bigint primary key);"
                   "create table deferred (id bigint, unique (id) deferrable initially deferred);"
                   "create function raise_conflict(bigint) returns bigint language plpgsql as $$"
                   "begin raise exception 'moved' using errcode = 'DL001'; end $$");
    *state = fixture;
    return 0;
}

static int suite_teardown(void **state)
{
    struct fixture *fixture = *state;
    pg_cluster_free(&fixture->cluster);
    free(fixture);
    return 0;
}

static int setup(void **state)
{
    struct fixture *fixture = *state;
    pg_cluster_sql(&fixture->cluster, "truncate thing, deferred");
    order_count = sends_until_refusal = 0;
    fixture->loop = h2o_evloop_create();
    fixture->notified[0] = 0;
    timer_init(&fixture->alarm, fixture->loop, "alarm", on_alarm, fixture);
    fixture->pg = new_pg(
        fixture, &(struct pg_options){.answer_timeout_ms = 10000, .connect_timeout_ms = 10000});
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    if (fixture->pg != NULL)
        pg_free(fixture->pg);
    timer_stop(&fixture->alarm);
    timer_loop_release(fixture->loop);
    h2o_evloop_destroy(fixture->loop);
    return 0;
}

static void note(struct seen *seen, const struct err *err)
{
    seen->code = err->code;
    seen->order = ++order_count;
    seen->is_inside_call |= is_calling;
    snprintf(seen->sqlstate, sizeof(seen->sqlstate), "%s", pg_sqlstate(seen->fixture->pg));
}

static void on_result(void *owner, const PGresult *result, const struct err *err)
{
    struct seen *seen = owner;
    ++seen->results;
    note(seen, err);
    assert_int_equal(result == NULL, err->code != 0);
    if (result != NULL && PQntuples(result) > 0)
        seen->value = pg_get_int(result, 0, 0);
}

static void on_done(void *owner, const struct err *err)
{
    struct seen *seen = owner;
    ++seen->dones;
    note(seen, err);
}

static int read_int(struct seen *seen, struct fixture *fixture, int statement, int64_t value)
{
    struct err err = {0};
    struct pg_args args;
    *seen = (struct seen){.fixture = fixture, .code = 99};
    pg_args_init(&args);
    if (statement != COUNT)
        pg_arg_int(&args, value);
    is_calling = true;
    int failed = pg_read(fixture->pg, &seen->query, statement, &args, on_result, seen, &err);
    is_calling = false;
    pg_args_release(&args);
    return failed;
}

static void add_int(struct seen *seen, int statement, int64_t value)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, value);
    pg_tx_add(&seen->tx, statement, &args, on_result);
    pg_args_release(&args);
}

/* A transaction of up to two statements. */
static void write_ints(struct seen *seen, struct fixture *fixture, int first, int64_t first_value,
                       int second, int64_t second_value)
{
    struct err err = {0};
    *seen = (struct seen){.fixture = fixture, .code = 99};
    is_calling = true;
    assert_int_equal(pg_tx_begin(fixture->pg, &seen->tx, on_done, seen, &err), 0);
    add_int(seen, first, first_value);
    if (second >= 0)
        add_int(seen, second, second_value);
    pg_tx_commit(&seen->tx);
    is_calling = false;
}

static int64_t things(const struct fixture *fixture)
{
    char *text = pg_cluster_value(&fixture->cluster, "select count(*) from thing");
    int64_t count = atoll(text);
    free(text);
    return count;
}

static void reads_asked_before_the_connection_stands_are_answered_in_order(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen[50];
    for (int i = 0; i < 50; ++i)
        assert_int_equal(read_int(&seen[i], fixture, ECHO, i), 0);
    assert_false(pg_is_connected(fixture->pg));
    TURN_UNTIL(fixture, seen[49].results == 1);
    for (int i = 0; i < 50; ++i) {
        assert_int_equal(seen[i].results, 1);
        assert_int_equal(seen[i].value, i);
        assert_int_equal(seen[i].order, i + 1);
        assert_false(seen[i].is_inside_call);
    }
}

static void reads_of_one_turn_are_answered_in_order(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen[50];
    TURN_UNTIL(fixture, pg_is_connected(fixture->pg));
    for (int i = 0; i < 50; ++i)
        assert_int_equal(read_int(&seen[i], fixture, ECHO, -i), 0);
    TURN_UNTIL(fixture, seen[49].results == 1);
    for (int i = 0; i < 50; ++i) {
        assert_int_equal(seen[i].value, -i);
        assert_int_equal(seen[i].order, i + 1);
    }
}

static void failing_read_does_not_fail_its_neighbours(void **state)
{
    struct fixture *fixture = *state;
    struct seen before, bad, after, bad_too, last;
    TURN_UNTIL(fixture, pg_is_connected(fixture->pg));
    read_int(&before, fixture, ECHO, 1);
    read_int(&bad, fixture, FAIL, 2);
    read_int(&after, fixture, ECHO, 3);
    read_int(&bad_too, fixture, FAIL, 4);
    read_int(&last, fixture, ECHO, 5);
    TURN_UNTIL(fixture,
               before.results + bad.results + after.results + bad_too.results + last.results == 5);
    assert_int_equal(bad.code, ERR_DATABASE);
    assert_string_equal(bad.sqlstate, "22012");
    assert_int_equal(bad_too.code, ERR_DATABASE);
    assert_int_equal(before.value, 1);
    assert_int_equal(after.value, 3);
    assert_int_equal(last.value, 5);
    assert_int_equal(last.results + before.results + after.results, 3);
}

static void transaction_reports_success_after_its_sync(void **state)
{
    struct fixture *fixture = *state;
    struct seen write;
    write_ints(&write, fixture, INSERT, 1, INSERT, 2);
    TURN_UNTIL(fixture, write.dones == 1);
    assert_int_equal(write.code, 0);
    assert_int_equal(write.results, 2);
    assert_false(write.is_inside_call);
    assert_int_equal(things(fixture), 2);
}

static void failing_statement_after_a_good_one_fails_the_transaction(void **state)
{
    struct fixture *fixture = *state;
    struct seen write;
    write_ints(&write, fixture, INSERT, 1, FAIL, 1);
    TURN_UNTIL(fixture, write.dones == 1);
    assert_int_equal(write.code, ERR_DATABASE);
    assert_int_equal(things(fixture), 0);
}

static void good_statement_after_a_failing_one_is_told_so(void **state)
{
    struct fixture *fixture = *state;
    struct seen write;
    write_ints(&write, fixture, FAIL, 1, INSERT, 1);
    TURN_UNTIL(fixture, write.dones == 1);
    assert_int_equal(write.results, 2);
    assert_int_equal(write.code, ERR_DATABASE);
    assert_int_equal(things(fixture), 0);
}

static void failing_transaction_leaves_its_neighbours_of_the_turn_alone(void **state)
{
    struct fixture *fixture = *state;
    struct seen first, bad, last, read;
    TURN_UNTIL(fixture, pg_is_connected(fixture->pg));
    write_ints(&first, fixture, INSERT, 1, -1, 0);
    write_ints(&bad, fixture, INSERT, 2, FAIL, 2);
    read_int(&read, fixture, COUNT, 0);
    write_ints(&last, fixture, INSERT, 3, -1, 0);
    TURN_UNTIL(fixture, first.dones + bad.dones + last.dones + read.results == 4);
    assert_int_equal(first.code, 0);
    assert_int_equal(bad.code, ERR_DATABASE);
    assert_int_equal(read.value, 1);
    assert_int_equal(last.code, 0);
    assert_int_equal(things(fixture), 2);
}

static void failing_read_before_a_transaction_of_the_turn_does_not_fail_it(void **state)
{
    struct fixture *fixture = *state;
    struct seen bad, read, write;
    TURN_UNTIL(fixture, pg_is_connected(fixture->pg));
    read_int(&bad, fixture, FAIL, 1);
    write_ints(&write, fixture, INSERT, 1, -1, 0);
    read_int(&read, fixture, FAIL, 1);
    TURN_UNTIL(fixture, bad.results + read.results + write.dones == 3);
    assert_int_equal(bad.code, ERR_DATABASE);
    assert_int_equal(write.code, 0);
    assert_int_equal(things(fixture), 1);
}

static void failure_at_commit_is_no_success(void **state)
{
    struct fixture *fixture = *state;
    struct seen write, next;
    write_ints(&write, fixture, DEFERRED, 7, DEFERRED, 7);
    write_ints(&next, fixture, INSERT, 1, -1, 0);
    TURN_UNTIL(fixture, next.dones == 1);
    assert_int_equal(write.dones, 1);
    assert_int_equal(write.code, ERR_DATABASE);
    assert_string_equal(write.sqlstate, "23505");
    assert_int_equal(next.code, 0);
}

static void guard_of_our_own_is_a_conflict(void **state)
{
    struct fixture *fixture = *state;
    struct seen write;
    write_ints(&write, fixture, INSERT, 1, RAISE_CONFLICT, 1);
    TURN_UNTIL(fixture, write.dones == 1);
    assert_int_equal(write.code, ERR_CONFLICT);
    assert_string_equal(write.sqlstate, "DL001");
}

/* Inserting the same again waits for the lost connection's transaction: it succeeds only when the
 * server rolled that back. */
static void transaction_with_a_statement_that_libpq_refuses_leaves_nothing_behind(void **state)
{
    struct fixture *fixture = *state;
    struct seen before, write, behind, again;
    struct err err = {0};
    TURN_UNTIL(fixture, pg_is_connected(fixture->pg));
    write_ints(&before, fixture, INSERT, 9, -1, 0);
    TURN_UNTIL(fixture, before.dones == 1);
    write = (struct seen){.fixture = fixture};
    assert_int_equal(pg_tx_begin(fixture->pg, &write.tx, on_done, &write, &err), 0);
    for (int i = 1; i <= 3; ++i)
        add_int(&write, INSERT, i);
    sends_until_refusal = 2;
    is_calling = true;
    pg_tx_commit(&write.tx);
    is_calling = false;
    write_ints(&behind, fixture, INSERT, 4, -1, 0);
    TURN_UNTIL(fixture, write.dones == 1 && behind.dones == 1);
    assert_int_equal(write.code, ERR_DATABASE);
    assert_int_equal(write.results, 3);
    assert_false(write.is_inside_call);
    assert_int_equal(behind.code, ERR_DATABASE);
    assert_false(pg_is_connected(fixture->pg));
    write_ints(&again, fixture, INSERT, 1, INSERT, 3);
    TURN_UNTIL(fixture, again.dones == 1);
    assert_int_equal(again.code, 0);
    assert_int_equal(things(fixture), 3);
}

static void read_that_libpq_refuses_ends_with_those_of_its_turn(void **state)
{
    struct fixture *fixture = *state;
    struct seen first, refused, last, after;
    TURN_UNTIL(fixture, pg_is_connected(fixture->pg));
    sends_until_refusal = 2;
    read_int(&first, fixture, ECHO, 1);
    read_int(&refused, fixture, ECHO, 2);
    read_int(&last, fixture, ECHO, 3);
    TURN_UNTIL(fixture, first.results + refused.results + last.results == 3);
    assert_int_equal(first.code, ERR_DATABASE);
    assert_int_equal(refused.code, ERR_DATABASE);
    assert_int_equal(last.code, ERR_DATABASE);
    read_int(&after, fixture, ECHO, 4);
    TURN_UNTIL(fixture, after.results == 1);
    assert_int_equal(after.value, 4);
}

static void cancelled_query_and_transaction_are_silent(void **state)
{
    struct fixture *fixture = *state;
    struct seen early, read, write, begun, after;
    struct err err;
    read_int(&early, fixture, ECHO, 0);
    pg_query_cancel(&early.query); /* while waiting for the connection */
    TURN_UNTIL(fixture, pg_is_connected(fixture->pg));
    read_int(&read, fixture, ECHO, 1);
    write_ints(&write, fixture, INSERT, 1, -1, 0);
    pg_query_cancel(&read.query);
    pg_query_cancel(&read.query);
    pg_tx_cancel(&write.tx);
    pg_tx_cancel(&write.tx);
    begun = (struct seen){.fixture = fixture};
    assert_int_equal(pg_tx_begin(fixture->pg, &begun.tx, on_done, &begun, &err), 0);
    add_int(&begun, INSERT, 2);
    pg_tx_cancel(&begun.tx);
    read_int(&after, fixture, COUNT, 0);
    TURN_UNTIL(fixture, after.results == 1);
    assert_int_equal(after.value, 1); /* the committed one went on, the begun one did not */
    assert_int_equal(early.results + read.results + write.results + write.dones, 0);
    assert_int_equal(begun.results + begun.dones, 0);
    pg_query_cancel(&after.query);
}

static void too_much_is_busy(void **state)
{
    struct fixture *fixture = *state;
    pg_free(fixture->pg);
    fixture->pg = new_pg(fixture, &(struct pg_options){.queue_max = 2});
    struct seen first, second, third;
    struct err err = {0};
    assert_int_equal(read_int(&first, fixture, ECHO, 1), 0);
    assert_int_equal(read_int(&second, fixture, ECHO, 2), 0);
    assert_int_equal(read_int(&third, fixture, ECHO, 3), ERR_BUSY);
    assert_int_equal(pg_tx_begin(fixture->pg, &third.tx, on_done, &third, &err), ERR_BUSY);
    TURN_UNTIL(fixture, second.results == 1);
    assert_int_equal(read_int(&third, fixture, ECHO, 3), 0);
    TURN_UNTIL(fixture, third.results == 1);
    assert_int_equal(third.value, 3);
}

static void freeing_ends_everything_as_closed(void **state)
{
    struct fixture *fixture = *state;
    struct seen waiting, sent, write;
    read_int(&waiting, fixture, ECHO, 1);
    pg_free(fixture->pg);
    assert_int_equal(waiting.results, 1);
    assert_int_equal(waiting.code, ERR_CLOSED);
    fixture->pg = new_pg(fixture, &(struct pg_options){0});
    TURN_UNTIL(fixture, pg_is_connected(fixture->pg));
    read_int(&sent, fixture, SLEEP, 1000);
    write_ints(&write, fixture, INSERT, 1, -1, 0);
    pg_free(fixture->pg);
    fixture->pg = NULL;
    assert_int_equal(sent.code, ERR_CLOSED);
    assert_int_equal(write.results + write.dones, 2);
    assert_int_equal(write.code, ERR_CLOSED);
}

static void killed_server_ends_everything_under_way_and_is_found_again(void **state)
{
    struct fixture *fixture = *state;
    struct seen read, write, queued, after;
    TURN_UNTIL(fixture, pg_is_connected(fixture->pg));
    read_int(&read, fixture, SLEEP, 60000);
    write_ints(&write, fixture, INSERT, 1, -1, 0);
    h2o_evloop_run(fixture->loop, 0);
    pg_cluster_kill(&fixture->cluster);
    TURN_UNTIL(fixture, read.results == 1 && write.dones == 1);
    assert_int_equal(read.code, ERR_DATABASE);
    assert_int_equal(write.code, ERR_DATABASE);
    assert_false(pg_is_connected(fixture->pg));
    assert_int_equal(read_int(&queued, fixture, ECHO, 8), 0);
    h2o_evloop_run(fixture->loop, 100);
    pg_cluster_start(&fixture->cluster);
    TURN_UNTIL(fixture, queued.results == 1);
    assert_int_equal(queued.code, 0);
    assert_int_equal(queued.value, 8);
    read_int(&after, fixture, ECHO, 9);
    TURN_UNTIL(fixture, after.results == 1);
    assert_int_equal(after.value, 9);
    assert_int_equal(read.results + write.dones, 2);
}

static void absent_server_fails_the_waiting_at_the_connect_timeout(void **state)
{
    struct fixture *fixture = *state;
    pg_free(fixture->pg);
    pg_cluster_kill(&fixture->cluster);
    fixture->pg = new_pg(fixture, &(struct pg_options){.connect_timeout_ms = 200});
    struct seen read, write;
    read_int(&read, fixture, ECHO, 1);
    write_ints(&write, fixture, INSERT, 1, INSERT, 2);
    TURN_UNTIL(fixture, read.results == 1 && write.dones == 1);
    assert_int_equal(read.code, ERR_DATABASE);
    assert_int_equal(write.code, ERR_DATABASE);
    assert_int_equal(write.results, 2);
    pg_cluster_start(&fixture->cluster);
    TURN_UNTIL(fixture, pg_is_connected(fixture->pg));
    assert_int_equal(things(fixture), 0);
}

static void frozen_server_is_given_up_after_the_answer_timeout(void **state)
{
    struct fixture *fixture = *state;
    pg_free(fixture->pg);
    fixture->pg =
        new_pg(fixture, &(struct pg_options){.answer_timeout_ms = 300, .connect_timeout_ms = 300});
    TURN_UNTIL(fixture, pg_is_connected(fixture->pg));
    pg_cluster_freeze(&fixture->cluster);
    struct seen read, write, waiting, after;
    struct mono began = clock_mono();
    read_int(&read, fixture, ECHO, 1);
    write_ints(&write, fixture, INSERT, 1, -1, 0);
    TURN_UNTIL(fixture, read.results == 1 && write.dones == 1);
    int64_t took_ms = mono_us_since(began, clock_mono()) / 1000;
    assert_true(took_ms >= 300 && took_ms < 1500);
    assert_int_equal(read.code, ERR_DATABASE);
    assert_int_equal(write.code, ERR_DATABASE);
    read_int(&waiting, fixture, ECHO, 2);
    TURN_UNTIL(fixture, waiting.results == 1);
    assert_int_equal(waiting.code, ERR_DATABASE);
    pg_cluster_thaw(&fixture->cluster);
    TURN_UNTIL(fixture, pg_is_connected(fixture->pg));
    read_int(&after, fixture, ECHO, 3);
    TURN_UNTIL(fixture, after.results == 1);
    assert_int_equal(after.value, 3);
}

static void slow_statement_ends_late_without_dropping_a_talking_server(void **state)
{
    struct fixture *fixture = *state;
    pg_free(fixture->pg);
    fixture->pg = new_pg(
        fixture, &(struct pg_options){.statement_timeout_ms = 200, .answer_timeout_ms = 10000});
    struct seen slow, next;
    read_int(&slow, fixture, SLEEP, 60000);
    read_int(&next, fixture, ECHO, 2);
    TURN_UNTIL(fixture, slow.results == 1 && next.results == 1);
    assert_int_equal(slow.code, ERR_DATABASE);
    assert_string_equal(slow.sqlstate, "57014");
    assert_int_equal(next.value, 2);
    assert_true(pg_is_connected(fixture->pg));
}

static void what_waits_too_long_behind_others_ends_late_while_the_server_talks(void **state)
{
    enum { SLEEPS = 12 };
    struct fixture *fixture = *state;
    pg_free(fixture->pg);
    fixture->pg = new_pg(fixture, &(struct pg_options){.answer_timeout_ms = 500});
    TURN_UNTIL(fixture, pg_is_connected(fixture->pg));
    struct seen sleeps[SLEEPS], write, next;
    for (int i = 0; i < SLEEPS; ++i) {
        read_int(&sleeps[i], fixture, SLEEP, 100);
        h2o_evloop_run(fixture->loop, 0); /* a group each: the server answers group by group */
    }
    write_ints(&write, fixture, INSERT, 1, -1, 0);
    TURN_UNTIL(fixture, write.dones == 1);
    assert_int_equal(sleeps[0].code, 0);
    assert_int_equal(sleeps[SLEEPS - 1].code, ERR_DATABASE);
    assert_int_equal(write.results, 1);
    assert_int_equal(write.code, ERR_DATABASE); /* the outcome is unknown: here it went on */
    assert_true(pg_is_connected(fixture->pg));
    struct mono began = clock_mono();
    do { /* the line empties meanwhile */
        read_int(&next, fixture, COUNT, 0);
        TURN_UNTIL(fixture, next.results == 1);
    } while (next.code != 0 && mono_us_since(began, clock_mono()) < 10000000);
    assert_int_equal(next.value, 1);
    assert_int_equal(write.dones, 1);
    for (int i = 0; i < SLEEPS; ++i)
        assert_int_equal(sleeps[i].results, 1);
}

static void notifications_reach_their_owner(void **state)
{
    struct fixture *fixture = *state;
    TURN_UNTIL(fixture, pg_is_connected(fixture->pg));
    pg_cluster_sql(&fixture->cluster, "notify news, 'hello'");
    TURN_UNTIL(fixture, fixture->notified[0] != 0);
    assert_string_equal(fixture->notified, "news:hello");
}

static void on_all_types(void *owner, const PGresult *result, const struct err *err)
{
    struct seen *seen = owner;
    ++seen->results;
    assert_int_equal(err->code, 0);
    assert_int_equal(pg_get_int(result, 0, 0), INT64_MIN + 1);
    assert_true(pg_get_bool(result, 0, 1));
    assert_true(span_is_str(pg_get_text(result, 0, 2), "Łódź"));
    assert_true(span_is(pg_get_text(result, 0, 3), SPAN_LIT("\0\xff\1")));
    assert_int_equal(pg_get_instant(result, 0, 4).us, INT64_C(951782399123456));
    assert_int_equal(pg_get_date(result, 0, 5),
                     11016); /* 2000-02-29: date -d 2000-02-29 +%s / 86400 */
    assert_true(span_is_str(pg_get_text(result, 0, 6), "2000-02-28 23:59:59.123456+00"));
    assert_true(span_is_str(pg_get_text(result, 0, 7), "2000-02-29"));
    assert_true(pg_is_null(result, 0, 8));
    assert_null(pg_get_text(result, 0, 8).base);
}

static void every_type_survives_the_round(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen = {.fixture = fixture};
    struct pg_args args;
    struct err err;
    pg_args_init(&args);
    pg_arg_int(&args, INT64_MIN + 1);
    pg_arg_bool(&args, true);
    pg_arg_text(&args, span_str("Łódź"));
    pg_arg_bytes(&args, SPAN_LIT("\0\xff\1"));
    pg_arg_instant(&args, (struct instant){INT64_C(951782399123456)});
    pg_arg_date(&args, 11016);
    pg_arg_text(&args, (struct span){0});
    pg_cluster_sql(&fixture->cluster, "alter role owner set timezone = 'UTC'");
    assert_int_equal(pg_read(fixture->pg, &seen.query, ALL_TYPES, &args, on_all_types, &seen, &err),
                     0);
    pg_args_release(&args);
    TURN_UNTIL(fixture, seen.results == 1);
}

static void on_arrays(void *owner, const PGresult *result, const struct err *err)
{
    static const char *const expected[] = {"{1,NULL,-3}",
                                           "{\"a,b\",NULL,\"\"}",
                                           "{\"\\\\x00ff\",NULL,\"\\\\x\"}",
                                           "{\"2000-01-01 00:00:00+00\",NULL}",
                                           "{1970-01-01,NULL,1969-12-31}",
                                           "{t,f}",
                                           "{}"};
    struct seen *seen = owner;
    ++seen->results;
    assert_int_equal(err->code, 0);
    for (int i = 0; i < 7; ++i) {
        struct span text = pg_get_text(result, 0, i);
        assert_int_equal(text.len, strlen(expected[i]));
        assert_memory_equal(text.base, expected[i], text.len);
    }
}

static void arrays_survive_with_their_nulls(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen = {.fixture = fixture};
    struct pg_args args;
    struct err err;
    pg_args_init(&args);
    pg_arg_ints(&args, (const int64_t[]){1, PG_NULL_INT, -3}, 3);
    pg_arg_texts(&args, (const struct span[]){SPAN_LIT("a,b"), {0}, SPAN_LIT("")}, 3);
    pg_arg_bytes_array(&args, (const struct span[]){SPAN_LIT("\0\xff"), {0}, SPAN_LIT("")}, 3);
    pg_arg_instants(&args, (const struct instant[]){{INT64_C(946684800000000)}, {PG_NULL_INT}}, 2);
    pg_arg_dates(&args, (const int32_t[]){0, PG_NULL_DATE, -1}, 3);
    pg_arg_bools(&args, (const bool[]){true, false}, 2);
    pg_arg_ints(&args, NULL, 0);
    pg_cluster_sql(&fixture->cluster, "alter role owner set timezone = 'UTC'");
    pg_free(fixture->pg);
    fixture->pg = new_pg(fixture, &(struct pg_options){0});
    assert_int_equal(pg_read(fixture->pg, &seen.query, ARRAYS, &args, on_arrays, &seen, &err), 0);
    pg_args_release(&args);
    TURN_UNTIL(fixture, seen.results == 1);
}

static void large_parameters_pass_through_a_full_socket(void **state)
{
    struct fixture *fixture = *state;
    enum { SIZE = 4 << 20, COPIES = 8 };
    char *text = malloc(SIZE);
    memset(text, 'x', SIZE);
    struct seen seen[COPIES];
    struct err err;
    TURN_UNTIL(fixture, pg_is_connected(fixture->pg));
    for (int i = 0; i < COPIES; ++i) {
        struct pg_args args;
        pg_args_init(&args);
        pg_arg_text(&args, span_of(text, SIZE));
        seen[i] = (struct seen){.fixture = fixture};
        assert_int_equal(
            pg_read(fixture->pg, &seen[i].query, BIG, &args, on_result, &seen[i], &err), 0);
        pg_args_release(&args);
    }
    free(text);
    TURN_UNTIL(fixture, seen[COPIES - 1].results == 1);
    assert_int_equal(seen[COPIES - 1].value, SIZE);
}

static void statement_that_cannot_be_prepared_keeps_the_connection_away(void **state)
{
    static const struct pg_statement broken[] = {
        {"echo", "select $1::bigint"}, {"misspelt", "selct 1"}, {NULL, NULL}};
    struct fixture *fixture = *state;
    pg_free(fixture->pg);
    fixture->pg =
        new_pg(fixture, &(struct pg_options){.statements = broken, .connect_timeout_ms = 500});
    struct seen read;
    read_int(&read, fixture, ECHO, 1);
    TURN_UNTIL(fixture, read.results == 1);
    assert_int_equal(read.code, ERR_DATABASE);
    assert_false(pg_is_connected(fixture->pg));
}

static void ask_prepared_count(struct seen *seen, struct fixture *fixture)
{
    struct err err;
    seen->fixture = fixture;
    assert_int_equal(pg_read(fixture->pg, &seen->query, PREPARED, NULL, on_result, seen, &err), 0);
    TURN_UNTIL(fixture, seen->results == 1);
    assert_int_equal(seen->code, 0);
}

static void lose_connection(struct fixture *fixture)
{
    pg_cluster_sql(&fixture->cluster, "select pg_terminate_backend(pid) from pg_stat_activity"
                                      " where pid <> pg_backend_pid() and backend_type ="
                                      " 'client backend'");
    TURN_UNTIL(fixture, !pg_is_connected(fixture->pg));
    TURN_UNTIL(fixture, pg_is_connected(fixture->pg));
}

/* A server that has just begun again is asked for what is needed now. */
static void a_connection_that_came_back_prepares_what_it_is_asked_for(void **state)
{
    struct fixture *fixture = *state;
    struct seen first = {0}, second = {0}, third = {0}, read = {0}, write = {0};
    TURN_UNTIL(fixture, pg_is_connected(fixture->pg));
    ask_prepared_count(&first, fixture);
    assert_int_equal(first.value, PREPARED + 1); /* all, so that a broken one shows at once */
    lose_connection(fixture);
    ask_prepared_count(&second, fixture);
    assert_int_equal(second.value, 1);
    read_int(&read, fixture, ECHO, 7);
    write_ints(&write, fixture, INSERT, 701, ECHO, 5);
    TURN_UNTIL(fixture, write.dones == 1);
    assert_int_equal(write.code, 0);
    assert_int_equal(read.value, 7);
    ask_prepared_count(&third, fixture);
    assert_int_equal(third.value, 3);
}

/* The statement after it in the same transaction finds itself prepared all the same. */
static void a_failed_transaction_does_not_cost_the_next_its_statements(void **state)
{
    struct fixture *fixture = *state;
    struct seen failing = {0}, next = {0};
    TURN_UNTIL(fixture, pg_is_connected(fixture->pg));
    lose_connection(fixture);
    write_ints(&failing, fixture, FAIL, 1, INSERT, 702);
    write_ints(&next, fixture, INSERT, 703, -1, 0);
    TURN_UNTIL(fixture, next.dones == 1);
    assert_int_equal(failing.code, ERR_DATABASE);
    assert_int_equal(next.code, 0);
}

static void a_read_of_a_turn_that_must_be_prepared_waits_for_nobody(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen[4];
    TURN_UNTIL(fixture, pg_is_connected(fixture->pg));
    lose_connection(fixture);
    read_int(&seen[0], fixture, ECHO, 1);
    read_int(&seen[1], fixture, FAIL, 1);
    read_int(&seen[2], fixture, ECHO, 2);
    read_int(&seen[3], fixture, COUNT, 0);
    TURN_UNTIL(fixture, seen[3].results == 1 && seen[2].results == 1);
    assert_int_equal(seen[0].value, 1);
    assert_int_equal(seen[1].code, ERR_DATABASE);
    assert_int_equal(seen[2].value, 2);
    assert_int_equal(seen[3].code, 0);
}

/* Asks again from inside a callback, as every flow does. */
static void on_first_of_two(void *owner, const PGresult *result, const struct err *err)
{
    struct seen *seen = owner;
    struct seen *next = seen + 1;
    on_result(owner, result, err);
    read_int(next, seen->fixture, ECHO, seen->value + 1);
}

static void callback_may_ask_again(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen[2] = {{.fixture = fixture}, {.fixture = fixture}};
    struct pg_args args;
    struct err err;
    pg_args_init(&args);
    pg_arg_int(&args, 41);
    assert_int_equal(
        pg_read(fixture->pg, &seen[0].query, ECHO, &args, on_first_of_two, &seen[0], &err), 0);
    pg_args_release(&args);
    TURN_UNTIL(fixture, seen[1].results == 1);
    assert_int_equal(seen[1].value, 42);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_asked_before_the_connection_stands_are_answered_in_order),
        TEST(reads_of_one_turn_are_answered_in_order),
        TEST(failing_read_does_not_fail_its_neighbours),
        TEST(transaction_reports_success_after_its_sync),
        TEST(failing_statement_after_a_good_one_fails_the_transaction),
        TEST(good_statement_after_a_failing_one_is_told_so),
        TEST(failing_transaction_leaves_its_neighbours_of_the_turn_alone),
        TEST(failing_read_before_a_transaction_of_the_turn_does_not_fail_it),
        TEST(failure_at_commit_is_no_success),
        TEST(guard_of_our_own_is_a_conflict),
        TEST(transaction_with_a_statement_that_libpq_refuses_leaves_nothing_behind),
        TEST(read_that_libpq_refuses_ends_with_those_of_its_turn),
        TEST(cancelled_query_and_transaction_are_silent),
        TEST(too_much_is_busy),
        TEST(freeing_ends_everything_as_closed),
        TEST(killed_server_ends_everything_under_way_and_is_found_again),
        TEST(absent_server_fails_the_waiting_at_the_connect_timeout),
        TEST(frozen_server_is_given_up_after_the_answer_timeout),
        TEST(slow_statement_ends_late_without_dropping_a_talking_server),
        TEST(what_waits_too_long_behind_others_ends_late_while_the_server_talks),
        TEST(notifications_reach_their_owner),
        TEST(every_type_survives_the_round),
        TEST(arrays_survive_with_their_nulls),
        TEST(large_parameters_pass_through_a_full_socket),
        TEST(statement_that_cannot_be_prepared_keeps_the_connection_away),
        TEST(a_connection_that_came_back_prepares_what_it_is_asked_for),
        TEST(a_failed_transaction_does_not_cost_the_next_its_statements),
        TEST(a_read_of_a_turn_that_must_be_prepared_waits_for_nobody),
        TEST(callback_may_ask_again),
    };
    return cmocka_run_group_tests(tests, suite_setup, suite_teardown);
}
