#include "store/migrate.h"

#include "embedded_file.h"
#include "migrations.h"
#include "support/pg_cluster.h"

#include <libpq-fe.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

struct fixture {
    struct pg_cluster cluster;
    char owner[160], app[160]; /* conninfo to the database of this test */
    PGconn *conn;              /* as the application */
};

static int suite_setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    pg_cluster_new(&fixture->cluster);
    snprintf(fixture->owner, sizeof(fixture->owner), "host=%s user=owner dbname=one",
             fixture->cluster.dir);
    snprintf(fixture->app, sizeof(fixture->app), "host=%s user=dunlin_app dbname=one",
             fixture->cluster.dir);
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
    pg_cluster_sql(&fixture->cluster, "drop database if exists one");
    pg_cluster_sql(&fixture->cluster, "create database one");
    return 0;
}

static struct migrate_plan plan_of(struct fixture *fixture, const struct embedded_file *files,
                                   size_t count)
{
    return (struct migrate_plan){.conninfo = fixture->owner, .files = files, .count = count};
}

static struct migrate_plan whole_plan(struct fixture *fixture)
{
    return plan_of(fixture, migrations_files, migrations_count);
}

static void migrate(struct fixture *fixture, int expected)
{
    struct err err = {0};
    struct migrate_plan plan = whole_plan(fixture);
    int applied = -1;
    if (migrate_run(&plan, &applied, &err) != 0)
        fail_msg("%s", err.text);
    assert_int_equal(applied, expected);
}

static int setup_migrated(void **state)
{
    struct fixture *fixture = *state;
    setup(state);
    migrate(fixture, (int)migrations_count);
    fixture->conn = PQconnectdb(fixture->app);
    assert_int_equal(PQstatus(fixture->conn), CONNECTION_OK);
    return 0;
}

static int teardown_migrated(void **state)
{
    struct fixture *fixture = *state;
    PQfinish(fixture->conn);
    return 0;
}

static enum migrate_state check(struct migrate_plan *plan)
{
    struct err err = {0};
    enum migrate_state state;
    if (migrate_check(plan, &state, &err) != 0)
        fail_msg("%s", err.text);
    return state;
}

static void all_apply_from_empty_and_again_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct migrate_plan plan = whole_plan(fixture);
    assert_int_equal(check(&plan), MIGRATE_OLD);
    migrate(fixture, (int)migrations_count);
    migrate(fixture, 0);
    assert_int_equal(check(&plan), MIGRATE_EQUAL);
    plan.conninfo = fixture->app; /* the application may look, too */
    assert_int_equal(check(&plan), MIGRATE_EQUAL);
}

static void application_runs_on_an_equal_schema_and_cannot_change_an_old_one(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    int applied;
    migrate(fixture, (int)migrations_count);
    struct migrate_plan plan = whole_plan(fixture);
    plan.conninfo = fixture->app;
    assert_int_equal(migrate_run(&plan, &applied, &err), 0);
    assert_int_equal(applied, 0);
    setup(state);
    assert_int_equal(migrate_run(&plan, &applied, &err), ERR_DATABASE);
    assert_non_null(strstr(err.text, "only the owner of the tables may migrate them"));
}

static void second_database_of_a_cluster_migrates_too(void **state)
{
    struct fixture *fixture = *state;
    migrate(fixture, (int)migrations_count);
    setup(state); /* the role remains */
    migrate(fixture, (int)migrations_count);
}

static void twenty_at_once_apply_each_once(void **state)
{
    enum { TWENTY = 20 };
    struct fixture *fixture = *state;
    struct migrate_plan plan = whole_plan(fixture);
    pid_t pids[TWENTY];
    for (int i = 0; i < TWENTY; ++i) {
        pids[i] = fork();
        if (pids[i] == 0) {
            int applied;
            struct err err;
            _exit(migrate_run(&plan, &applied, &err) == 0 ? applied : 255);
        }
    }
    int total = 0;
    for (int i = 0; i < TWENTY; ++i) {
        int status = 0;
        waitpid(pids[i], &status, 0);
        assert_int_not_equal(WEXITSTATUS(status), 255);
        total += WEXITSTATUS(status);
    }
    assert_int_equal(total, migrations_count);
}

static const struct embedded_file first = {"0001_first.sql", "create table one (id integer)", 29};
static const struct embedded_file second = {"0002_second.sql", "create table two (id integer)", 29};

static void newer_schema_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    int applied;
    struct migrate_plan newer = plan_of(fixture, (const struct embedded_file[]){first, second}, 2);
    assert_int_equal(migrate_run(&newer, &applied, &err), 0);
    struct migrate_plan older = plan_of(fixture, &first, 1);
    assert_int_equal(check(&older), MIGRATE_NEW);
    assert_int_equal(migrate_run(&older, &applied, &err), ERR_SETTINGS);
    assert_non_null(strstr(err.text, "schema is newer than this program"));
    assert_int_equal(applied, 0);
}

