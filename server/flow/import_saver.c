/* load -> [ids for what is new] -> decide -> save, and from the beginning when it conflicts. */
#include "flow/import_saver.h"

#include "flow/import_desk.h"
#include "io/timer.h"

#include <assert.h>
#include <stdlib.h>

enum { CONFLICTS_MAX = 20, CONFLICT_DELAY_MS = 10 };

struct import_saver {
    struct import_saver_options options;
    struct import_batch *batch;
    const char *id;
    int64_t file_key;
    struct import_desk *desk;
    struct import_part part;
    struct import_wanted wanted;
    int64_t *customer_ids, *invoice_ids;
    int conflicts;
    struct timer again;
    struct pg_query query;
    struct pg_tx tx;
};

static void on_again(void *owner);

static void *must_calloc(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (memory == NULL)
        abort();
    return memory;
}

struct import_saver *import_saver_new(const struct import_saver_options *options)
{
    struct import_saver *s = must_calloc(1, sizeof *s);
    s->options = *options;
    timer_init(&s->again, options->world->loop, "import conflict", on_again, s);
    s->desk = import_desk_new(options->rows_max, options->campaign);
    import_part_init(&s->part, options->rows_max);
    s->customer_ids = must_calloc(options->rows_max, sizeof(int64_t));
    s->invoice_ids = must_calloc(options->rows_max, sizeof(int64_t));
    return s;
}

void import_saver_cancel(struct import_saver *s)
{
    timer_stop(&s->again);
    pg_query_cancel(&s->query);
    pg_tx_cancel(&s->tx);
}

void import_saver_free(struct import_saver *s)
{
    import_saver_cancel(s);
    import_desk_free(s->desk);
    import_part_release(&s->part);
    free(s->customer_ids);
    free(s->invoice_ids);
    free(s);
}

static void fail(struct import_saver *s, const struct err *err)
{
    s->options.on_saved(s->options.owner, NULL, err);
}

static void decide(struct import_saver *s, int64_t local_now_s);

static void copy_faults(struct import_part *part, const struct import_batch *b)
{
    struct import_bad_rows *bad = &part->bad_rows;
    for (size_t i = 0; i < b->fault_count; ++i) {
        size_t n = bad->count++;
        bad->line[n] = b->faults[i].line;
        bad->column[n] = span_str(b->faults[i].column);
        bad->value[n] = b->faults[i].value;
        bad->reason[n] = span_str(b->faults[i].reason);
        bad->raw[n] = b->faults[i].raw;
    }
}

static void prepare_part(struct import_saver *s)
{
    struct import_batch *b = s->batch;
    struct import_part *part = &s->part;
    import_part_reset(part);
    part->id = s->id;
    part->from_byte = b->from_byte;
    part->to_byte = b->to_byte;
    part->to_line = b->to_line;
    part->file_key = s->file_key;
    part->time_zone = SPAN_LIT("Europe/Warsaw");
    part->now = s->options.world->now();
    part->same_count = (int64_t)b->same_count;
    part->campaign_id = s->options.campaign == NULL ? 0 : s->options.campaign->id;
    copy_faults(part, b);
}

static void on_ids_given(void *owner, const PGresult *result, const struct err *err)
{
    struct import_saver *s = owner;
    int64_t local_now_s = 0;
    size_t customers = 0, invoices = 0;
    if (err->code != 0) {
        fail(s, err);
        return;
    }
    for (int row = 0; row < PQntuples(result); ++row) {
        if (!pg_is_null(result, row, 0))
            s->customer_ids[customers++] = pg_get_int(result, row, 0);
        else if (!pg_is_null(result, row, 1))
            s->invoice_ids[invoices++] = pg_get_int(result, row, 1);
        else
            local_now_s = pg_get_int(result, row, 2);
    }
    decide(s, local_now_s);
}

