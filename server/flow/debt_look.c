#include "flow/debt_look.h"

static void finish(struct debt_look *op, const struct debt *debt, const PGresult *more,
                   const struct err *err)
{
    struct debt taken = op->debt_;
    debt_look_cb on_looked = op->on_looked_;
    op->debt_ = (struct debt){0};
    /* The owner may free the operation, or begin it again, in there. */
    on_looked(op->owner_, debt == NULL ? NULL : &taken, more, err);
    debt_release(&taken);
}

static void on_more_read(void *owner, const PGresult *result, const struct err *err)
{
    struct debt_look *op = owner;
    if (err->code != 0)
        finish(op, NULL, NULL, err);
    else
        finish(op, &op->debt_, result, NULL);
}

static void on_debt_read(void *owner, const PGresult *result, const struct err *err)
{
    struct debt_look *op = owner;
    if (err->code != 0) {
        finish(op, NULL, NULL, err);
        return;
    }
    if (!debt_take(result, op->link_, &op->debt_)) {
        finish(op, NULL, NULL, NULL);
        return;
    }
    if (op->debt_.is_revoked || op->more_ == NULL) {
        finish(op, &op->debt_, NULL, NULL);
        return;
    }
    struct err refused = {0};
    if (op->more_(op->world_->store, &op->query_, &op->debt_, op->now_, on_more_read, op,
                  &refused) != 0)
        finish(op, NULL, NULL, &refused);
}

int debt_look_begin(struct debt_look *op, struct world *world, struct paylink_id link,
                    debt_more_fn more, debt_look_cb on_looked, void *owner, struct err *err)
{
    *op = (struct debt_look){.world_ = world,
                             .link_ = link,
                             .now_ = world->now(),
                             .more_ = more,
                             .on_looked_ = on_looked,
                             .owner_ = owner};
    return debt_read(world->store, &op->query_, link, op->now_,
                     instant_plus_seconds(op->now_, -(int64_t)world->payment_in_flight_seconds),
                     on_debt_read, op, err);
}

void debt_look_cancel(struct debt_look *op)
{
    pg_query_cancel(&op->query_);
    debt_release(&op->debt_);
    op->debt_ = (struct debt){0};
}