static void changed_file_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    int applied;
    struct migrate_plan plan = plan_of(fixture, &first, 1);
    assert_int_equal(migrate_run(&plan, &applied, &err), 0);
    struct embedded_file changed = {first.name, "create table uno (id integer)", 29};
    plan = plan_of(fixture, (const struct embedded_file[]){changed, second}, 2);
    assert_int_equal(check(&plan), MIGRATE_CHANGED);
    assert_int_equal(migrate_run(&plan, &applied, &err), ERR_SETTINGS);
    assert_int_equal(applied, 0);
}

static void failing_migration_leaves_the_ones_before_it_and_nothing_of_itself(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    int applied;
    struct embedded_file bad = {"0002_bad.sql", "create table two (id integer); selct 1", 38};
    struct migrate_plan plan = plan_of(fixture, (const struct embedded_file[]){first, bad}, 2);
    assert_int_equal(migrate_run(&plan, &applied, &err), ERR_DATABASE);
    assert_non_null(strstr(err.text, "0002_bad.sql"));
    assert_int_equal(applied, 1);
    plan = plan_of(fixture, (const struct embedded_file[]){first, second}, 2);
    assert_int_equal(check(&plan), MIGRATE_OLD);
    assert_int_equal(migrate_run(&plan, &applied, &err), 0);
    assert_int_equal(applied, 1);
}

static void absent_database_is_a_failure_not_a_state(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    enum migrate_state seen;
    struct migrate_plan plan = whole_plan(fixture);
    plan.conninfo = "host=/nowhere user=owner";
    assert_int_equal(migrate_check(&plan, &seen, &err), ERR_DATABASE);
}

/* The SQLSTATE that the application gets for a statement; "" when it is allowed. */
static const char *sqlstate_of(struct fixture *fixture, const char *sql)
{
    static char code[6];
    PGresult *result = PQexec(fixture->conn, sql);
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    snprintf(code, sizeof(code), "%s", state == NULL ? "" : state);
    PQclear(result);
    return code;
}

static void application_cannot_rewrite_history(void **state)
{
    struct fixture *fixture = *state;
    static const char *const forbidden[] = {
        "update event set kind = 'x'",
        "delete from event",
        "truncate event",
        "update callback set body = ''",
        "delete from callback",
        "update ledger_entry set amount_minor = 1",
        "delete from ledger_entry",
        "truncate ledger_entry",
        "update chain_anchor set hash = ''",
        "delete from chain_anchor",
        "delete from invoice",
        "delete from payment",
        "update provider_reference set payment_no = 1",
        "update event_personal set data = ''",
        "delete from device",
        "delete from push",
        "update schema_migration set name = ''",
        "create table mine (id integer)",
    };
    for (size_t i = 0; i < sizeof(forbidden) / sizeof(*forbidden); ++i)
        if (strcmp(sqlstate_of(fixture, forbidden[i]), "42501") != 0)
            fail_msg("the application may: %s", forbidden[i]);
}

static void application_may_add_and_people_can_be_erased(void **state)
{
    struct fixture *fixture = *state;
    static const char *const allowed[] = {
        "insert into customer (reference, created_at, changed_at) values ('A', now(), now())",
        "insert into invoice (customer_id, number, kind, currency, amount_minor, due_minor, "
        "issue_date, due_date, created_at, changed_at) values (1, 'F/1', 'invoice', 'PLN', 100, "
        "100, '2026-01-01', '2026-01-15', now(), now())",
        "insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor, "
        "currency, at) values (1, 1, 1, 'charge', 100, 'PLN', now())",
        "insert into event (customer_id, invoice_id, event_no, at, kind, facts, prev_hash, hash) "
        "values (1, 1, 1, now(), 'invoice.imported', '{}', '', event_hash('', 1, 1, 1, now(), "
        "'invoice.imported', '{}', null))",
        "insert into event_personal values (1, 1, 1, '\\x00', '{}')",
        "delete from event_personal",
        "insert into callback values ('sandbox', 'a', 'k', now(), '{}', 'body')",
        "insert into reminder (customer_id, invoice_id, step, due_at, state, reason) values "
        "(1, 1, 'issue', now(), 'scheduled', 'planned')",
        "select nextval('customer_customer_id_seq'), nextval('invoice_invoice_id_seq')",
    };
    for (size_t i = 0; i < sizeof(allowed) / sizeof(*allowed); ++i)
        if (strcmp(sqlstate_of(fixture, allowed[i]), "") != 0)
            fail_msg("the application may not: %s: %s", allowed[i], PQerrorMessage(fixture->conn));
}