static void on_loaded(void *owner, const PGresult *result, const struct err *err)
{
    struct import_saver *s = owner;
    struct import_batch *b = s->batch;
    struct err refusal;
    if (err->code != 0) {
        fail(s, err);
        return;
    }
    prepare_part(s);
    const struct world *world = s->options.world;
    import_desk_identify(s->desk, world->identity.purposes == 0 ? NULL : world->keys,
                         world->identity.digits);
    import_desk_begin(s->desk, b->rows, b->row_count, &b->pool);
    for (int row = 0; row < PQntuples(result); ++row) {
        struct import_known_customer customer;
        struct import_known_invoice invoice;
        size_t position = import_known_read(result, row, &customer, &invoice);
        import_desk_note(s->desk, position, &customer, &invoice);
    }
    s->wanted = import_desk_count(s->desk, &s->part);
    if (s->wanted.customers + s->wanted.invoices == 0)
        decide(s, 0);
    else if (import_ids(s->options.store->writes, &s->query, s->wanted.customers,
                        s->wanted.invoices, s->part.now, s->part.time_zone, on_ids_given, s,
                        &refusal) != 0)
        fail(s, &refusal);
}

static int load_campaign(struct import_saver *s, struct err *err)
{
    struct import_batch *b = s->batch;
    size_t count = b->row_count;
    struct span *spans = must_calloc(3 * count + 1, sizeof *spans);
    bool *has_own = must_calloc(count + 1, sizeof *has_own);
    for (size_t i = 0; i < count; ++i) {
        spans[i] = b->rows[i].reference;
        spans[count + i] = b->rows[i].number;
        spans[2 * count + i] = b->rows[i].phone;
        has_own[i] = b->rows[i].has_own_reference;
    }
    const struct import_campaign_rows_asked asked = {.references = spans,
                                                     .numbers = spans + count,
                                                     .phones = spans + 2 * count,
                                                     .has_own_reference = has_own,
                                                     .count = count,
                                                     .now = s->options.world->now()};
    int code = import_load_campaign(s->options.store->writes, &s->query, &asked, on_loaded, s, err);
    free(spans);
    free(has_own);
    return code;
}

static int load(struct import_saver *s, struct err *err)
{
    if (s->options.campaign != NULL)
        return load_campaign(s, err);
    struct import_batch *b = s->batch;
    struct span *references = must_calloc(2 * b->row_count + 1, sizeof *references);
    int64_t *amounts = must_calloc(b->row_count + 1, sizeof *amounts);
    struct span *numbers = references + b->row_count;
    for (size_t i = 0; i < b->row_count; ++i) {
        references[i] = b->rows[i].reference;
        numbers[i] = b->rows[i].number;
        amounts[i] = b->rows[i].amount_minor;
    }
    int code = import_load(s->options.store->writes, &s->query, references, numbers, amounts,
                           b->row_count, s->options.world->now(), on_loaded, s, err);
    free(references);
    free(amounts);
    return code;
}

static void on_again(void *owner)
{
    struct import_saver *s = owner;
    struct err err;
    if (load(s, &err) != 0)
        fail(s, &err);
}

int import_saver_begin(struct import_saver *s, struct import_batch *batch, const char *id,
                       int64_t file_key, struct err *err)
{
    s->batch = batch;
    s->id = id;
    s->file_key = file_key;
    s->conflicts = 0;
    return load(s, err);
}

static void on_part_saved(void *owner, const struct err *err)
{
    struct import_saver *s = owner;
    struct err taken_over;
    const char *sqlstate = pg_sqlstate(s->options.store->writes);
    bool is_conflict = err->code == ERR_CONFLICT || strcmp(sqlstate, "23505") == 0;
    if (err->code == 0) {
        s->options.on_saved(s->options.owner, &s->part, err);
        return;
    }
    if (is_conflict && ++s->conflicts <= CONFLICTS_MAX) {
        timer_start(&s->again, (uint32_t)(CONFLICT_DELAY_MS * s->conflicts));
        return;
    }
    if (strcmp(sqlstate, "DL002") == 0) {
        err_set(&taken_over, ERR_BUSY, "another process has taken this import over");
        err = &taken_over;
    }
    fail(s, err);
}

static void decide(struct import_saver *s, int64_t local_now_s)
{
    struct err err;
    import_desk_decide(s->desk,
                       &(struct import_ids_given){.customers = s->customer_ids,
                                                  .invoices = s->invoice_ids,
                                                  .local_now_s = local_now_s},
                       &s->part);
    if (import_save(s->options.store->writes, &s->tx, &s->part, on_part_saved, s, &err) != 0)
        fail(s, &err);
}
