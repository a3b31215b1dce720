#include "store/migrate.h"

#include "base/crypto.h"
#include "embedded_file.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>

/* First a look, which needs no rights: mostly there is nothing to do. If there is, under one lock
 * for all programs of the database:
 *   1. make schema_migration if it is missing,
 *   2. compare what was applied with what we have: newer or changed is a refusal,
 *   3. apply the rest, one transaction each. */

#define LOCK_SQL "select pg_advisory_lock(hashtext('dunlin migrate'))"

static const char table_sql[] = "create table if not exists schema_migration ("
                                "version integer primary key,"
                                "name text not null,"
                                "sha256 text not null,"
                                "applied_at timestamptz not null default now())";

enum { HEX_LEN = 2 * SHA256_LEN + 1 };

static int database_err(struct err *err, PGconn *conn, const PGresult *result, const char *doing)
{
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (message == NULL)
        message = PQerrorMessage(conn);
    if (hint == NULL && state != NULL && strcmp(state, "42501") == 0)
        hint = "only the owner of the tables may migrate them (database.owner_url)";
    return err_set(err, ERR_DATABASE, "%s: %.*s%s%s", doing, (int)strcspn(message, "\n"), message,
                   hint == NULL ? "" : "; ", hint == NULL ? "" : hint);
}

static int execute(PGconn *conn, const char *sql, const char *doing, struct err *err)
{
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);
    int failed = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK
                     ? 0
                     : database_err(err, conn, result, doing);
    PQclear(result);
    return failed;
}

static void quiet(void *owner, const PGresult *notice)
{
    (void)owner;
    (void)notice;
}

static int open_connection(const char *conninfo, PGconn **conn, struct err *err)
{
    const char *const names[] = {"dbname", "connect_timeout", "application_name", NULL};
    const char *const values[] = {conninfo, "10", "dunlin migrate", NULL};
    *conn = PQconnectdbParams(names, values, 1);
    PQsetNoticeReceiver(*conn, quiet, NULL);
    if (PQstatus(*conn) != CONNECTION_OK)
        return database_err(err, *conn, NULL, "the database cannot be reached");
    return 0;
}

static int version_of(const struct embedded_file *file)
{
    return atoi(file->name);
}

static void digest_of(const struct embedded_file *file, char hex[HEX_LEN])
{
    uint8_t digest[SHA256_LEN];
    sha256(span_of(file->bytes, file->len), digest);
    hex_print(digest, sizeof(digest), hex);
}

static int newest_of(const struct migrate_plan *plan)
{
    return plan->count == 0 ? 0 : version_of(&plan->files[plan->count - 1]);
}

/* The file that was applied as `version`, or null. */
static const struct embedded_file *find(const struct migrate_plan *plan, int version)
{
    for (size_t i = 0; i < plan->count; ++i)
        if (version_of(&plan->files[i]) == version)
            return &plan->files[i];
    return NULL;
}

/* `applied` holds version and digest of each applied migration, ordered by version. */
static enum migrate_state compare(const struct migrate_plan *plan, const PGresult *applied,
                                  struct err *err)
{
    int newest = 0;
    for (int row = 0; row < PQntuples(applied); ++row) {
        newest = atoi(PQgetvalue(applied, row, 0));
        const struct embedded_file *file = find(plan, newest);
        char hex[HEX_LEN];
        if (file == NULL && newest > newest_of(plan)) {
            err_set(err, ERR_SETTINGS,
                    "the database's schema is newer than this program: it has migration %d, this "
                    "program knows up to %d; run the newer program",
                    newest, newest_of(plan));
            return MIGRATE_NEW;
        }
        if (file != NULL)
            digest_of(file, hex);
        if (file == NULL || strcmp(hex, PQgetvalue(applied, row, 1)) != 0) {
            err_set(err, ERR_SETTINGS,
                    "migration %d was applied to the database with another content than this "
                    "program has: they do not belong together",
                    newest);
            return MIGRATE_CHANGED;
        }
    }
    if ((size_t)PQntuples(applied) == plan->count)
        return MIGRATE_EQUAL;
    err_set(err, ERR_SETTINGS,
            "the database's schema is older than this program: %d of %zu migrations are applied; "
            "run `dunlin migrate`",
            PQntuples(applied), plan->count);
    return MIGRATE_OLD;
}

