/* The happy path:
 *   an outcome joins the line; a moment later, so that its neighbours come along, or as soon as the
 *   flush before it is done, as many as one transaction takes are saved; their number is told.
 * What can fail:
 *   the transaction: its outcomes stay in front of the line and are tried again after a rest that
 *     doubles, or when stopping stays short; when the store is gone they are given up, and are
 *     found among the lost;
 *   a row that the database refuses for good: the flush is halved until it stands alone; alone it
 * is given up as well, so that it holds up nobody. */
#include "flow/reminder_record.h"

#include "base/log.h"
#include "base/metrics.h"
#include "flow/world.h"
#include "io/timer.h"
#include "store/store.h"

#include <assert.h>
#include <stdlib.h>

enum {
    GATHER_MS = 3,
    RETRY_MS = 100, /* doubles */
    RETRY_MS_MAX = 5000,
};

struct reminder_record {
    struct world *world;
    reminder_record_cb on_saved;
    void *owner;
    struct reminder_outcome *first, **end; /* the line */
    size_t count;
    struct reminder_outcome *saving[REMINDER_BATCH_MAX];
    size_t saving_count;
    size_t flush_max; /* smaller for a while after one that the database refused */
    struct pg_tx tx;
    struct reminder_crossed crossed; /* of the flush under way */
    struct timer timer;
    uint32_t retry_ms; /* 0: the last flush was saved */
    bool is_saving, is_stopping, is_left;
};

static void save(struct reminder_record *record);

static void wait_for_company(struct reminder_record *record)
{
    if (record->is_saving || record->is_left || record->first == NULL ||
        timer_is_running(&record->timer))
        return;
    bool is_full = record->count >= REMINDER_BATCH_MAX;
    timer_start(&record->timer, is_full || record->is_stopping ? 0 : GATHER_MS);
}

/* They are done with, or given up. */
static void let_go(struct reminder_record *record, bool is_saved)
{
    struct reminder_record_saved saved = {.count = record->saving_count};
    struct instant now = record->world->now();
    int64_t failed_count = 0, uncertain_count = 0;
    for (size_t i = 0; i < record->saving_count; ++i) {
        const struct reminder_outcome *outcome = record->saving[i];
        saved.claimed_at[i] = outcome->claimed_at;
        saved.sent_count += is_saved && strcmp(outcome->state, "sent") == 0;
        failed_count += is_saved && strcmp(outcome->state, "failed") == 0;
        uncertain_count += is_saved && strcmp(outcome->state, "uncertain") == 0;
        saved.is_due_again |=
            strcmp(outcome->state, "scheduled") == 0 && outcome->again_at.us <= now.us;
        reminder_outcome_free(record->saving[i]);
    }
    record->saving_count = 0;
    metrics_add(record->world->metrics, METRIC_reminders_sent, (int64_t)saved.sent_count);
    metrics_add(record->world->metrics, METRIC_reminders_failed, failed_count);
    metrics_add(record->world->metrics, METRIC_reminders_uncertain, uncertain_count);
    if (saved.sent_count > 0)
        log_line(LOG_INFO, "reminders sent", "count=%zu", saved.sent_count);
    record->on_saved(record->owner, &saved);
}

static void rest_after(struct reminder_record *record, const struct err *err)
{
    bool is_short = record->retry_ms == 0 || record->is_stopping;
    uint32_t rest_ms = is_short ? RETRY_MS : record->retry_ms * 2;
    record->retry_ms = rest_ms < RETRY_MS_MAX ? rest_ms : RETRY_MS_MAX;
    log_line(LOG_WARN, "reminders not recorded", "count=%zu error=%s retry_ms=%u",
             record->saving_count, err->text, record->retry_ms);
    timer_start(&record->timer, record->retry_ms);
}

/* Counted once the flush is on disk. */
static void on_crossed(void *owner, const PGresult *result, const struct err *err)
{
    struct reminder_record *record = owner;
    if (err->code == 0)
        record->crossed = reminder_read_crossed(result);
}

/* To the head of the line; of several, the last first. */
static void put_back(struct reminder_record *record, struct reminder_outcome *outcome)
{
    outcome->next = record->first;
    record->first = outcome;
    if (outcome->next == NULL)
        record->end = &outcome->next;
    ++record->count;
}

