#include "io/pg_items.h"

#include "base/log.h"

#include <stdio.h>

static void send_setup(struct pg *pg, int statement, const char *sql)
{
    pg_append_sent(pg, pg_item_new(ITEM_SETUP, statement, NULL));
    if (statement >= 0) {
        const struct pg_statement *prepared = &pg->options.statements[statement];
        pg->is_prepared[statement] = true;
        PQsendPrepare(pg->link.conn, prepared->name, prepared->text, 0, NULL);
    } else {
        PQsendQueryParams(pg->link.conn, sql, 0, NULL, NULL, NULL, NULL, 0);
    }
    /* A sync each, so that every statement that cannot be prepared is named, not only the first. */
    pg_append_sent(pg, pg_item_new(ITEM_SYNC, 0, NULL));
    PQpipelineSync(pg->link.conn);
}

void pg_on_up(void *owner)
{
    struct pg *pg = owner;
    char sql[160];
    pg->has_setup_failed = pg->is_broken = false;
    snprintf(sql, sizeof(sql), "set statement_timeout = %d", pg->options.statement_timeout_ms);
    send_setup(pg, -1, sql);
    send_setup(pg, -1, "set jit = off"); /* none of them is worth compiling */
    if (pg->options.reads_sets) {
        /* By hashing throughout: how many rows join over two columns is taken for a handful, and
         * those would be walked for each other's. */
        send_setup(pg, -1, "set plan_cache_mode = force_custom_plan");
        send_setup(pg, -1, "set enable_nestloop = off");
        send_setup(pg, -1, "set enable_sort = off");
        /* A million groups or rows of a hash stay in memory: 256 MB each at most. */
        send_setup(pg, -1, "set work_mem = '64MB'");
        send_setup(pg, -1, "set hash_mem_multiplier = 4");
    } else {
        /* Statements here go by keys: a plan that was kept from when a table was empty must not
         * read it from end to end when it has grown. */
        send_setup(pg, -1, "set enable_seqscan = off");
    }
    if (pg->options.has_generic_plans)
        send_setup(pg, -1, "set plan_cache_mode = force_generic_plan");
    for (const char *const *channel = pg->options.listen; channel != NULL && *channel != NULL;
         ++channel) {
        snprintf(sql, sizeof(sql), "listen \"%s\"", *channel);
        send_setup(pg, -1, sql);
    }
    for (int i = 0; pg->options.statements[i].name != NULL; ++i) {
        pg->is_prepared[i] = false;
        if (!pg->has_been_ready && !pg->options.prepares_when_asked)
            send_setup(pg, i, NULL);
    }
    pg_link_flush(&pg->link);
}

void pg_on_setup_failed(struct pg *pg, const struct pg_item *item, const PGresult *result)
{
    pg->has_setup_failed = true;
    if (item->statement >= 0)
        pg->is_prepared[item->statement] = false;
    log_line(LOG_ERROR, "statement cannot be prepared", "connection=%s statement=%s why=\"%s\"",
             pg->options.name,
             item->statement < 0 ? "(setup)" : pg->options.statements[item->statement].name,
             PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
}

bool pg_setup_done(struct pg *pg)
{
    if (pg->has_setup_failed) {
        pg_link_lose(&pg->link, "statements cannot be prepared");
        return false;
    }
    pg->is_ready = pg->has_been_ready = true;
    pg_link_settled(&pg->link);
    pg_send_waiting(pg);
    return true;
}