static int load_applied(PGconn *conn, PGresult **applied, struct err *err)
{
    *applied = PQexec(conn, "select version, sha256 from schema_migration order by version");
    if (PQresultStatus(*applied) == PGRES_TUPLES_OK)
        return 0;
    int failed = database_err(err, conn, *applied, "reading schema_migration");
    PQclear(*applied);
    return failed;
}

static int record(PGconn *conn, const struct embedded_file *file, struct err *err)
{
    char version[16], hex[HEX_LEN];
    snprintf(version, sizeof(version), "%d", version_of(file));
    digest_of(file, hex);
    const char *const values[] = {version, file->name, hex};
    PGresult *result = PQexecParams(conn,
                                    "insert into schema_migration (version, name, sha256) "
                                    "values ($1::integer, $2, $3)",
                                    3, NULL, values, NULL, NULL, 0);
    int failed = PQresultStatus(result) == PGRES_COMMAND_OK
                     ? 0
                     : database_err(err, conn, result, "recording a migration");
    PQclear(result);
    return failed;
}

/* A failure leaves its transaction to the end of the connection, which rolls it back. */
static int apply(PGconn *conn, const struct embedded_file *file, struct err *err)
{
    int failed = execute(conn, "begin", "begin", err);
    if (!failed)
        failed = execute(conn, file->bytes, file->name, err);
    if (!failed)
        failed = record(conn, file, err);
    if (!failed)
        failed = execute(conn, "commit", file->name, err);
    return failed;
}

static bool is_applied(const PGresult *applied, int version)
{
    for (int row = 0; row < PQntuples(applied); ++row)
        if (atoi(PQgetvalue(applied, row, 0)) == version)
            return true;
    return false;
}

static int apply_missing(PGconn *conn, const struct migrate_plan *plan, const PGresult *applied,
                         int *count, struct err *err)
{
    enum migrate_state state = compare(plan, applied, err);
    if (state == MIGRATE_NEW || state == MIGRATE_CHANGED)
        return err->code;
    for (size_t i = 0; i < plan->count; ++i) {
        const struct embedded_file *file = &plan->files[i];
        if (is_applied(applied, version_of(file)))
            continue;
        int failed = apply(conn, file, err);
        if (failed)
            return failed;
        ++*count;
        if (plan->on_applied != NULL)
            plan->on_applied(plan->owner, file->name);
    }
    return 0;
}

/* Whether schema_migration is there at all. */
static int has_table(PGconn *conn, bool *has, struct err *err)
{
    PGresult *result = PQexec(conn, "select to_regclass('schema_migration') is not null");
    int failed = PQresultStatus(result) == PGRES_TUPLES_OK
                     ? 0
                     : database_err(err, conn, result, "looking for schema_migration");
    *has = !failed && PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    return failed;
}

/* How the database stands now, without changing or locking anything. */
static int look(PGconn *conn, const struct migrate_plan *plan, enum migrate_state *state,
                struct err *err)
{
    PGresult *applied = NULL; /* has no rows */
    bool has = false;
    int failed = has_table(conn, &has, err);
    if (!failed && has)
        failed = load_applied(conn, &applied, err);
    if (failed)
        return failed;
    *state = compare(plan, applied, err);
    PQclear(applied);
    return 0;
}

int migrate_check(const struct migrate_plan *plan, enum migrate_state *state, struct err *err)
{
    PGconn *conn;
    int failed = open_connection(plan->conninfo, &conn, err);
    if (!failed)
        failed = look(conn, plan, state, err);
    PQfinish(conn);
    return failed;
}

static int apply_under_lock(PGconn *conn, const struct migrate_plan *plan, int *count,
                            struct err *err)
{
    PGresult *applied;
    int failed = execute(conn, LOCK_SQL, "waiting for other migrations", err);
    if (!failed)
        failed = execute(conn, table_sql, "creating schema_migration", err);
    if (!failed)
        failed = load_applied(conn, &applied, err);
    if (failed)
        return failed;
    failed = apply_missing(conn, plan, applied, count, err);
    PQclear(applied);
    return failed;
}

int migrate_run(const struct migrate_plan *plan, int *count, struct err *err)
{
    PGconn *conn;
    enum migrate_state state = MIGRATE_EQUAL;
    *count = 0;
    int failed = open_connection(plan->conninfo, &conn, err);
    if (!failed)
        failed = look(conn, plan, &state, err);
    if (!failed && state == MIGRATE_OLD)
        failed = apply_under_lock(conn, plan, count, err);
    else if (!failed && state != MIGRATE_EQUAL)
        failed = err->code;
    PQfinish(conn); /* gives the lock back */
    return failed;
}
