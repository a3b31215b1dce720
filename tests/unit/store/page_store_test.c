#include "store/page_store.h"

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

enum { READS_MAX = 200 };

struct reading {
    struct page_read read;
    struct page_row row;
    char number[16], name[16], language[4];
    int calls, code;
    bool is_there;
};

struct fixture {
    struct pg_cluster cluster;
    h2o_loop_t *loop;
    struct store *store;
    struct timer alarm;
    bool is_late;
    struct reading readings[READS_MAX];
    int called;
};

/* 2026-11-22T23:30:00Z: already the 23rd in Warsaw. */
static const struct instant now = {INT64_C(1795390200) * 1000000};

static struct fixture *the_fixture;

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

static void connect_store(struct fixture *f)
{
    f->store = store_new(f->loop, &(struct store_options){
                                      .conninfo = f->cluster.app_conninfo,
                                      .read_timeout_ms = 20000,
                                      .write_timeout_ms = 20000,
                                  });
    TURN_UNTIL(f, store_is_ready(f->store));
}

static int suite_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct err err;
    int applied;
    log_init(LOG_ERROR, "test");
    pg_cluster_new(&f->cluster);
    struct migrate_plan plan = {
        .conninfo = f->cluster.conninfo, .files = migrations_files, .count = migrations_count};
    assert_int_equal(migrate_run(&plan, &applied, &err), 0);
    f->loop = h2o_evloop_create();
    timer_init(&f->alarm, f->loop, "alarm", on_alarm, f);
    connect_store(f);
    *state = the_fixture = f;
    return 0;
}

static int suite_teardown(void **state)
{
    struct fixture *f = *state;
    store_free(f->store);
    timer_loop_release(f->loop);
    h2o_evloop_destroy(f->loop);
    pg_cluster_free(&f->cluster);
    free(f);
    return 0;
}

/* Customers 1 to 150, each with one link to one invoice, N/1 to N/150, due on the 25th. */
static int setup(void **state)
{
    struct fixture *f = *state;
    memset(f->readings, 0, sizeof(f->readings));
    f->called = 0;
    pg_cluster_sql(&f->cluster,
                   "truncate customer, invoice, ledger_entry, hold, paylink, payment, "
                   "payment_allocation cascade;"
                   "insert into customer (customer_id, reference, name, created_at, changed_at)"
                   " select i, 'c' || i, 'Anna Nowak', now(), now() from generate_series(1, 150) i;"
                   "insert into invoice (customer_id, invoice_id, number, kind, product, currency,"
                   " amount_minor, due_minor, issue_date, due_date, account, entry_count, link_no,"
                   " created_at, changed_at)"
                   " select i, i + 1000, 'N/' || i, 'premium', 'OC', 'PLN', 500, 500, '2026-11-01',"
                   " '2026-11-25', 'PL61109010140000071219812874', 1, 1, now(), now()"
                   " from generate_series(1, 150) i;"
                   "insert into paylink (customer_id, link_no, invoice_id, state, created_at)"
                   " select i, 1, i + 1000, 'active', now() from generate_series(1, 150) i");
    return 0;
}

static void on_read(void *owner, const struct page_row *row, const struct err *err)
{
    struct reading *reading = owner;
    ++reading->calls;
    ++the_fixture->called;
    reading->code = err == NULL ? 0 : err->code;
    reading->is_there = row != NULL;
    if (row == NULL)
        return;
    reading->row = *row;
    snprintf(reading->number, sizeof(reading->number), "%.*s", SPAN_ARG(row->number));
    snprintf(reading->name, sizeof(reading->name), "%.*s", SPAN_ARG(row->name));
    snprintf(reading->language, sizeof(reading->language), "%.*s", SPAN_ARG(row->language));
}

static struct reading *ask(struct fixture *f, int place, int64_t customer_id, int32_t link_no)
{
    struct err err;
    struct reading *reading = &f->readings[place];
    struct paylink_id id = {.customer_id = customer_id, .link_no = link_no};
    assert_int_equal(page_store_read(f->store, &reading->read, id, now, on_read, reading, &err), 0);
    assert_int_equal(reading->calls, 0);
    return reading;
}

static struct reading *read_one(struct fixture *f, int64_t customer_id, int32_t link_no)
{
    struct reading *reading = ask(f, 0, customer_id, link_no);
    TURN_UNTIL(f, reading->calls == 1);
    assert_int_equal(reading->code, 0);
    return reading;
}

