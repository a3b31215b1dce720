/* `dunlin import FILE.csv [--bad-rows OUT.csv] [--json] [--settings FILE]` */
#ifndef DUNLIN_APP_IMPORT_COMMAND_H
#define DUNLIN_APP_IMPORT_COMMAND_H

#include "base/clock.h"
#include "base/err.h"
#include "domain/identity.h"

#include <stdint.h>
#include <stdio.h>

/* 0 every row is in, 1 refused, failed or some rows are bad, 2 wrong usage. */
int import_command(int argc, char **argv);

/* What the command does once it knows the database; also for the demo. Blocks. */
struct import_file_options {
    const char *path;
    const char *conninfo;      /* as the application; the schema is up to date */
    const char *bad_rows_path; /* null: none is written */
    int64_t bytes_max;
    size_t part_rows;
    const struct keyring *keys; /* that hide facts of identity; null: rows do not change them */
    struct identity_rules identity;
    struct instant (*now)(void);
    FILE *out;      /* where the summary goes */
    FILE *progress; /* a terminal, for a bar; null: none */
    int has_json;
};

int import_file(const struct import_file_options *);

#endif
