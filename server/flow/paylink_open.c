#include "flow/paylink_open.h"

static void on_page_read(void *owner, const struct page_row *row, const struct err *err)
{
    struct paylink_open *op = owner;
    if (err != NULL) {
        op->on_opened_(op->owner_, NULL, err);
        return;
    }
    struct page_model model = page_model_of(row, op->wishes_, op->now_);
    op->on_opened_(op->owner_, &model, NULL);
}

int paylink_open_begin(struct paylink_open *op, const struct world *world, struct paylink_id link,
                       struct page_wishes wishes, paylink_open_cb on_opened, void *owner,
                       struct err *err)
{
    op->wishes_ = wishes;
    op->now_ = world->now();
    op->on_opened_ = on_opened;
    op->owner_ = owner;
    return page_store_read(world->store, &op->read_, link, op->now_, on_page_read, op, err);
}

void paylink_open_cancel(struct paylink_open *op)
{
    page_read_cancel(&op->read_);
}