static void fresh_debt_reads_as_it_was_imported(void **state)
{
    struct reading *r = read_one(*state, 7, 1);
    assert_true(r->is_there);
    assert_string_equal(r->number, "N/7");
    assert_int_equal(r->row.due_minor, 500);
    assert_int_equal(r->row.paid_minor, 0);
    assert_int_equal(r->row.holds, 0);
    assert_false(r->row.payment.is_there);
    assert_false(r->row.is_revoked);
}

static void days_are_counted_where_the_customer_lives(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(read_one(f, 7, 1)->row.days_left, 2);
    pg_cluster_sql(&f->cluster, "update customer set time_zone = 'America/New_York'"
                                " where customer_id = 7");
    f->readings[0].calls = 0;
    assert_int_equal(read_one(f, 7, 1)->row.days_left, 3);
}

/* The payer's data stand on the invoices too. */
static void change_of_the_customer_shows_on_every_page(void **state)
{
    struct fixture *f = *state;
    pg_cluster_sql(&f->cluster,
                   "insert into invoice (customer_id, invoice_id, number, kind, currency,"
                   " amount_minor, due_minor, issue_date, due_date, entry_count, link_no,"
                   " created_at, changed_at) values (7, 2007, 'M/7', 'other', 'PLN', 1, 1,"
                   " '2026-11-01', '2026-11-25', 1, 2, now(), now());"
                   "update customer set name = 'Jan Zielony', language = 'uk'"
                   " where customer_id = 7");
    for (int link_no = 1; link_no <= 2; ++link_no) {
        f->readings[0].calls = 0;
        struct reading *r = read_one(f, 7, link_no);
        assert_string_equal(r->name, "Jan Zielony");
        assert_string_equal(r->language, "uk");
    }
    pg_cluster_sql(&f->cluster, "update customer set name = null where customer_id = 7");
    f->readings[0].calls = 0;
    assert_string_equal(read_one(f, 7, 2)->name, "");
}

static void link_that_does_not_exist_has_no_row(void **state)
{
    assert_false(read_one(*state, 7, 2)->is_there);
}

static void revoked_link_says_so(void **state)
{
    struct fixture *f = *state;
    pg_cluster_sql(&f->cluster, "update invoice set link_no = null where customer_id = 7;"
                                "update paylink set state = 'revoked', revoked_at = now()"
                                " where customer_id = 7");
    assert_true(read_one(f, 7, 1)->row.is_revoked);
}

static void what_came_in_and_went_back_is_summed(void **state)
{
    struct fixture *f = *state;
    pg_cluster_sql(&f->cluster,
                   "update invoice set entry_count = 4, due_minor = 430 where customer_id = 7;"
                   "insert into ledger_entry (customer_id, invoice_id, entry_no, kind,"
                   " amount_minor, currency, payment_no, source_reference, at) values"
                   " (7, 1007, 1, 'charge', 500, 'PLN', null, '', now()),"
                   " (7, 1007, 2, 'payment', -100, 'PLN', 1, 'a', now()),"
                   " (7, 1007, 3, 'refund', 30, 'PLN', 1, 'b', now()),"
                   " (7, 1007, 4, 'fee', 5, 'PLN', null, '', now())");
    assert_int_equal(read_one(f, 7, 1)->row.paid_minor, 70);
}

static void only_holds_in_force_count(void **state)
{
    struct fixture *f = *state;
    pg_cluster_sql(&f->cluster,
                   "update invoice set hold_count = 5 where customer_id = 7;"
                   "insert into hold (customer_id, invoice_id, hold_no, kind, until, created_at,"
                   " released_at) values (7, 1007, 1, 'plan', null, now(), null),"
                   " (7, 1007, 2, 'plan', null, now(), null),"
                   " (7, 1007, 3, 'promise', '2026-11-22T23:00:00Z', now(), null),"
                   " (7, 1007, 4, 'dispute', null, now(), now()),"
                   " (7, 1007, 5, 'admin', '2026-12-01', now(), null)");
    assert_int_equal(read_one(f, 7, 1)->row.holds, PAGE_HOLD_PLAN | PAGE_HOLD_ADMIN);
}

