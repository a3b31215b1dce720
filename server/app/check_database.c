#include "app/check_database.h"

#include "migrations.h"
#include "store/migrate.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

static const char setting_name[] = "database.url";

static PGconn *connect_to(const char *conninfo)
{
    const char *const keywords[] = {"dbname", "connect_timeout", NULL};
    const char *const values[] = {conninfo, "5", NULL};
    return PQconnectdbParams(keywords, values, 1);
}

bool check_answers(const char *conninfo)
{
    PGconn *connection = connect_to(conninfo);
    bool is_good = PQstatus(connection) == CONNECTION_OK;
    PQfinish(connection);
    return is_good;
}

/* The first value of the first row; "" when there is none. */
static void ask(PGconn *connection, const char *question, char out[200])
{
    PGresult *result = PQexec(connection, question);
    bool has_value = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) > 0;
    snprintf(out, 200, "%s", has_value ? PQgetvalue(result, 0, 0) : "");
    PQclear(result);
}

/* A callback answered with success must be on disk. */
static void check_durability(PGconn *connection, int line, struct check_report *report)
{
    static const struct {
        const char *question, *bad, *text;
        enum check_level level;
    } rows[] = {
        {"show fsync", "off", "fsync is off: a crash would lose payments", CHECK_REFUSAL},
        {"show full_page_writes", "off", "full_page_writes is off: a crash would spoil pages",
         CHECK_REFUSAL},
        {"show synchronous_commit", "off",
         "synchronous_commit is off: a crash would lose callbacks that were answered",
         CHECK_REFUSAL},
        {"show data_checksums", "off", "data_checksums is off: a failing disk goes unnoticed",
         CHECK_WARNING},
        {"show default_transaction_read_only", "on", "this server takes no writes", CHECK_REFUSAL},
    };
    char value[200];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        ask(connection, rows[i].question, value);
        if (strcmp(value, rows[i].bad) == 0)
            check_add(report, rows[i].level, line, setting_name, "%s", rows[i].text);
    }
    ask(connection,
        "select string_agg(relname, ', ') from pg_class where relpersistence = 'u' and relkind = "
        "'r'"
        " and relnamespace = 'public'::regnamespace",
        value);
    if (value[0] != '\0')
        check_add(report, CHECK_REFUSAL, line, setting_name,
                  "unlogged tables are emptied by a crash: %s", value);
}

static void check_role(PGconn *connection, int line, struct check_report *report)
{
    char value[200];
    ask(connection,
        "select string_agg(t, ', ') from unnest(array['event', 'callback', 'ledger_entry']) t"
        " where to_regclass(t) is not null"
        " and (has_table_privilege(t, 'update') or has_table_privilege(t, 'delete'))",
        value);
    if (value[0] != '\0')
        check_add(report, CHECK_REFUSAL, line, setting_name,
                  "this role may change what must stay (%s): let the application connect as "
                  "dunlin_app",
                  value);
}

static void check_schema(const char *conninfo, int line, struct check_report *report)
{
    struct migrate_plan plan = {
        .conninfo = conninfo, .files = migrations_files, .count = migrations_count};
    enum migrate_state state;
    struct err err = {0};
    if (migrate_check(&plan, &state, &err) != 0)
        check_add(report, CHECK_REFUSAL, line, setting_name, "%s", err.text);
    else if (state != MIGRATE_EQUAL)
        check_add(report, state == MIGRATE_OLD ? CHECK_WARNING : CHECK_REFUSAL, line, setting_name,
                  "%s", err.text);
}

void check_promises(const char *conninfo, int line, struct check_report *report)
{
    PGconn *connection = connect_to(conninfo);
    if (PQstatus(connection) == CONNECTION_OK)
        check_durability(connection, line, report);
    PQfinish(connection);
}

void check_database(const char *conninfo, int line, struct check_report *report)
{
    char version[200];
    PGconn *connection = connect_to(conninfo);
    if (PQstatus(connection) != CONNECTION_OK) {
        /* libpq's own words may hold parts of the connection string, not the password. */
        check_add(report, CHECK_REFUSAL, line, setting_name, "cannot be connected to: %.200s",
                  PQerrorMessage(connection));
        PQfinish(connection);
        return;
    }
    ask(connection, "show server_version_num", version);
    if (atoi(version) < 150000)
        check_add(report, CHECK_REFUSAL, line, setting_name, "is PostgreSQL %d; 15 is the oldest",
                  atoi(version) / 10000);
    check_durability(connection, line, report);
    check_role(connection, line, report);
    PQfinish(connection);
    check_schema(conninfo, line, report);
}

void check_steps(const char *conninfo, const char *ways, struct check_report *report)
{
    /* Who prefers something prefers one of the ways to write. A demo has a telephone and a mailbox
     * of its own for all of them. */
    static const char question[] =
        "select count(*), string_agg(distinct n.name, ', ' order by n.name), min(n.name || ' ' ||"
        " s.name || ' [' || array_to_string(s.channels, ', ') || ']')"
        " from scenario_step s join scenario_version v using (scenario_id, version)"
        " join scenario n using (scenario_id)"
        " where v.in_force_from is not null and coalesce(v.in_force_until, 'infinity') > now()"
        " and not exists (select from unnest(s.channels) c where c = any ($1::text[])"
        " or (c = 'preferred' and $1::text[] && '{push,sms,email,voice}'))"
        " and not exists (select from installation where kind = 'demo')";
    PGconn *connection = connect_to(conninfo);
    PGresult *result = PQexecParams(connection, question, 1, NULL, &ways, NULL, NULL, 0);
    if (PQresultStatus(result) == PGRES_TUPLES_OK && strcmp(PQgetvalue(result, 0, 0), "0") != 0)
        check_add(report, CHECK_WARNING, 0, "scenario",
                  "%s steps in force reach nobody, as none of their channels is set up (in %.80s; "
                  "%.120s is one)",
                  PQgetvalue(result, 0, 0), PQgetvalue(result, 0, 1), PQgetvalue(result, 0, 2));
    PQclear(result);
    PQfinish(connection);
}