/* Each row breaks one rule of one otherwise good row; 23514 is a check, 23505 a unique key. */
static void constraints_refuse_what_the_domain_refuses(void **state)
{
#define INVOICE(kind, currency, amount)                                                            \
    "insert into invoice (customer_id, number, kind, currency, amount_minor, due_minor, "          \
    "issue_date, due_date, created_at, changed_at) values (1, 'F/1', " kind ", " currency          \
    ", " amount ", 0, '2026-01-01', '2026-01-15', now(), now())"
#define ENTRY(no, kind, amount, payment, source)                                                   \
    "insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor, currency, "  \
    "payment_no, source_reference, at) values (1, 1, " no ", " kind ", " amount                    \
    ", 'PLN', " payment ", " source ", now())"
#define PAYMENT(no, amount, state, nonce)                                                          \
    "insert into payment (customer_id, payment_no, link_no, provider, account, method, "           \
    "amount_minor, currency, state, form_nonce, created_at, changed_at) values (1, " no            \
    ", 1, 'sandbox', 'a', 'redirect', " amount ", 'PLN', " state ", " nonce ", now(), now())"
#define LINK(no, invoice, state, revoked)                                                          \
    "insert into paylink values (1, " no ", " invoice ", " state ", now(), " revoked ", null)"
    static const struct {
        const char *sql, *sqlstate;
    } rows[] = {
        {"insert into customer (customer_id, reference, created_at, changed_at) values "
         "(1, 'A', now(), now())",
         ""},
        {"insert into customer (customer_id, reference, created_at, changed_at) values "
         "(68719476736, 'B', now(), now())",
         "23514"}, /* 2^36: no room in the code */
        {"insert into customer (customer_id, reference, created_at, changed_at) values "
         "(0, 'B', now(), now())",
         "23514"},
        {"insert into customer (reference, language, created_at, changed_at) values "
         "('B', 'de', now(), now())",
         "23514"},
        {INVOICE("'invoice'", "'PLN'", "100"), ""},
        {INVOICE("'invoice'", "'PLN'", "100"), "23505"}, /* the number again */
        {INVOICE("'gift'", "'PLN'", "100"), "23514"},
        {INVOICE("'invoice'", "'pln'", "100"), "23514"},
        {INVOICE("'invoice'", "'PLN'", "0"), "23514"},
        {ENTRY("1", "'charge'", "100", "null", "''"), ""},
        {ENTRY("2", "'charge'", "-100", "null", "''"), "23514"},
        {ENTRY("2", "'payment'", "100", "1", "'m'"), "23514"},
        {ENTRY("2", "'payment'", "-100", "null", "'m'"), "23514"},
        {ENTRY("2", "'correction'", "0", "null", "''"), "23514"},
        {ENTRY("2", "'payment'", "-100", "1", "'m'"), ""},
        {ENTRY("3", "'payment'", "-100", "1", "'m'"), "23505"}, /* the movement again */
        {ENTRY("3", "'payment'", "-100", "1", "'n'"), ""},
        {ENTRY("4", "'refund'", "-5", "1", "'r'"), "23514"},
        {ENTRY("4", "'chargeback'", "-5", "1", "'r'"), "23514"},
        {ENTRY("4", "'chargeback_reversal'", "5", "1", "'r'"), "23514"},
        {PAYMENT("1", "100", "'created'", "'n1'"), ""},
        {PAYMENT("2", "100", "'created'", "'n1'"), "23505"}, /* the form again */
        {PAYMENT("2", "0", "'created'", "'n2'"), "23514"},
        {PAYMENT("2", "100", "'lost'", "'n2'"), "23514"},
        {PAYMENT("524288", "100", "'created'", "'n2'"), "23514"}, /* 2^19 */
        {LINK("1", "1", "'active'", "null"), ""},
        {LINK("2", "1", "'active'", "null"), "23505"}, /* one active link a debt */
        {LINK("2", "1", "'revoked'", "null"), "23514"},
        {LINK("2", "1", "'active'", "now()"), "23514"},
        {LINK("524288", "2", "'active'", "null"), "23514"},
        {"insert into payment_allocation values (1, 1, 1, 0)", "23514"},
        {"insert into installation (kind) values ('test')", "23514"},
        {"insert into installation (kind) values ('demo')", ""},
        {"insert into installation (kind) values ('live')", "23505"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); ++i) {
        const char *seen = sqlstate_of(fixture, rows[i].sql);
        if (strcmp(seen, rows[i].sqlstate) != 0)
            fail_msg("\"%s\" instead of \"%s\": %s", seen, rows[i].sqlstate, rows[i].sql);
    }
}