static void pending_payment_speaks_before_newer_ones(void **state)
{
    struct fixture *f = *state;
    pg_cluster_sql(&f->cluster,
                   "update customer set payment_count = 3 where customer_id = 7;"
                   "insert into payment (customer_id, payment_no, link_no, provider, account,"
                   " method, amount_minor, currency, state, reason, form_nonce, created_at,"
                   " changed_at) select 7, n, 1, 'sandbox', 'default', 'blik', 100 + n, 'PLN',"
                   " (array['failed', 'pending', 'failed'])[n], 'closed', 'n' || n, now(), now()"
                   " from generate_series(1, 3) n;"
                   "insert into payment_allocation (customer_id, payment_no, invoice_id,"
                   " amount_minor) select 7, n, 1007, 90 + n from generate_series(1, 3) n");
    struct reading *r = read_one(f, 7, 1);
    assert_int_equal(r->row.payment.state, PAYMENT_PENDING);
    assert_int_equal(r->row.payment.amount_minor, 92); /* the rest is for other debts */
    assert_int_equal(r->row.payment.whole_minor, 102);
    assert_true(r->row.payment.is_blik);
    pg_cluster_sql(&f->cluster, "update payment set state = 'failed'");
    r->calls = 0;
    assert_int_equal(read_one(f, 7, 1)->row.payment.amount_minor, 93);
}

/* Debts on which something has happened are read by another statement than fresh ones. */
static void each_of_many_gets_its_own_row(void **state)
{
    struct fixture *f = *state;
    pg_cluster_sql(&f->cluster,
                   "update invoice set hold_count = 1 where customer_id % 3 = 0;"
                   "insert into hold (customer_id, invoice_id, hold_no, kind, created_at)"
                   " select customer_id, invoice_id, 1, 'dispute', now() from invoice"
                   " where customer_id % 3 = 0;"
                   "update customer set payment_count = 1 where customer_id % 7 = 0");
    for (int i = 0; i != READS_MAX; ++i) /* the last 50 are of nobody */
        ask(f, i, i + 1, 1);
    TURN_UNTIL(f, f->called == READS_MAX);
    for (int i = 0; i != READS_MAX; ++i) {
        char number[16];
        snprintf(number, sizeof(number), "N/%d", i + 1);
        assert_int_equal(f->readings[i].calls, 1);
        assert_int_equal(f->readings[i].is_there, i < 150);
        if (i >= 150)
            continue;
        assert_string_equal(f->readings[i].number, number);
        assert_int_equal(f->readings[i].row.holds, (i + 1) % 3 == 0 ? PAGE_HOLD_DISPUTE : 0);
    }
}

static void cancelled_read_never_calls_back(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i != 150; ++i)
        ask(f, i, i + 1, 1);
    page_read_cancel(&f->readings[3].read); /* not sent yet */
    h2o_evloop_run(f->loop, 0);
    page_read_cancel(&f->readings[4].read); /* under way */
    page_read_cancel(&f->readings[149].read);
    int cancelled = 3 - f->readings[4].calls - f->readings[149].calls;
    TURN_UNTIL(f, f->called == 150 - cancelled);
    assert_int_equal(f->readings[3].calls, 0);
    page_read_cancel(&f->readings[5].read); /* called back: harmless */
}

static void lost_database_fails_all_that_wait(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i != READS_MAX; ++i)
        ask(f, i, 1, 1);
    store_free(f->store);
    assert_int_equal(f->called, READS_MAX);
    for (int i = 0; i != READS_MAX; ++i)
        assert_true(f->readings[i].code < 0);
    connect_store(f);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, setup)
    const struct CMUnitTest tests[] = {
        TEST(fresh_debt_reads_as_it_was_imported),
        TEST(days_are_counted_where_the_customer_lives),
        TEST(change_of_the_customer_shows_on_every_page),
        TEST(link_that_does_not_exist_has_no_row),
        TEST(revoked_link_says_so),
        TEST(what_came_in_and_went_back_is_summed),
        TEST(only_holds_in_force_count),
        TEST(pending_payment_speaks_before_newer_ones),
        TEST(each_of_many_gets_its_own_row),
        TEST(cancelled_read_never_calls_back),
        TEST(lost_database_fails_all_that_wait),
    };
    return cmocka_run_group_tests(tests, suite_setup, suite_teardown);
}
