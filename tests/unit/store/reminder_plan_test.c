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
#include <jansson.h>
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
    snprintf(sql, sizeof(sql), "deallocate %s", statement->name);
    PQclear(PQexec(conn, sql));
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

/* A window is cut out of the index behind the last one seen, in its order: nothing is sorted to
 * find where it begins. */
static void a_window_is_cut_out_of_the_index_of_what_is_to_be_tried(void **state)
{
    (void)state;
    char *plan = plan_of(&sql_table[SQL_REMINDER_CANDIDATES]);
    const char *index = strstr(plan, "\"reminder_next\"");
    if (index == NULL)
        fail_msg("%s", plan);
    const char *condition = strstr(index, "\"Index Cond\"");
    assert_non_null(condition);
    const char *place = strstr(condition, "ROW(GREATEST(due_at, try_at), customer_id,");
    if (place == NULL || place > strchr(condition, '\n'))
        fail_msg("%s", plan);
    free(plan);
}

/* The first node below that scans `table` without a condition on an index, or null. */
static const json_t *whole_scan_of(const json_t *plan, const char *table)
{
    const json_t *relation = json_object_get(plan, "Relation Name"), *below;
    const char *type = json_string_value(json_object_get(plan, "Node Type"));
    size_t i;
    if (relation != NULL && strcmp(json_string_value(relation), table) == 0 &&
        strstr(type, "Scan") != NULL && json_object_get(plan, "Index Cond") == NULL)
        return plan;
    json_array_foreach(json_object_get(plan, "Plans"), i, below)
    {
        const json_t *found = whole_scan_of(below, table);
        if (found != NULL)
            return found;
    }
    return NULL;
}

/* The plans are made while there is no push yet, and stay until somebody analyses the table. */
static void no_statement_goes_through_all_pushes(void **state)
{
    (void)state;
    for (int id = 0; sql_table[id].name != NULL; ++id) {
        if (strncmp(sql_table[id].name, "reminder_", strlen("reminder_")) != 0)
            continue;
        char *text = plan_of(&sql_table[id]);
        json_t *plans = json_loads(text, 0, NULL);
        const json_t *plan = json_object_get(json_array_get(plans, 0), "Plan");
        assert_non_null(plan);
        if (whole_scan_of(plan, "push") != NULL)
            fail_msg("%s: %s", sql_table[id].name, text);
        json_decref(plans);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_statement_goes_through_all_pushes),
        cmocka_unit_test(a_window_is_cut_out_of_the_index_of_what_is_to_be_tried),
        cmocka_unit_test(only_the_look_for_the_lost_goes_through_all_that_is_claimed),
    };
    return cmocka_run_group_tests(tests, suite_setup, suite_teardown);
}
