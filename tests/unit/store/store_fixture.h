/* A store on a database with all migrations, for a test program of one. */
#ifndef DUNLIN_TESTS_STORE_FIXTURE_H
#define DUNLIN_TESTS_STORE_FIXTURE_H

#include "base/log.h"
#include "io/timer.h"
#include "migrations.h"
#include "store/migrate.h"
#include "store/store.h"
#include "support/pg_cluster.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct store_fixture {
    struct pg_cluster cluster;
    h2o_loop_t *loop;
    struct store *store;
};

static inline void store_fixture_new(struct store_fixture *f)
{
    struct err err;
    int applied;
    log_init(LOG_ERROR, "test");
    pg_cluster_new(&f->cluster);
    struct migrate_plan plan = {
        .conninfo = f->cluster.conninfo, .files = migrations_files, .count = migrations_count};
    if (migrate_run(&plan, &applied, &err) != 0) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
    f->loop = h2o_evloop_create();
    f->store = store_new(f->loop, &(struct store_options){.conninfo = f->cluster.app_conninfo,
                                                          .read_timeout_ms = 20000,
                                                          .write_timeout_ms = 20000});
}

static inline void store_fixture_free(struct store_fixture *f)
{
    store_free(f->store);
    timer_loop_release(f->loop);
    h2o_evloop_destroy(f->loop);
    pg_cluster_free(&f->cluster);
}

/* Whether the first value of the first row is this one; says what it is otherwise. */
static inline bool store_fixture_says(const struct store_fixture *f, const char *sql,
                                      const char *wanted)
{
    char *value = pg_cluster_value(&f->cluster, sql);
    bool is_so = strcmp(value, wanted) == 0;
    if (!is_so)
        fprintf(stderr, "%s\nsays \"%s\", not \"%s\"\n", sql, value, wanted);
    free(value);
    return is_so;
}

#endif
