/* How PostgreSQL goes about the statements of reminder.sql on a large table, by the plans that
 * every connection of ours uses: made once, for whatever values come. */
#include "migrations.h"
#include "sql.h"
#include "store/migrate.h"
#include "support/pg_cluster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the ones above first */
#include <cmocka.h>
#include <libpq-fe.h>

static struct pg_cluster cluster;
static PGconn *conn;

/* Statistics as they are at most moments: much is scheduled, and nothing claimed. */
static int suite_setup(void **state)
{
    (void)state;
    struct err err;
    int applied;
    pg_cluster_new(&cluster);
    struct migrate_plan plan = {
        .conninfo = cluster.conninfo, .files = migrations_files, .count = migrations_count};
    assert_int_equal(migrate_run(&plan, &applied, &err), 0);
    pg_cluster_sql(&cluster, "insert into reminder (customer_id, invoice_id, step, due_at, state,"
                             " reason) select n, n, 'due', now(), 'scheduled', 'planned'"
                             " from generate_series(1, 20000) n");
    pg_cluster_sql(&cluster, "vacuum analyze");
    conn = PQconnectdb(cluster.app_conninfo);
    PQclear(PQexec(conn, "set plan_cache_mode = force_generic_plan"));
    PQclear(PQexec(conn, "set enable_seqscan = off"));
    return 0;
}

static int suite_teardown(void **state)
{
    (void)state;
    PQfinish(conn);
    pg_cluster_free(&cluster);
    return 0;
}

/* The plan as text, malloc'ed. */
static char *plan_of(const struct pg_statement *statement)
{
    char sql[512];
    PGresult *result = PQprepare(conn, statement->name, statement->text, 0, NULL);
    assert_int_equal(PQresultStatus(result), PGRES_COMMAND_OK);
    PQclear(result);
    result = PQdescribePrepared(conn, statement->name);
    int len = snprintf(sql, sizeof(sql), "explain (format json) execute %s", statement->name);
    for (int i = 0; i < PQnparams(result); ++i)
        len += snprintf(sql + len, sizeof(sql) - (size_t)len, "%s", i == 0 ? "(null" : ", null");
    snprintf(sql + len, sizeof(sql) - (size_t)len, "%s", PQnparams(result) > 0 ? ")" : "");
    PQclear(result);
    result = PQexec(conn, sql);
    assert_int_equal(PQresultStatus(result), PGRES_TUPLES_OK);
    char *plan = strdup(PQgetvalue(result, 0, 0));
    PQclear(result);
    return plan;
}

/* The index of what is claimed serves the look for the lost. It looks cheap to whoever goes by
 * statistics, as nothing is claimed when they are made; an update driven by it would join each
 * outcome of a batch with all that is claimed. */
static void only_the_look_for_the_lost_goes_through_all_that_is_claimed(void **state)
{
    (void)state;
    for (int id = 0; sql_table[id].name != NULL; ++id) {
        if (strncmp(sql_table[id].name, "reminder_", strlen("reminder_")) != 0)
            continue;
        char *plan = plan_of(&sql_table[id]);
        bool is_the_look = strcmp(sql_table[id].name, "reminder_lost") == 0;
        if ((strstr(plan, "\"reminder_claimed\"") != NULL) != is_the_look)
            fail_msg("%s: %s", sql_table[id].name, plan);
        free(plan);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_look_for_the_lost_goes_through_all_that_is_claimed),
    };
    return cmocka_run_group_tests(tests, suite_setup, suite_teardown);
}