/* The migrations before the one whose number this is. */
static size_t migrations_before(const char *number)
{
    size_t count = 0;
    while (count < migrations_count && strncmp(migrations_files[count].name, number, 4) < 0)
        ++count;
    return count;
}

/* One customer with four debts: a live link that replaced another, a revoked one, none; and holds.
 */
static const char *const debts_of_old[] = {
    "insert into customer (customer_id, reference, created_at, changed_at) values "
    "(1, 'A', now(), now())",
    "insert into invoice (customer_id, invoice_id, number, kind, currency, amount_minor, due_minor,"
    " issue_date, due_date, created_at, changed_at) select 1, n, 'F/' || n, 'invoice', 'PLN', 100,"
    " 100, '2026-01-01', '2026-01-15', now(), now() from generate_series(1, 4) n",
    "insert into paylink values (1, 1, 1, 'revoked', now(), now(), 2),"
    " (1, 2, 1, 'active', now(), null, null), (1, 3, 2, 'revoked', now(), now(), null),"
    " (1, 4, 4, 'active', now(), null, null)",
    "insert into hold (customer_id, invoice_id, hold_no, kind, created_at, released_at) values"
    " (1, 1, 1, 'admin', now(), now()), (1, 1, 2, 'admin', now(), null),"
    " (1, 3, 1, 'dispute', now(), null)",
};

static void links_and_holds_of_before_are_put_on_their_invoices(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    int applied;
    struct migrate_plan old = plan_of(fixture, migrations_files, migrations_before("0017"));
    assert_int_equal(migrate_run(&old, &applied, &err), 0);
    PGconn *conn = PQconnectdb(fixture->owner);
    for (size_t i = 0; i < sizeof(debts_of_old) / sizeof(*debts_of_old); ++i) {
        PQclear(PQexec(conn, debts_of_old[i]));
        assert_string_equal(PQerrorMessage(conn), "");
    }
    migrate(fixture, (int)(migrations_count - old.count));
    PGresult *result = PQexec(
        conn, "select string_agg(concat_ws(':', invoice_id, coalesce(link_no, 0), hold_count),"
              " ' ' order by invoice_id) from invoice");
    assert_string_equal(PQgetvalue(result, 0, 0), "1:2:2 2:0:0 3:0:1 4:4:0");
    PQclear(result);
    PQfinish(conn);
}

static void payers_of_before_are_put_on_their_invoices(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    int applied;
    struct migrate_plan old = plan_of(fixture, migrations_files, migrations_before("0020"));
    assert_int_equal(migrate_run(&old, &applied, &err), 0);
    PGconn *conn = PQconnectdb(fixture->owner);
    for (size_t i = 0; i < sizeof(debts_of_old) / sizeof(*debts_of_old); ++i)
        PQclear(PQexec(conn, debts_of_old[i]));
    PQclear(PQexec(conn, "update customer set name = 'Anna', language = 'uk',"
                         " time_zone = 'America/New_York', payment_count = 2"));
    assert_string_equal(PQerrorMessage(conn), "");
    migrate(fixture, (int)(migrations_count - old.count));
    PGresult *result =
        PQexec(conn, "select count(*), min(concat_ws(':', payer_name, payer_language,"
                     " payer_time_zone, payer_has_payments)) from invoice");
    assert_string_equal(PQgetvalue(result, 0, 0), "4");
    assert_string_equal(PQgetvalue(result, 0, 1), "Anna:uk:America/New_York:t");
    PQclear(result);
    PQfinish(conn);
}

#define MIGRATED(name) cmocka_unit_test_setup_teardown(name, setup_migrated, teardown_migrated)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(all_apply_from_empty_and_again_nothing, setup),
        cmocka_unit_test_setup(application_runs_on_an_equal_schema_and_cannot_change_an_old_one,
                               setup),
        cmocka_unit_test_setup(second_database_of_a_cluster_migrates_too, setup),
        cmocka_unit_test_setup(twenty_at_once_apply_each_once, setup),
        cmocka_unit_test_setup(newer_schema_is_refused, setup),
        cmocka_unit_test_setup(changed_file_is_refused, setup),
        cmocka_unit_test_setup(failing_migration_leaves_the_ones_before_it_and_nothing_of_itself,
                               setup),
        cmocka_unit_test_setup(absent_database_is_a_failure_not_a_state, setup),
        cmocka_unit_test_setup(links_and_holds_of_before_are_put_on_their_invoices, setup),
        cmocka_unit_test_setup(payers_of_before_are_put_on_their_invoices, setup),
        MIGRATED(application_cannot_rewrite_history),
        MIGRATED(application_may_add_and_people_can_be_erased),
        MIGRATED(constraints_refuse_what_the_domain_refuses),
    };
    return cmocka_run_group_tests(tests, suite_setup, suite_teardown);
}
