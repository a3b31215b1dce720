#include "flow/payout_import.h"

#include "flow/world.h"

#include <stdlib.h>

/* The file's lines as arrays, a column each. */
struct columns {
    struct span *texts[5];
    int64_t *numbers[5];
    int32_t *dates;
};

static void *room_for(size_t count, size_t size)
{
    void *room = calloc(count, size);
    if (room == NULL)
        abort();
    return room;
}

static void columns_init(struct columns *c, size_t count)
{
    for (int i = 0; i < 5; ++i) {
        c->texts[i] = room_for(count, sizeof(struct span));
        c->numbers[i] = room_for(count, sizeof(int64_t));
    }
    c->dates = room_for(count, sizeof(int32_t));
}

static void columns_release(struct columns *c)
{
    for (int i = 0; i < 5; ++i) {
        free(c->texts[i]);
        free(c->numbers[i]);
    }
    free(c->dates);
}

static void columns_fill(struct columns *c, const struct payout_file *file)
{
    for (size_t i = 0; i < file->line_count; ++i) {
        const struct payout_file_line *line = &file->lines[i];
        bool leads = line->customer_id != 0;
        c->texts[0][i] = line->payout_id;
        c->texts[1][i] = span_str(line->currency);
        c->texts[2][i] = line->movement;
        c->texts[3][i] = span_str(payout_kind_name(line->kind));
        c->texts[4][i] = line->reference;
        c->numbers[0][i] = leads ? line->customer_id : PG_NULL_INT;
        c->numbers[1][i] = leads ? line->payment_no : PG_NULL_INT;
        c->numbers[2][i] = line->amounts.gross_minor;
        c->numbers[3][i] = line->amounts.fee_minor;
        c->numbers[4][i] = line->amounts.net_minor;
        c->dates[i] = line->date;
    }
}

static void on_added(void *owner, const PGresult *result, const struct err *err)
{
    struct payout_import *import = owner;
    if (err->code != 0)
        return;
    import->new_count_ = payout_read_added_count(result);
    for (int row = 1; row < PQntuples(result); ++row)
        payout_file_add_bad(import->file_,
                            import->file_->lines[payout_read_differing(result, row)].line, "",
                            "other amounts are known of it, or another day or currency of its "
                            "payout");
}

static void on_done(void *owner, const struct err *err)
{
    struct payout_import *import = owner;
    import->on_done_(import->owner_, import->new_count_, err);
}

int payout_import_begin(struct payout_import *import, const struct world *world,
                        const struct payout_account *of, struct payout_file *file,
                        payout_import_cb callback, void *owner, struct err *err)
{
    struct columns c;
    *import = (struct payout_import){.file_ = file, .on_done_ = callback, .owner_ = owner};
    columns_init(&c, file->line_count);
    columns_fill(&c, file);
    const struct payout_lines lines = {
        .count = file->line_count,
        .payout_ids = c.texts[0],
        .currencies = c.texts[1],
        .movements = c.texts[2],
        .kinds = c.texts[3],
        .references = c.texts[4],
        .customer_ids = c.numbers[0],
        .payment_numbers = c.numbers[1],
        .gross_minor = c.numbers[2],
        .fee_minor = c.numbers[3],
        .net_minor = c.numbers[4],
        .dates = c.dates,
    };
    int rc = payout_add(world->store, &import->tx_, of, &lines, PAYOUT_FILE_BAD_MAX, world->now(),
                        on_added, on_done, import, err);
    columns_release(&c);
    return rc;
}

void payout_import_cancel(struct payout_import *import)
{
    pg_tx_cancel(&import->tx_);
}
