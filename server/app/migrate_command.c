#include "app/migrate_command.h"

#include "app/private_db.h"
#include "app/settings.h"
#include "migrations.h"
#include "store/migrate.h"

#include <stdio.h>
#include <string.h>

static void on_applied(void *owner, const char *name)
{
    (void)owner;
    printf("applied %s\n", name);
    fflush(stdout);
}

/* `db` is set when the private database serves; to be stopped by the caller. */
static int find_database(const struct settings *settings, struct private_db **db,
                         const char **conninfo, struct err *err)
{
    if (settings->database.url[0] != 0) {
        bool has_owner = settings->database.owner_url[0] != 0;
        *conninfo = has_owner ? settings->database.owner_url : settings->database.url;
        return 0;
    }
    int failed = private_db_attach(db, settings->data_dir, err);
    if (!failed)
        *conninfo = private_db_owner_conninfo(*db);
    return failed;
}

static int migrate(const struct settings *settings, struct err *err)
{
    struct private_db *db = NULL;
    struct migrate_plan plan = {
        .files = migrations_files, .count = migrations_count, .on_applied = on_applied};
    int applied = 0;
    int failed = find_database(settings, &db, &plan.conninfo, err);
    if (!failed)
        failed = migrate_run(&plan, &applied, err);
    if (!failed && applied == 0)
        puts("the schema is up to date");
    private_db_stop(db);
    return failed;
}

int migrate_command(int argc, char **argv)
{
    bool names_file = argc == 3 && strcmp(argv[1], "--settings") == 0;
    if (argc != 1 && !names_file) {
        fputs("usage: dunlin migrate [--settings FILE]\n", stderr);
        return 2;
    }
    struct settings settings;
    struct err err = {0};
    int failed =
        settings_read_for_database(&settings, names_file ? argv[2] : settings_find_file(), stderr);
    if (!failed && (failed = migrate(&settings, &err)) != 0)
        fprintf(stderr, "dunlin: %s\n", err.text);
    settings_release(&settings);
    return failed == 0 ? 0 : 1;
}
