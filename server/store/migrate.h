/* Brings a database's schema up to the program's, and says how the two stand to each other. Plain
 * blocking libpq, for start-up and the command line only: never call it from a loop.
 *
 * The migrations are the files of migrations/, compiled in (generated/migrations.h), run as the
 * owner of the tables. Each is one transaction together with its row in schema_migration. An
 * advisory lock lets any number of programs try at once. */
#ifndef DUNLIN_STORE_MIGRATE_H
#define DUNLIN_STORE_MIGRATE_H

#include "base/err.h"

#include <stddef.h>

struct embedded_file;

/* The files to apply, sorted by name: migrations_files and migrations_count outside of tests. */
struct migrate_plan {
    const char *conninfo;
    const struct embedded_file *files; /* "0001_create_roles.sql": the number is the version */
    size_t count;
    void (*on_applied)(void *owner, const char *name); /* after each; may be null */
    void *owner;
};

enum migrate_state {
    MIGRATE_EQUAL = 0,
    MIGRATE_OLD,     /* `dunlin migrate` helps */
    MIGRATE_NEW,     /* the schema is newer than this program */
    MIGRATE_CHANGED, /* an applied file is not what it was: this program is not of this history */
};

/* Applies what is missing; `*applied` counts it. Where nothing is, any role that may look will do.
 * ERR_DATABASE when the database failed, ERR_SETTINGS when the schema is newer than this program or
 * an applied file has changed. Whatever was applied before a failure stays. */
MUST_CHECK int migrate_run(const struct migrate_plan *, int *applied, struct err *);
/* Changes nothing, works as the application's role too. Returns 0 when the states could be
 * compared; err->text then says what to do unless they are equal. */
MUST_CHECK int migrate_check(const struct migrate_plan *, enum migrate_state *, struct err *);

#endif