/* Half of them, or the one alone, are tried at once, or given up. */
static void split(struct reminder_record *record, const struct err *err)
{
    if (record->saving_count == 1) {
        log_line(LOG_ERROR, "reminder could not be recorded", "step=%s cause=%s",
                 record->saving[0]->key.step, err->text);
        let_go(record, false);
        wait_for_company(record);
        return;
    }
    record->flush_max = record->saving_count / 2;
    while (record->saving_count > record->flush_max)
        put_back(record, record->saving[--record->saving_count]);
    timer_start(&record->timer, 0);
}

static void on_saved(void *owner, const struct err *err)
{
    struct reminder_record *record = owner;
    record->is_saving = false;
    if (err->code == ERR_DATABASE && !record->is_left &&
        pg_blames_the_data(record->world->store->writes)) {
        split(record, err);
        return;
    }
    if (err->code != 0 && !record->is_left && err->code != ERR_CLOSED) {
        rest_after(record, err);
        return;
    }
    record->retry_ms = 0;
    if (err->code == 0) {
        record->flush_max =
            record->flush_max * 2 < REMINDER_BATCH_MAX ? record->flush_max * 2 : REMINDER_BATCH_MAX;
        metrics_add(record->world->metrics, METRIC_reminders_crossed, record->crossed.count);
        metrics_add(record->world->metrics, METRIC_reminders_crossed_ms, record->crossed.all_ms);
    }
    let_go(record, err->code == 0);
    wait_for_company(record);
}

static bool has_invoice(const struct reminder_record *record, const struct reminder_key *key)
{
    for (size_t i = 0; i < record->saving_count; ++i)
        if (record->saving[i]->key.customer_id == key->customer_id &&
            record->saving[i]->key.invoice_id == key->invoice_id)
            return true;
    return false;
}

/* From the front of the line, at most one an invoice: each adds a link to its chain of events. */
static void gather(struct reminder_record *record)
{
    struct reminder_outcome **at = &record->first;
    while (*at != NULL && record->saving_count < record->flush_max) {
        struct reminder_outcome *outcome = *at;
        if (has_invoice(record, &outcome->key)) {
            at = &outcome->next;
            continue;
        }
        *at = outcome->next;
        record->saving[record->saving_count++] = outcome;
        --record->count;
    }
    if (*at == NULL)
        record->end = at;
}

static void save(struct reminder_record *record)
{
    if (record->saving_count == 0)
        gather(record);
    if (record->saving_count == 0)
        return;
    struct err err;
    record->is_saving = true;
    if (reminder_finish(record->world->store, &record->tx, record->saving, record->saving_count,
                        record->world->now(), on_crossed, on_saved, record, &err) != 0)
        on_saved(record, &err);
}

static void on_time(void *owner)
{
    save(owner);
}

struct reminder_record *reminder_record_new(struct world *world, reminder_record_cb on_flushed,
                                            void *owner)
{
    struct reminder_record *record = calloc(1, sizeof(*record));
    if (record == NULL)
        abort();
    record->world = world;
    record->on_saved = on_flushed;
    record->owner = owner;
    record->end = &record->first;
    record->flush_max = REMINDER_BATCH_MAX;
    timer_init(&record->timer, world->loop, "reminder record", on_time, record);
    return record;
}

void reminder_record_add(struct reminder_record *record, struct reminder_outcome *outcome)
{
    outcome->next = NULL;
    *record->end = outcome;
    record->end = &outcome->next;
    if (++record->count == REMINDER_BATCH_MAX && record->retry_ms == 0)
        timer_stop(&record->timer); /* enough company */
    wait_for_company(record);
}

void reminder_record_stop(struct reminder_record *record)
{
    record->is_stopping = true;
    if (timer_is_running(&record->timer))
        timer_start(&record->timer, 0);
}

void reminder_record_leave(struct reminder_record *record)
{
    record->is_left = true;
    timer_stop(&record->timer);
}

void reminder_record_free(struct reminder_record *record)
{
    timer_stop(&record->timer);
    pg_tx_cancel(&record->tx);
    for (size_t i = 0; i < record->saving_count; ++i)
        reminder_outcome_free(record->saving[i]);
    for (struct reminder_outcome *next; record->first != NULL; record->first = next) {
        next = record->first->next;
        reminder_outcome_free(record->first);
    }
    free(record);
}
